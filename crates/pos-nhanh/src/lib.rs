#![doc = include_str!("../README.md")]
#![allow(rustdoc::broken_intra_doc_links, reason = "[D], [C], [U] and [?] mark where a fact comes from")]

mod answer;
pub mod auth;
mod classify;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
pub mod model;
mod older;
mod place;
mod profile;
mod push;
mod saved;
#[cfg(feature = "v2")]
#[deprecated(
    since = "0.2.0",
    note = "the vendor ended API 2.0 on 30 November 2026: see `Moving from 2.0` on the vendor page"
)]
pub mod v2;
pub mod webhook;
mod wire;

pub use answer::List;
pub use auth::{App, Grant, Granted, TokenStore, access_code};
pub use client::{Client, ListParams, classify, classify_at};
pub use config::NhanhBuilder;
pub use connector::Nhanh;
pub use entry::ENTRY;
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use saved::{Api, read_answer};
pub use webhook::{Mode, Webhooks};

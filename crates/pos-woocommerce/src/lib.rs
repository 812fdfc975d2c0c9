#![doc = include_str!("../README.md")]

mod answer;
pub mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
mod mark;
pub mod model;
mod outcome;
mod place;
mod profile;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use auth::{Consent, Keys};
pub use client::{Client, ListParams};
pub use config::WooCommerceBuilder;
pub use connector::{TOPICS, WooCommerce};
pub use entry::ENTRY;
pub use outcome::{classify, classify_at};
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use webhook::Webhooks;

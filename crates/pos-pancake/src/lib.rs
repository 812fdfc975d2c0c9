#![doc = include_str!("../README.md")]

mod answer;
mod auth;
mod classify;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
mod mark;
pub mod model;
mod profile;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use auth::AccessTokenHeader;
pub use classify::{classify, classify_at};
pub use client::{Client, CustomerShape, ListParams};
pub use config::PancakeBuilder;
pub use connector::{DEEP_SWEEP, Pancake};
pub use entry::ENTRY;
pub use map::UNVERIFIED;
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use webhook::Webhooks;

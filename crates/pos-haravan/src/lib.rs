#![doc = include_str!("../README.md")]

mod answer;
pub mod auth;
pub mod client;
mod config;
mod connector;
mod map;
pub mod model;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use auth::{Claims, OAuthApp, Tokens};
pub use client::{Client, ListParams, classify, classify_at};
pub use config::{FilterClock, HaravanBuilder};
pub use connector::{Haravan, TOPICS};
pub use pos_core::Stream;
pub use webhook::Webhooks;

/// The short name of the vendor.
pub const VENDOR: pos_core::Vendor = pos_core::Vendor::new("haravan");

/// The name of the vendor for people: the source of new contacts.
pub const DISPLAY_NAME: &str = "Haravan";

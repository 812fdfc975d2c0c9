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

pub use answer::{List, Metadata, read_answer};
pub use auth::{Callback, OAuthApp, OAuthToken};
pub use client::{Client, ListParams, classify_at};
pub use config::{Flavor, SapoBuilder, StoreHost};
pub use connector::Sapo;
pub use pos_core::Stream;
pub use webhook::{HookReport, Webhooks};

/// The short name of the vendor.
pub const VENDOR: pos_core::Vendor = pos_core::Vendor::new("sapo");

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = "Sapo";

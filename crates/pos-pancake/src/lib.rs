#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod map;
pub mod model;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use auth::AccessTokenHeader;
pub use client::{Client, ListParams, classify, classify_at};
pub use config::PancakeBuilder;
pub use connector::{DEEP_SWEEP, Pancake};
pub use map::UNVERIFIED;
pub use pos_core::Stream;
pub use push::CustomerShape;
pub use webhook::{HookPlan, HookReport, Webhooks};

/// The short name of the vendor.
pub const VENDOR: pos_core::Vendor = pos_core::Vendor::new("pancake");

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = "Pancake POS";

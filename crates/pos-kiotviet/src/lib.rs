#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod map;
pub mod model;
mod place;
mod push;
pub mod webhook;

pub use answer::{List, read_answer};
pub use client::{Client, ListParams, classify, classify_at};
pub use config::KiotVietBuilder;
pub use connector::KiotViet;
pub use pos_core::Stream;
pub use webhook::{HookPlan, HookReport, Webhooks};

/// The short name of the vendor.
pub const VENDOR: pos_core::Vendor = pos_core::Vendor::new("kiotviet");

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = "KiotViet";

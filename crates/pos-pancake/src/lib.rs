#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
pub mod model;
mod profile;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use auth::AccessTokenHeader;
pub use client::{Client, ListParams, classify, classify_at};
pub use config::PancakeBuilder;
pub use connector::{DEEP_SWEEP, Pancake};
pub use entry::ENTRY;
pub use map::UNVERIFIED;
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use push::CustomerShape;
pub use webhook::{HookPlan, HookReport, Webhooks};

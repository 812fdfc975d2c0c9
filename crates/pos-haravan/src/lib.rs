#![doc = include_str!("../README.md")]

mod answer;
pub mod auth;
pub mod client;
mod config;
mod connector;
mod map;
pub mod model;
mod profile;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use auth::{Claims, OAuthApp, Tokens};
pub use client::{Client, FilterClock, ListParams, classify, classify_at};
pub use config::HaravanBuilder;
pub use connector::{Haravan, TOPICS};
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use webhook::Webhooks;

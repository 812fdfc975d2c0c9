#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
pub mod model;
mod place;
mod profile;
mod push;
pub mod webhook;

pub use answer::{List, read_answer};
pub use client::{Client, ListParams, classify, classify_at};
pub use config::KiotVietBuilder;
pub use connector::KiotViet;
pub use entry::ENTRY;
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use webhook::Webhooks;

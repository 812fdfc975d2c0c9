#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
mod mark;
pub mod model;
mod outcome;
mod profile;
mod push;
mod scan;
pub mod webhook;

pub use answer::{List, read_answer};
pub use client::{Client, ListParams};
pub use config::GetflyBuilder;
pub use connector::Getfly;
pub use entry::ENTRY;
pub use outcome::{classify, classify_at};
pub use pos_core::Stream;
pub use profile::{Api, DISPLAY_NAME, VENDOR};
pub use webhook::Webhooks;

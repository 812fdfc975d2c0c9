#![doc = include_str!("../README.md")]

mod answer;
pub mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod find;
mod map;
mod mark;
pub mod model;
mod profile;
mod push;
mod scan;
mod store;
pub mod webhook;

pub use answer::{List, Metadata, read_answer};
pub use auth::{Callback, OAuthApp, OAuthToken};
pub use client::{Client, ListParams, classify_at};
pub use config::SapoBuilder;
pub use connector::Sapo;
pub use entry::ENTRY;
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use store::{Flavor, StoreHost};
pub use webhook::Webhooks;

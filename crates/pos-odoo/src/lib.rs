#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod map;
pub mod model;
mod outcome;
mod place;
mod profile;
mod push;
mod scan;
mod shop;
pub mod webhook;
mod xml;

pub use answer::{List, read_answer};
pub use client::{Client, Protocol, Search, Server};
pub use config::OdooBuilder;
pub use entry::ENTRY;
pub use outcome::{classify, classify_at};
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use shop::Odoo;
pub use webhook::Webhooks;

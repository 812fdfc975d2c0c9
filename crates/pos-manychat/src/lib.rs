#![doc = include_str!("../README.md")]

mod answer;
mod auth;
pub mod client;
mod config;
mod connector;
mod entry;
mod fields;
mod map;
pub mod model;
mod outcome;
mod profile;
mod push;
mod reply;
mod ticket;
pub mod webhook;

pub use answer::read_answer;
pub use client::Client;
pub use config::ManyChatBuilder;
pub use connector::ManyChat;
pub use entry::ENTRY;
pub use fields::{Fields, Names};
pub use outcome::{classify, classify_at};
pub use pos_core::Stream;
pub use profile::{DISPLAY_NAME, VENDOR};
pub use push::Import;
pub use reply::{Channel, DynamicBlock, ExternalReply};
pub use ticket::{Skipped, TicketDecision, TicketRequest, decide};
pub use webhook::{SECRET_HEADER, Webhooks};

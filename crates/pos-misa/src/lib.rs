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
mod profile;
mod push;
mod scan;

pub use answer::{List, read_answer};
pub use auth::signature;
pub use client::{Client, Made};
pub use config::MisaBuilder;
pub use connector::Misa;
pub use entry::ENTRY;
pub use outcome::{classify, classify_at};
pub use pos_core::Stream;
pub use profile::{APP_ID, DISPLAY_NAME, MAX_PAGE, VENDOR};

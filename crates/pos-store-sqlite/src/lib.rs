#![doc = include_str!("../README.md")]

mod accounts;
mod boxes;
mod codec;
mod commit;
mod db;
mod error;
mod presence;
mod queries;
mod rows;
mod schema;
mod snapshot;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walks;

pub use db::{Durability, SqliteOptions};
pub use store::SqliteStore;

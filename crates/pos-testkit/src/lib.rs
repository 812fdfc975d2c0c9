#![doc = include_str!("../README.md")]

pub mod contract;
pub mod fake;
pub mod fault;
pub mod getfly;
pub mod haravan;
pub mod kiotviet;
pub mod manychat;
pub mod misa;
pub mod nhanh;
pub mod odoo;
mod out;
pub mod pancake;
pub mod registry;
pub mod sapo;
pub mod seed;
pub mod server;
mod state;
#[cfg(feature = "store")]
pub mod store_suite;
pub mod truth;
mod wire;
pub mod woocommerce;

pub use state::state_of;

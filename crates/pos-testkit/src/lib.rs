#![doc = include_str!("../README.md")]

pub mod fault;
pub mod kiotviet;
mod out;
pub mod seed;
mod wire;

#![doc = include_str!("../README.md")]

mod out;
pub mod seed;

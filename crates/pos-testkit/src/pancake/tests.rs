//! The sandbox by itself.

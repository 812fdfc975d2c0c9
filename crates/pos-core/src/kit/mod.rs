//! What a vendor crate is made from.
//!
//! A vendor is a table and a mapping: a [`Profile`] that says what the machinery has to know, wire structs that say of
//! themselves what they are ([`Row`]), and a mapping from them to drafts. Everything that two vendors would write alike is
//! here, and nothing that only one of them needs.

mod connection;
mod draft;
mod endpoint;
mod headers;
mod hooks;
mod json;
mod list;
mod push;
mod row;
mod settings;
mod wire;

pub use crate::hooks::{Hook, HookPlan, HookReport, HookState};
pub use connection::{Connection, Line, Profile};
pub use draft::{CustomerDraft, OrderDraft, ProductDraft, party};
pub use headers::HeaderProof;
pub use hooks::{
    Gate, Hooked, Mend, base64_digest, header_text, health_of, knows, open_body, register, signature,
};
pub use json::{
    Members, Walk, Written, foreign, is_deeper, is_list, is_nothing, is_object, items, not_json, read_object,
    text_of, unreadable, value_of,
};
pub use list::Listing;
pub use push::{
    create_once, is_open, is_taken, marker, reference, reference_in, settle, unescape, without_marker,
};
pub use row::{Keyed, Raw, Row, another, known, listed, number, page_of, rows_of, split};
pub use settings::{Field, Form, Settings, VendorEntry, entry};
pub use wire::{Blank, bare, bare_opt};

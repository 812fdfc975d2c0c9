#![doc = include_str!("../README.md")]

mod clock;
pub mod connector;
pub mod entity;
mod error;
mod hooks;
pub mod http;
pub mod identity;
pub mod kit;
pub mod lenient;
pub mod merge;
pub mod page;
pub mod record;
mod secret;
pub mod webhook;

pub use clock::Clock;
pub use connector::{Capabilities, Connector, ConnectorExt, ListQuery, ShopInfo, StreamCapabilities};
pub use entity::{Customer, Order, Product};
pub use error::{Error, ErrorKind, Result, Retry};
pub use hooks::{Hook, HookPlan, HookReport, HookState};
pub use merge::MergePolicy;
pub use page::{Cursor, Page, Rejected};
pub use record::{Account, Money, Record, Stream, Vendor};
pub use secret::Secret;
pub use webhook::WebhookVerifier;

//! What a flow sends to the host: once, whatever comes of it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Sandbox, SandboxOptions, Shape, State, render};
use crate::contract::Shipment;
use crate::server::{Outbox, is_here};

/// How many deliveries are kept.
const MOST_KEPT: usize = 10_000;

/// The step of the flow that sends.
#[derive(Debug)]
pub(super) struct Post {
    to: Option<Url>,
    keeps: bool,
    doubled: bool,
    outbox: Outbox,
}

impl Post {
    pub(super) fn of(options: &SandboxOptions, outbox: &Outbox) -> Self {
        Self {
            to: options.webhook_to.clone().filter(is_here),
            keeps: options.keep_deliveries,
            doubled: options.doubled,
            outbox: outbox.clone(),
        }
    }
}

/// A delivery with these bytes, and the header that the merchant added.
pub(super) fn with_body(options: &SandboxOptions, body: Bytes) -> Shipment {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let name = HeaderName::try_from(options.webhook_header.as_str());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&options.webhook_secret)) {
        headers.insert(name, value);
    }
    Shipment { headers, body, url: None }
}

/// What the flow sends for a contact as it is now.
pub(super) fn shipment(state: &State, options: &SandboxOptions, shape: Shape, id: i64) -> Option<Shipment> {
    let body = render::body(shape, id, state.contacts.get(&id)?, options);
    Some(with_body(options, body.to_string().into()))
}

/// Runs the flow for a contact. It may run twice.
pub(super) fn run(state: &mut State, options: &SandboxOptions, id: i64) -> Option<Shipment> {
    let shipment = shipment(state, options, options.shape, id)?;
    for _ in 0..1 + usize::from(state.post.doubled) {
        if let Some(url) = &state.post.to {
            state.post.outbox.post(url.clone(), shipment.headers.clone(), shipment.body.clone());
        }
        if state.post.keeps && state.kept.len() < MOST_KEPT {
            state.kept.push_back(shipment.clone());
        }
    }
    Some(shipment)
}

impl Sandbox {
    /// Runs the flow that sends for a contact, and answers what it sent. `None` where there is no such contact.
    pub fn run_flow(&self, id: i64) -> Option<Shipment> {
        run(&mut self.inner.state(), &self.inner.options, id)
    }

    /// What the flow would send, in another shape, without sending it.
    pub fn flow_in(&self, shape: Shape, id: i64) -> Option<Shipment> {
        shipment(&self.inner.state(), &self.inner.options, shape, id)
    }
}

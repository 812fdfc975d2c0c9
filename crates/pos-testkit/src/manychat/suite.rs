//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use serde_json::Value;
use url::Url;

use super::flows::with_body;
use super::{Sandbox, SandboxOptions, render};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, number, order_of, started};
use crate::server::Running;

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    options.with_seed(setup.seed).with_customers(setup.customers).with_import(true)
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let options = self.options();
        let mut settings = vec![
            ("page_id", self.page_id().to_owned()),
            ("api_key", self.api_key()),
            ("webhook_header", options.webhook_header.clone()),
            ("webhook_secret", self.webhook_secret().to_owned()),
            ("mirror_field", render::MIRROR.to_string()),
        ];
        if options.import {
            settings.push(("import", "phone".to_owned()));
        }
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    /// Nothing is listed.
    fn list_path(&self, _stream: Stream) -> Option<&'static str> {
        None
    }

    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        (stream == Stream::Customers).then_some("/fb/subscriber/createSubscriber")
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        match stream {
            Stream::Customers => self.contacts().iter().map(ToString::to_string).collect(),
            // A ticket has no id there.
            _ => Vec::new(),
        }
    }

    fn unknown_id(&self, _stream: Stream) -> String {
        "7399999999999999".to_owned()
    }

    /// A contact writes; of a ticket, the contact with this id asks for one.
    fn touch(&self, stream: Stream, id: &str) -> bool {
        match stream {
            Stream::Customers => self.write(number(id), "Cho mình hỏi"),
            Stream::Tickets => {
                let index = u64::try_from(number(id) - self.id(0)).unwrap_or(u64::MAX);
                let shop = self.shop();
                // Whoever is seeded without a number gets no ticket.
                let has_number = index >= shop.customers || shop.customer(index).keys().next().is_some();
                has_number && self.ask(number(id), "Bảo hành", "Máy không lên nguồn", "Gọi lại trước 17h")
            }
            _ => false,
        }
    }

    /// Nobody can be deleted.
    fn remove(&self, _stream: Stream, _id: &str) -> bool {
        false
    }

    /// Somebody new writes.
    fn insert(&self, stream: Stream) -> Option<String> {
        let phone = format!("+{}", self.shop().mobile(2_000_000 + self.contacts().len() as u64));
        (stream == Stream::Customers).then(|| self.add_contact("Khách Mới Mẫu", &phone).to_string())
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        let options = self.options();
        vec![self.api_key(), options.api_key.clone(), options.webhook_secret.clone()]
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        order_of(reference, self.now(), 1, "", self.id(1))
    }

    fn refusals(&self, stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        match stream {
            Stream::Customers => vec![("2011", ErrorKind::Rejected), ("2012", ErrorKind::Rejected)],
            _ => Vec::new(),
        }
    }

    /// The flow of a contact; nobody is told of anything else.
    fn webhook(&self, change: &Change) -> Option<Shipment> {
        match change {
            Change::Upsert(Stream::Customers, id) => self.flow_in(self.options().shape, number(id)),
            _ => None,
        }
    }

    /// The header covers none of the body.
    fn sign(&self, _like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(with_body(self.options(), body))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let mut bare = shipment.clone();
        bare.headers.remove(self.options().webhook_header.as_str());
        bare
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let mut body: Value = serde_json::from_slice(&shipment.body).ok()?;
        let contact = if body.get("contact").is_some() { body.get_mut("contact")? } else { &mut body };
        // A body that was made by hand names no page.
        *contact.get_mut("page_id")? = "104430000000999".into();
        Some(with_body(self.options(), body.to_string().into()))
    }
}

kinds! {
    /// A page with every habit that one has or may have: see [`SandboxOptions::unkind`].
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR);
}

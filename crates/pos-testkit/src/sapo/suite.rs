//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use http::HeaderValue;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::{Address, Stream};
use url::Url;

use super::{Flavor, Sandbox, SandboxOptions, WithoutStatus, hooks, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, number, order_of, started};
use crate::server::Running;

const HMAC: &str = "x-sapo-hmac-sha256";

impl Sandbox {
    /// A delivery of a topic with these bytes, signed as the store signs.
    pub fn delivery(&self, topic: &str, body: Bytes) -> Shipment {
        hooks::sign(&mut self.inner.state(), topic, None, body)
    }

    /// The delivery that tells of a row as it is now; `None` for streams without webhooks, and rows that are not there.
    pub fn webhook_of(&self, stream: Stream, id: i64) -> Option<Shipment> {
        hooks::of_row(&mut self.inner.state(), stream, id, "update")
    }

    /// The delivery that tells of a deletion.
    pub fn webhook_of_deletion(&self, stream: Stream, id: i64) -> Option<Shipment> {
        hooks::of_row(&mut self.inner.state(), stream, id, "delete")
    }
}

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    let closed = setup.closed || options.closed_branches;
    options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_orders(setup.documents)
        .with_repeat_tail(setup.repeat_tail)
        .with_lag(setup.lag)
        .with_closed_branches(closed)
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("store", self.store().to_owned()),
            ("api_key", self.api_key().to_owned()),
            ("api_secret", self.api_secret()),
            ("webhook_secret", self.webhook_secret().to_owned()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match stream {
            Stream::Branches => "/admin/locations.json",
            Stream::Categories => "/admin/custom_collections.json",
            Stream::Products => "/admin/products.json",
            Stream::Customers => "/admin/customers.json",
            Stream::Orders => "/admin/orders.json",
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream).iter().map(ToString::to_string).collect()
    }

    fn unknown_id(&self, stream: Stream) -> String {
        (self.ids(stream).last().copied().unwrap_or(1) + 3_000_001).to_string()
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        self.update(stream, number(id), |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        self.delete(stream, number(id))
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        let id = routes::insert(&self.inner, &mut self.inner.state(), stream)?;
        Some(id.to_string())
    }

    fn can_lag(&self) -> bool {
        true
    }

    fn settle(&self) {
        self.settle_index();
    }

    /// Branches have a permission of their own.
    fn is_closed(&self, stream: Stream) -> bool {
        self.options().closed_branches && stream == Stream::Branches
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        let now = [self.api_secret(), self.access_token()];
        let first = [
            self.options().api_secret.clone(),
            self.options().access_token.clone(),
            self.api_key().to_owned(),
        ];
        now.into_iter().chain(first).collect()
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let (branch, buyer) = (self.id(Stream::Branches, 0), self.id(Stream::Customers, 1));
        let mut push = order_of(reference, self.now(), self.variant_id(4), branch, buyer);
        if self.flavor() == Flavor::Pos {
            let mut to = Address::default();
            (to.street, to.province) = (Some("25 phố Mẫu".into()), Some("Hà Nội".into()));
            push.recipient = Some(to);
        }
        push
    }

    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        vec![("access_denied", ErrorKind::Forbidden), ("unsupported", ErrorKind::Rejected)]
    }

    /// A deletion tells one id; the suite's of several at once does not exist here.
    fn webhook(&self, change: &Change) -> Option<Shipment> {
        match change {
            Change::Upsert(stream, id) => self.webhook_of(*stream, number(id)),
            Change::Delete(stream, ids) => match ids.as_slice() {
                [id] => self.webhook_of_deletion(*stream, number(id)),
                _ => None,
            },
        }
    }

    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment> {
        let topic = like.headers.get("x-sapo-topic")?.to_str().ok()?;
        Some(self.delivery(topic, body))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let mut bare = shipment.clone();
        bare.headers.remove(HMAC);
        bare
    }

    /// The signature does not cover the header that names the store.
    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let mut other = shipment.clone();
        let host = match self.flavor() {
            Flavor::Web => "other-demo.mysapo.net",
            Flavor::Pos => "other-demo.mysapogo.com",
        };
        other.headers.insert(hooks::store_header(self.flavor()), HeaderValue::from_static(host));
        Some(other)
    }
}

kinds! {
    /// A web store with every habit that the vendor has or may have.
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR);
    /// A web store that heeds and has no more than it must: no `since_id`, no `ids`, no events; its clock is behind.
    Heedless HeedlessSandbox = SandboxOptions::default()
        .with_without_status(WithoutStatus::Open)
        .with_since_id(false)
        .with_oldest_first(true)
        .with_ignored_ids(true)
        .with_no_events(true)
        .with_bare_missing(true)
        .with_clock_ahead(-time::Duration::HOUR);
    /// A POS store.
    Pos PosSandbox = SandboxOptions::default().with_flavor(Flavor::Pos);
    /// A POS store with every habit that the vendor has or may have.
    UnkindPos UnkindPosSandbox = SandboxOptions::default()
        .with_flavor(Flavor::Pos)
        .unkind()
        .with_clock_ahead(-time::Duration::HOUR);
}

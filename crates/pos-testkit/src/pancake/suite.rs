//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use serde_json::Value;
use url::Url;

use super::{Sandbox, SandboxOptions, render, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, order_of, started};
use crate::server::Running;

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_orders(setup.documents)
        .with_repeat_tail(setup.repeat_tail)
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("api_key", self.api_key().to_string()),
            ("shop_id", self.shop_id().to_string()),
            ("webhook_secret", self.options().webhook_secret.clone()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match stream {
            Stream::Branches => "/api/v1/shops/880012345/warehouses",
            Stream::Users => "/api/v1/shops/880012345/users",
            Stream::Products => "/api/v1/shops/880012345/products",
            Stream::Customers => "/api/v1/shops/880012345/customers",
            Stream::Orders => "/api/v1/shops/880012345/orders",
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream)
    }

    fn unknown_id(&self, stream: Stream) -> String {
        match stream {
            Stream::Orders => "99000001".to_owned(),
            Stream::Customers => render::customer_key(77_000_001),
            _ => render::product_key(77_000_001),
        }
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        matches!(stream, Stream::Customers | Stream::Orders | Stream::Products)
            && self.update(stream, id, |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        // Nothing but an order is known to be removable.
        stream == Stream::Orders && self.set_status(id, 7)
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        routes::insert(&self.inner, &mut self.inner.state(), stream)
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        let options = self.options();
        let staff = (0..5).map(render::user_secret);
        [self.api_key(), options.api_key.clone(), options.webhook_secret.clone()]
            .into_iter()
            .chain(staff)
            .collect()
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let (product, branch) = (render::variation_key(4), render::warehouse_key(0));
        order_of(reference, self.now(), product, branch, render::customer_key(1))
    }

    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        vec![("403", ErrorKind::Forbidden), ("422", ErrorKind::Rejected)]
    }

    fn webhook(&self, change: &Change) -> Option<Shipment> {
        match change {
            Change::Upsert(stream, id) => self.webhook(*stream, id),
            // One delivery is about one record, and a deletion is an order with another status.
            Change::Delete(..) => None,
        }
    }

    fn sign(&self, _like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(self.message(body))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let mut bare = shipment.clone();
        bare.headers.remove("x-store-id");
        bare.headers.remove("x-webhook-secret");
        bare
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let mut body: Value = serde_json::from_slice(&shipment.body).ok()?;
        let named = body.get_mut("shop_id")?;
        *named = (render::SHOP_ID + 1).into();
        Some(self.message(body.to_string().into()))
    }
}

kinds! {
    /// The same shop with the vendor's worse habits, for the same suite.
    Worst Unkind = SandboxOptions::default()
        .with_text_ids(true)
        .with_varied_payments(true)
        .with_partial_returns(true)
        .with_zero_prices(true)
        .with_currency("THB")
        .with_bare_webhooks(true)
        .with_bare_created(true)
        .with_stranger(403, "api_key is invalid");
}

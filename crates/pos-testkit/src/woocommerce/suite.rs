//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use http::HeaderValue;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use url::Url;

use super::{Kind, Sandbox, SandboxOptions, write};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, number, order_of, started};
use crate::server::Running;

const SIGNATURE: &str = "x-wc-webhook-signature";

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    let hidden = setup.odd_rows || options.hidden_rows;
    // The last page never comes again: what is past the end is an empty list.
    let mut options = options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_orders(setup.documents)
        .with_hidden_rows(hidden)
        .with_closed_customers(setup.closed)
        .with_lag(setup.lag);
    options.shop.products = 120;
    options
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("site", self.site().to_owned()),
            ("consumer_key", self.consumer_key()),
            ("consumer_secret", self.consumer_secret()),
            ("webhook_secret", self.webhook_secret().to_owned()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match stream {
            Stream::Categories => "/wp-json/wc/v3/products/categories",
            Stream::Products => "/wp-json/wc/v3/products",
            Stream::Customers => "/wp-json/wc/v3/customers",
            Stream::Orders => "/wp-json/wc/v3/orders",
            _ => return None,
        })
    }

    fn bare_list(&self) -> bool {
        true
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream).iter().map(ToString::to_string).collect()
    }

    fn unknown_id(&self, _stream: Stream) -> String {
        (self.inner.state().serial + 777_777).to_string()
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        self.update(stream, number(id), |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        stream != Stream::Categories && self.delete(stream, number(id))
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        let id = write::insert(&mut self.inner.state(), Kind::of(stream)?)?;
        Some(id.to_string())
    }

    fn can_lag(&self) -> bool {
        true
    }

    fn settle(&self) {
        self.settle_index();
    }

    fn is_closed(&self, stream: Stream) -> bool {
        self.options().closed_customers && stream == Stream::Customers
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        let options = self.options();
        let first = [&options.consumer_key, &options.consumer_secret, &options.webhook_secret];
        [self.consumer_key(), self.consumer_secret()].into_iter().chain(first.into_iter().cloned()).collect()
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let (product, buyer) = (self.id(Stream::Products, 4), self.id(Stream::Customers, 1));
        let mut push = order_of(reference, self.now(), product, "", buyer);
        push.branch_id = None;
        push
    }

    fn refusals(&self, stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        let missing = match stream {
            Stream::Orders => "woocommerce_rest_shop_order_invalid_id",
            Stream::Products => "woocommerce_rest_product_invalid_id",
            _ => "woocommerce_rest_invalid_id",
        };
        vec![
            (missing, ErrorKind::NotFound),
            ("woocommerce_rest_cannot_view", ErrorKind::Forbidden),
            ("rest_forbidden", ErrorKind::Forbidden),
            ("woocommerce_rest_authentication_error", ErrorKind::Auth),
            ("rest_invalid_param", ErrorKind::Rejected),
        ]
    }

    /// A deletion tells one id; the suite's of several at once does not exist here.
    fn webhook(&self, change: &Change) -> Option<Shipment> {
        match change {
            Change::Upsert(Stream::Categories, _) => None,
            Change::Upsert(stream, id) => self.webhook_of(*stream, number(id), "updated"),
            Change::Delete(stream, ids) => match ids.as_slice() {
                [id] => self.webhook_of(*stream, number(id), "deleted"),
                _ => None,
            },
        }
    }

    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(self.delivery(like.header("x-wc-webhook-topic"), body))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let mut bare = shipment.clone();
        bare.headers.remove(SIGNATURE);
        bare
    }

    /// A shop repeats nothing.
    fn next_attempt(&self, _shipment: &Shipment) -> Option<Shipment> {
        None
    }

    /// The signature does not cover the header that names the shop.
    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let mut other = shipment.clone();
        let source = HeaderValue::from_static("https://other-demo.example.vn/");
        other.headers.insert("x-wc-webhook-source", source);
        Some(other)
    }
}

kinds! {
    /// A shop with every habit that one has or may have: see [`SandboxOptions::unkind`].
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR);
    /// A shop of before 5.4: no bounds by change, no order by it, no bounds in UTC. Its clock is behind.
    Old OldSandbox = SandboxOptions::default()
        .with_version((5, 3))
        .with_no_trashed_products(true)
        .with_clock_ahead(-time::Duration::HOUR);
}

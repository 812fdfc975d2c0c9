//! What the contract suite asks of this sandbox.

use std::time::Duration;

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use url::Url;

use super::{Kind, Reading, Sandbox, SandboxOptions, edits};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, order_of, started};
use crate::server::Running;

/// Long enough for two requests of a kind to meet.
const LATENCY: Duration = Duration::from_millis(1);

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    let repeats = setup.repeat_tail || options.repeat_tail;
    let mut options = options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_documents(setup.documents, setup.documents)
        .with_repeat_tail(repeats)
        .with_latency(Some(LATENCY))
        .with_lag(setup.lag);
    options.shop.products = 120;
    options
}

/// The path of a call in either environment.
macro_rules! in_environment {
    ($here:expr, $path:literal) => {
        match $here {
            "g1" => concat!("/g1/api/v1/", $path),
            _ => concat!("/g3/api/v1/", $path),
        }
    };
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("domain", self.domain().to_owned()),
            ("app_id", self.app_id().to_owned()),
            ("secret_key", self.secret_key()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        let here = self.environment();
        Some(match stream {
            Stream::Customers => in_environment!(here, "customers/paging"),
            Stream::Invoices => in_environment!(here, "invoices/pagingbycustomer"),
            Stream::Products => in_environment!(here, "inventoryitems/pagingwithdetail"),
            Stream::Branches => in_environment!(here, "branchs/all"),
            Stream::Categories => in_environment!(here, "categories/list"),
            _ => return None,
        })
    }

    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        let here = self.environment();
        Some(match stream {
            Stream::Customers => in_environment!(here, "customers"),
            Stream::Orders => in_environment!(here, "invoices"),
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream)
    }

    fn unknown_id(&self, _stream: Stream) -> String {
        "0f0e0d0c-0000-4000-8000-00000000ffff".into()
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        self.update(stream, id, |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        let may = matches!(stream, Stream::Customers | Stream::Invoices | Stream::Products);
        may && self.delete(stream, id)
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        edits::insert(&mut self.inner.state(), Kind::of(stream)?)
    }

    fn can_lag(&self) -> bool {
        true
    }

    fn blur(&self) -> Duration {
        // A bound in UTC is read as the time in Viet Nam.
        Duration::from_secs(if self.options().reading == Reading::Local { 7 * 3600 } else { 0 })
    }

    fn settle(&self) {
        self.settle_lists();
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn expire_tokens(&self) -> bool {
        self.expire_tokens();
        true
    }

    fn secrets(&self) -> Vec<String> {
        let first = self.options().secret_key.clone();
        self.tokens().into_iter().chain([self.secret_key(), first]).collect()
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let ids = [(Stream::Products, 4), (Stream::Branches, 0), (Stream::Customers, 1)];
        let [product, branch, buyer] = ids.map(|(stream, index)| self.id(stream, index));
        order_of(reference, self.now(), product, branch, buyer)
    }

    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        vec![
            ("1", ErrorKind::Rejected),
            ("2", ErrorKind::Config),
            ("5", ErrorKind::Rejected),
            ("6", ErrorKind::Rejected),
            ("7", ErrorKind::Auth),
        ]
    }

    /// There are none.
    fn webhook(&self, _change: &Change) -> Option<Shipment> {
        None
    }

    fn sign(&self, _like: &Shipment, _body: Bytes) -> Option<Shipment> {
        None
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        shipment.clone()
    }

    fn for_another_shop(&self, _shipment: &Shipment) -> Option<Shipment> {
        None
    }
}

kinds! {
    /// A shop with every habit that the vendor has or may have: see [`SandboxOptions::unkind`].
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::minutes(10));
    /// A shop whose lists say that they are over before they are, and whose times are read in UTC.
    Miscounting MiscountingSandbox = SandboxOptions::default()
        .with_low_totals(true)
        .with_repeat_tail(true)
        .with_reading(Reading::Utc);
    /// A shop that lists its orders.
    Listing ListingSandbox = SandboxOptions::default().with_listed_orders(true);
}

//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use url::Url;
use url::form_urlencoded::parse;

use super::hooks::{form, with_body};
use super::{Created, Kind, Line, Sandbox, SandboxOptions, Shape, Sorted, write};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, number, order_of, started};
use crate::server::Running;

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    let (endless, purchases) = (options.endless || setup.repeat_tail, options.purchases || setup.odd_rows);
    let mut options = options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_orders(setup.documents)
        .with_endless_lists(endless)
        .with_purchases(purchases)
        .with_closed_orders(setup.closed)
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
            ("company", self.company().to_owned()),
            ("api_key", self.api_key()),
            ("api", self.api().to_owned()),
            ("webhook_secret", self.webhook_secret().to_owned()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match (self.options().line, stream) {
            (Line::V61, Stream::Customers) => "/api/v6.1/accounts",
            (Line::V61, Stream::Orders) => "/api/v6.1/sale_orders",
            (Line::V61, Stream::Users) => "/api/v6.1/users",
            (Line::V61 | Line::V6, Stream::Products) => "/api/v6/products",
            (Line::V6, Stream::Customers) => "/api/v6/accounts",
            (Line::V6, Stream::Orders) => "/api/v6/sale_orders",
            (Line::V6, Stream::Users) => "/api/v6/users",
            (Line::V3, Stream::Customers) => "/api/v3/accounts",
            (Line::V3, Stream::Orders | Stream::Returns) => "/api/v3/orders",
            (Line::V3, Stream::Products) => "/api/v3/products",
            (Line::V3, Stream::Users) => "/api/v3/users",
            _ => return None,
        })
    }

    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match (self.options().line, stream) {
            (Line::V61, Stream::Customers) => "/api/v6.1/account",
            (Line::V61, Stream::Orders) => "/api/v6.1/sale_order",
            (Line::V6, Stream::Customers) => "/api/v6/accounts",
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream).iter().map(ToString::to_string).collect()
    }

    fn unknown_id(&self, _stream: Stream) -> String {
        "7777777".to_owned()
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        stream != Stream::Users && self.update(stream, number(id), |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        self.delete(stream, number(id))
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        let mut state = self.inner.state();
        let id = write::insert(&mut state, Kind::of(stream)?)?;
        if stream == Stream::Returns
            && let Some(row) = state.table(Kind::Orders).get_mut(&id)
        {
            row.json.insert("is_repay".into(), 1.into());
        }
        Some(id.to_string())
    }

    fn can_lag(&self) -> bool {
        true
    }

    fn settle(&self) {
        self.settle_index();
    }

    fn is_closed(&self, stream: Stream) -> bool {
        self.options().closed_orders && matches!(stream, Stream::Orders | Stream::Returns)
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        let options = self.options();
        vec![self.api_key(), options.api_key.clone(), options.webhook_secret.clone()]
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let (product, buyer) = (self.id(Stream::Products, 4), self.id(Stream::Customers, 1));
        let mut push = order_of(reference, self.now(), product, "", buyer);
        push.branch_id = None;
        push
    }

    /// There are no codes that could be told: what the statuses mean is shown by the vendor crate's own tests.
    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        Vec::new()
    }

    /// An order that changed is told when it is approved; a deletion is about one customer, and the suite's are about several.
    fn webhook(&self, change: &Change) -> Option<Shipment> {
        let (event, stream, id) = match change {
            Change::Upsert(Stream::Customers, id) => ("customer.updated", Stream::Customers, id),
            Change::Upsert(Stream::Orders, id) => ("order.approved", Stream::Orders, id),
            Change::Upsert(Stream::Products, id) => ("product.updated", Stream::Products, id),
            Change::Delete(Stream::Customers, ids) if ids.len() == 1 => {
                ("customer.deleted", Stream::Customers, &ids[0])
            }
            _ => return None,
        };
        self.webhook_of(event, stream, number(id))
    }

    /// The secret stands in the body and covers none of it: any bytes can be put behind it. A delivery that was cut short is
    /// whole for anybody who looks at it alone.
    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment> {
        if like.body.starts_with(&body) && !body.is_empty() {
            return None;
        }
        let mut bytes = form(&[("secret_key".into(), self.webhook_secret().to_owned())]).to_vec();
        bytes.push(b'&');
        bytes.extend_from_slice(&body);
        Some(with_body(Shape::Flat, bytes.into()))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let pairs = parse(&shipment.body).into_owned().filter(|(name, _)| !name.contains("secret_key"));
        Shipment { body: form(&pairs.collect::<Vec<_>>()), ..shipment.clone() }
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let other = |(name, value): (String, String)| {
            let value = value.replace(self.company(), "other-demo");
            (name, value)
        };
        let pairs: Vec<_> = parse(&shipment.body).into_owned().map(other).collect();
        Some(Shipment { body: form(&pairs), ..shipment.clone() })
    }
}

kinds! {
    /// A company with every habit that one has or may have: see [`SandboxOptions::unkind`].
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR);
    /// A company whose newest line is 6, with lists that begin with the oldest. Its clock is behind.
    V6 V6Sandbox = SandboxOptions::default()
        .with_line(Line::V6)
        .with_sorting(Sorted::Oldest)
        .with_created(Created::Bare)
        .with_clock_ahead(-time::Duration::HOUR);
    /// A company that has 3 alone.
    V3 V3Sandbox = SandboxOptions::default().with_line(Line::V3);
}

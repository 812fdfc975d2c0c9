//! What the contract suite asks of this sandbox.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Money, Quantity, Stream};
use pos_core::webhook::hmac_sha256;
use rust_decimal::Decimal;
use serde_json::json;
use time::OffsetDateTime;

use super::{Sandbox, SandboxOptions, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox};
use crate::fault::Faults;
use crate::seed::PhoneForm;

const HMAC: &str = "x-sapo-hmac-sha256";
const STORE: &str = "x-sapo-shop-domain";

fn number(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}

impl Sandbox {
    /// A delivery of a topic with these bytes, signed as the store signs.
    pub fn delivery(&self, topic: &str, body: Bytes) -> Shipment {
        let mut headers = HeaderMap::new();
        let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert("x-sapo-topic", text(topic));
        headers.insert(STORE, text(self.store()));
        headers.insert(HMAC, text(&STANDARD.encode(hmac_sha256(self.webhook_secret().as_bytes(), &body))));
        Shipment { headers, body, url: None }
    }

    /// The delivery that tells of a row as it is now; `None` for streams without webhooks, and rows that are not there.
    pub fn webhook_of(&self, stream: Stream, id: i64) -> Option<Shipment> {
        let topic = match stream {
            // Really spelled so.
            Stream::Orders => "orders/updated",
            Stream::Customers => "customers/update",
            Stream::Products => "products/update",
            Stream::Categories => "collections/update",
            _ => return None,
        };
        let row = self.row(stream, id)?;
        Some(self.delivery(topic, serde_json::Value::from(row).to_string().into()))
    }

    /// The delivery that tells of a deletion.
    pub fn webhook_of_deletion(&self, stream: Stream, id: i64) -> Option<Shipment> {
        let entity = match stream {
            Stream::Orders => "orders",
            Stream::Customers => "customers",
            Stream::Products => "products",
            _ => return None,
        };
        Some(self.delivery(&format!("{entity}/delete"), json!({ "id": id }).to_string().into()))
    }
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        let options = SandboxOptions::default()
            .with_seed(setup.seed)
            .with_customers(setup.customers)
            .with_orders(setup.documents)
            .with_repeat_tail(setup.repeat_tail);
        match Sandbox::start(options).await {
            Ok(shop) => shop,
            Err(why) => {
                assert!(why.to_string().is_empty(), "the sandbox cannot start: {why}");
                std::future::pending().await
            }
        }
    }

    fn faults(&self) -> &Faults {
        self.faults()
    }

    fn request_count(&self) -> u64 {
        self.request_count()
    }

    /// Credentials are sent with every request; there is nothing to fetch.
    fn token_requests(&self) -> u64 {
        0
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

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    /// Tokens of Sapo do not end.
    fn expire_tokens(&self) -> bool {
        false
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

    fn personal(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for row in (0..self.shop().customers).map(|index| self.shop().customer(index)) {
            texts.extend(row.email());
            if row.keys().next().is_some() && row.form != PhoneForm::Masked {
                texts.extend(row.phone());
                texts.extend(row.keys().map(|key| format!("+{key}")));
            }
            let name = row.name().trim().to_owned();
            if name.chars().count() > 8 && !name.contains('*') {
                texts.push(name);
            }
        }
        texts
    }

    fn customer_push(&self, reference: &str) -> CustomerPush {
        let mut push = CustomerPush::default();
        let number = reference.bytes().map(u64::from).sum::<u64>();
        push.reference = reference.to_owned();
        push.name = Some(format!("Phan Gia Mẫu {number}"));
        push.phones = vec![format!("0{}", self.shop().mobile(3_000_000 + number) - 84_000_000_000)];
        push.email = Some(format!("gia.mau{number}@example.com"));
        push.note = Some("Tạo từ CRM".into());
        push
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let mut line = PushLine::default();
        line.product_id = Some(self.variant_id(4).to_string());
        line.quantity = Quantity::from(Decimal::from(2));
        line.unit_price = Money::from(Decimal::from(120_000));
        let mut push = OrderPush::default();
        push.reference = reference.to_owned();
        push.created_at = Some(VendorSandbox::now(self));
        push.branch_id = Some(self.id(Stream::Branches, 0).to_string());
        push.buyer_id = Some(self.id(Stream::Customers, 1).to_string());
        push.lines = vec![line];
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

    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        Some(shipment.clone())
    }

    /// The signature does not cover the header that names the store.
    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let mut other = shipment.clone();
        other.headers.insert(STORE, HeaderValue::from_static("other-demo.mysapo.net"));
        Some(other)
    }
}

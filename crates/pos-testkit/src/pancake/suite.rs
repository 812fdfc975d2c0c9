//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Money, Quantity, Stream};
use rust_decimal::Decimal;
use serde_json::Value;
use time::OffsetDateTime;

use super::{Sandbox, SandboxOptions, WebhookMessage, render, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox};
use crate::fault::Faults;
use crate::seed::PhoneForm;

impl From<WebhookMessage> for Shipment {
    fn from(message: WebhookMessage) -> Self {
        Self { headers: message.headers, body: message.body, url: None }
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

    fn token_requests(&self) -> u64 {
        0
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

    fn now(&self) -> OffsetDateTime {
        self.now()
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn expire_tokens(&self) -> bool {
        // A key does not end by itself.
        false
    }

    fn secrets(&self) -> Vec<String> {
        let options = self.options();
        let staff = (0..5).map(render::user_secret);
        [self.api_key(), options.api_key.clone(), options.webhook_secret.clone()]
            .into_iter()
            .chain(staff)
            .collect()
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
        line.product_id = Some(render::variation_key(4));
        line.quantity = Quantity::from(Decimal::from(2));
        line.unit_price = Money::from(Decimal::from(120_000));
        let mut push = OrderPush::default();
        push.reference = reference.to_owned();
        push.created_at = Some(self.now());
        push.branch_id = Some(render::warehouse_key(0));
        push.buyer_id = Some(render::customer_key(1));
        push.lines = vec![line];
        push
    }

    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        vec![("403", ErrorKind::Forbidden), ("422", ErrorKind::Rejected)]
    }

    fn webhook(&self, change: &Change) -> Option<Shipment> {
        match change {
            Change::Upsert(stream, id) => self.webhook(*stream, id).map(Shipment::from),
            // One delivery is about one record, and a deletion is an order with another status.
            Change::Delete(..) => None,
        }
    }

    fn sign(&self, _like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(self.message(body).into())
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let mut bare = shipment.clone();
        bare.headers.remove("x-store-id");
        bare.headers.remove("x-webhook-secret");
        bare
    }

    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        // There is neither a delivery id nor a count of attempts.
        Some(shipment.clone())
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let mut body: Value = serde_json::from_slice(&shipment.body).ok()?;
        let named = body.get_mut("shop_id")?;
        *named = (render::SHOP_ID + 1).into();
        Some(self.message(body.to_string().into()).into())
    }
}

/// The same shop with the vendor's worse habits, for the same suite.
#[derive(Debug)]
pub struct Unkind(Sandbox);

impl std::ops::Deref for Unkind {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}

impl VendorSandbox for Unkind {
    async fn start(setup: Setup) -> Self {
        let options = SandboxOptions::default()
            .with_seed(setup.seed)
            .with_customers(setup.customers)
            .with_orders(setup.documents)
            .with_repeat_tail(setup.repeat_tail)
            .with_text_ids(true)
            .with_varied_payments(true)
            .with_partial_returns(true)
            .with_zero_prices(true)
            .with_currency("THB")
            .with_bare_webhooks(true)
            .with_bare_created(true)
            .with_stranger(403, "api_key is invalid");
        match Sandbox::start(options).await {
            Ok(shop) => Self(shop),
            Err(why) => {
                assert!(why.to_string().is_empty(), "the sandbox cannot start: {why}");
                std::future::pending().await
            }
        }
    }

    fn faults(&self) -> &Faults {
        self.0.faults()
    }
    fn request_count(&self) -> u64 {
        self.0.request_count()
    }
    fn token_requests(&self) -> u64 {
        0
    }
    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        self.0.list_path(stream)
    }
    fn ids(&self, stream: Stream) -> Vec<String> {
        self.0.ids(stream)
    }
    fn unknown_id(&self, stream: Stream) -> String {
        self.0.unknown_id(stream)
    }
    fn touch(&self, stream: Stream, id: &str) -> bool {
        self.0.touch(stream, id)
    }
    fn remove(&self, stream: Stream, id: &str) -> bool {
        self.0.remove(stream, id)
    }
    fn insert(&self, stream: Stream) -> Option<String> {
        self.0.insert(stream)
    }
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }
    fn settle(&self) {
        VendorSandbox::settle(&self.0);
    }
    fn revoke_credentials(&self) {
        self.0.revoke_credentials();
    }
    fn expire_tokens(&self) -> bool {
        false
    }
    fn secrets(&self) -> Vec<String> {
        self.0.secrets()
    }
    fn personal(&self) -> Vec<String> {
        self.0.personal()
    }
    fn customer_push(&self, reference: &str) -> CustomerPush {
        self.0.customer_push(reference)
    }
    fn order_push(&self, reference: &str) -> OrderPush {
        self.0.order_push(reference)
    }
    fn refusals(&self, stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        self.0.refusals(stream)
    }
    fn webhook(&self, change: &Change) -> Option<Shipment> {
        VendorSandbox::webhook(&self.0, change)
    }
    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment> {
        self.0.sign(like, body)
    }
    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        self.0.unsigned(shipment)
    }
    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        self.0.next_attempt(shipment)
    }
    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        self.0.for_another_shop(shipment)
    }
}

//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Money, Quantity, Stream};
use rust_decimal::Decimal;
use serde_json::Value;
use time::OffsetDateTime;

use super::hooks::{Event, WebhookMessage};
use super::{Sandbox, SandboxOptions, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox};
use crate::fault::Faults;
use crate::seed::PhoneForm;

impl From<&WebhookMessage> for Shipment {
    fn from(message: &WebhookMessage) -> Self {
        Self { headers: message.headers.clone(), body: message.body.clone(), url: None }
    }
}

impl Sandbox {
    fn message_of(&self, shipment: &Shipment) -> WebhookMessage {
        let kind =
            shipment.headers.get("x-webhook-event").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let delivery = shipment
            .headers
            .get("x-webhook-delivery")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        WebhookMessage::signed(kind, delivery, shipment.body.clone(), self.webhook_secret())
    }
}

fn number(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}

/// What a setup means here.
fn options_of(setup: Setup) -> SandboxOptions {
    SandboxOptions::default()
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_documents(setup.documents, setup.documents)
        .with_repeat_tail(setup.repeat_tail)
        .with_totals_row(setup.odd_rows)
}

/// How long the lists of [`Unkind`] do not know what is new.
const LAG: std::time::Duration = std::time::Duration::from_secs(120);

/// A shop with every unkindness that the vendor may have ([`SandboxOptions::unkind`]), whose clock is an hour ahead and whose
/// lists lag.
#[derive(Debug)]
pub struct Unkind(Sandbox);

impl std::ops::Deref for Unkind {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}

macro_rules! as_kind_shop {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($arg: $type),*) -> $answer {
            <Sandbox as VendorSandbox>::$name(&self.0, $($arg),*)
        }
    )*};
}

impl VendorSandbox for Unkind {
    async fn start(setup: Setup) -> Self {
        let options = options_of(setup).unkind().with_clock_ahead(time::Duration::HOUR).with_lag(LAG);
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

    as_kind_shop! {
        request_count() -> u64;
        token_requests() -> u64;
        list_path(stream: Stream) -> Option<&'static str>;
        ids(stream: Stream) -> Vec<String>;
        unknown_id(stream: Stream) -> String;
        touch(stream: Stream, id: &str) -> bool;
        remove(stream: Stream, id: &str) -> bool;
        insert(stream: Stream) -> Option<String>;
        now() -> OffsetDateTime;
        settle() -> ();
        revoke_credentials() -> ();
        expire_tokens() -> bool;
        secrets() -> Vec<String>;
        personal() -> Vec<String>;
        customer_push(reference: &str) -> CustomerPush;
        order_push(reference: &str) -> OrderPush;
        refusals(stream: Stream) -> Vec<(&'static str, ErrorKind)>;
        webhook(change: &Change) -> Option<Shipment>;
        sign(like: &Shipment, body: Bytes) -> Option<Shipment>;
        unsigned(shipment: &Shipment) -> Shipment;
        next_attempt(shipment: &Shipment) -> Option<Shipment>;
        for_another_shop(shipment: &Shipment) -> Option<Shipment>;
    }
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        match Sandbox::start(options_of(setup)).await {
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
        self.token_requests()
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match stream {
            Stream::Branches => "/branches",
            Stream::Users => "/users",
            Stream::Categories => "/categories",
            Stream::Products => "/products",
            Stream::Customers => "/customers",
            Stream::Orders => "/orders",
            Stream::Invoices => "/invoices",
            Stream::Returns => "/returns",
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream).iter().map(ToString::to_string).collect()
    }

    fn unknown_id(&self, stream: Stream) -> String {
        self.unknown_id(stream).to_string()
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
        self.now()
    }

    fn settle(&self) {
        self.pass(time::Duration::try_from(self.options().lag).unwrap_or_default());
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn expire_tokens(&self) -> bool {
        self.expire_tokens();
        true
    }

    fn secrets(&self) -> Vec<String> {
        let tokens: Vec<String> = self.inner.state().tokens.keys().cloned().collect();
        let own =
            [self.client_secret(), self.options().client_secret.clone(), self.webhook_secret().to_owned()];
        own.into_iter().chain(tokens).collect()
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
        line.product_id = Some(self.id(Stream::Products, 4).to_string());
        line.quantity = Quantity::from(Decimal::from(2));
        line.unit_price = Money::from(Decimal::from(120_000));
        let mut push = OrderPush::default();
        push.reference = reference.to_owned();
        push.created_at = Some(self.now());
        push.branch_id = Some(self.id(Stream::Branches, 0).to_string());
        push.buyer_id = Some(self.id(Stream::Customers, 1).to_string());
        push.lines = vec![line];
        push
    }

    fn refusals(&self, stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        let own = match stream {
            Stream::Customers => "KvValidateCustomerException",
            Stream::Invoices => "KvValidateInvoiceException",
            Stream::Products => "KvValidateProductException",
            // The vendor's name for a missing order or return is not established.
            _ => "",
        };
        let mut refusals =
            vec![("KvException", ErrorKind::Forbidden), ("KvValidateException", ErrorKind::Rejected)];
        if !own.is_empty() {
            refusals.push((own, ErrorKind::NotFound));
        }
        refusals
    }

    fn webhook(&self, change: &Change) -> Option<Shipment> {
        let event = match change {
            Change::Upsert(stream, id) => {
                let id = number(id);
                match stream {
                    Stream::Customers => Event::CustomerUpdated(id),
                    Stream::Orders => Event::OrderUpdated(id),
                    Stream::Invoices => Event::InvoiceUpdated(id),
                    Stream::Products => Event::ProductUpdated(id),
                    Stream::Branches => Event::BranchUpdated(id),
                    Stream::Categories => Event::CategoryUpdated(id),
                    // There are no webhooks about staff and returns.
                    _ => return None,
                }
            }
            Change::Delete(stream, ids) => {
                let ids = ids.iter().map(|id| number(id)).collect();
                match stream {
                    Stream::Customers => Event::CustomersDeleted(ids),
                    Stream::Products => Event::ProductsDeleted(ids),
                    _ => return None,
                }
            }
        };
        Some(Shipment::from(&self.webhook(event)))
    }

    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(Shipment::from(&self.message_of(like).with_body(body)))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let message = self.message_of(shipment).unsigned();
        Shipment::from(&message)
    }

    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        let has_attempt =
            serde_json::from_slice::<Value>(&shipment.body).is_ok_and(|body| body.get("Attempt").is_some());
        has_attempt.then(|| Shipment::from(&self.message_of(shipment).next_attempt()))
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        Some(Shipment::from(&self.message_of(shipment).for_retailer(600_123_456)))
    }
}

//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Money, Quantity, Stream};
use rust_decimal::Decimal;
use serde_json::Value;
use time::OffsetDateTime;

use super::hooks::{Event, WebhookMessage};
use super::{Sandbox, SandboxOptions, order_type, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox};
use crate::fault::Faults;
use crate::seed::PhoneForm;

impl From<&WebhookMessage> for Shipment {
    fn from(message: &WebhookMessage) -> Self {
        Self { headers: message.headers.clone(), body: message.body.clone(), url: None }
    }
}

fn number(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}

async fn started(options: SandboxOptions, setup: Setup) -> Sandbox {
    let options = options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_documents(setup.documents, setup.documents)
        .with_odd_rows(setup.odd_rows);
    match Sandbox::start(options).await {
        Ok(shop) => shop,
        Err(why) => {
            assert!(why.to_string().is_empty(), "the sandbox cannot start: {why}");
            std::future::pending().await
        }
    }
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(SandboxOptions::default(), setup).await
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
            Stream::Branches => "/v3.0/business/depot",
            Stream::Users => "/v3.0/business/user",
            Stream::Categories => "/v3.0/product/category",
            Stream::Products => "/v3.0/product/list",
            Stream::Customers => "/v3.0/customer/list",
            Stream::Orders => "/v3.0/order/list",
            Stream::Invoices => "/v3.0/bill/retail",
            // Goods brought back stand among orders and bills.
            _ => return None,
        })
    }

    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match stream {
            Stream::Customers => "/v3.0/customer/add",
            Stream::Orders => "/v3.0/order/add",
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream).iter().map(ToString::to_string).collect()
    }

    fn unknown_id(&self, _stream: Stream) -> String {
        "999999999".into()
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        let id = number(id);
        // A bill says when it was written, not when it changed.
        let is_bill = stream == Stream::Invoices
            || (stream == Stream::Returns && self.row(stream, id).is_some_and(|row| row["info"].is_null()));
        let has_time =
            matches!(stream, Stream::Customers | Stream::Products | Stream::Orders | Stream::Returns);
        has_time && !is_bill && self.update(stream, id, |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        self.delete(stream, number(id))
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        Some(routes::insert(&self.inner, stream)?.to_string())
    }

    fn now(&self) -> OffsetDateTime {
        self.now()
    }

    fn settle(&self) {
        self.shift_clock(time::Duration::try_from(self.options().lag).unwrap_or_default());
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn expire_tokens(&self) -> bool {
        // A token lives for a year and cannot be renewed.
        false
    }

    fn secrets(&self) -> Vec<String> {
        vec![
            self.access_token(),
            super::token(1),
            self.secret_key().to_owned(),
            self.verify_token().to_owned(),
        ]
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
        // Somebody whose number can be read.
        let shop = self.shop();
        let buyer = (0..shop.customers).find(|index| {
            let row = shop.customer(*index);
            row.form == PhoneForm::Plain && row.person == row.index
        });
        push.buyer_id = Some(self.id(Stream::Customers, buyer.unwrap_or(1)).to_string());
        push.lines = vec![line];
        push
    }

    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        vec![
            ("ERR_403", ErrorKind::Forbidden),
            ("ERR_INVALID_DEPOT_ID", ErrorKind::Forbidden),
            ("ERR_BUSINESS_NOT_ENABLE_API", ErrorKind::Forbidden),
            ("ERR_INVALID_FORM_FIELDS", ErrorKind::Rejected),
            ("ERR_INVALID_BUSINESS_ID", ErrorKind::Config),
            ("ERR_INVALID_VERSION", ErrorKind::Auth),
            ("ERR_SOMETHING_NEW", ErrorKind::Rejected),
        ]
    }

    fn webhook(&self, change: &Change) -> Option<Shipment> {
        let event = match change {
            Change::Upsert(stream, id) => {
                let id = number(id);
                match stream {
                    Stream::Orders if matches!(order_type(&self.row(Stream::Orders, id)?), 14 | 16) => {
                        return None;
                    }
                    Stream::Orders => Event::OrderUpdated(id),
                    // Version 2 has no event for it.
                    Stream::Returns if self.options().hooks_v2 => return None,
                    Stream::Returns if self.row(Stream::Returns, id)?["info"].is_object() => {
                        Event::PartialReturn(id)
                    }
                    Stream::Products => Event::ProductUpdated(id),
                    // There are no webhooks about anything else.
                    _ => return None,
                }
            }
            Change::Delete(stream, ids) => {
                let is_order = |id: &String| self.row(Stream::Orders, number(id)).is_some();
                let of_orders = ids.iter().any(is_order);
                let ids = ids.iter().map(|id| number(id)).collect();
                match stream {
                    Stream::Orders => Event::OrdersDeleted(ids),
                    // Goods brought back are orders to the vendor.
                    Stream::Returns if of_orders => Event::OrdersDeleted(ids),
                    Stream::Products => Event::ProductsDeleted(ids),
                    _ => return None,
                }
            }
        };
        Some(Shipment::from(&self.webhook(&event)))
    }

    fn sign(&self, _like: &Shipment, body: Bytes) -> Option<Shipment> {
        // The token covers no bytes: any body passes with it.
        let token = self.verify_token();
        if !self.options().hooks_v2 {
            return Some(Shipment::from(&WebhookMessage::new(token, body)));
        }
        // It stands in the body, where that can hold it and does not already.
        let has_it = String::from_utf8_lossy(&body).contains(token);
        let body = match serde_json::from_slice(&body) {
            Ok(Value::Object(mut members)) if !has_it => {
                members.insert("webhooksVerifyToken".into(), token.into());
                Value::Object(members).to_string().into()
            }
            _ => body,
        };
        Some(Shipment::from(&WebhookMessage::bare(body)))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let message = WebhookMessage { headers: shipment.headers.clone(), body: shipment.body.clone() };
        Shipment::from(&message.unsigned())
    }

    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        // The same bytes again: there is neither an id nor a count.
        Some(shipment.clone())
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let text = String::from_utf8_lossy(&shipment.body)
            .replace(&format!("\"businessId\":{}", self.business_id()), "\"businessId\":600123");
        Some(Shipment { body: text.into_bytes().into(), ..shipment.clone() })
    }
}

/// How long the lists of [`Unkind`] do not show what is written.
const LAG: std::time::Duration = std::time::Duration::from_secs(120);

/// The sandbox with all that the vendor may do: see [`SandboxOptions::unkind`]. Its lists lag, and its webhooks are of
/// version 2.
#[derive(Debug)]
pub struct Unkind(pub Sandbox);

macro_rules! same_as_the_sandbox {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: $type),*) -> $answer {
            VendorSandbox::$name(&self.0, $($argument),*)
        }
    )*};
}

impl VendorSandbox for Unkind {
    async fn start(setup: Setup) -> Self {
        let options = SandboxOptions::default().unkind().with_lag(LAG).with_hooks_v2(true);
        Self(started(options, setup).await)
    }

    same_as_the_sandbox! {
        faults() -> &Faults;
        request_count() -> u64;
        token_requests() -> u64;
        list_path(stream: Stream) -> Option<&'static str>;
        create_path(stream: Stream) -> Option<&'static str>;
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

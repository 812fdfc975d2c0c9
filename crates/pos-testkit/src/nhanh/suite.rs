//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use serde_json::Value;
use url::Url;

use super::hooks::{Event, WebhookMessage};
use super::{Sandbox, SandboxOptions, order_type, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, number, order_of, started};
use crate::seed::PhoneForm;
use crate::server::Running;

impl From<&WebhookMessage> for Shipment {
    fn from(message: &WebhookMessage) -> Self {
        Self { headers: message.headers.clone(), body: message.body.clone(), url: None }
    }
}

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_documents(setup.documents, setup.documents)
        .with_odd_rows(setup.odd_rows)
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("app_id", self.app_id().to_string()),
            ("business_id", self.business_id().to_string()),
            ("access_token", self.access_token()),
            ("secret_key", self.secret_key().to_string()),
            ("webhook_secret", self.verify_token().to_string()),
            ("history_from", "2023-01-01".to_owned()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
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

    fn settle(&self) {
        self.shift_clock(time::Duration::try_from(self.options().lag).unwrap_or_default());
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        vec![
            self.access_token(),
            super::token(1),
            self.secret_key().to_owned(),
            self.verify_token().to_owned(),
        ]
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        // Somebody whose number can be read.
        let shop = self.shop();
        let buyer = (0..shop.customers).find(|index| {
            let row = shop.customer(*index);
            row.form == PhoneForm::Plain && row.person == row.index
        });
        let ids = [(Stream::Products, 4), (Stream::Branches, 0), (Stream::Customers, buyer.unwrap_or(1))];
        let [product, branch, buyer] = ids.map(|(stream, index)| self.id(stream, index));
        order_of(reference, self.now(), product, branch, buyer)
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

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        let text = String::from_utf8_lossy(&shipment.body)
            .replace(&format!("\"businessId\":{}", self.business_id()), "\"businessId\":600123");
        Some(Shipment { body: text.into_bytes().into(), ..shipment.clone() })
    }
}

/// How long the lists of [`Unkind`] do not show what is written.
const LAG: std::time::Duration = std::time::Duration::from_secs(120);

kinds! {
    /// The sandbox with all that the vendor may do: see [`SandboxOptions::unkind`]. Its lists lag, and its webhooks are of
    /// version 2.
    Worst Unkind = SandboxOptions::default().unkind().with_lag(LAG).with_hooks_v2(true);
}

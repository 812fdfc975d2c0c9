//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use serde_json::Value;
use url::Url;

use super::hooks::{Event, WebhookMessage};
use super::{Sandbox, SandboxOptions, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, number, order_of, started};
use crate::server::Running;

impl From<&WebhookMessage> for Shipment {
    fn from(message: &WebhookMessage) -> Self {
        Self { headers: message.headers.clone(), body: message.body.clone(), url: None }
    }
}

impl Sandbox {
    fn message_of(&self, shipment: &Shipment) -> WebhookMessage {
        let (kind, delivery) = (shipment.header("x-webhook-event"), shipment.header("x-webhook-delivery"));
        WebhookMessage::signed(kind, delivery, shipment.body.clone(), self.webhook_secret())
    }
}

/// What a setup means here.
fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_documents(setup.documents, setup.documents)
        .with_repeat_tail(setup.repeat_tail)
        .with_totals_row(setup.odd_rows)
}

/// How long the lists of [`Unkind`] do not know what is new.
const LAG: std::time::Duration = std::time::Duration::from_secs(120);

kinds! {
    /// A shop with every unkindness that the vendor may have ([`SandboxOptions::unkind`]), whose clock is an hour ahead and whose
    /// lists lag.
    Worst Unkind = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR).with_lag(LAG);
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("retailer", self.retailer().to_owned()),
            ("client_id", self.client_id().to_owned()),
            ("client_secret", self.client_secret().to_owned()),
            ("token_url", self.token_url().to_string()),
            ("webhook_secret", self.webhook_secret().to_owned()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
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

    fn order_push(&self, reference: &str) -> OrderPush {
        let ids = [(Stream::Products, 4), (Stream::Branches, 0), (Stream::Customers, 1)];
        let [product, branch, buyer] = ids.map(|(stream, index)| self.id(stream, index));
        order_of(reference, self.now(), product, branch, buyer)
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

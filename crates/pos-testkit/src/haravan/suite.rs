//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush};
use pos_core::record::Stream;
use url::Url;

use super::{Sandbox, SandboxOptions, WebhookMessage, routes};
use crate::contract::{
    Change, Setup, Shipment, VendorSandbox, customer_of, kinds, number, order_of, started,
};
use crate::server::Running;

impl From<&WebhookMessage> for Shipment {
    fn from(message: &WebhookMessage) -> Self {
        Self { headers: message.headers.clone(), body: message.body.clone(), url: None }
    }
}

impl Sandbox {
    fn message_of(&self, shipment: &Shipment, body: Bytes) -> WebhookMessage {
        let (topic, org) = (shipment.header("x-haravan-topic"), shipment.header("x-haravan-org-id"));
        WebhookMessage::signed(topic, org, body, self.app_secret())
    }
}

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    // Rows that are no records are not a habit of this vendor.
    let mut options = options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_orders(setup.documents)
        .with_repeat_tail(setup.repeat_tail)
        .with_lag(setup.lag);
    options.shop.products = 80;
    if setup.closed {
        options = options.without_scope("products");
    }
    options
}

kinds! {
    /// The sandbox with all that the vendor may do: see [`SandboxOptions::unkind`].
    Worst Unkind = SandboxOptions::default().unkind();
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let settings = vec![
            ("org_id", self.org_id()),
            ("token", self.token()),
            ("webhook_secret", self.app_secret().to_owned()),
        ];
        (self.api_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(match stream {
            // Nothing but their id could break a branch or a member of staff.
            Stream::Products => "/com/products.json",
            Stream::Customers => "/com/customers.json",
            Stream::Orders => "/com/orders.json",
            _ => return None,
        })
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream).iter().map(ToString::to_string).collect()
    }

    fn unknown_id(&self, stream: Stream) -> String {
        (self.ids(stream).last().copied().unwrap_or(1_000_000_000) + 777_777).to_string()
    }

    fn touch(&self, stream: Stream, id: &str) -> bool {
        self.update(stream, number(id), |_| {})
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        self.delete(stream, number(id))
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        let mut state = self.inner.state();
        let id = routes::insert(&mut state, stream);
        self.inner.notice(&mut state);
        id.map(|id| id.to_string())
    }

    fn can_lag(&self) -> bool {
        true
    }

    fn settle(&self) {
        self.settle_index();
    }

    fn is_closed(&self, stream: Stream) -> bool {
        self.options().denied.iter().any(|denied| *denied == stream.to_string())
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn expire_tokens(&self) -> bool {
        self.expire_tokens();
        true
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets: Vec<String> = self.inner.state().tokens.iter().cloned().collect();
        secrets.extend([
            self.token(),
            self.client_secret(),
            self.refresh_token(),
            self.options().token.clone(),
        ]);
        secrets.extend([self.app_secret().to_owned(), self.shop_secret().to_owned()]);
        secrets
    }

    fn customer_push(&self, reference: &str) -> CustomerPush {
        let mut push = customer_of(self.shop(), reference);
        push.tags = vec!["crm".into()];
        push
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let ids = [(Stream::Products, 4), (Stream::Branches, 0), (Stream::Customers, 1)];
        let [product, branch, buyer] = ids.map(|(stream, index)| self.id(stream, index));
        order_of(reference, self.now(), self.variant_of(product), branch, buyer)
    }

    /// The vendor has no codes for its refusals, only texts.
    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        Vec::new()
    }

    fn webhook(&self, change: &Change) -> Option<Shipment> {
        let message = match change {
            Change::Upsert(Stream::Customers, id) => {
                self.webhook("customers/update", Stream::Customers, number(id))?
            }
            Change::Upsert(Stream::Orders, id) => {
                self.webhook("orders/updated", Stream::Orders, number(id))?
            }
            Change::Upsert(Stream::Products, id) => {
                self.webhook("products/update", Stream::Products, number(id))?
            }
            // A deletion names one record.
            Change::Delete(stream @ (Stream::Customers | Stream::Orders | Stream::Products), ids)
                if ids.len() == 1 =>
            {
                self.webhook_of_deletion(*stream, number(&ids[0]))
            }
            _ => return None,
        };
        Some(Shipment::from(&message))
    }

    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(Shipment::from(&self.message_of(like, body)))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        Shipment::from(&self.message_of(shipment, shipment.body.clone()).unsigned())
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        Some(Shipment::from(&self.message_of(shipment, shipment.body.clone()).for_org("200000123456")))
    }
}

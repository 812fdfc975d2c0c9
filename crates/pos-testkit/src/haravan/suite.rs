//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Money, Quantity, Stream};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::{Sandbox, SandboxOptions, WebhookMessage, routes};
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

impl Sandbox {
    fn message_of(&self, shipment: &Shipment, body: Bytes) -> WebhookMessage {
        let header = |name: &str| {
            shipment.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        WebhookMessage::signed(
            &header("x-haravan-topic"),
            &header("x-haravan-org-id"),
            body,
            self.app_secret(),
        )
    }
}

async fn started(options: SandboxOptions, setup: Setup) -> Sandbox {
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
    match Sandbox::start(options).await {
        Ok(shop) => shop,
        Err(why) => {
            assert!(why.to_string().is_empty(), "the sandbox cannot start: {why}");
            std::future::pending().await
        }
    }
}

/// The sandbox with all that the vendor may do: see [`SandboxOptions::unkind`].
#[derive(Debug)]
pub struct Unkind(pub Sandbox);

macro_rules! as_the_kind_one {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> $answer {
            <Sandbox as VendorSandbox>::$name(&self.0, $($argument),*)
        })*
    };
}

impl VendorSandbox for Unkind {
    async fn start(setup: Setup) -> Self {
        Self(started(SandboxOptions::default().unkind(), setup).await)
    }

    fn faults(&self) -> &Faults {
        self.0.faults()
    }

    as_the_kind_one! {
        request_count() -> u64;
        token_requests() -> u64;
        list_path(stream: Stream) -> Option<&'static str>;
        ids(stream: Stream) -> Vec<String>;
        unknown_id(stream: Stream) -> String;
        touch(stream: Stream, id: &str) -> bool;
        remove(stream: Stream, id: &str) -> bool;
        insert(stream: Stream) -> Option<String>;
        can_lag() -> bool;
        settle() -> ();
        is_closed(stream: Stream) -> bool;
        now() -> OffsetDateTime;
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

    fn now(&self) -> OffsetDateTime {
        let now = self.now();
        // The shop counts milliseconds.
        now - time::Duration::nanoseconds(i64::from(now.nanosecond() % 1_000_000))
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
        let number = reference.bytes().map(u64::from).sum::<u64>();
        let mut push = CustomerPush::default();
        push.reference = reference.to_owned();
        push.name = Some(format!("Phan Gia Mẫu {number}"));
        push.phones = vec![format!("0{}", self.shop().mobile(3_000_000 + number) - 84_000_000_000)];
        push.email = Some(format!("gia.mau{number}@example.com"));
        push.note = Some("Tạo từ CRM".into());
        push.tags = vec!["crm".into()];
        push
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        let mut line = PushLine::default();
        line.product_id = Some(self.variant_of(self.id(Stream::Products, 4)).to_string());
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

    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        // The same bytes again: the vendor numbers nothing.
        Some(shipment.clone())
    }

    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment> {
        Some(Shipment::from(&self.message_of(shipment, shipment.body.clone()).for_org("200000123456")))
    }
}

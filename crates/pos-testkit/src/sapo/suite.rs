//! What the contract suite asks of this sandbox.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use bytes::Bytes;
use http::HeaderValue;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Address, Money, Quantity, Stream};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::{Flavor, Sandbox, SandboxOptions, WithoutStatus, hooks, routes};
use crate::contract::{Change, Setup, Shipment, VendorSandbox};
use crate::fault::Faults;
use crate::seed::PhoneForm;

const HMAC: &str = "x-sapo-hmac-sha256";

/// The header that names the store.
pub(super) fn store_header(flavor: Flavor) -> &'static str {
    match flavor {
        Flavor::Web => "x-sapo-shop-domain",
        Flavor::Pos => "x-sapo-tenant-domain",
    }
}

fn number(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}

impl Sandbox {
    /// A delivery of a topic with these bytes, signed as the store signs.
    pub fn delivery(&self, topic: &str, body: Bytes) -> Shipment {
        hooks::sign(&mut self.inner.state(), topic, None, body)
    }

    /// The delivery that tells of a row as it is now; `None` for streams without webhooks, and rows that are not there.
    pub fn webhook_of(&self, stream: Stream, id: i64) -> Option<Shipment> {
        hooks::of_row(&mut self.inner.state(), stream, id, "update")
    }

    /// The delivery that tells of a deletion.
    pub fn webhook_of_deletion(&self, stream: Stream, id: i64) -> Option<Shipment> {
        hooks::of_row(&mut self.inner.state(), stream, id, "delete")
    }

    fn of(setup: Setup, options: SandboxOptions) -> SandboxOptions {
        let repeats = setup.repeat_tail;
        let options = options.with_seed(setup.seed).with_customers(setup.customers);
        let closed = setup.closed || options.closed_branches;
        let options = options.with_lag(setup.lag).with_closed_branches(closed);
        options.with_orders(setup.documents).with_repeat_tail(repeats)
    }

    async fn running(options: SandboxOptions) -> Self {
        match Sandbox::start(options).await {
            Ok(shop) => shop,
            Err(why) => {
                assert!(why.to_string().is_empty(), "the sandbox cannot start: {why}");
                std::future::pending().await
            }
        }
    }
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        Self::running(Self::of(setup, SandboxOptions::default())).await
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

    fn can_lag(&self) -> bool {
        true
    }

    fn settle(&self) {
        self.settle_index();
    }

    /// Branches have a permission of their own.
    fn is_closed(&self, stream: Stream) -> bool {
        self.options().closed_branches && stream == Stream::Branches
    }

    fn now(&self) -> OffsetDateTime {
        Sandbox::now(self)
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
        if self.flavor() == Flavor::Pos {
            let mut to = Address::default();
            (to.street, to.province) = (Some("25 phố Mẫu".into()), Some("Hà Nội".into()));
            push.recipient = Some(to);
        }
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
        let host = match self.flavor() {
            Flavor::Web => "other-demo.mysapo.net",
            Flavor::Pos => "other-demo.mysapogo.com",
        };
        other.headers.insert(store_header(self.flavor()), HeaderValue::from_static(host));
        Some(other)
    }
}

/// How a kind of sandbox is started.
pub trait Start: fmt::Debug + Send + Sync + 'static {
    /// Its options; the suite sets the size.
    fn options() -> SandboxOptions;
}

/// A sandbox of one kind, for the contract suite.
pub struct SandboxOf<K>(Sandbox, PhantomData<K>);

impl<K> fmt::Debug for SandboxOf<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K> Deref for SandboxOf<K> {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:ident = $options:expr;)*) => {$(
        $(#[$doc])*
        pub type $name = SandboxOf<$kind>;

        #[doc(hidden)]
        #[derive(Clone, Copy, Debug)]
        pub struct $kind;

        impl Start for $kind {
            fn options() -> SandboxOptions {
                $options
            }
        }
    )*};
}

kinds! {
    /// A web store with every habit that the vendor has or may have.
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR);
    /// A web store that heeds and has no more than it must: no `since_id`, no `ids`, no events; its clock is behind.
    Heedless HeedlessSandbox = SandboxOptions::default()
        .with_without_status(WithoutStatus::Open)
        .with_since_id(false)
        .with_oldest_first(true)
        .with_ignored_ids(true)
        .with_no_events(true)
        .with_bare_missing(true)
        .with_clock_ahead(-time::Duration::HOUR);
    /// A POS store.
    Pos PosSandbox = SandboxOptions::default().with_flavor(Flavor::Pos);
    /// A POS store with every habit that the vendor has or may have.
    UnkindPos UnkindPosSandbox = SandboxOptions::default()
        .with_flavor(Flavor::Pos)
        .unkind()
        .with_clock_ahead(-time::Duration::HOUR);
}

macro_rules! forwards {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: $type),*) -> $answer {
            <Sandbox as VendorSandbox>::$name(&self.0, $($argument),*)
        }
    )*};
}

#[deny(clippy::missing_trait_methods)]
impl<K: Start> VendorSandbox for SandboxOf<K> {
    async fn start(setup: Setup) -> Self {
        Self(Sandbox::running(Sandbox::of(setup, K::options())).await, PhantomData)
    }

    fn faults(&self) -> &Faults {
        self.0.faults()
    }

    forwards! {
        request_count() -> u64;
        token_requests() -> u64;
        list_path(stream: Stream) -> Option<&'static str>;
        create_path(stream: Stream) -> Option<&'static str>;
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

//! A sandbox as the suite sees it.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use pos_core::ErrorKind;
use pos_core::connector::{CustomerPush, OrderPush, PushLine};
use pos_core::record::{Money, Quantity, Stream};
use rust_decimal::Decimal;
use time::OffsetDateTime;
use url::Url;

use crate::fault::Faults;
use crate::seed::{PhoneForm, Shop};
use crate::server::{Running, Sandbox, Vendor};

/// What a sandbox is started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Which shop.
    pub seed: u64,
    /// How many customers.
    pub customers: u64,
    /// How many orders, and how many invoices where the vendor has them.
    pub documents: u64,
    /// The last page comes again instead of an empty one, wherever the vendor may do that.
    pub repeat_tail: bool,
    /// Rows that are no records (totals, placeholders) stand among the records, wherever the vendor may do that.
    pub odd_rows: bool,
    /// How long what is new or changed is missing from lists, wherever the vendor may do that.
    pub lag: Duration,
    /// The credentials do not open everything, wherever the vendor may do that.
    pub closed: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 5,
            customers: 230,
            documents: 130,
            repeat_tail: false,
            odd_rows: false,
            lag: Duration::ZERO,
            closed: false,
        }
    }
}

/// A change that a vendor tells by webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A record was created or changed.
    Upsert(Stream, String),
    /// Records were deleted.
    Delete(Stream, Vec<String>),
}

/// A webhook delivery.
#[derive(Clone, Debug)]
pub struct Shipment {
    /// Header fields.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// Path and query that the vendor calls.
    pub url: Option<String>,
}

impl Shipment {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A sandbox as the suite sees it. The next vendor implements this and passes it to
/// [`connector_contract!`](crate::connector_contract).
pub trait VendorSandbox: fmt::Debug + Send + Sync + 'static {
    /// Starts an empty log and a shop of this size.
    fn start(setup: Setup) -> impl Future<Output = Self> + Send
    where
        Self: Sized;

    /// Its address, and what opens it: the fields of the vendor's form, with what proves webhooks.
    fn opening(&self) -> (Url, Vec<(&'static str, String)>);

    /// The server and its log.
    fn running(&self) -> &dyn Running;

    /// What goes wrong.
    fn faults(&self) -> &Faults {
        self.running().faults()
    }

    /// How many requests came, tokens aside.
    fn request_count(&self) -> u64 {
        self.running().request_count()
    }

    /// How many requests for a token came.
    fn token_requests(&self) -> u64 {
        self.running().token_requests()
    }

    /// The path that lists a stream, for fault rules; `None` when the vendor has no such list.
    fn list_path(&self, stream: Stream) -> Option<&'static str>;

    /// The path that a new customer or order is posted to.
    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        self.list_path(stream)
    }

    /// Whether lists are answered bare, so that `[]` alone is one without rows.
    fn bare_list(&self) -> bool {
        false
    }

    /// The ids of a stream now.
    fn ids(&self, stream: Stream) -> Vec<String>;

    /// A well-formed id that nothing has.
    fn unknown_id(&self, stream: Stream) -> String;

    /// Changes a record now. Answers false when the shop has no such record or cannot change it.
    fn touch(&self, stream: Stream, id: &str) -> bool;

    /// Makes a record disappear. Answers false when the shop cannot do that to this stream.
    fn remove(&self, stream: Stream, id: &str) -> bool;

    /// Adds a record, and answers its id. `None` when the shop cannot do that to this stream.
    fn insert(&self, stream: Stream) -> Option<String>;

    /// Whether lists lag behind as long as [`Setup::lag`] says.
    fn can_lag(&self) -> bool {
        false
    }

    /// How much more than was asked for a list bounded by time of change may show, where the vendor reads times of another zone
    /// than it is sent.
    fn blur(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether the credentials do not open the list of a stream.
    fn is_closed(&self, _stream: Stream) -> bool {
        false
    }

    /// What time it is there.
    fn now(&self) -> OffsetDateTime {
        self.running().now()
    }

    /// Lets so much time pass in the shop that lists show what was written. The suite calls it before it looks for what it
    /// wrote; a shop whose lists show everything at once has nothing to wait for.
    fn settle(&self) {}

    /// Makes the credentials that were handed out so far stop working.
    fn revoke_credentials(&self);

    /// Makes the tokens that were handed out so far stop working. Answers false when the vendor has none to renew.
    fn expire_tokens(&self) -> bool {
        false
    }

    /// Everything secret: keys, tokens, secrets.
    fn secrets(&self) -> Vec<String>;

    /// Names, phone numbers and e-mail addresses of the shop's people, as written.
    fn personal(&self) -> Vec<String> {
        let shop = self.running().shop();
        let mut texts = Vec::new();
        for row in (0..shop.customers).map(|index| shop.customer(index)) {
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

    /// A customer to push.
    fn customer_push(&self, reference: &str) -> CustomerPush {
        customer_of(self.running().shop(), reference)
    }

    /// An order to push, for a customer that the shop has.
    fn order_push(&self, reference: &str) -> OrderPush;

    /// The vendor's own refusals as [`Fault::Refuse`](crate::fault::Fault::Refuse) takes them, and what each one is for a read by id.
    fn refusals(&self, stream: Stream) -> Vec<(&'static str, ErrorKind)>;

    /// The delivery for a change, with a right proof. `None` when the vendor does not tell of it.
    fn webhook(&self, change: &Change) -> Option<Shipment>;

    /// Other bytes under a right proof, where the proof covers the bytes.
    fn sign(&self, like: &Shipment, body: Bytes) -> Option<Shipment>;

    /// The same delivery without its proof.
    fn unsigned(&self, shipment: &Shipment) -> Shipment;

    /// The same delivery as the vendor repeats it when nobody answered: the same bytes, unless it counts.
    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment> {
        Some(shipment.clone())
    }

    /// The same change in another shop, with a right proof, where deliveries name their shop.
    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment>;
}

/// How a kind of sandbox is started, for a vendor that is not the same everywhere.
pub trait Start: fmt::Debug + Send + Sync + 'static {
    /// What is started.
    type Shop: VendorSandbox;

    /// Starts a shop of this kind and size.
    fn start(setup: Setup) -> impl Future<Output = Self::Shop> + Send;
}

/// A sandbox of one kind.
#[derive(Debug)]
pub struct SandboxOf<K: Start>(pub K::Shop);

impl<K: Start> Deref for SandboxOf<K> {
    type Target = K::Shop;

    fn deref(&self) -> &K::Shop {
        &self.0
    }
}

macro_rules! forwards {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: $type),*) -> $answer {
            VendorSandbox::$name(&self.0, $($argument),*)
        }
    )*};
}

#[deny(clippy::missing_trait_methods)]
impl<K: Start> VendorSandbox for SandboxOf<K> {
    async fn start(setup: Setup) -> Self {
        Self(K::start(setup).await)
    }

    forwards! {
        opening() -> (Url, Vec<(&'static str, String)>);
        running() -> &dyn Running;
        faults() -> &Faults;
        request_count() -> u64;
        token_requests() -> u64;
        list_path(stream: Stream) -> Option<&'static str>;
        create_path(stream: Stream) -> Option<&'static str>;
        bare_list() -> bool;
        ids(stream: Stream) -> Vec<String>;
        unknown_id(stream: Stream) -> String;
        touch(stream: Stream, id: &str) -> bool;
        remove(stream: Stream, id: &str) -> bool;
        insert(stream: Stream) -> Option<String>;
        can_lag() -> bool;
        blur() -> Duration;
        is_closed(stream: Stream) -> bool;
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

/// A sandbox that runs, or a test that fails.
pub(crate) async fn started<V: Vendor>(options: V::Options) -> Sandbox<V> {
    match Sandbox::start(options).await {
        Ok(shop) => shop,
        Err(why) => {
            assert!(why.to_string().is_empty(), "the sandbox cannot start: {why}");
            std::future::pending().await
        }
    }
}

/// An id as vendors with numbers have it.
pub(crate) fn number(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}

/// A customer whom no seeded shop has.
pub(crate) fn customer_of(shop: &Shop, reference: &str) -> CustomerPush {
    let number = reference.bytes().map(u64::from).sum::<u64>();
    CustomerPush {
        reference: reference.to_owned(),
        name: Some(format!("Phan Gia Mẫu {number}")),
        phones: vec![format!("0{}", shop.mobile(3_000_000 + number) - 84_000_000_000)],
        email: Some(format!("gia.mau{number}@example.com")),
        note: Some("Tạo từ CRM".into()),
        ..CustomerPush::default()
    }
}

/// An order of two pieces of a product, by the ids of what it names.
pub(crate) fn order_of(
    reference: &str,
    at: OffsetDateTime,
    product: impl ToString,
    branch: impl ToString,
    buyer: impl ToString,
) -> OrderPush {
    let line = PushLine {
        product_id: Some(product.to_string()),
        quantity: Quantity::from(Decimal::from(2)),
        unit_price: Money::from(Decimal::from(120_000)),
        ..PushLine::default()
    };
    OrderPush {
        reference: reference.to_owned(),
        created_at: Some(at),
        branch_id: Some(branch.to_string()),
        buyer_id: Some(buyer.to_string()),
        lines: vec![line],
        ..OrderPush::default()
    }
}

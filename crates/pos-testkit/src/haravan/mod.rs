//! A Haravan shop on loopback.
//!
//! It has the habits of the real one: pages of at most 50 that end with an empty one, `since_id`, time filters that are
//! compared with the shop's own wall clock whatever zone is written beside them, UTC in every answer, a leaky bucket that
//! every answer tells of, the guest record that anonymous and marketplace orders hang on, names in two halves, wire
//! spellings such as `partiallypaid` and `notfulfilled`, a `total_price` that nothing lowers, refunds that stand in two
//! lists, a search over free text, and webhooks signed over their exact bytes.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_core::Stream;
//! use pos_testkit::haravan::{Sandbox, SandboxOptions};
//!
//! let shop = Sandbox::start(SandboxOptions::default().with_customers(120)).await.unwrap();
//! // And the guest record.
//! assert_eq!(shop.ids(Stream::Customers).len(), 121);
//! assert!(shop.api_url().as_str().starts_with("http://127.0.0.1:"));
//! # });
//! ```

mod render;
mod routes;
mod suite;
mod tell;
mod truth;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::record::Stream;
use pos_core::webhook::hmac_sha256;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use url::Url;

use crate::fault::Faults;
pub use crate::server::Logged;
use crate::server::{self, Answer, Asked, Bucket, Courier, Outbox, Twist, Vendor, object, options, to_ms};
use render::{GUEST, ORG_ID};
pub use suite::Unkind;
pub use truth::Edit;

/// The topics of the partner dashboard.
const TOPICS: &str = "customers/create customers/update customers/delete orders/create orders/updated \
    orders/paid orders/cancelled orders/fulfilled orders/delete products/create \
    products/update products/delete inventorylocationbalances/update app/uninstalled";

/// What a shop compares its time filters with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// The shop's own wall clock, UTC+7: `Z` is ignored, an offset is turned into UTC first and then read as local.
    #[default]
    Local,
    /// UTC, as everybody would expect.
    Utc,
}

options! {
    /// How the sandbox behaves.
    pub struct SandboxOptions {
        /// A private token; works until it is revoked.
        token: String = "SANDBOXPRIVATETOKEN00000000000000000001".into();
        /// App id.
        client_id: String = "sandbox-app".into();
        /// App secret, also the key of app webhooks.
        client_secret: String = "sandbox-app-secret-00000001".into();
        /// The key of the webhooks that the shop set up by itself.
        shop_secret: String = "sandbox-shop-secret-00000001".into();
        /// Bucket and refill by second; `None` tells of an almost empty bucket and refuses nothing.
        rate_limit: Option<(u32, f64)> = None;
        /// What time filters are compared with.
        clock: Clock = Clock::Local, with_clock;
        /// Every refresh ends the old refresh token.
        rotate_refresh: bool = false;
        /// Lists come by falling id.
        descending: bool = false;
        /// Beyond the end comes the last page again.
        repeat_tail: bool = false, with_repeat_tail;
        /// The shop's plan does not show its staff.
        hide_staff: bool = false;
        /// A second customer with a known number, however it is written, or a known e-mail is refused.
        refuse_known: bool = true;
        /// A third of the orders was written into the past, so that the time of an order does not rise with its id.
        backdated: bool = false;
        /// `since_id` has no effect.
        ignore_since: bool = false;
        /// `ids` has no effect.
        ignore_ids: bool = false;
        /// Orders in all the forms that the vendor shows: without a customer, without the name of the branch, closed, with money
        /// as text, with seven digits of fraction, with every code of a carrier.
        varied: bool = false;
        /// What does not exist is answered with 404 and nothing else; otherwise with the vendor's own words.
        bare_missing: bool = false;
        /// How long a new or changed row is in no list and in no search.
        lag: Duration = Duration::ZERO, with_lag;
        /// How far the shop's clock is ahead of the host's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// Parts of the API that the token has no scope for (`products`, `users`).
        denied: Vec<String> = Vec::new();
        /// The topics that are chosen in the partner dashboard.
        topics: Vec<String> = TOPICS.split(' ').map(str::to_owned).collect();
        /// Deliveries for every change are kept for [`Sandbox::deliveries`].
        keep_deliveries: bool = false;
        /// Deliveries for every change go to this address (plain HTTP on this machine), signed with the app's secret.
        hook: Option<Url> = None;
    }
}

impl SandboxOptions {
    /// How many orders.
    #[must_use]
    pub fn with_orders(mut self, orders: u64) -> Self {
        self.shop.orders = orders;
        self
    }

    /// The documented limit: a bucket of 80 that leaks 4 a second.
    #[must_use]
    pub fn with_documented_rate_limit(mut self) -> Self {
        self.rate_limit = Some((80, 4.0));
        self
    }

    /// Whether every refresh ends the old refresh token.
    #[must_use]
    pub fn with_rotating_refresh(mut self) -> Self {
        self.rotate_refresh = true;
        self
    }

    /// Lists by falling id.
    #[must_use]
    pub fn with_descending_lists(mut self) -> Self {
        self.descending = true;
        self
    }

    /// The staff is not shown.
    #[must_use]
    pub fn with_hidden_staff(mut self) -> Self {
        self.hide_staff = true;
        self
    }

    /// Everything that the vendor may do and a kind sandbox does not, as far as it hides nothing for good: orders written into
    /// the past, `since_id` and `ids` without effect, rows in all forms, bare 404s, a clock that is an hour ahead.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        self.backdated = true;
        self.ignore_since = true;
        self.ignore_ids = true;
        self.varied = true;
        self.bare_missing = true;
        self.ahead = time::Duration::HOUR;
        self
    }

    /// A third of the orders was written into the past.
    #[must_use]
    pub fn with_backdated_orders(mut self) -> Self {
        self.backdated = true;
        self
    }

    /// `since_id` has no effect.
    #[must_use]
    pub fn with_ignored_since(mut self) -> Self {
        self.ignore_since = true;
        self
    }

    /// Deliveries for every change are kept.
    #[must_use]
    pub fn with_deliveries(mut self) -> Self {
        self.keep_deliveries = true;
        self
    }

    /// Deliveries for every change are sent to this address.
    #[must_use]
    pub fn with_hook(mut self, url: Url) -> Self {
        self.hook = Some(url);
        self
    }

    fn tells(&self) -> bool {
        self.keep_deliveries || self.hook.is_some()
    }

    /// The token has no scope for this part of the API.
    #[must_use]
    pub fn without_scope(mut self, resource: &str) -> Self {
        self.denied.push(resource.to_owned());
        self
    }
}

/// A row as the shop keeps it.
#[derive(Clone, Debug)]
struct Row {
    json: Map<String, Value>,
    created: i64,
    changed: i64,
}

/// What the shop keeps.
#[derive(Debug, Default)]
pub struct State {
    tables: BTreeMap<Stream, BTreeMap<i64, Row>>,
    events: Vec<(i64, Value, i64)>,
    tokens: BTreeSet<String>,
    private: String,
    secret: String,
    refresh: String,
    /// Subscriptions are kept by topic.
    subscribed: BTreeSet<String>,
    /// An app has subscribed: deliveries are those of its subscriptions. Before, they are the shop's own.
    is_managed: bool,
    clock: server::Clock,
    /// Until when lists know everything.
    settled: i64,
    /// What was deleted.
    gone: BTreeSet<(Stream, i64)>,
    told: tell::Known,
    waiting: VecDeque<WebhookMessage>,
    serial: i64,
    bucket: Bucket,
}

impl State {
    fn table(&mut self, stream: Stream) -> &mut BTreeMap<i64, Row> {
        self.tables.entry(stream).or_default()
    }

    fn serial(&mut self) -> i64 {
        self.serial += 1;
        self.serial
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

/// A running shop. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

/// How far into the past a backdated order is written.
const BACKDATED_MS: i64 = 90 * 86_400_000;

fn tables(options: &SandboxOptions) -> BTreeMap<Stream, BTreeMap<i64, Row>> {
    let shop = &options.shop;
    let row = |json: Map<String, Value>, created: i64, changed: i64| Row { json, created, changed };
    let start = crate::seed::START_MS;
    let mut customers: BTreeMap<i64, Row> = (0..shop.customers)
        .map(|at| {
            let seeded = shop.customer(at);
            (render::customer_id(at), row(render::customer(shop, at), seeded.created_ms, seeded.changed_ms()))
        })
        .collect();
    customers.insert(GUEST, row(render::guest(), start, start));
    let orders = (0..shop.orders)
        .map(|at| {
            let seeded = shop.order(at);
            let (mut json, mut created) = (render::order(shop, at), seeded.created_ms);
            if options.backdated && at % 3 == 1 {
                created -= BACKDATED_MS;
                json.insert("created_at".into(), render::utc(created).into());
            }
            if options.varied {
                render::vary(&mut json, at, seeded.changed_ms());
            }
            (render::order_id(at), row(json, created, seeded.changed_ms()))
        })
        .collect();
    let products = (0..shop.products)
        .map(|at| {
            let seeded = shop.product(at);
            let changed = seeded.modified_ms.unwrap_or(seeded.created_ms);
            (render::product_id(at), row(render::product(&seeded), seeded.created_ms, changed))
        })
        .collect();
    let locations =
        (0..shop.branches).map(|at| (render::LOCATION + at as i64, row(render::location(at), start, start)));
    let users = (0..5).map(|at| (render::USER + at as i64, row(render::user(at), start, start)));
    BTreeMap::from([
        (Stream::Customers, customers),
        (Stream::Orders, orders),
        (Stream::Products, products),
        (Stream::Branches, locations.collect()),
        (Stream::Users, users.collect()),
    ])
}

impl Vendor for State {
    type Options = SandboxOptions;

    const TOKEN_PATH: &'static str = "/connect/token";
    /// The vendor tries 19 times in two days.
    const COURIER: Courier = Courier {
        tries: 3,
        patience: ANSWER_WITHIN,
        pause: (Duration::from_millis(500), 2),
        taken: Some(|status| status == 200),
    };

    fn open(options: &mut SandboxOptions, _faults: &Faults, _outbox: &Outbox) -> Self {
        let mut state = Self {
            tables: tables(options),
            private: options.token.clone(),
            secret: options.client_secret.clone(),
            refresh: "SANDBOXREFRESHTOKEN00000000000000000001".into(),
            clock: server::Clock::ahead(options.ahead),
            settled: i64::MIN,
            ..Self::default()
        };
        state.told = tell::known(&state);
        state
    }

    fn clock(&mut self) -> &mut server::Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, twist: Twist) -> Answer {
        inner.answer(asked, twist)
    }

    /// A decimal number of seconds.
    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        routes::throttled(wait.map(|seconds| format!("{seconds}.0")))
    }

    fn refused(_inner: &Inner, code: &str) -> Answer {
        routes::refuse(code.into())
    }

    fn stale(inner: &Inner) -> Option<Answer> {
        inner.state().tokens.clear();
        None
    }
}

impl Sandbox {
    /// The address that stands for `https://apis.haravan.com`, `https://accounts.haravan.com` and
    /// `https://webhook.haravan.com` alike.
    pub fn api_url(&self) -> Url {
        self.url("/")
    }

    /// The shop's org id.
    pub fn org_id(&self) -> String {
        ORG_ID.to_string()
    }

    /// The private token that works now.
    pub fn token(&self) -> String {
        self.inner.state().private.clone()
    }

    /// App id.
    pub fn client_id(&self) -> &str {
        &self.inner.options.client_id
    }

    /// The app secret that works now.
    pub fn client_secret(&self) -> String {
        self.inner.state().secret.clone()
    }

    /// The refresh token that works now.
    pub fn refresh_token(&self) -> String {
        self.inner.state().refresh.clone()
    }

    /// The key of app webhooks: the app secret that it was started with.
    pub fn app_secret(&self) -> &str {
        &self.inner.options.client_secret
    }

    /// The key of the webhooks that the shop set up by itself.
    pub fn shop_secret(&self) -> &str {
        &self.inner.options.shop_secret
    }

    /// Whether any of the app's webhooks is on.
    pub fn is_subscribed(&self) -> bool {
        !self.inner.state().subscribed.is_empty()
    }

    /// Switches all of the app's webhooks off, as a reinstallation does.
    pub fn drop_subscription(&self) {
        self.inner.state().subscribed.clear();
    }

    /// Switches one of the app's webhooks off, as the vendor does after 19 failures. Answers whether it was on.
    pub fn drop_topic(&self, topic: &str) -> bool {
        self.inner.state().subscribed.remove(topic)
    }

    /// Sets the shop's clock: it is so far ahead of the host's from now on.
    pub fn set_clock_ahead(&self, ahead: time::Duration) {
        self.set_clock_offset(ahead);
    }

    /// Lets lists and searches catch up with the database.
    pub fn settle_index(&self) {
        let mut state = self.inner.state();
        state.settled = state.now_ms();
    }

    /// Ends every token of the app; its refresh token goes on working.
    pub fn expire_tokens(&self) {
        self.inner.state().tokens.clear();
    }

    /// Uninstalls the app and deletes the private token; new ones are there.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        let serial = state.serial();
        state.tokens.clear();
        state.private = format!("SANDBOXPRIVATETOKEN{serial:020}");
        state.refresh = format!("SANDBOXREFRESHTOKEN{serial:020}");
        let farewell = json!({ "org_id": ORG_ID, "app_id": 1, "client_id": self.client_id(), "user_id": 0 });
        self.inner.send(&mut state, "app/uninstalled", farewell);
    }

    /// The deliveries for what changed since the last time, oldest first; only with
    /// [`keep_deliveries`](SandboxOptions::keep_deliveries).
    pub fn deliveries(&self) -> Vec<WebhookMessage> {
        self.inner.state().waiting.drain(..).collect()
    }

    /// The ids of a stream now, ascending.
    pub fn ids(&self, stream: Stream) -> Vec<i64> {
        self.inner.state().table(stream).keys().copied().collect()
    }

    /// The id that seeded row `index` has.
    pub fn id(&self, stream: Stream, index: u64) -> i64 {
        match stream {
            Stream::Customers => render::customer_id(index),
            Stream::Orders => render::order_id(index),
            Stream::Products => render::product_id(index),
            Stream::Branches => render::LOCATION + index as i64,
            _ => render::USER + index as i64,
        }
    }

    /// The id of the shared guest record.
    pub fn guest_id(&self) -> i64 {
        GUEST
    }

    /// The id of the only variant of a product.
    pub fn variant_of(&self, product: i64) -> i64 {
        product + render::VARIANT
    }

    /// A row as the shop keeps it.
    pub fn row(&self, stream: Stream, id: i64) -> Option<Map<String, Value>> {
        self.inner.state().table(stream).get(&id).map(|row| row.json.clone())
    }

    /// Changes a row; its date of change becomes now. Answers whether there is such a row.
    pub fn update(&self, stream: Stream, id: i64, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.update_at(stream, id, self.now(), change)
    }

    /// Changes a row at an instant of one's choice.
    pub fn update_at(
        &self,
        stream: Stream,
        id: i64,
        at: OffsetDateTime,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        let at = to_ms(at);
        let mut state = self.inner.state();
        let Some(row) = state.table(stream).get_mut(&id) else { return false };
        change(&mut row.json);
        routes::stamp(row, at);
        self.inner.notice(&mut state);
        true
    }

    /// Deletes a row. Lists never tell; the events do, for products only.
    pub fn delete(&self, stream: Stream, id: i64) -> bool {
        let mut state = self.inner.state();
        let deleted = routes::delete(&mut state, stream, id);
        self.inner.notice(&mut state);
        deleted
    }

    /// Adds a customer with these members.
    pub fn add_customer(&self, members: Value) -> i64 {
        let mut state = self.inner.state();
        let id = routes::new_customer(&mut state, &object(members));
        self.inner.notice(&mut state);
        id
    }

    /// Adds an order for a customer, or on the guest record: one piece of each product (from 0).
    pub fn add_order(&self, customer: Option<i64>, products: &[u64]) -> i64 {
        let lines: Vec<Value> = products
            .iter()
            .map(|at| json!({ "variant_id": render::product_id(*at) + render::VARIANT, "quantity": 1 }))
            .collect();
        let mut body = json!({ "line_items": lines });
        if let Some(id) = customer {
            body["customer"] = json!({ "id": id });
        }
        let mut state = self.inner.state();
        let id = routes::new_order(&mut state, &object(body));
        self.inner.notice(&mut state);
        id
    }

    /// The delivery of a topic with this body, signed as an app's webhook.
    pub fn webhook_of(&self, topic: &str, body: &Value) -> WebhookMessage {
        self.inner.message(topic, body.clone())
    }

    /// The delivery for a row as it is now, under a topic (`orders/updated`).
    pub fn webhook(&self, topic: &str, stream: Stream, id: i64) -> Option<WebhookMessage> {
        let body = self.inner.state().table(stream).get(&id).map(tell::body_of)?;
        Some(self.webhook_of(topic, &body))
    }

    /// The delivery of a deletion: nothing but the id.
    pub fn webhook_of_deletion(&self, stream: Stream, id: i64) -> WebhookMessage {
        self.webhook_of(&format!("{stream}/delete"), &json!({ "id": id }))
    }
}

/// A delivery, ready to be sent. Its methods make what goes wrong with deliveries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookMessage {
    /// Header fields.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
    topic: String,
    org: String,
    secret: String,
}

const SIGNATURE: &str = "x-haravan-hmacsha256";

impl WebhookMessage {
    fn signed(topic: &str, org: &str, body: Bytes, secret: &str) -> Self {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("content-type", "application/json; charset=utf-8");
        put("x-haravan-topic", topic);
        put("x-haravan-org-id", org);
        put(SIGNATURE, &STANDARD.encode(hmac_sha256(secret.as_bytes(), &body)));
        Self { headers, body, topic: topic.into(), org: org.into(), secret: secret.into() }
    }

    /// The same delivery, signed with another secret: the shop's own, or somebody else's.
    #[must_use]
    pub fn signed_with(&self, secret: &str) -> Self {
        Self::signed(&self.topic, &self.org, self.body.clone(), secret)
    }

    /// Other bytes under a right signature.
    #[must_use]
    pub fn with_body(&self, body: impl Into<Bytes>) -> Self {
        Self::signed(&self.topic, &self.org, body.into(), &self.secret)
    }

    /// Its topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The same body under another topic: the signature does not cover it.
    #[must_use]
    pub fn with_topic(&self, topic: &str) -> Self {
        Self::signed(topic, &self.org, self.body.clone(), &self.secret)
    }

    /// The same event for another shop, rightly signed.
    #[must_use]
    pub fn for_org(&self, org: &str) -> Self {
        Self::signed(&self.topic, org, self.body.clone(), &self.secret)
    }

    /// No signature.
    #[must_use]
    pub fn unsigned(&self) -> Self {
        let mut copy = self.clone();
        copy.headers.remove(SIGNATURE);
        copy
    }

    /// A test delivery.
    #[must_use]
    pub fn as_test(&self) -> Self {
        let mut copy = self.clone();
        copy.headers.insert("x-haravan-test", HeaderValue::from_static("True"));
        copy
    }
}

/// How long the vendor waits for an answer to a delivery.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::render::utc;
    use super::*;

    #[test]
    fn instants_have_as_many_digits_as_they_need() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_784_696_400_250, "2026-07-22T05:00:00.25Z"),
            (1_784_696_400_796, "2026-07-22T05:00:00.796Z"),
        ] {
            assert_eq!(utc(ms), text);
        }
    }

    #[test]
    fn a_time_filter_is_compared_with_the_wall_clock_of_the_shop() {
        let local = |text| routes::filter_ms(text, Clock::Local);
        let noon = local("2026-07-22T12:00:00").unwrap();
        assert_eq!(utc(noon), "2026-07-22T05:00:00Z");
        assert_eq!(local("2026-07-22T12:00:00Z"), Some(noon));
        assert_eq!(
            local("2026-07-22T19:00:00+07:00"),
            Some(noon),
            "the offset goes to UTC, and UTC is read as local"
        );
        assert_eq!(
            routes::filter_ms("2026-07-22T12:00:00", Clock::Utc).map(utc).unwrap(),
            "2026-07-22T12:00:00Z"
        );
    }
}

//! What happens over time: clocks that differ, deletions that nobody tells, states that come back, tokens that end, pushes
//! whose answer is lost. The shop is a small one in memory, as unkind as a vendor may be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, which clippy does not see as tests"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use crm_merge::{Batch, ContactId, Decision, Edit, LinkRules, Policy};
use pos_core::connector::{
    Capabilities, Connector, CustomerPush, ListQuery, OrderPush, PushOutcome, Pushed, ShopInfo,
    StreamCapabilities,
};
use pos_core::identity::Key;
use pos_core::record::{
    Account, ContactPoints, CustomerRecord, DocumentKind, OrderRecord, Party, PaymentCategory, PaymentState,
    PhoneSource, StatusCategory, Stream, Vendor,
};
use pos_core::webhook::{
    Delivery, EventKind, Identified, Refusal, Related, Remember, Trust, Verified, WebhookEvent,
    WebhookRequest, WebhookVerifier, delivery_hash,
};
use pos_core::{Clock, Cursor, Error, ErrorKind, Page, Rejected, Result, Retry};
use pos_sync::{
    Boxed, ChangedObject, ContactQuery, Crm, Event, LinkOptions, LinkStatus, MemoryStore, Observer,
    PullOptions, RunKind, RunStatus, Stop, Store, StoreError, SyncError, Which,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::sync::{Notify, Semaphore};

const START: OffsetDateTime = datetime!(2026-11-30 09:00 UTC);

/// A clock that the test sets.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn now(&self) -> OffsetDateTime {
        START + Duration::milliseconds(self.0.load(Ordering::SeqCst))
    }

    fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.whole_milliseconds()).unwrap(), Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::new(move || hands.now())
    }
}

#[derive(Default)]
struct Shop {
    customers: BTreeMap<String, CustomerRecord>,
    orders: BTreeMap<String, OrderRecord>,
    /// When an order was made, for lists that lag.
    made: BTreeMap<String, OffsetDateTime>,
    refuses: Option<(ErrorKind, Retry)>,
    loses_answers: u32,
    opens: Option<String>,
    writes: Vec<String>,
    pushed: Vec<CustomerPush>,
    reads: u32,
    circle: bool,
    /// A list that fails by itself.
    broken: Option<(Stream, ErrorKind)>,
    /// Who takes the lease of the inbox away while an object is read.
    thief: Option<MemoryStore>,
}

/// Holds up the requests of one worker, until it is opened.
struct Gate {
    reached: Notify,
    open: Semaphore,
}

impl Gate {
    /// A worker's shop whose requests stop at a gate.
    fn before(fake: &Fake) -> (Fake, Arc<Self>) {
        let gate = Arc::new(Self { reached: Notify::new(), open: Semaphore::new(0) });
        (Fake { gate: Some(Arc::clone(&gate)), ..fake.clone() }, gate)
    }

    fn open(&self) {
        self.open.add_permits(1);
    }
}

/// A vendor in memory.
#[derive(Clone)]
struct Fake {
    account: Account,
    hands: Hands,
    ahead: Duration,
    lag: Duration,
    /// Whether it gives objects by id.
    gives: bool,
    gate: Option<Arc<Gate>>,
    shop: Arc<Mutex<Shop>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    fn new(hands: &Hands) -> Self {
        Self {
            account: Account::new(Vendor::new("kiotviet"), "cuahangmau"),
            hands: hands.clone(),
            ahead: Duration::ZERO,
            lag: Duration::ZERO,
            gives: true,
            gate: None,
            shop: Arc::default(),
        }
    }

    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().unwrap()
    }

    fn now(&self) -> OffsetDateTime {
        self.hands.now() + self.ahead
    }

    fn customer(&self, id: &str, name: &str, phone: &str) {
        let mut record =
            CustomerRecord { id: id.to_owned(), name: Some(name.to_owned()), ..CustomerRecord::default() };
        record.raw_name = record.name.clone();
        let mut points = ContactPoints::default();
        points.phone(Some(phone), PhoneSource::Own);
        record.phones = points.phones;
        record.created_at = Some(self.now());
        record.updated_at = Some(self.now());
        self.shop().customers.insert(id.to_owned(), record);
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut CustomerRecord)) {
        let now = self.now();
        let mut shop = self.shop();
        let record = shop.customers.get_mut(id).unwrap();
        change(record);
        record.updated_at = Some(now);
    }

    fn order(&self, id: &str, buyer: &str, total: i64) {
        let mut record = OrderRecord::new(DocumentKind::Order, id);
        record.buyer = Some(Party::default());
        record.buyer.as_mut().unwrap().id = Some(buyer.to_owned());
        record.total = Some(total.into());
        record.status.category = StatusCategory::Completed;
        record.payment = PaymentState::new(PaymentCategory::Paid, None);
        record.placed_at = Some(self.now());
        record.updated_at = Some(self.now());
        self.shop().orders.insert(id.to_owned(), record);
    }

    async fn wait(&self) {
        if let Some(gate) = &self.gate {
            gate.reached.notify_one();
            drop(gate.open.acquire().await);
        }
    }

    fn answer(&self) -> Result<()> {
        let mut shop = self.shop();
        shop.reads += 1;
        match shop.refuses {
            Some((kind, retry)) => Err(Error::new(kind, "no").with_retry(retry)),
            None => Ok(()),
        }
    }

    fn page<T: Clone>(
        &self,
        stream: Stream,
        rows: Vec<(Option<OffsetDateTime>, T)>,
        query: &ListQuery,
    ) -> Result<Page<T>> {
        self.answer()?;
        if let Some((_, kind)) = self.shop().broken.filter(|(broken, _)| *broken == stream) {
            return Err(Error::new(kind, "not this list"));
        }
        // What changed a moment ago does not show yet.
        let visible = self.now() - self.lag;
        let rows: Vec<T> = rows
            .into_iter()
            .filter(|(at, _)| at.is_none_or(|at| at <= visible))
            .filter(|(at, _)| query.modified_from.is_none_or(|from| at.is_none_or(|at| at >= from)))
            .map(|(_, row)| row)
            .collect();
        let from: usize = query.cursor.as_ref().map_or(Ok(0), |cursor| cursor.decode("fake"))?;
        let mut page = Page { total: Some(rows.len() as u64), ..Page::default() };
        page.records = rows.iter().skip(from).take(2).cloned().collect();
        if from + 2 < rows.len() {
            let next = if self.shop().circle { (from + 2) % 4 } else { from + 2 };
            page.next = Some(Cursor::encode("fake", &next)?);
        }
        Ok(page)
    }
}

#[async_trait]
impl Connector for Fake {
    fn vendor(&self) -> Vendor {
        self.account.vendor().clone()
    }
    fn display_name(&self) -> &str {
        "Shop"
    }
    fn account(&self) -> &Account {
        &self.account
    }
    fn capabilities(&self) -> Capabilities {
        let mut caps = StreamCapabilities::default();
        (caps.list, caps.get, caps.modified_from, caps.total) = (true, self.gives, true, true);
        caps.lag_seconds = u32::try_from(self.lag.whole_seconds()).unwrap();
        let mut capabilities = Capabilities {
            streams: vec![(Stream::Customers, caps), (Stream::Orders, caps)],
            ..Capabilities::default()
        };
        (capabilities.push_customer, capabilities.push_order) = (true, true);
        capabilities
    }
    fn skew(&self) -> Option<Duration> {
        (self.shop().reads > 0).then_some(self.ahead)
    }
    fn webhooks(&self) -> Option<&dyn WebhookVerifier> {
        Some(&Door)
    }
    async fn check(&self) -> Result<ShopInfo> {
        self.wait().await;
        self.answer()?;
        let id = self.shop().opens.clone().unwrap_or_else(|| self.account.id().to_owned());
        Ok(ShopInfo::new(Account::new(self.account.vendor().clone(), id), "Cửa Hàng Mẫu"))
    }
    async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>> {
        let rows = self.shop().customers.values().map(|row| (row.updated_at, row.clone())).collect();
        self.page(Stream::Customers, rows, query)
    }
    async fn list_documents(&self, _: DocumentKind, query: &ListQuery) -> Result<Page<OrderRecord>> {
        let rows = self.shop().orders.values().map(|row| (row.updated_at, row.clone())).collect();
        self.page(Stream::Orders, rows, query)
    }
    async fn get_customer(&self, id: &str) -> Result<CustomerRecord> {
        self.wait().await;
        self.answer()?;
        let thief = self.shop().thief.clone();
        if let Some(store) = thief {
            let later = self.hands.now() + Duration::hours(1);
            let name = format!("{}/inbox", self.account);
            store.acquire(&name, "thief", later, later + Duration::hours(1)).await.unwrap();
        }
        self.shop().customers.get(id).cloned().ok_or_else(|| Error::new(ErrorKind::NotFound, "none"))
    }
    async fn get_document(&self, _: DocumentKind, id: &str) -> Result<OrderRecord> {
        self.answer()?;
        self.shop().orders.get(id).cloned().ok_or_else(|| Error::new(ErrorKind::NotFound, "none"))
    }
    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        self.wait().await;
        self.answer()?;
        self.shop().pushed.push(push.clone());
        if let Some(id) = &push.vendor_id {
            self.shop().writes.push(format!("change {id}"));
            self.change(id, |record| {
                if let Some(name) = &push.name {
                    record.name = Some(name.clone());
                    record.raw_name = record.name.clone();
                }
                if let Some(note) = &push.note {
                    record.note = Some(note.clone());
                }
            });
            let record = self.shop().customers.get(id).cloned();
            return Ok(Pushed::new(id, PushOutcome::Updated, record));
        }
        let known = |record: &&CustomerRecord| {
            record.phones.iter().any(|phone| {
                push.phones.iter().any(|pushed| phone.e164.is_some_and(|e164| e164.to_string() == *pushed))
            })
        };
        if let Some(record) = self.shop().customers.values().find(known).cloned() {
            return Ok(Pushed::new(record.id.clone(), PushOutcome::Found, Some(record)));
        }
        let id = format!("new-{}", self.shop().customers.len());
        self.shop().writes.push("make customer".to_owned());
        self.customer(
            &id,
            push.name.as_deref().unwrap_or_default(),
            push.phones.first().map_or("", String::as_str),
        );
        let record = self.shop().customers.get(&id).cloned();
        Ok(Pushed::new(id, PushOutcome::Created, record))
    }
    async fn push_order(&self, push: &OrderPush) -> Result<Pushed<OrderRecord>> {
        self.answer()?;
        let visible = self.now() - self.lag;
        let found = {
            let shop = self.shop();
            shop.orders
                .values()
                .find(|order| {
                    let made = shop.made.get(&order.id);
                    order.reference.as_deref() == Some(push.reference.as_str())
                        && made.is_some_and(|at| {
                            *at <= visible && push.created_at.is_none_or(|from| *at >= from)
                        })
                })
                .cloned()
        };
        if let Some(order) = found {
            return Ok(Pushed::new(order.id.clone(), PushOutcome::Found, Some(order)));
        }
        let id = format!("order-{}", self.shop().orders.len());
        self.order(&id, push.buyer_id.as_deref().unwrap_or("1"), 100);
        let now = self.now();
        let mut shop = self.shop();
        shop.writes.push("make order".to_owned());
        shop.made.insert(id.clone(), now);
        let record = shop.orders.get_mut(&id).unwrap();
        record.reference = Some(push.reference.clone());
        let record = record.clone();
        if shop.loses_answers > 0 {
            shop.loses_answers -= 1;
            return Err(Error::new(ErrorKind::Timeout, "no answer"));
        }
        Ok(Pushed::new(id, PushOutcome::Created, Some(record)))
    }
}

/// Deliveries are `kind stream id`, as text; those that begin with `!` are not proven. `name=Lan` shows the customer,
/// `+orders/7` names another object, and `?` is an item that cannot be read.
#[derive(Debug)]
struct Door;

impl WebhookVerifier for Door {
    fn trust(&self) -> Trust {
        Trust::Signed
    }
    fn verify(&self, request: &WebhookRequest<'_>) -> std::result::Result<Verified, Refusal> {
        Ok(Verified::proven(Vendor::new("kiotviet"), Trust::Signed, request))
    }
    fn identify(&self, verified: &Verified) -> std::result::Result<Identified, Refusal> {
        let id = delivery_hash(&[], &verified.body);
        Ok(Identified { id, remember: Remember::WhileWaiting, tenant: None, topic: None })
    }
    fn parse(&self, verified: &Verified) -> std::result::Result<Delivery, Refusal> {
        let text = std::str::from_utf8(&verified.body).unwrap();
        let mut words = text.trim_start_matches('!').split(' ');
        let kind = match words.next() {
            Some("upsert") => EventKind::Upsert,
            Some("delete") => EventKind::Delete,
            Some("uninstalled") => EventKind::AppUninstalled,
            _ => return Err(Refusal::Malformed("not ours".to_owned())),
        };
        let stream = words.next().and_then(|stream| stream.parse().ok());
        let mut event = WebhookEvent::new(kind, stream, Vec::new());
        event.refetch = text.starts_with('!');
        let mut delivery = Delivery::new("x");
        for word in words {
            if let Some(name) = word.strip_prefix("name=") {
                let mut record = CustomerRecord {
                    id: event.ids.last().cloned().unwrap(),
                    name: Some(name.to_owned()),
                    ..CustomerRecord::default()
                };
                record.raw_name = record.name.clone();
                event = event.with_record(record);
            } else if let Some((stream, id)) = word.strip_prefix('+').and_then(|name| name.split_once('/')) {
                event.related.push(Related { stream: stream.parse().unwrap(), id: id.to_owned() });
            } else if word == "?" {
                let (path, reason) = ("items[1]".to_owned(), "no id".to_owned());
                delivery.rejected.push(Rejected { id: None, path, reason });
            } else {
                event.ids.push(word.to_owned());
            }
        }
        delivery.events.push(event);
        Ok(delivery)
    }
}

fn crm(hands: &Hands) -> Crm {
    Crm::new(Arc::new(MemoryStore::new())).with_clock(hands.clock())
}

async fn connected(hands: &Hands, fake: &Fake) -> Crm {
    let crm = crm(hands);
    let rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    crm.connect(fake, rules, LinkOptions::default()).await.unwrap();
    crm
}

async fn pull(crm: &Crm, fake: &Fake) -> Vec<pos_sync::Run> {
    crm.pull(fake, &PullOptions::default()).await.unwrap()
}

async fn pull_all(crm: &Crm, fake: &Fake) -> Vec<pos_sync::Run> {
    crm.pull(fake, &PullOptions::default().with_full()).await.unwrap()
}

async fn deliver(crm: &Crm, fake: &Fake, text: &str) -> bool {
    let headers = http::HeaderMap::new();
    let request = WebhookRequest::new(&headers, text.as_bytes(), fake.hands.now());
    crm.receive(&fake.account, &Door, &request).await.unwrap().accepted
}

async fn work(crm: &Crm, fake: &Fake) -> (u64, u64, u64) {
    let worked = crm.work_inbox(fake, &Stop::new()).await.unwrap();
    (worked.done, worked.later, worked.dead)
}

async fn name_of(crm: &Crm, fake: &Fake, id: &str) -> Option<String> {
    let key = Key::vendor(&fake.account, id);
    let contact = crm.store().contacts(&ContactQuery::by_key(key)).await.unwrap().pop()?;
    (!contact.deleted).then(|| contact.name().map(str::to_owned)).flatten()
}

async fn alive(crm: &Crm, fake: &Fake, stream: Stream) -> u64 {
    crm.store().alive(&fake.account, stream).await.unwrap()
}

#[tokio::test]
async fn every_change_is_found_however_wrong_the_hosts_clock_is() {
    for hours in [-1, 0, 1] {
        for lag in [Duration::ZERO, Duration::minutes(5)] {
            let hands = Hands::default();
            let mut fake = Fake::new(&hands);
            (fake.ahead, fake.lag) = (Duration::hours(hours), lag);
            fake.customer("1", "Lan", "0912000123");
            let crm = connected(&hands, &fake).await;
            hands.pass(Duration::minutes(10));
            pull(&crm, &fake).await;
            for round in 0..5 {
                let name = format!("Lan {round}");
                fake.change("1", |record| record.name = Some(name.clone()));
                // One pull while the list does not show it, one when it does.
                for _ in 0..2 {
                    pull(&crm, &fake).await;
                    hands.pass(Duration::minutes(6));
                }
                pull(&crm, &fake).await;
                assert_eq!(
                    name_of(&crm, &fake, "1").await,
                    Some(name),
                    "{hours} h off, lag {lag}, round {round}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_full_read_finds_what_was_deleted_in_silence_and_what_lives_again() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 1..=9 {
        fake.customer(&number.to_string(), "Lan", &format!("091200010{number}"));
        fake.order(&format!("o{number}"), &number.to_string(), 100);
    }
    let crm = connected(&hands, &fake).await;
    pull_all(&crm, &fake).await;
    hands.pass(Duration::hours(1));
    let (customer, order) = {
        let mut shop = fake.shop();
        (shop.customers.remove("3").unwrap(), shop.orders.remove("o5").unwrap())
    };
    let runs = pull_all(&crm, &fake).await;
    assert_eq!(
        (alive(&crm, &fake, Stream::Customers).await, alive(&crm, &fake, Stream::Orders).await),
        (8, 8)
    );
    for run in &runs {
        assert_eq!(
            (run.announced, run.kept, run.counts.removed, run.notes.len()),
            (Some(8), Some(8), 1, 0),
            "{run:?}"
        );
    }
    // Restored from the bin as they were: no time of change moved.
    hands.pass(Duration::hours(1));
    fake.shop().customers.insert("3".into(), customer);
    fake.shop().orders.insert("o5".into(), order);
    pull_all(&crm, &fake).await;
    assert_eq!(
        (alive(&crm, &fake, Stream::Customers).await, alive(&crm, &fake, Stream::Orders).await),
        (9, 9)
    );
    let sequence = |changes: Vec<pos_sync::Changed>| changes.last().map(|change| change.sequence);
    let before = sequence(crm.store().changes(0, 1000).await.unwrap());
    hands.pass(Duration::hours(1));
    pull_all(&crm, &fake).await;
    assert_eq!(
        sequence(crm.store().changes(0, 1000).await.unwrap()),
        before,
        "a second full read changes nothing"
    );
}

#[tokio::test]
async fn how_a_link_is_doing_is_told_without_asking_the_vendor() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 1..=3 {
        fake.customer(&number.to_string(), "Lan", &format!("091200010{number}"));
    }
    let crm = connected(&hands, &fake).await;
    let stranger = Account::new(Vendor::new("fake"), "other");
    assert!(matches!(crm.health(&stranger).await, Err(SyncError::NotConnected(_))));
    let fresh = crm.health(fake.account()).await.unwrap();
    assert_eq!((fresh.link.status, fresh.lag(), fresh.inbox_failed), (LinkStatus::Enabled, None, None));
    assert!(fresh.streams.iter().all(|stream| stream.done.is_none()), "{:?}", fresh.streams);

    pull_all(&crm, &fake).await;
    hands.pass(Duration::minutes(7));
    let reads = fake.shop().reads;
    let health = crm.health(fake.account()).await.unwrap();
    assert_eq!(fake.shop().reads, reads);
    let of = |health: &pos_sync::LinkHealth, stream| {
        health.streams.iter().find(|told| told.stream == stream).cloned().unwrap()
    };
    let customers = of(&health, Stream::Customers);
    assert_eq!(customers.complete, Some((3, 3)), "the shop says three, the CRM has three");
    assert!(customers.lag.unwrap() >= Duration::minutes(7) && health.lag() >= customers.lag);
    assert!(customers.done.is_some() && customers.failed.is_none());

    fake.shop().broken = Some((Stream::Customers, ErrorKind::Unavailable));
    crm.pull(&fake, &PullOptions::default()).await.ok();
    let failing = of(&crm.health(fake.account()).await.unwrap(), Stream::Customers);
    assert!(matches!(failing.failed.unwrap().status, RunStatus::Failed(_)) && failing.done.is_some());
    fake.shop().broken = None;
    pull(&crm, &fake).await;
    let mended = of(&crm.health(fake.account()).await.unwrap(), Stream::Customers);
    assert_eq!(mended.failed, None, "what failed before the last success is over");
}

#[tokio::test]
async fn a_shop_that_shows_too_little_deletes_nothing() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 0..60 {
        fake.customer(&number.to_string(), "Lan", &format!("09120001{number:02}"));
    }
    let crm = connected(&hands, &fake).await;
    pull_all(&crm, &fake).await;
    hands.pass(Duration::hours(1));
    fake.shop().customers.retain(|id, _| id.parse::<u32>().unwrap() < 30);
    let runs = pull_all(&crm, &fake).await;
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 60);
    assert!(
        runs[0].notes.iter().any(|note| note.contains("none was taken for deleted")),
        "{:?}",
        runs[0].notes
    );
    assert!(
        runs[0].notes.iter().any(|note| note.contains("the shop says 30, the CRM has 60")),
        "{:?}",
        runs[0].notes
    );
    hands.pass(Duration::hours(1));
    crm.pull(&fake, &PullOptions::default().with_full().with_release_brake()).await.unwrap();
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 30);
}

#[tokio::test]
async fn a_list_in_a_circle_is_an_error_and_the_checkpoint_stays() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 0..9 {
        fake.customer(&number.to_string(), "Lan", &format!("091200010{number}"));
    }
    let crm = connected(&hands, &fake).await;
    fake.shop().circle = true;
    let error = crm.pull(&fake, &PullOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
    let checkpoint = crm.store().checkpoint(&fake.account, Stream::Customers).await.unwrap();
    assert_eq!(checkpoint.complete_to, None);
}

#[tokio::test]
async fn a_state_that_comes_back_is_worked_on_again() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "10", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    for name in ["9", "10", "9", "10"] {
        hands.pass(Duration::seconds(5));
        // The same second by the vendor's clock, over and over.
        fake.shop().customers.get_mut("1").unwrap().name = Some(name.to_owned());
        assert!(deliver(&crm, &fake, "!upsert customers 1").await);
        assert!(!deliver(&crm, &fake, "!upsert customers 1").await, "one that waits stands for both");
        assert_eq!(work(&crm, &fake).await, (1, 0, 0));
        assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some(name));
    }
}

#[tokio::test]
async fn what_is_only_claimed_is_settled_by_reading() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    fake.order("7", "1", 100);
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    hands.pass(Duration::seconds(5));
    for claim in ["!delete customers 1", "!delete orders 7", "!uninstalled"] {
        deliver(&crm, &fake, claim).await;
    }
    assert_eq!(work(&crm, &fake).await, (3, 0, 0));
    assert_eq!(
        (alive(&crm, &fake, Stream::Customers).await, alive(&crm, &fake, Stream::Orders).await),
        (1, 1)
    );
    assert_eq!(crm.store().link(&fake.account).await.unwrap().unwrap().status, LinkStatus::Enabled);
    hands.pass(Duration::seconds(5));
    fake.shop().orders.clear();
    deliver(&crm, &fake, "!delete orders 7").await;
    work(&crm, &fake).await;
    assert_eq!(alive(&crm, &fake, Stream::Orders).await, 0);
    fake.shop().refuses = Some((ErrorKind::Auth, Retry::Never));
    deliver(&crm, &fake, "!uninstalled").await;
    work(&crm, &fake).await;
    let link = crm.store().link(&fake.account).await.unwrap().unwrap();
    assert_eq!((link.status, link.reason.is_some()), (LinkStatus::Disabled, true));
}

#[tokio::test]
async fn an_announced_object_that_is_not_found_is_no_deletion() {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.lag = Duration::minutes(5);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    hands.pass(Duration::minutes(6));
    pull(&crm, &fake).await;
    let hidden = fake.shop().customers.remove("1").unwrap();
    deliver(&crm, &fake, "upsert customers 1").await;
    deliver(&crm, &fake, "upsert customers 2").await;
    assert_eq!(work(&crm, &fake).await, (0, 2, 0));
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 1);
    fake.shop().customers.insert("1".into(), hidden);
    fake.change("1", |record| record.name = Some("Mai Lan".into()));
    hands.pass(Duration::minutes(10));
    assert_eq!(work(&crm, &fake).await, (1, 1, 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Mai Lan"));
    hands.pass(Duration::minutes(20));
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    let run = crm.store().runs(None, 1).await.unwrap().pop().unwrap();
    assert_eq!(run.notes, ["customers 2: announced, and never found"]);
}

#[tokio::test]
async fn nothing_dies_while_the_token_is_refused_and_it_goes_on_afterwards() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    fake.change("1", |record| record.name = Some("Mai Lan".into()));
    deliver(&crm, &fake, "!upsert customers 1").await;
    fake.shop().refuses = Some((ErrorKind::Auth, Retry::Never));
    for _ in 0..30 {
        assert_eq!(work(&crm, &fake).await.2, 0);
        hands.pass(Duration::hours(1));
    }
    let link = crm.store().link(&fake.account).await.unwrap().unwrap();
    assert_eq!(link.status, LinkStatus::Parked);
    assert!(link.reason.unwrap().contains("connect the shop again"));
    assert!(deliver(&crm, &fake, "!upsert customers 9").await, "deliveries are kept meanwhile");
    assert!(crm.pull(&fake, &PullOptions::default()).await.is_err());
    fake.shop().refuses = None;
    crm.connect(&fake, LinkRules::default(), LinkOptions::default()).await.unwrap();
    assert_eq!(work(&crm, &fake).await.0, 1, "at once, not when the last wait is over");
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Mai Lan"));
}

#[tokio::test]
async fn a_page_of_a_gateway_kills_no_delivery_and_dead_ones_are_revived() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    for kind in [ErrorKind::Forbidden, ErrorKind::Decode, ErrorKind::Unexpected, ErrorKind::Unavailable] {
        fake.shop().refuses = Some((kind, Retry::Never));
        deliver(&crm, &fake, "!upsert customers 1").await;
        assert_eq!(work(&crm, &fake).await, (0, 1, 0), "{kind}");
        fake.shop().refuses = None;
        hands.pass(Duration::hours(2));
        assert_eq!(work(&crm, &fake).await, (1, 0, 0), "{kind}");
    }
    deliver(&crm, &fake, "what is this").await;
    assert_eq!(work(&crm, &fake).await, (0, 0, 1));
    assert_eq!(crm.revive(&fake.account, Boxed::Inbox, &Which::All).await.unwrap(), 1);
    assert_eq!(work(&crm, &fake).await, (0, 0, 1));
    assert!(deliver(&crm, &fake, "what is this").await, "a redelivery is welcome");
    assert_eq!(work(&crm, &fake).await, (0, 0, 1));
    assert_eq!(crm.dismiss(&fake.account, Boxed::Inbox, &Which::All).await.unwrap(), 1);
    assert_eq!(
        crm.replay(&fake.account, &Which::All).await.unwrap(),
        1,
        "what is done can be worked on again"
    );
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
}

#[tokio::test]
async fn an_absurd_wait_is_capped() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    fake.shop().refuses = Some((ErrorKind::RateLimited, Retry::After(std::time::Duration::MAX)));
    deliver(&crm, &fake, "!upsert customers 1").await;
    assert_eq!(work(&crm, &fake).await, (0, 1, 0));
    fake.shop().refuses = None;
    hands.pass(Duration::hours(25));
    fake.customer("1", "Lan", "0912000123");
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
}

#[tokio::test]
async fn credentials_of_another_shop_are_refused() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.shop().opens = Some("shopkhac".into());
    let error = crm(&hands).connect(&fake, LinkRules::default(), LinkOptions::default()).await.unwrap_err();
    assert!(matches!(&error, SyncError::OtherShop { opened, .. } if opened.id() == "shopkhac"), "{error}");
}

#[tokio::test]
async fn a_branch_that_the_shop_does_not_have_is_refused_with_those_that_it_has() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    let branch =
        pos_core::record::BranchRecord { id: "71001".into(), ..pos_core::record::BranchRecord::default() };
    crm.apply(&crm_merge::Batch::new(fake.account.clone(), vec![branch.into()])).await.unwrap();
    let options = PullOptions::default().with_branch("99");
    let error = crm.pull(&fake, &options).await.unwrap_err().to_string();
    assert!(error.contains("99") && error.contains("71001"), "{error}");
}

async fn push(crm: &Crm, fake: &Fake, contact: &ContactId) -> (u64, u64, u64) {
    crm.push_contact(&fake.account, contact).await.unwrap();
    let worked = crm.work_outbox(fake, &Stop::new()).await.unwrap();
    (worked.done, worked.later, worked.dead)
}

fn typed(id: &ContactId, hands: &Hands) -> Edit {
    Edit::new(id.clone(), hands.now())
}

#[tokio::test]
async fn a_push_sends_what_the_crm_changed_and_nothing_else() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    let key = Key::vendor(&fake.account, "1");
    let contact = crm.store().contacts(&ContactQuery::by_key(key)).await.unwrap().remove(0).id;
    assert_eq!(push(&crm, &fake, &contact).await, (1, 0, 0));
    assert!(fake.shop().pushed.is_empty(), "nobody changed it");
    hands.pass(Duration::minutes(1));
    crm.edit(typed(&contact, &hands).with_field("note", "khách quen")).await.unwrap();
    // The push waits, and the shop changes the name meanwhile.
    hands.pass(Duration::minutes(1));
    fake.change("1", |record| {
        record.name = Some("Mai Lan".into());
        record.raw_name = record.name.clone();
    });
    assert_eq!(push(&crm, &fake, &contact).await, (1, 0, 0));
    let sent = fake.shop().pushed.last().cloned().unwrap();
    assert_eq!((sent.name, sent.note.as_deref(), sent.phones.len()), (None, Some("khách quen"), 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Mai Lan"));
    assert_eq!(push(&crm, &fake, &contact).await, (1, 0, 0));
    assert_eq!(fake.shop().writes, ["change 1"], "both sides agree by now");
}

#[tokio::test]
async fn a_found_customer_is_taken_over_from_nobody_and_never_renamed() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    // A person typed the same number before, and nobody knew it then.
    let (lan, other) = (ContactId::new("crm-1"), ContactId::new("crm-2"));
    let edit = |id: &ContactId, name: &str| {
        typed(id, &hands).with_field("name", name).with_field("phones", serde_json::json!(["0912 000 123"]))
    };
    crm.edit(edit(&lan, "Chị Lan")).await.unwrap();
    assert_eq!(push(&crm, &fake, &lan).await, (1, 0, 0));
    assert!(fake.shop().writes.is_empty(), "the shop's customer keeps its name: {:?}", fake.shop().writes);
    let key = Key::vendor(&fake.account, "1");
    let owner = crm.store().contacts(&ContactQuery::by_key(key)).await.unwrap();
    assert_eq!(
        owner.iter().map(|contact| contact.id.as_str()).collect::<Vec<_>>(),
        ["crm-1"],
        "one person, one contact"
    );
    let ghost = ContactId::new("c:kiotviet/cuahangmau/1");
    assert_eq!(crm.store().contact(&ghost).await.unwrap().unwrap().id, lan, "its old id leads on");
    // Another contact that a person made has the number too: that is for a person to decide.
    crm.edit(edit(&other, "Ai Đó")).await.unwrap();
    assert_eq!(push(&crm, &fake, &other).await, (0, 0, 1));
    let dead = crm.store().dead_pushes(&fake.account, 9).await.unwrap();
    assert!(dead[0].1.contains("belongs to contact crm-1"), "{}", dead[0].1);
    assert!(fake.shop().writes.is_empty());
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_made_once_whatever_lag_and_clock() {
    for ahead in [-70, -11, 0, 11, 70] {
        let hands = Hands::default();
        let mut fake = Fake::new(&hands);
        (fake.ahead, fake.lag) = (Duration::minutes(ahead), Duration::minutes(5));
        fake.customer("1", "Lan", "0912000123");
        let crm = connected(&hands, &fake).await;
        fake.shop().loses_answers = 2;
        let order = OrderPush {
            reference: "CRM-O-1".into(),
            buyer_id: Some("1".into()),
            created_at: Some(hands.now()),
            ..OrderPush::default()
        };
        crm.push_order(&fake.account, None, order).await.unwrap();
        for _ in 0..20 {
            crm.work_outbox(&fake, &Stop::new()).await.unwrap();
            hands.pass(Duration::minutes(2));
        }
        assert_eq!(fake.shop().orders.len(), 1, "{ahead} minutes");
        assert!(
            crm.store().outbox(&fake.account, hands.now() + Duration::days(9), 9).await.unwrap().is_empty()
        );
        assert_eq!(alive(&crm, &fake, Stream::Orders).await, 1);
    }
}

#[tokio::test]
async fn an_order_that_is_pushed_again_waits_for_the_one_whose_answer_was_lost() {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.lag = Duration::minutes(5);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    fake.shop().loses_answers = 1;
    for _ in 0..20 {
        // The host does not know what became of it, and pushes it again.
        let order = OrderPush {
            reference: "CRM-O-1".into(),
            buyer_id: Some("1".into()),
            created_at: Some(hands.now()),
            ..OrderPush::default()
        };
        if hands.now() < START + Duration::minutes(4) {
            crm.push_order(&fake.account, None, order).await.unwrap();
        }
        crm.work_outbox(&fake, &Stop::new()).await.unwrap();
        hands.pass(Duration::minutes(1));
    }
    assert_eq!(fake.shop().writes, ["make order"]);
    assert!(crm.store().outbox(&fake.account, hands.now() + Duration::days(9), 9).await.unwrap().is_empty());
    assert_eq!(alive(&crm, &fake, Stream::Orders).await, 1);
}

/// Puts a contact with a number into the outbox of a shop that does not know it, and whose clock is not known yet.
async fn waiting_push(crm: &Crm, fake: &Fake, hands: &Hands) -> ContactId {
    let lan = ContactId::new("crm-1");
    let edit = typed(&lan, hands).with_field("name", "Lan").with_field("phones", "0912000123");
    crm.edit(edit).await.unwrap();
    crm.push_contact(&fake.account, &lan).await.unwrap();
    fake.shop().reads = 0;
    lan
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_while_it_slept_sends_nothing() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    waiting_push(&crm, &fake, &hands).await;
    let (slow, gate) = Gate::before(&fake);
    let one = crm.clone();
    let asleep = tokio::spawn(async move { one.work_outbox(&slow, &Stop::new()).await });
    gate.reached.notified().await;
    hands.pass(Duration::minutes(2));
    let other = Crm::new(Arc::clone(crm.store())).with_clock(hands.clock());
    assert_eq!(other.work_outbox(&fake, &Stop::new()).await.unwrap().done, 1);
    gate.open();
    let error = asleep.await.unwrap().unwrap_err();
    assert!(matches!(error, SyncError::Store(StoreError::LeaseLost(_))), "{error}");
    assert_eq!(fake.shop().pushed.len(), 1);
}

#[tokio::test]
async fn a_push_that_was_replaced_before_it_was_sent_is_sent_once() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    let lan = waiting_push(&crm, &fake, &hands).await;
    let (slow, gate) = Gate::before(&fake);
    let one = crm.clone();
    let sending = tokio::spawn(async move { one.work_outbox(&slow, &Stop::new()).await });
    gate.reached.notified().await;
    crm.push_contact(&fake.account, &lan).await.unwrap();
    gate.open();
    let worked = sending.await.unwrap().unwrap();
    assert_eq!((worked.done, worked.later, worked.dead), (1, 0, 0));
    assert_eq!(fake.shop().pushed.len(), 1);
}

#[tokio::test]
async fn a_contact_that_goes_into_another_while_it_is_pushed_stays_there() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("2", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    let [two, one] = ["2", "1"].map(|id| ContactId::new(format!("c:kiotviet/cuahangmau/{id}")));
    hands.pass(Duration::minutes(1));
    crm.edit(typed(&two, &hands).with_field("note", "khách quen")).await.unwrap();
    crm.push_contact(&fake.account, &two).await.unwrap();
    let (slow, gate) = Gate::before(&fake);
    let pushing = crm.clone();
    let sending = tokio::spawn(async move { pushing.work_outbox(&slow, &Stop::new()).await });
    gate.reached.notified().await;
    // An older customer with the same number is read while the vendor answers.
    fake.customer("1", "Lan", "0912000123");
    fake.shop().customers.get_mut("1").unwrap().created_at = Some(START - Duration::days(1));
    pull(&crm, &fake).await;
    assert_eq!(crm.store().contact(&two).await.unwrap().unwrap().id, one);
    gate.open();
    assert_eq!(sending.await.unwrap().unwrap().done, 1);
    assert_eq!(fake.shop().writes, ["change 2"]);
    // Nor does what a person types into the page of the old one bring it back.
    hands.pass(Duration::minutes(1));
    crm.edit(typed(&two, &hands).with_field("organization", "Tạp Hoá Mẫu")).await.unwrap();
    let contact = crm.store().contact(&two).await.unwrap().unwrap();
    assert_eq!(
        (&contact.id, contact.text("organization"), contact.text("note")),
        (&one, Some("Tạp Hoá Mẫu"), Some("khách quen"))
    );
    assert_eq!(crm.store().size().await.unwrap().contacts, 1);
}

#[tokio::test]
async fn what_is_done_to_a_link_while_deliveries_are_read_stays() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    let link = async || crm.store().link(&fake.account).await.unwrap().unwrap();
    let reading = async || {
        for text in ["uninstalled", "upsert customers 1"] {
            assert!(deliver(&crm, &fake, text).await);
        }
        let (slow, gate) = Gate::before(&fake);
        let working = crm.clone();
        let work = tokio::spawn(async move { working.work_inbox(&slow, &Stop::new()).await });
        gate.reached.notified().await;
        hands.pass(Duration::seconds(1));
        (work, gate)
    };
    let (work, gate) = reading().await;
    crm.disconnect(&fake.account).await.unwrap();
    gate.open();
    assert_eq!(work.await.unwrap().unwrap().done, 2);
    assert_eq!((link().await.status, link().await.reason), (LinkStatus::Disconnected, None));

    let mut options = LinkOptions::default();
    crm.connect(&fake, LinkRules::default(), options.clone()).await.unwrap();
    let (work, gate) = reading().await;
    options.page_size = Some(50);
    crm.connect(&fake, LinkRules::default(), options).await.unwrap();
    gate.open();
    assert_eq!(work.await.unwrap().unwrap().done, 2);
    assert_eq!((link().await.status, link().await.options.page_size), (LinkStatus::Enabled, Some(50)));

    let (work, gate) = reading().await;
    gate.open();
    assert_eq!(work.await.unwrap().unwrap().done, 2);
    assert_eq!((link().await.status, link().await.options.page_size), (LinkStatus::Disabled, Some(50)));
}

#[tokio::test]
async fn a_suggestion_that_was_refused_does_not_come_back() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Mẹ", "0912000123");
    fake.customer("2", "Con", "0912000123");
    let crm = crm(&hands);
    let rules = LinkRules { match_by: Some(Vec::new()), ..LinkRules::default() };
    crm.connect(&fake, rules, LinkOptions::default()).await.unwrap();
    pull(&crm, &fake).await;
    let suggested = crm.suggestions().await.unwrap();
    assert_eq!(suggested.len(), 1);
    let (left, right) = suggested[0].decisions[0].pair();
    let refusal = Decision::Different(left.clone(), right.clone());
    crm.decide(refusal.clone()).await.unwrap();
    assert_eq!(crm.suggestions().await.unwrap(), []);
    crm.revoke(refusal).await.unwrap();
    assert_eq!(crm.suggestions().await.unwrap(), suggested);
}

#[derive(Debug, Default)]
struct Ear(Mutex<Vec<String>>);

impl Observer for Ear {
    fn on(&self, event: &Event<'_>) {
        let heard = match event {
            Event::Page { changes, .. } | Event::Changed { changes, .. } => {
                changes.contacts.iter().map(|change| change.row.id.to_string()).collect()
            }
            _ => Vec::new(),
        };
        self.0.lock().unwrap().extend(heard);
    }
}

#[tokio::test]
async fn everyone_who_watches_hears_everything() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let ears = [Arc::new(Ear::default()), Arc::new(Ear::default())];
    let crm = crm(&hands).with_observer(ears[0].clone()).with_observer(ears[1].clone());
    crm.connect(&fake, LinkRules::default(), LinkOptions::default()).await.unwrap();
    pull(&crm, &fake).await;
    let id = ContactId::new("crm-1");
    crm.edit(typed(&id, &hands).with_field("name", "Bình").with_field("phones", "0987000456")).await.unwrap();
    push(&crm, &fake, &id).await;
    let order = OrderPush { reference: "CRM-O-1".into(), ..OrderPush::default() };
    let buyer = ContactId::new("crm-2");
    crm.edit(typed(&buyer, &hands).with_field("name", "Hoa").with_field("phones", "0903000555"))
        .await
        .unwrap();
    crm.push_order(&fake.account, Some(buyer.clone()), order).await.unwrap();
    crm.work_outbox(&fake, &Stop::new()).await.unwrap();
    let mut mirror: Vec<String> = Vec::new();
    for change in crm.store().changes(0, 1000).await.unwrap() {
        if let ChangedObject::Contact(id) = change.what {
            mirror.push(id.to_string());
        }
    }
    for ear in ears {
        let heard = ear.0.lock().unwrap();
        for id in &mirror {
            assert!(heard.contains(id), "{id} in {heard:?}");
        }
        assert!(
            heard.iter().filter(|id| **id == buyer.to_string()).count() >= 2,
            "the buyer's own push: {heard:?}"
        );
    }
}

#[tokio::test]
async fn a_typed_number_that_is_none_is_refused() {
    let hands = Hands::default();
    let error = crm(&hands)
        .edit(typed(&ContactId::new("crm-1"), &hands).with_field("phones", "abc"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "phones: what was typed is no phone number");
}

#[tokio::test]
async fn a_contact_is_found_by_its_number_although_its_shop_matches_by_id_alone() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Mẹ", "0912000123");
    fake.customer("2", "Con", "0912000123");
    let crm = crm(&hands);
    let rules = LinkRules { match_by: Some(Vec::new()), ..LinkRules::default() };
    crm.connect(&fake, rules, LinkOptions::default()).await.unwrap();
    pull(&crm, &fake).await;
    let key = Key::Phone(pos_core::identity::E164::new(84_912_000_123).unwrap());
    assert_eq!(crm.store().contacts(&ContactQuery::by_key(key)).await.unwrap().len(), 2);
}

/// The longest text wins.
#[derive(Debug)]
struct Longest;

impl pos_core::MergePolicy for Longest {
    fn name(&self) -> &str {
        "longest"
    }
    fn choose(
        &self,
        _: &str,
        current: Option<&pos_core::merge::Candidate<'_>>,
        incoming: &pos_core::merge::Candidate<'_>,
    ) -> pos_core::merge::Choice {
        let length = |value: &serde_json::Value| value.as_str().map_or(0, str::len);
        match current {
            Some(current) if length(current.value) >= length(incoming.value) => pos_core::merge::Choice::Keep,
            _ => pos_core::merge::Choice::Take,
        }
    }
}

#[tokio::test]
async fn a_policy_of_the_hosts_own_works_by_its_name() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for (id, name) in [("1", "Lan"), ("2", "Nguyễn Thị Mai Lan"), ("3", "Mai Lan")] {
        fake.customer(id, name, "0912000123");
        hands.pass(Duration::minutes(1));
    }
    let mut rules = LinkRules::default();
    rules.field_policies.insert("name".into(), Policy::Named("longest".into()));
    let error = crm(&hands).connect(&fake, rules.clone(), LinkOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("no policy longest"), "{error}");
    let crm = crm(&hands).with_policy(Arc::new(Longest));
    crm.connect(&fake, rules, LinkOptions::default()).await.unwrap();
    pull(&crm, &fake).await;
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Nguyễn Thị Mai Lan"));
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_applied_while_lists_fail() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    fake.customer("1", "Lan", "0912000123");
    fake.shop().circle = true;
    for number in 2..9 {
        fake.customer(&number.to_string(), "Bình", &format!("098700045{number}"));
    }
    let stop = Stop::new();
    let follow = crm.follow(&fake, std::time::Duration::from_secs(3600), &stop);
    let watch = async {
        deliver(&crm, &fake, "!upsert customers 1").await;
        for _ in 0..200 {
            if name_of(&crm, &fake, "1").await.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        stop.stop();
    };
    tokio::join!(follow, watch);
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Lan"));
    let runs = crm.store().runs(None, 9).await.unwrap();
    assert!(runs.iter().any(|run| matches!(run.status, RunStatus::Failed(_))), "{runs:?}");
}

#[tokio::test]
async fn what_waited_for_credentials_survives_the_first_hiccup_afterwards() {
    for connects in [true, false] {
        let hands = Hands::default();
        let fake = Fake::new(&hands);
        fake.customer("1", "Lan", "0912000123");
        let crm = connected(&hands, &fake).await;
        deliver(&crm, &fake, "!upsert customers 1").await;
        let order = OrderPush { reference: "CRM-O-1".into(), ..OrderPush::default() };
        crm.push_order(&fake.account, None, order).await.unwrap();
        fake.shop().refuses = Some((ErrorKind::Auth, Retry::Never));
        for _ in 0..30 {
            assert_eq!(work(&crm, &fake).await, (0, 1, 0));
            crm.work_outbox(&fake, &Stop::new()).await.unwrap();
            hands.pass(Duration::hours(1));
        }
        fake.shop().refuses = None;
        if connects {
            crm.connect(&fake, LinkRules::default(), LinkOptions::default()).await.unwrap();
        }
        fake.shop().refuses = Some((ErrorKind::Unavailable, Retry::Backoff));
        assert_eq!(work(&crm, &fake).await, (0, 1, 0));
        let worked = crm.work_outbox(&fake, &Stop::new()).await.unwrap();
        assert_eq!((worked.done, worked.later, worked.dead), (0, 1, 0));
        fake.shop().refuses = None;
        hands.pass(Duration::minutes(1));
        assert_eq!(work(&crm, &fake).await, (1, 0, 0));
        assert_eq!(crm.work_outbox(&fake, &Stop::new()).await.unwrap().done, 1);
        let link = crm.store().link(&fake.account).await.unwrap().unwrap();
        assert_eq!(link.status, LinkStatus::Enabled);
    }
}

#[tokio::test]
async fn what_waited_for_credentials_goes_on_as_soon_as_they_are_accepted() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    fake.shop().refuses = Some((ErrorKind::Auth, Retry::Never));
    for id in 1..=9 {
        fake.customer(&id.to_string(), "Lan", &format!("091200012{id}"));
        deliver(&crm, &fake, &format!("!upsert customers {id}")).await;
    }
    let asked = fake.shop().reads;
    assert_eq!(work(&crm, &fake).await, (0, 9, 0));
    assert_eq!(fake.shop().reads - asked, 1, "who was refused once is refused again");
    fake.shop().refuses = None;
    assert_eq!(work(&crm, &fake).await, (0, 0, 0), "it is not asked all the time");
    // Something else finds out.
    pull(&crm, &fake).await;
    assert_eq!(work(&crm, &fake).await, (9, 0, 0));
    // A delivery that shows what it tells proves nothing about the credentials.
    fake.shop().refuses = Some((ErrorKind::Auth, Retry::Never));
    deliver(&crm, &fake, "!upsert customers 1").await;
    work(&crm, &fake).await;
    deliver(&crm, &fake, "upsert customers 2 name=Lan").await;
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    let link = crm.store().link(&fake.account).await.unwrap().unwrap();
    assert_eq!(link.status, LinkStatus::Parked);
}

#[tokio::test]
async fn an_object_that_is_not_there_yet_uses_up_no_tries() {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.lag = Duration::hours(20);
    let crm = connected(&hands, &fake).await;
    deliver(&crm, &fake, "!upsert customers 1").await;
    for _ in 0..60 {
        assert_eq!(work(&crm, &fake).await.2, 0);
        hands.pass(Duration::minutes(10));
    }
    fake.customer("1", "Lan", "0912000123");
    fake.shop().refuses = Some((ErrorKind::Timeout, Retry::Backoff));
    assert_eq!(work(&crm, &fake).await, (0, 1, 0));
    fake.shop().refuses = None;
    hands.pass(Duration::minutes(10));
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Lan"));
}

#[tokio::test]
async fn an_unproven_record_is_not_believed_where_nothing_is_given_by_id() {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.gives = false;
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    hands.pass(Duration::minutes(1));
    deliver(&crm, &fake, "!upsert customers 1 name=Hoa").await;
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Lan"));
    let run = crm.store().runs(None, 1).await.unwrap().pop().unwrap();
    assert!(run.notes[0].contains("customers 1: announced without a proof"), "{:?}", run.notes);
    // What it told of is in the next list.
    fake.change("1", |record| record.name = Some("Hoa".into()));
    pull(&crm, &fake).await;
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Hoa"));
    hands.pass(Duration::minutes(1));
    deliver(&crm, &fake, "upsert customers 1 name=Mai").await;
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Mai"), "this one is proven");
}

#[tokio::test]
async fn a_record_counts_although_its_delivery_names_another_object() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    fake.order("7", "1", 100);
    hands.pass(Duration::minutes(1));
    deliver(&crm, &fake, "upsert customers 2 name=Hoa +orders/7").await;
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    assert_eq!(name_of(&crm, &fake, "2").await.as_deref(), Some("Hoa"));
    assert_eq!(alive(&crm, &fake, Stream::Orders).await, 1);
    // It is not lost either while the other object cannot be read.
    deliver(&crm, &fake, "upsert customers 3 name=Mai +orders/8").await;
    assert_eq!(work(&crm, &fake).await, (0, 1, 0));
    assert_eq!(name_of(&crm, &fake, "3").await.as_deref(), Some("Mai"));
}

#[tokio::test]
async fn a_delivery_that_is_replayed_says_what_to_read() {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    deliver(&crm, &fake, "upsert customers 1 name=Lan").await;
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    let asked = fake.shop().reads;
    // The same row, read better; no time of change moved, and a list may have shown it since.
    fake.shop().customers.get_mut("1").unwrap().name = Some("Mai Lan".to_owned());
    hands.pass(Duration::minutes(1));
    assert_eq!(crm.replay(&fake.account, &Which::All).await.unwrap(), 1);
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Mai Lan"));
    assert_eq!(fake.shop().reads - asked, 1);
    // What is not given by id counts as it was seen then, and is behind by now.
    fake.gives = false;
    crm.replay(&fake.account, &Which::All).await.unwrap();
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    assert_eq!(name_of(&crm, &fake, "1").await.as_deref(), Some("Mai Lan"));
}

#[tokio::test]
async fn many_that_a_full_read_did_not_show_are_looked_at_in_pieces() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 0..260 {
        fake.customer(&number.to_string(), "Lan", &format!("0912000{number:03}"));
    }
    let crm = connected(&hands, &fake).await;
    pull_all(&crm, &fake).await;
    hands.pass(Duration::hours(1));
    fake.shop().customers.retain(|id, _| id.parse::<u32>().unwrap() < 10);
    crm.pull(&fake, &PullOptions::default().with_full().with_release_brake()).await.unwrap();
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 10);
}

#[tokio::test]
async fn a_list_that_fails_does_not_starve_those_behind_it() {
    for (kind, goes_on) in [
        (ErrorKind::Forbidden, true),
        (ErrorKind::Unavailable, true),
        (ErrorKind::RateLimited, false),
        (ErrorKind::Auth, false),
    ] {
        let hands = Hands::default();
        let fake = Fake::new(&hands);
        fake.customer("1", "Lan", "0912000123");
        fake.order("7", "1", 100);
        let crm = connected(&hands, &fake).await;
        fake.shop().broken = Some((Stream::Customers, kind));
        let error = crm.pull(&fake, &PullOptions::default()).await.unwrap_err();
        assert!(matches!(&error, SyncError::Vendor(error) if error.kind() == kind), "{error}");
        assert_eq!(alive(&crm, &fake, Stream::Orders).await, u64::from(goes_on), "{kind}");
        let failed = crm.store().runs(None, 9).await.unwrap().pop().unwrap();
        assert_eq!(failed.stream, Some(Stream::Customers));
        assert!(matches!(failed.status, RunStatus::Failed(_)), "{failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_never_works_makes_nobody_read_the_others_more_often() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    fake.shop().broken = Some((Stream::Customers, ErrorKind::Forbidden));
    let stop = Stop::new();
    let asked = fake.shop().reads;
    let hour = std::time::Duration::from_secs(3600);
    let follow = crm.follow(&fake, hour, &stop);
    let watch = async {
        tokio::time::sleep(20 * hour).await;
        stop.stop();
    };
    tokio::join!(follow, watch);
    // Two lists each time: a few times in quick succession, then once an hour.
    let asked = fake.shop().reads - asked;
    assert!((40..80).contains(&asked), "{asked}");
}

/// Stops everything as soon as something was committed.
#[derive(Debug, Default)]
struct Once {
    stop: Stop,
    large: AtomicI64,
}

impl Observer for Once {
    fn on(&self, event: &Event<'_>) {
        if matches!(event, Event::Page { .. }) {
            self.stop.stop();
        }
    }

    fn large_import(&self, _: &Account, _: u64) -> bool {
        self.large.fetch_add(1, Ordering::SeqCst);
        true
    }
}

#[tokio::test]
async fn the_run_of_a_box_says_how_it_ended() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let store = MemoryStore::new();
    let crm = Crm::new(Arc::new(store.clone())).with_clock(hands.clock());
    crm.connect(&fake, LinkRules::default(), LinkOptions::default()).await.unwrap();
    let last = async || crm.store().runs(None, 1).await.unwrap().pop().unwrap();
    for id in 0..60 {
        fake.customer(&id.to_string(), "Lan", &format!("09120001{id:02}"));
        deliver(&crm, &fake, &format!("!upsert customers {id}")).await;
    }
    // Stopped before the second half.
    let once = Arc::new(Once::default());
    crm.clone().with_observer(once.clone()).work_inbox(&fake, &once.stop).await.unwrap();
    let run = last().await;
    assert_eq!((run.status, run.counts.created, run.finished_at.is_some()), (RunStatus::Stopped, 50, true));
    // Another worker takes it over while an object is read.
    fake.shop().thief = Some(store);
    hands.pass(Duration::minutes(1));
    crm.work_inbox(&fake, &Stop::new()).await.unwrap_err();
    let run = last().await;
    assert!(matches!(&run.status, RunStatus::Failed(why) if why.contains("lost")), "{:?}", run.status);
    assert!(run.finished_at.is_some());
    fake.shop().thief = None;
    hands.pass(Duration::hours(3));
    assert_eq!(work(&crm, &fake).await, (10, 0, 0));
    assert_eq!(last().await.status, RunStatus::Done);
    // A stop before the second push.
    for (number, reference) in ["CRM-O-1", "CRM-O-2"].into_iter().enumerate() {
        let order = OrderPush {
            reference: reference.into(),
            buyer_id: Some(number.to_string()),
            ..OrderPush::default()
        };
        crm.push_order(&fake.account, None, order).await.unwrap();
    }
    let once = Arc::new(Once::default());
    crm.clone().with_observer(once.clone()).work_outbox(&fake, &once.stop).await.unwrap();
    let run = last().await;
    assert_eq!((run.kind, run.status), (RunKind::Push, RunStatus::Stopped));
}

#[tokio::test]
async fn items_of_a_delivery_that_cannot_be_read_are_counted() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    deliver(&crm, &fake, "upsert customers 1 name=Lan ?").await;
    assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    let run = crm.store().runs(None, 1).await.unwrap().pop().unwrap();
    assert_eq!((run.counts.total, run.counts.created, run.counts.rejected), (2, 1, 1));
    assert_eq!(crm.store().rejections(run.id, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_interrupted_import_is_found_behind_any_number_of_other_runs() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 0..9 {
        fake.customer(&number.to_string(), "Lan", &format!("091200010{number}"));
    }
    let once = Arc::new(Once::default());
    let crm = crm(&hands).with_observer(once.clone());
    let mut options = LinkOptions::default();
    (options.records_per_commit, options.large_import) = (1, 5);
    crm.connect(&fake, LinkRules::default(), options).await.unwrap();
    let stopped = PullOptions::default().with_stop(once.stop.clone());
    let begun = crm.pull(&fake, &stopped).await.unwrap().remove(0);
    assert_eq!(begun.status, RunStatus::Stopped);
    for _ in 0..101 {
        hands.pass(Duration::seconds(1));
        deliver(&crm, &fake, "!upsert customers 1").await;
        assert_eq!(work(&crm, &fake).await, (1, 0, 0));
    }
    let run = pull(&crm, &fake).await.remove(0);
    assert_eq!((run.id, run.counts.total, run.status), (begun.id, 9, RunStatus::Done));
    assert_eq!(once.large.load(Ordering::SeqCst), 1, "it is asked once");
}

#[tokio::test]
async fn an_interval_beyond_every_calendar_never_comes() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = crm(&hands);
    let options = LinkOptions { full_every_seconds: Some(u64::MAX), ..LinkOptions::default() };
    crm.connect(&fake, LinkRules::default(), options).await.unwrap();
    let kinds = async || pull(&crm, &fake).await.iter().map(|run| run.kind).collect::<Vec<_>>();
    assert_eq!(kinds().await, [RunKind::Full; 2]);
    hands.pass(Duration::days(400));
    assert_eq!(kinds().await, [RunKind::CatchUp; 2]);
}

fn order_push(hands: &Hands, with_time: bool) -> OrderPush {
    OrderPush {
        reference: "CRM-O-1".into(),
        buyer_id: Some("1".into()),
        created_at: with_time.then(|| hands.now()),
        ..OrderPush::default()
    }
}

/// The order was made; a day later the host, which forgot, puts it again under the same reference.
#[tokio::test]
async fn an_order_that_is_put_again_after_it_was_made_is_made_once() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    for _ in 0..2 {
        crm.push_order(&fake.account, None, order_push(&hands, false)).await.unwrap();
        crm.work_outbox(&fake, &Stop::new()).await.unwrap();
        hands.pass(Duration::hours(1));
    }
    assert_eq!(fake.shop().orders.len(), 1);
}

/// Twenty customers; the list is empty for a moment and reading by id says "not found": the brake stands before it.
#[tokio::test]
async fn a_small_shop_that_shows_nothing_for_a_moment_loses_nobody() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    for number in 1..=20 {
        fake.customer(&number.to_string(), "Lan", &format!("09120001{number:02}"));
    }
    let crm = connected(&hands, &fake).await;
    pull_all(&crm, &fake).await;
    hands.pass(Duration::hours(1));
    fake.shop().customers.clear();
    pull_all(&crm, &fake).await;
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 20);
}

/// A relabelled delivery claims an uninstallation while something on the way answers "forbidden" for a moment.
#[tokio::test]
async fn an_uninstallation_is_not_believed_because_of_a_moment_of_forbidden() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = connected(&hands, &fake).await;
    fake.shop().refuses = Some((ErrorKind::Forbidden, Retry::Never));
    deliver(&crm, &fake, "!uninstalled").await;
    work(&crm, &fake).await;
    fake.shop().refuses = None;
    assert_eq!(crm.store().link(&fake.account).await.unwrap().unwrap().status, LinkStatus::Enabled);
}

/// A guest's order moves from one contact to another whose name agrees: the mirror hears of it.
#[tokio::test]
async fn a_mirror_hears_that_a_document_went_to_another_contact() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    let crm = crm(&hands);
    let rules = LinkRules { match_by: Some(Vec::new()), ..LinkRules::default() };
    crm.connect(&fake, rules, LinkOptions::default()).await.unwrap();
    // This vendor matches by id alone: records stay apart; a person says that two are one, and takes it back.
    let mut all = Vec::new();
    for (id, minute) in [("1", 0), ("2", 1)] {
        hands.pass(Duration::minutes(minute));
        let mut record =
            CustomerRecord { id: id.to_owned(), name: Some("Lan".to_owned()), ..CustomerRecord::default() };
        record.raw_name = record.name.clone();
        record.created_at = Some(hands.now());
        record.updated_at = Some(hands.now());
        all.push(pos_core::record::Record::from(record));
        let mut order = OrderRecord::new(DocumentKind::Order, format!("o{id}"));
        let party = Party { id: Some(id.to_owned()), ..Party::default() };
        order.buyer = Some(party);
        order.total = Some(100.into());
        order.status.category = StatusCategory::Completed;
        order.payment = PaymentState::new(PaymentCategory::Paid, None);
        order.placed_at = Some(hands.now());
        order.updated_at = Some(hands.now());
        all.push(order.into());
    }
    crm.apply(&Batch::new(fake.account.clone(), all)).await.unwrap();
    let id = |customer: &str| pos_core::identity::SubjectId::customer(&fake.account, customer);
    let last = crm.store().changes(0, 1000).await.unwrap().last().unwrap().sequence;
    crm.decide(crm_merge::Decision::Same(id("1"), id("2"))).await.unwrap();
    let told = crm.store().changes(last, 1000).await.unwrap();
    let joined = crm.store().subject(&id("1")).await.unwrap().unwrap().contact.unwrap();
    let names_it = |told: &[pos_sync::Changed], id: &ContactId| {
        told.iter().any(|change| change.what == ChangedObject::Contact(id.clone()))
    };
    assert_eq!(crm.store().totals(&joined).await.unwrap()[0].orders, 2);
    assert!(names_it(&told, &joined), "its sums doubled: {told:?}");
    let last = told.last().unwrap().sequence;
    crm.revoke(crm_merge::Decision::Same(id("1"), id("2"))).await.unwrap();
    let told = crm.store().changes(last, 1000).await.unwrap();
    assert_eq!(crm.store().totals(&joined).await.unwrap()[0].orders, 1);
    assert!(names_it(&told, &joined), "its sums are half of what they were: {told:?}");
}

/// Two machines share a store; the clock of the one that takes deliveries in is off by an hour.
async fn told_at(hours: i64, fake: &Fake, text: &str) -> (Crm, Crm) {
    let store = Arc::new(MemoryStore::new());
    let right = Crm::new(store.clone()).with_clock(fake.hands.clock());
    let wrong = Crm::new(store).with_clock(fake.hands.clock().ahead_by(Duration::hours(hours)));
    right.connect(fake, LinkRules::default(), LinkOptions::default()).await.unwrap();
    pull(&right, fake).await;
    fake.hands.pass(Duration::minutes(1));
    let headers = http::HeaderMap::new();
    let received = fake.hands.now() + Duration::hours(hours);
    let request = WebhookRequest::new(&headers, text.as_bytes(), received);
    assert!(wrong.receive(&fake.account, &Door, &request).await.unwrap().accepted);
    fake.hands.pass(Duration::seconds(1));
    (right, wrong)
}

#[tokio::test]
async fn a_delivery_that_a_machine_with_a_clock_ahead_took_in_is_due_at_once() {
    let hands = Hands::default();
    let fake = Fake::new(&hands);
    fake.customer("1", "Lan", "0912000123");
    let (right, _) = told_at(1, &fake, "!upsert customers 1").await;
    assert_eq!(work(&right, &fake).await, (1, 0, 0));
}

/// Eleven tries failed and the push died while it may have arrived: a person revives it a day later.
#[tokio::test]
async fn an_order_that_died_and_is_revived_is_made_once() {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.lag = Duration::minutes(5);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    fake.shop().loses_answers = 1;
    crm.push_order(&fake.account, None, order_push(&hands, false)).await.unwrap();
    crm.work_outbox(&fake, &Stop::new()).await.unwrap();
    fake.shop().refuses = Some((ErrorKind::Rejected, Retry::Never));
    hands.pass(Duration::hours(2));
    crm.work_outbox(&fake, &Stop::new()).await.unwrap();
    fake.shop().refuses = None;
    hands.pass(Duration::hours(24));
    assert_eq!(crm.revive(&fake.account, pos_sync::Boxed::Outbox, &Which::All).await.unwrap(), 1);
    for _ in 0..5 {
        crm.work_outbox(&fake, &Stop::new()).await.unwrap();
        hands.pass(Duration::minutes(10));
    }
    assert_eq!(fake.shop().orders.len(), 1);
}

/// A process that has just started has asked the vendor nothing yet, and its own clock is off by an hour.
async fn first_thing_is_a_deletion(hours: i64) -> (Hands, Fake, Crm) {
    let hands = Hands::default();
    let mut fake = Fake::new(&hands);
    fake.ahead = Duration::hours(-hours);
    fake.customer("1", "Lan", "0912000123");
    let crm = connected(&hands, &fake).await;
    pull(&crm, &fake).await;
    hands.pass(Duration::minutes(5));
    fake.shop().reads = 0;
    deliver(&crm, &fake, "delete customers 1").await;
    work(&crm, &fake).await;
    (hands, fake, crm)
}

#[tokio::test]
async fn a_deletion_told_to_a_fresh_process_whose_clock_is_ahead_ends_when_a_full_read_shows_the_customer() {
    let (hands, fake, crm) = first_thing_is_a_deletion(1).await;
    hands.pass(Duration::minutes(5));
    pull_all(&crm, &fake).await;
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 1, "the shop has it, and a full read showed it");
}

#[tokio::test]
async fn a_deletion_told_to_a_fresh_process_whose_clock_is_behind_counts() {
    let (_, fake, crm) = first_thing_is_a_deletion(-1).await;
    assert_eq!(alive(&crm, &fake, Stream::Customers).await, 0);
}

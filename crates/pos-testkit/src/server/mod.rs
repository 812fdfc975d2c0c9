//! The frame of every sandbox: listener, log, clock, faults on their way to the wire, limits, the sender of webhooks.
//!
//! A vendor is a type that keeps what the shop keeps and implements [`Vendor`]: how a request is answered, and the vendor's own
//! shapes of a refusal. Everything else is here, once.

mod answer;
mod asked;
mod limits;
mod members;
mod serve;

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use url::Url;

pub use answer::Answer;
pub use asked::{Asked, Logged, Query};
pub(crate) use limits::{Bucket, Window};
pub(crate) use members::{digits, object, text};

use crate::fault::{Drift, Faults};
use crate::seed::Shop;
use crate::wire;

/// The options of a vendor: for each switch what it means, its name, type and default, and the setter where there is one.
/// Those that every sandbox has are added.
macro_rules! options {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {$(
            $(#[$what:meta])*
            $option:ident: $type:ty = $default:expr $(, $setter:ident)?;
        )*}
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $name {
            /// What is in the shop.
            pub shop: $crate::seed::Shop,
            /// Port on loopback; 0 takes a free one.
            pub port: u16,
            /// Every answer takes at least this long.
            pub latency: Option<std::time::Duration>,
            /// How many requests the log keeps.
            pub log_limit: usize,
            $($(#[$what])* pub $option: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    shop: $crate::seed::Shop::default(),
                    port: 0,
                    latency: None,
                    log_limit: 2000,
                    $($option: $default,)*
                }
            }
        }

        impl $name {
            $crate::server::setter! {
                /// What is in the shop.
                shop: $crate::seed::Shop, with_shop
            }
            $crate::server::setter! {
                /// How many customers.
                shop.customers: u64, with_customers
            }
            $crate::server::setter! {
                /// What makes two shops different. Shops of all vendors with the same seed share their people.
                shop.seed: u64, with_seed
            }
            $crate::server::setter! {
                /// Port on loopback; 0 takes a free one.
                port: u16, with_port
            }
            $crate::server::setter! {
                /// Every answer takes at least this long.
                latency: Option<std::time::Duration>, with_latency
            }
            $($crate::server::setter! { $(#[$what])* $option: $type $(, $setter)? })*
        }

        impl $crate::server::Options for $name {
            fn frame(&self) -> $crate::server::Frame {
                let Self { port, latency, log_limit, .. } = *self;
                $crate::server::Frame { port, latency, log_limit }
            }

            fn shop(&self) -> &$crate::seed::Shop {
                &self.shop
            }
        }
    };
}
pub(crate) use options;

/// The setter of an option that has one.
macro_rules! setter {
    ($(#[$doc:meta])* $($member:ident).+: $type:ty) => {};
    ($(#[$doc:meta])* $($member:ident).+: $type:ty, $setter:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $setter(mut self, value: $type) -> Self {
            self.$($member).+ = value;
            self
        }
    };
}
pub(crate) use setter;

/// What the frame reads of the options of any vendor.
pub trait Options: Send + Sync + 'static {
    /// How it serves.
    fn frame(&self) -> Frame;

    /// What is in the shop.
    fn shop(&self) -> &Shop;
}

/// How a sandbox serves.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub(crate) port: u16,
    pub(crate) latency: Option<Duration>,
    pub(crate) log_limit: usize,
}

/// What a sandbox of a vendor adds to the frame. Its implementor keeps everything that the shop keeps.
pub trait Vendor: Send + Sized + 'static {
    /// How the sandbox behaves.
    type Options: Options;

    /// Requests to this path ask for a token: they are counted apart and stand in no log.
    const TOKEN_PATH: &'static str = "";
    /// A parameter of queries that the log leaves out.
    const KEY: &'static str = "";
    /// How deliveries are made.
    const COURIER: Courier = Courier::ONCE;

    /// A shop as it starts; what it tells by webhook goes into the outbox.
    fn open(options: &mut Self::Options, faults: &Faults, outbox: &Outbox) -> Self;

    /// The shop's clock.
    fn clock(&mut self) -> &mut Clock;

    /// The answer to a request.
    fn answer(inner: &Inner<Self>, asked: &Asked, twist: Twist) -> Answer;

    /// The answer to somebody who asks too often.
    fn throttled(inner: &Inner<Self>, wait: Option<u32>) -> Answer;

    /// The vendor's own refusal, by its code.
    fn refused(inner: &Inner<Self>, code: &str) -> Answer;

    /// Ends every token; `Some` where the request is answered with it at once. By default there are no tokens that could go stale.
    fn stale(_inner: &Inner<Self>) -> Option<Answer> {
        None
    }

    /// The method by which fault rules know a request.
    fn method(asked: &Asked) -> &str {
        &asked.method
    }

    /// Passes on the answer that a fault made, or makes one: the place for what every answer costs and tells.
    fn respond(inner: &Inner<Self>, asked: &Asked, twist: Twist, made: Option<Answer>) -> Answer {
        made.unwrap_or_else(|| Self::answer(inner, asked, twist))
    }

    /// What goes on beside the server until the sandbox ends.
    fn beside(_inner: &Arc<Inner<Self>>) -> Option<JoinHandle<()>> {
        None
    }
}

/// What a fault changes about the answer to a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Twist {
    /// The row of the page that is broken.
    pub broken_row: Option<usize>,
    /// The last page comes again.
    pub repeat_tail: bool,
    /// How the list changes after the page.
    pub drift: Option<Drift>,
}

/// A shop's clock: the computer's unless it is stopped, and so much ahead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    stopped: Option<i64>,
    ahead: i64,
    passed: i64,
}

impl Clock {
    pub(crate) fn ahead(ahead: time::Duration) -> Self {
        Self { ahead: whole_ms(ahead), ..Self::default() }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let running = self.stopped.unwrap_or_else(|| to_ms(OffsetDateTime::now_utc()));
        running.saturating_add(self.ahead).saturating_add(self.passed)
    }

    pub(crate) fn pass(&mut self, time: time::Duration) {
        self.passed += whole_ms(time);
    }
}

fn whole_ms(time: time::Duration) -> i64 {
    i64::try_from(time.whole_milliseconds()).unwrap_or(0)
}

/// Unix milliseconds.
pub(crate) fn to_ms(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// A length of time in milliseconds.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn instant(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// How a vendor delivers webhooks, at the pace of a test.
#[derive(Clone, Copy, Debug)]
pub struct Courier {
    /// How often one delivery is tried.
    pub tries: u32,
    /// How long an answer is waited for.
    pub patience: Duration,
    /// The pause after the first try, and what it is multiplied with after each further one.
    pub pause: (Duration, u32),
    /// Which statuses mean that it was taken; every answer does when absent.
    pub taken: Option<fn(u16) -> bool>,
}

impl Courier {
    /// One try, whatever comes of it.
    pub const ONCE: Self =
        Self { tries: 1, patience: Duration::from_secs(10), pause: (Duration::ZERO, 1), taken: None };

    /// Makes deliveries one after the other until the sandbox ends.
    async fn carry(self, mut waiting: UnboundedReceiver<Delivery>) {
        while let Some((url, headers, body)) = waiting.recv().await {
            let (mut pause, growth) = self.pause;
            for _ in 0..self.tries {
                let sent = wire::send("POST", &url, &headers, &body);
                let answered = tokio::time::timeout(self.patience, sent).await;
                if let Ok(Ok(answer)) = answered
                    && self.taken.is_none_or(|taken| taken(answer.status))
                {
                    break;
                }
                tokio::time::sleep(pause).await;
                pause *= growth;
            }
        }
    }
}

type Delivery = (Url, HeaderMap, Bytes);

/// Where deliveries wait for the courier.
#[derive(Clone, Debug)]
pub struct Outbox(UnboundedSender<Delivery>);

impl Outbox {
    /// Hands a delivery to the courier. A sandbox that is ending sends nothing.
    pub(crate) fn post(&self, url: Url, headers: HeaderMap, body: Bytes) {
        drop(self.0.send((url, headers, body)));
    }
}

/// Whether an address is on this machine. Nothing is ever sent away from it.
pub(crate) fn is_here(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"))
}

/// What the server and the sandbox share.
pub struct Inner<V: Vendor> {
    pub(crate) options: V::Options,
    faults: Faults,
    state: Mutex<V>,
    log: Mutex<asked::Log>,
    requests: AtomicU64,
    token_requests: AtomicU64,
    pub(crate) outbox: Outbox,
}

impl<V: Vendor> fmt::Debug for Inner<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("shop", self.shop()).finish_non_exhaustive()
    }
}

impl<V: Vendor> Inner<V> {
    pub(crate) fn state(&self) -> MutexGuard<'_, V> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shop(&self) -> &Shop {
        self.options.shop()
    }
}

/// A running shop. It ends when it is dropped.
pub struct Sandbox<V: Vendor> {
    pub(crate) inner: Arc<Inner<V>>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl<V: Vendor> fmt::Debug for Sandbox<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("address", &self.address)
            .field("shop", self.inner.shop())
            .finish_non_exhaustive()
    }
}

impl<V: Vendor> Drop for Sandbox<V> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl<V: Vendor> Sandbox<V> {
    /// Starts a shop on loopback, on the current runtime.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(mut options: V::Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.frame().port)).await?;
        let address = listener.local_addr()?;
        let faults = Faults::new(options.shop().seed);
        let (sender, waiting) = unbounded_channel();
        let outbox = Outbox(sender);
        let state = V::open(&mut options, &faults, &outbox);
        let inner = Arc::new(Inner {
            faults,
            state: Mutex::new(state),
            log: Mutex::default(),
            requests: AtomicU64::new(0),
            token_requests: AtomicU64::new(0),
            outbox,
            options,
        });
        let mut tasks = vec![tokio::spawn(V::COURIER.carry(waiting))];
        tasks.extend(V::beside(&inner));
        tasks.push(tokio::spawn(serve::serve(listener, Arc::clone(&inner))));
        Ok(Self { inner, address, tasks })
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        let address = self.address;
        Url::parse(&format!("http://{address}{path}"))
            .unwrap_or_else(|_| unreachable!("an address makes a URL"))
    }

    /// How it was started.
    pub fn options(&self) -> &V::Options {
        &self.inner.options
    }

    /// The seeded data that it started with.
    pub fn shop(&self) -> &Shop {
        self.inner.shop()
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The last requests, oldest first, without those for a token.
    pub fn requests(&self) -> Vec<Logged> {
        self.inner.log().all()
    }

    /// How many requests came, without those for a token.
    pub fn request_count(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// How many requests for a token came.
    pub fn token_requests(&self) -> u64 {
        self.inner.token_requests.load(Ordering::Relaxed)
    }

    /// What time it is in the shop.
    pub fn now(&self) -> OffsetDateTime {
        instant(self.inner.state().clock().now_ms())
    }

    /// Stops the shop's clock at an instant; `None` lets it run with the computer's.
    pub fn set_clock(&self, at: Option<OffsetDateTime>) {
        self.inner.state().clock().stopped = at.map(to_ms);
    }

    /// Sets the shop's clock off from the computer's, or from where it was stopped.
    pub fn set_clock_offset(&self, offset: time::Duration) {
        self.inner.state().clock().ahead = whole_ms(offset);
    }

    /// Lets time pass in the shop.
    pub fn pass(&self, time: time::Duration) {
        self.inner.state().clock().pass(time);
    }
}

/// A sandbox of any vendor, as far as they are alike.
pub trait Running {
    /// What goes wrong.
    fn faults(&self) -> &Faults;
    /// The seeded data that it started with.
    fn shop(&self) -> &Shop;
    /// How many requests came, without those for a token.
    fn request_count(&self) -> u64;
    /// How many requests for a token came.
    fn token_requests(&self) -> u64;
    /// What time it is in the shop.
    fn now(&self) -> OffsetDateTime;
}

impl<V: Vendor> Running for Sandbox<V> {
    fn faults(&self) -> &Faults {
        self.faults()
    }

    fn shop(&self) -> &Shop {
        self.shop()
    }

    fn request_count(&self) -> u64 {
        self.request_count()
    }

    fn token_requests(&self) -> u64 {
        self.token_requests()
    }

    fn now(&self) -> OffsetDateTime {
        self.now()
    }
}

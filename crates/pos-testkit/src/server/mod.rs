//! The frame of every sandbox: listener, log, clock, faults on their way to the wire, limits, the sender of webhooks.
//!
//! A vendor is a type that keeps what the shop keeps and implements [`Vendor`]: how a request is answered, and the vendor's own
//! shapes of a refusal. Everything else is here, once.

mod answer;
mod asked;
mod clock;
mod courier;
mod entered;
mod limits;
mod members;
mod serve;
mod switches;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

pub use answer::Answer;
pub use asked::{Asked, Logged, Query};
pub use clock::Clock;
pub(crate) use clock::{instant, millis, to_ms};
pub(crate) use courier::is_here;
pub use courier::{Courier, Outbox};
pub use entered::Entered;
pub(crate) use limits::{Bucket, Window};
pub(crate) use members::{digits, object, text};
pub use switches::{Frame, Options};
pub(crate) use switches::{options, setter};

use crate::fault::{Drift, Faults};
use crate::seed::Shop;

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

    /// Notes that a request begins, for vendors that take only so many at once; it is refused with an answer.
    fn enter(_inner: &Arc<Inner<Self>>, _asked: &Asked) -> Result<Entered, Answer> {
        Ok(Entered::default())
    }

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

    /// The path by which fault rules know a request.
    fn path(asked: &Asked) -> Cow<'_, str> {
        Cow::Borrowed(&asked.path)
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
        let (outbox, courier) = V::COURIER.employ();
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
        let mut tasks = vec![tokio::spawn(courier)];
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
        self.inner.state().clock().stop(at);
    }

    /// Sets the shop's clock off from the computer's, or from where it was stopped.
    pub fn set_clock_offset(&self, offset: time::Duration) {
        self.inner.state().clock().set_off(offset);
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

//! The suite that every connector passes.
//!
//! A vendor crate adds one call to its tests:
//!
//! ```ignore
//! pos_testkit::connector_contract!(
//!     pos_testkit::kiotviet::Sandbox,
//!     |shop| connector(shop), // -> Arc<dyn Connector>
//!     |shop| verifier(shop),  // -> Arc<dyn WebhookVerifier>
//! );
//! ```
//!
//! and gets a `#[test]` for each function of [`suite`]. What differs between vendors is read from the connector's own
//! [`capabilities`](pos_core::Connector::capabilities); a test about a capability that is off ends at once. A test that a
//! vendor cannot pass for another reason is named with that reason:
//!
//! ```ignore
//! pos_testkit::connector_contract!(Sandbox, connector, verifier,
//!     skip: [("a_lost_answer_makes_no_second_order", "the vendor shows no marker of ours on an order")]);
//! ```
//!
//! The tests run on real time, because a paused clock does not wait for sockets. So the connector under test is built with
//! the [`connection`] of this module: short waits, short time limits, and no spacing between requests.

pub mod suite;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use pos_core::connector::{CustomerPush, OrderPush};
use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::record::Stream;
use pos_core::{Connector, ErrorKind, WebhookVerifier};
use time::OffsetDateTime;

use crate::fault::Faults;

/// How the connector under test reaches its sandbox.
pub fn connection(base_url: impl std::fmt::Display) -> Connection {
    let retry = RetryPolicy {
        first_wait: Duration::from_millis(20),
        patience: Duration::from_secs(5),
        ..RetryPolicy::default()
    };
    Connection {
        limits: Some(Vec::new()),
        retry: Some(retry),
        time_limit: Some(Duration::from_millis(400)),
        ..Connection::to(base_url.to_string())
    }
}

/// What a sandbox is started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

/// A sandbox as the suite sees it. The next vendor implements this and passes it to
/// [`connector_contract!`](crate::connector_contract).
pub trait VendorSandbox: fmt::Debug + Send + Sync + Sized + 'static {
    /// Starts an empty log and a shop of this size.
    fn start(setup: Setup) -> impl Future<Output = Self> + Send;

    /// What goes wrong.
    fn faults(&self) -> &Faults;

    /// How many requests came, tokens aside.
    fn request_count(&self) -> u64;

    /// How many requests for a token came.
    fn token_requests(&self) -> u64;

    /// The path that lists a stream, for fault rules; `None` when the vendor has no such list.
    fn list_path(&self, stream: Stream) -> Option<&'static str>;

    /// The path that a new customer or order is posted to.
    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        self.list_path(stream)
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

    /// Whether the credentials do not open the list of a stream.
    fn is_closed(&self, _stream: Stream) -> bool {
        false
    }

    /// What time it is there.
    fn now(&self) -> OffsetDateTime;

    /// Lets so much time pass in the shop that lists show what was written. The suite calls it before it looks for what it
    /// wrote; a shop whose lists show everything at once has nothing to wait for.
    fn settle(&self) {}

    /// Makes the credentials that were handed out so far stop working.
    fn revoke_credentials(&self);

    /// Makes the tokens that were handed out so far stop working. Answers false when the vendor has none to renew.
    fn expire_tokens(&self) -> bool;

    /// Everything secret: keys, tokens, secrets.
    fn secrets(&self) -> Vec<String>;

    /// Names, phone numbers and e-mail addresses of the shop's people, as written.
    fn personal(&self) -> Vec<String>;

    /// A customer to push.
    fn customer_push(&self, reference: &str) -> CustomerPush;

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

    /// The same delivery as the vendor repeats it when nobody answered.
    fn next_attempt(&self, shipment: &Shipment) -> Option<Shipment>;

    /// The same change in another shop, with a right proof, where deliveries name their shop.
    fn for_another_shop(&self, shipment: &Shipment) -> Option<Shipment>;
}

type Connect<S> = Box<dyn Fn(&S) -> Arc<dyn Connector> + Send + Sync>;
type Verify<S> = Box<dyn Fn(&S) -> Arc<dyn WebhookVerifier> + Send + Sync>;

/// A vendor under test.
pub struct Contract<S> {
    connect: Connect<S>,
    verify: Verify<S>,
    skipped: Vec<(&'static str, &'static str)>,
}

impl<S> fmt::Debug for Contract<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("skipped", &self.skipped).finish_non_exhaustive()
    }
}

impl<S: VendorSandbox> Contract<S> {
    /// A vendor by how its connector and its verifier are built for a sandbox.
    pub fn new(
        connect: impl Fn(&S) -> Arc<dyn Connector> + Send + Sync + 'static,
        verify: impl Fn(&S) -> Arc<dyn WebhookVerifier> + Send + Sync + 'static,
    ) -> Self {
        Self { connect: Box::new(connect), verify: Box::new(verify), skipped: Vec::new() }
    }

    /// Leaves out tests, each with its reason.
    #[must_use]
    pub fn skip(mut self, skipped: &[(&'static str, &'static str)]) -> Self {
        self.skipped.extend_from_slice(skipped);
        self
    }

    async fn shop(&self, setup: Setup) -> (S, Arc<dyn Connector>) {
        let shop = S::start(setup).await;
        let connector = (self.connect)(&shop);
        (shop, connector)
    }

    /// Runs one test of the suite, unless it is skipped.
    pub fn run<F: Future<Output = ()>>(self, name: &str, test: impl FnOnce(Self) -> F) {
        if let Some((_, reason)) = self.skipped.iter().find(|(skipped, _)| *skipped == name) {
            println!("skipped: {reason}");
            return;
        }
        if let Some((unknown, _)) = self.skipped.iter().find(|(skipped, _)| !suite::NAMES.contains(skipped)) {
            // A skip of a test that does not exist hides a mistake.
            assert!(suite::NAMES.contains(unknown), "there is no test {unknown} to skip");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(test(self)),
            Err(why) => assert!(why.to_string().is_empty(), "no runtime: {why}"),
        }
    }
}

/// Generates the whole suite for a vendor. See [`contract`](crate::contract).
#[macro_export]
macro_rules! connector_contract {
    ($sandbox:ty, $connect:expr, $verify:expr $(, skip: [$($skip:expr),* $(,)?])? $(,)?) => {
        $crate::connector_contract!(@each $sandbox, $connect, $verify, [$($($skip),*)?];
            good_credentials_are_accepted_and_bad_ones_refused
            a_full_scan_returns_every_record_once
            the_total_is_told
            a_page_holds_as_many_records_as_asked_for
            an_empty_shop_has_an_end
            rows_that_are_no_records_are_left_out
            a_scan_goes_on_after_a_restart
            a_foreign_cursor_is_refused_before_any_request
            a_window_holds_exactly_what_changed_in_it
            removed_records_are_told
            what_is_not_promised_sends_nothing
            an_argument_that_would_be_ignored_is_refused
            rows_that_vanish_between_pages_hide_no_others
            rows_that_are_added_or_changed_between_pages_hide_no_others
            a_repeated_last_page_ends_the_scan
            a_broken_record_costs_only_itself
            a_throttled_request_waits_and_succeeds
            a_failing_server_is_asked_again
            a_cut_answer_is_asked_for_again
            a_hanging_answer_times_out
            an_expired_token_is_renewed_once_for_all
            a_scan_survives_an_expired_token
            a_web_page_is_a_clear_error
            an_answer_of_another_shape_is_a_clear_error
            refusals_are_told_apart_and_not_repeated
            one_record_is_found_and_an_unknown_one_is_not
            the_same_customer_pushed_twice_is_one
            the_same_order_pushed_twice_is_one
            a_lost_answer_makes_no_second_customer
            a_lost_answer_makes_no_second_order
            lists_that_lag_make_no_second_customer
            lists_that_lag_make_no_second_order
            lists_that_lag_hide_nothing_for_good
            what_is_closed_is_told_and_costs_nothing_else
            concurrent_lists_do_not_disturb_each_other
            a_webhook_is_proven_and_read
            a_webhook_tells_deletions
            a_repeated_webhook_is_recognised
            an_altered_or_unsigned_webhook_is_refused
            an_unreadable_webhook_is_refused
            a_webhook_of_another_shop_is_refused
            nothing_secret_or_personal_is_printed
        );
    };
    (@each $sandbox:ty, $connect:expr, $verify:expr, $skip:tt; $($name:ident)*) => {$(
        #[test]
        fn $name() {
            $crate::contract::Contract::<$sandbox>::new($connect, $verify)
                .skip(&$skip)
                .run(stringify!($name), $crate::contract::suite::$name);
        }
    )*};
}

//! How the suite is run for a vendor.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pos_core::http::RetryPolicy;
use pos_core::kit::Connection;
use pos_core::{Connector, WebhookVerifier};

use super::sandbox::{Setup, VendorSandbox};

/// The names of the tests, for skips.
const NAMES: [&str; 43] = [
    "good_credentials_are_accepted_and_bad_ones_refused",
    "a_full_scan_returns_every_record_once",
    "the_total_is_told",
    "a_page_holds_as_many_records_as_asked_for",
    "an_empty_shop_has_an_end",
    "rows_that_are_no_records_are_left_out",
    "a_scan_goes_on_after_a_restart",
    "a_foreign_cursor_is_refused_before_any_request",
    "a_window_holds_exactly_what_changed_in_it",
    "removed_records_are_told",
    "what_is_not_promised_sends_nothing",
    "an_argument_that_would_be_ignored_is_refused",
    "rows_that_vanish_between_pages_hide_no_others",
    "rows_that_are_added_or_changed_between_pages_hide_no_others",
    "a_repeated_last_page_ends_the_scan",
    "a_broken_record_costs_only_itself",
    "a_throttled_request_waits_and_succeeds",
    "a_failing_server_is_asked_again",
    "a_cut_answer_is_asked_for_again",
    "a_hanging_answer_times_out",
    "an_expired_token_is_renewed_once_for_all",
    "a_scan_survives_an_expired_token",
    "a_web_page_is_a_clear_error",
    "an_answer_of_another_shape_is_a_clear_error",
    "refusals_are_told_apart_and_not_repeated",
    "one_record_is_found_and_an_unknown_one_is_not",
    "the_same_customer_pushed_twice_is_one",
    "the_same_order_pushed_twice_is_one",
    "a_guest_buys_where_that_is_promised",
    "a_lost_answer_makes_no_second_customer",
    "a_lost_answer_makes_no_second_order",
    "lists_that_lag_make_no_second_customer",
    "lists_that_lag_make_no_second_order",
    "lists_that_lag_hide_nothing_for_good",
    "what_is_closed_is_told_and_costs_nothing_else",
    "concurrent_lists_do_not_disturb_each_other",
    "a_webhook_is_proven_and_read",
    "a_webhook_tells_deletions",
    "a_repeated_webhook_is_recognised",
    "an_altered_or_unsigned_webhook_is_refused",
    "an_unreadable_webhook_is_refused",
    "a_webhook_of_another_shop_is_refused",
    "nothing_secret_or_personal_is_printed",
];

/// How the connector under test reaches its sandbox.
pub fn connection(base_url: impl fmt::Display) -> Connection {
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

type Connect<S> = Box<dyn Fn(&S) -> Arc<dyn Connector> + Send + Sync>;
type Verify<S> = Option<Box<dyn Fn(&S) -> Arc<dyn WebhookVerifier> + Send + Sync>>;

/// A vendor under test.
pub struct Contract<S> {
    pub(super) connect: Connect<S>,
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
        Self { verify: Some(Box::new(verify)), ..Self::polling(connect) }
    }

    /// A vendor that sends no webhooks.
    pub fn polling(connect: impl Fn(&S) -> Arc<dyn Connector> + Send + Sync + 'static) -> Self {
        Self { connect: Box::new(connect), verify: None, skipped: Vec::new() }
    }

    /// Leaves out tests, each with its reason.
    #[must_use]
    pub fn skip(mut self, skipped: &[(&'static str, &'static str)]) -> Self {
        self.skipped.extend_from_slice(skipped);
        self
    }

    pub(super) async fn shop(&self, setup: Setup) -> (S, Arc<dyn Connector>) {
        let shop = S::start(setup).await;
        let connector = (self.connect)(&shop);
        (shop, connector)
    }

    /// What proves this shop's webhooks, where the vendor sends any.
    pub(super) fn verifier(&self, shop: &S) -> Option<Arc<dyn WebhookVerifier>> {
        self.verify.as_ref().map(|verify| verify(shop))
    }

    /// Runs one test of the suite, unless it is skipped.
    pub fn run<F: Future<Output = ()>>(self, name: &str, test: impl FnOnce(Self) -> F) {
        if let Some((_, reason)) = self.skipped.iter().find(|(skipped, _)| *skipped == name) {
            println!("skipped: {reason}");
            return;
        }
        if let Some((unknown, _)) = self.skipped.iter().find(|(skipped, _)| !NAMES.contains(skipped)) {
            // A skip of a test that does not exist hides a mistake.
            assert!(NAMES.contains(unknown), "there is no test {unknown} to skip");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(test(self)),
            Err(why) => assert!(why.to_string().is_empty(), "no runtime: {why}"),
        }
    }
}

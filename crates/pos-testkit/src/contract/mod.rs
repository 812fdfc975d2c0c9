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
//! and gets a `#[test]` for each function of [`suite`]. A vendor that sends no webhooks leaves the verifier out. What differs
//! between vendors is read from the connector's own [`capabilities`](pos_core::Connector::capabilities); a test about a
//! capability that is off ends at once. A test that a vendor cannot pass for another reason is named with that reason:
//!
//! ```ignore
//! pos_testkit::connector_contract!(Sandbox, connector, verifier,
//!     skip: [("a_lost_answer_makes_no_second_order", "the vendor shows no marker of ours on an order")]);
//! ```
//!
//! The tests run on real time, because a paused clock does not wait for sockets. So the connector under test is built with
//! the [`connection`] of this module: short waits, short time limits, and no spacing between requests.

mod run;
mod sandbox;
pub mod suite;

pub use run::{Contract, connection};
pub use sandbox::{Change, SandboxOf, Setup, Shipment, Start, VendorSandbox};
pub(crate) use sandbox::{customer_of, number, order_of, started};

/// Kinds of a vendor's sandbox, each with its options. `Sandbox` and `options_of` stand beside them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:ident = $options:expr;)*) => {$(
        $(#[$doc])*
        pub type $name = $crate::contract::SandboxOf<$kind>;

        #[doc(hidden)]
        #[derive(Clone, Copy, Debug)]
        pub struct $kind;

        impl $crate::contract::Start for $kind {
            type Shop = Sandbox;

            async fn start(setup: $crate::contract::Setup) -> Sandbox {
                $crate::contract::started(options_of($options, setup)).await
            }
        }
    )*};
}
pub(crate) use kinds;

/// Generates the whole suite for a vendor. See [`contract`](crate::contract).
#[macro_export]
macro_rules! connector_contract {
    ($sandbox:ty, $connect:expr $(, skip: [$($skip:expr),* $(,)?])? $(,)?) => {
        $crate::connector_contract!(@all
            $crate::contract::Contract::<$sandbox>::polling($connect), [$($($skip),*)?]);
    };
    ($sandbox:ty, $connect:expr, $verify:expr $(, skip: [$($skip:expr),* $(,)?])? $(,)?) => {
        $crate::connector_contract!(@all
            $crate::contract::Contract::<$sandbox>::new($connect, $verify), [$($($skip),*)?]);
    };
    (@all $contract:expr, $skip:tt) => {
        $crate::connector_contract!(@each $contract, $skip;
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
            a_guest_buys_where_that_is_promised
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
    (@each $contract:expr, $skip:tt; $($name:ident)*) => {$(
        #[test]
        fn $name() {
            $contract.skip(&$skip).run(stringify!($name), $crate::contract::suite::$name);
        }
    )*};
}

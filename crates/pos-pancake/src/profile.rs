//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::Vendor;
use pos_core::http::{Limit, RetryPolicy};
use pos_core::kit::Profile;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The vendor names no limit; real answers are slow.
pub(crate) const PROFILE: Profile = Profile {
    // (Dq)
    base_url: "https://pos.pages.fm/api/v1",
    limits: &[Limit::Spacing(Duration::from_millis(500))],
    in_flight: 3,
    // A wait is between half and all of this: the first one is 1.5 to 3 s.
    retry: RetryPolicy {
        first_wait: Duration::from_secs(3),
        longest_wait: Duration::from_secs(60),
        ..RetryPolicy::USUAL
    },
    ..Profile::new("pancake", "Pancake POS")
};

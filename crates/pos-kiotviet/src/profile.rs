//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::Vendor;
use pos_core::http::{Limit, RetryPolicy};
use pos_core::kit::Profile;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// Every product line has a host of its own.
pub(crate) const PROFILE: Profile = Profile {
    // (D)
    limits: &[Limit::Window { requests: 5000, per: Duration::from_secs(3600) }],
    // A wait is between half and all of this: the first one is at least two seconds [C:4].
    retry: RetryPolicy {
        first_wait: Duration::from_secs(4),
        longest_wait: Duration::from_secs(60),
        ..RetryPolicy::USUAL
    },
    ..Profile::new("kiotviet", "KiotViet")
};

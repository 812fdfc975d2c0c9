//! What the machinery has to know of the vendor.

use pos_core::Vendor;
use pos_core::http::Limit;
use pos_core::identity::IdentityHints;
use pos_core::kit::Profile;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The largest page: documented and measured for orders; every production client uses it for customers and products,
/// whose maximum is not documented (D)(M)(?).
pub const MAX_PAGE: u32 = 50;

/// A bucket that tells how full it is (D).
pub(crate) const PROFILE: Profile = Profile {
    base_url: "https://apis.haravan.com",
    limits: &[Limit::Bucket { capacity: 80, per_second: 4.0 }],
    used: &["x-haravan-api-call-limit"],
    identity: IdentityHints {
        // Buyer and recipient of a shop have one number more often than they are one person.
        guarded: true,
        // The record that every shop's anonymous orders hang on (D)(M), and what looks like a script of the vendor's lists
        // beside it (?).
        blocked_emails: &[
            "guest@haravan.com",
            "khachhang@haravan.com",
            "guest+#@haravan.com",
            "#.phone@haravan.com",
        ],
    },
    ..Profile::new("haravan", "Haravan")
};

//! What the machinery has to know of the vendor.

use pos_core::Vendor;
use pos_core::http::Limit;
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
    ..Profile::new("haravan", "Haravan")
};

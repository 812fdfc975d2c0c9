//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::Vendor;
use pos_core::http::Limit;
use pos_core::kit::Profile;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// 150 requests in 30 s for each address (D).
pub(crate) const PROFILE: Profile = Profile {
    base_url: "https://pos.open.nhanh.vn",
    endpoint_limits: &[Limit::Window { requests: 150, per: Duration::from_secs(30) }],
    ..Profile::new("nhanh", "Nhanh.vn")
};

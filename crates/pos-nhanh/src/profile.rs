//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::Vendor;
use pos_core::http::Limit;
use pos_core::kit::Profile;
use url::Url;

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

/// How long a change may stay invisible: the bounds of filters are not documented as inclusive, and indexes lag.
pub(crate) const LAG_SECONDS: u32 = 300;

/// A path below an address.
pub(crate) fn joined(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

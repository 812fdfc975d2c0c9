//! What the machinery has to know of the vendor.

use pos_core::http::{Limit, RetryPolicy};
use pos_core::kit::Profile;
use pos_core::{Result, Vendor};
use url::Url;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The largest page (D).
pub const MAX_PAGE: u32 = 100;

/// Every shop has a host of its own, and it is a small one: one request at a time and two a second are our own choice,
/// because the vendor has no quota and hosts do not tell theirs.
pub(crate) const PROFILE: Profile = Profile {
    limits: &[Limit::Bucket { capacity: 2, per_second: 2.0 }],
    in_flight: 1,
    // A page that is too heavy for the host is soon asked for in halves.
    retry: RetryPolicy { attempts: 3, ..RetryPolicy::USUAL },
    ..Profile::new("woocommerce", "WooCommerce")
};

/// The address of a shop as somebody types it: HTTPS unless it says otherwise.
pub(crate) fn site(text: &str) -> Result<Url> {
    let text = PROFILE.filled("site", text)?;
    let text = if text.contains("://") { text } else { format!("https://{text}") };
    PROFILE.address("site", &text)
}

/// The name of a shop: host and path, whatever the scheme. The vendor writes the same address with a slash at its end.
pub(crate) fn account_of(site: &Url) -> String {
    let host = site.host_str().unwrap_or_default();
    let port = site.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{host}{port}{}", site.path().trim_end_matches('/'))
}

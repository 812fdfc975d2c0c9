//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::kit::Profile;
use pos_core::{Result, Vendor};
use url::Url;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The largest page that this crate asks for. The vendor has no largest page (M19); a thousand rows are a few megabytes.
pub const MAX_PAGE: u32 = 1000;

/// Every shop has a server of its own without a quota (M14, M19), which handles calls one by one: two at a time are our own
/// choice. A write that collides is tried by the server itself for up to half a minute (M19b), so an answer may take long.
pub(crate) const PROFILE: Profile =
    Profile { in_flight: 2, time_limit: Duration::from_secs(90), ..Profile::new("odoo", "Odoo") };

/// The address of a server as somebody types it: HTTPS unless it says otherwise.
pub(crate) fn site(text: &str) -> Result<Url> {
    let text = PROFILE.filled("site", text)?;
    let text = if text.contains("://") { text } else { format!("https://{text}") };
    PROFILE.address("site", &text)
}

/// The name of a shop: host and path, with the database before them where one is named, because a server may have several.
pub(crate) fn account_of(site: &Url, database: &str) -> String {
    let host = site.host_str().unwrap_or_default();
    let port = site.port().map(|port| format!(":{port}")).unwrap_or_default();
    let at = if database.is_empty() { String::new() } else { format!("{database}@") };
    format!("{at}{host}{port}{}", site.path().trim_end_matches('/'))
}

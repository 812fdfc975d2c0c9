//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::http::RetryPolicy;
use pos_core::kit::Profile;
use pos_core::{Result, Vendor};

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The largest page (C:5); more is refused.
pub const MAX_PAGE: u32 = 100;

/// The `AppID` of every shop that was seen (C:2).
pub const APP_ID: &str = "MShopKeeperOpenPlatform";

/// The system of the place codes that the vendor writes (`VN101`).
pub(crate) const PLACES: &str = "misa";

/// No figures are known. A request is refused while another of its kind is under way, so one goes out at a time; a refused one
/// waits two to four seconds first.
pub(crate) const PROFILE: Profile = Profile {
    base_url: "https://graphapi.mshopkeeper.vn",
    in_flight: 1,
    retry: RetryPolicy {
        first_wait: Duration::from_secs(4),
        longest_wait: Duration::from_secs(60),
        ..RetryPolicy::USUAL
    },
    // After a limit of ours the vendor keeps the kind locked: be patient instead (C:1 waits three minutes).
    time_limit: Duration::from_secs(180),
    ..Profile::new("misa", "MISA eShop")
};

/// Where the shops of this product live.
const SHOPS: &str = ".mshopkeeper.vn";

/// The address of a shop as the vendor wants it signed: a bare host. A name without a host is one of this product's.
///
/// # Errors
/// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when it is none, or one of another product of the house.
pub(crate) fn domain(text: &str) -> Result<String> {
    let text = PROFILE.filled("domain", text)?.to_lowercase();
    let host = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':'));
    if !is_host {
        return Err(PROFILE.error("domain is the address of the shop, such as cuahang.mshopkeeper.vn"));
    }
    if host.contains("cukcuk.") {
        return Err(PROFILE.error("this is a CukCuk shop: another product of MISA with another API"));
    }
    Ok(if host.contains('.') { host.to_owned() } else { format!("{host}{SHOPS}") })
}

/// Whether a text is written as the vendor writes ids.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// An id as records have it: the vendor writes the same one in either case.
pub(crate) fn same_case(mut id: String) -> String {
    if is_guid(&id) {
        id.make_ascii_lowercase();
    }
    id
}

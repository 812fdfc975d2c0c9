//! What the machinery has to know of the vendor.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use pos_core::http::{Limit, RetryPolicy};
use pos_core::kit::Profile;
use pos_core::{Error, Result, Vendor};
use serde::{Deserialize, Serialize};
use url::Url;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The largest page that is asked for. The vendor documents none; a hosted tool caps itself at this one (C:1).
pub const MAX_PAGE: u32 = 100;

/// The vendor documents no quota, and answers 429 all the same (C:3). Two requests a second are our own choice: a tool that
/// waited a second between writes was left in peace.
pub(crate) const PROFILE: Profile = Profile {
    limits: &[Limit::Bucket { capacity: 2, per_second: 2.0 }],
    in_flight: 2,
    // 429 comes without a time: the clients that were seen wait 2, 4, 6 seconds.
    retry: RetryPolicy { first_wait: Duration::from_secs(1), ..RetryPolicy::USUAL },
    ..Profile::new("getfly", "Getfly")
};

/// The line of the API that a company is asked by. Which ones it has differs: some answer 404 to all but v3 (C:1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Api {
    /// 6.1, the current one (D).
    #[default]
    #[serde(rename = "v6.1")]
    V61,
    /// 6.0: other paths for one object, no orders to write (D).
    #[serde(rename = "v6")]
    V6,
    /// 3, the old one: texts everywhere, page numbers, and only read here (D).
    #[serde(rename = "v3")]
    V3,
}

impl Api {
    /// All, the newest first.
    pub const ALL: [Self; 3] = [Self::V61, Self::V6, Self::V3];

    /// As it stands in addresses and settings: `v6.1`, `v6`, `v3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V61 => "v6.1",
            Self::V6 => "v6",
            Self::V3 => "v3",
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Api {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim().trim_start_matches(['v', 'V']);
        match text {
            "6.1" => Ok(Self::V61),
            "6" | "6.0" => Ok(Self::V6),
            "3" | "3.0" => Ok(Self::V3),
            _ => Err(PROFILE.error("api is v6.1, v6 or v3")),
        }
    }
}

/// The host in what somebody or the vendor wrote: without scheme, login, port and path, in lower case.
pub(crate) fn host_in(text: &str) -> String {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next().unwrap_or_default();
    let text = text.rsplit('@').next().unwrap_or_default();
    let text = text.split(':').next().unwrap_or_default();
    text.trim_end_matches('.').to_lowercase()
}

/// The host of a company, by its bare name, its host, or an address in it.
pub(crate) fn company(text: &str) -> Result<String> {
    let host = host_in(&PROFILE.filled("company", text)?);
    let host = if host.contains('.') { host } else { format!("{host}.getflycrm.com") };
    let url = PROFILE.address("company", &format!("https://{host}"))?;
    // What is no host name would become another one.
    match url.host_str() {
        Some(read) if read == host && !host.split('.').any(str::is_empty) => Ok(host),
        _ => Err(PROFILE.error("company is no name of a company and no host")),
    }
}

/// An address with more parts at its end.
pub(crate) fn join(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_named_in_many_ways() {
        for text in [
            "demo",
            " Demo ",
            "demo.getflycrm.com",
            "https://demo.getflycrm.com/",
            "http://DEMO.getflycrm.com/#/crm/accounts",
            "demo.getflycrm.com:443/api/v6.1",
        ] {
            assert_eq!(company(text).unwrap(), "demo.getflycrm.com", "{text}");
        }
        assert_eq!(company("https://crm.example.com").unwrap(), "crm.example.com");
        for text in ["", "  ", "https://", "a b", "công ty", "..", "demo..getflycrm.com"] {
            assert!(company(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_line_is_written_with_and_without_its_letter() {
        for (text, api) in [("v6.1", Api::V61), ("6.1", Api::V61), (" V6 ", Api::V6), ("v3", Api::V3)] {
            assert_eq!(text.parse::<Api>().unwrap(), api);
        }
        assert!("v4".parse::<Api>().is_err());
    }
}

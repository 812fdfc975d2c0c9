//! What the machinery has to know of the vendor.

use std::time::Duration;

use pos_core::http::{Limit, RetryPolicy};
use pos_core::kit::Profile;
use pos_core::{Result, Vendor};

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The vendor counts for each key and second: 100 reads of the page, 50 look-ups by system field, 10 of all else (Dq).
/// Whether the 10 are for each endpoint or for all of them is not said, and nothing tells what is left: 8 in all keep every
/// one of the three.
pub(crate) const PROFILE: Profile = Profile {
    base_url: "https://api.manychat.com",
    limits: &[Limit::Window { requests: 8, per: Duration::from_secs(1) }],
    in_flight: 4,
    // What a throttled request is answered with is not established, and no header names a time.
    retry: RetryPolicy { first_wait: Duration::from_secs(1), ..RetryPolicy::USUAL },
    ..Profile::new("manychat", "ManyChat")
};

/// The id of a page, bare or as it stands in ManyChat's addresses (`…/fb104430000000821/chat`).
pub(crate) fn page_id(text: &str) -> Result<String> {
    let text = PROFILE.filled("page_id", text)?;
    let is_id = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split(['/', '?', '#']);
    let mut ids = parts.filter_map(|part| part.strip_prefix("fb").or(Some(part))).filter(|part| is_id(part));
    // The first one: what follows in an address is the contact's.
    let wrong = || PROFILE.error("page_id is no number and no address with one");
    ids.next().map(str::to_owned).ok_or_else(wrong)
}

/// A key as it is sent: people paste it with the word that goes before it, and with blanks.
pub(crate) fn clean_key(text: &str) -> &str {
    let text = text.trim();
    match text.get(..6) {
        Some(word) if word.eq_ignore_ascii_case("bearer") => {
            let rest = &text[6..];
            // A key does not begin so; without a blank it is no word.
            let is_word = rest.is_empty() || rest.starts_with(char::is_whitespace);
            if is_word { rest.trim_start() } else { text }
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_by_its_id_or_its_address() {
        for text in [
            "104430000000821",
            " fb104430000000821 ",
            "https://manychat.example.test/fb104430000000821/chat/7300000000000001",
        ] {
            assert_eq!(page_id(text).unwrap(), "104430000000821", "{text}");
        }
        for text in ["", "  ", "fb", "my page", "https://manychat.example.test/", "1044a"] {
            assert!(page_id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_freed_of_what_was_pasted_around_it() {
        for text in ["821:abc", " 821:abc\n", "Bearer 821:abc", "bearer   821:abc "] {
            assert_eq!(clean_key(text), "821:abc", "{text}");
        }
        assert_eq!(clean_key("bearerish:abc"), "bearerish:abc");
        assert_eq!(clean_key(" Bearer "), "", "a word alone is no key");
    }
}

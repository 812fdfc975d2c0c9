//! Our reference on an order: in `reference`, a tag and a note attribute of the web flavour, in the code of POS.

use pos_core::webhook::body_id;
use pos_core::{Result, kit};

/// The note attribute that carries our reference in full.
pub(crate) const REFERENCE: &str = "crm_ref";
/// The tag of everything that we push.
pub(crate) const TAG: &str = "crm-sync";
/// The longest `reference` that Sapo takes (C:1 live).
const LONGEST: usize = 32;

/// How the codes of orders of ours begin.
const MARK: &str = "CRM";
/// What stands before a reference that is told in full.
const FULL: &str = "CRM-";
/// The longest reference that becomes a code as it is; how long a code may be is not established (?).
const LONGEST_IN_CODE: usize = 28;

/// A mark of ours for references that cannot stand for themselves.
fn hashed(reference: &str, length: usize) -> String {
    body_id(reference.as_bytes()).chars().take(length).collect()
}

/// What stands in `reference` and as a tag: our own reference where it fits, else its hash. Commas separate tags.
pub(crate) fn short(reference: &str) -> Result<String> {
    let reference = kit::reference(reference)?;
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/');
    // What looks like a hash of ours is hashed, too, so that two references never share one.
    if reference.len() <= LONGEST
        && reference.bytes().all(is_plain)
        && !reference.starts_with("crm_")
        && reference != TAG
    {
        return Ok(reference.to_owned());
    }
    Ok(format!("crm_{}", hashed(reference, 28)))
}

/// The code of an order of POS: it can be set by a client, and by it the order is found again (C:1).
pub(crate) fn code(reference: &str) -> Result<String> {
    let reference = kit::reference(reference)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if reference.len() <= LONGEST_IN_CODE && reference.bytes().all(is_plain) {
        return Ok(format!("{FULL}{reference}"));
    }
    Ok(format!("{MARK}_{}", hashed(reference, 24)))
}

/// Our reference in the code of an order of ours.
pub(crate) fn own_reference(code: &str) -> Option<&str> {
    match code.strip_prefix(FULL) {
        Some(reference) if !reference.is_empty() => Some(reference),
        _ => code.starts_with(MARK).then_some(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_fit_and_are_never_shared() {
        assert_eq!(short(" crm-000124 ").unwrap(), "crm-000124");
        let long = "9".repeat(33);
        for reference in [long.as_str(), "a,b", "đơn 1", "crm_1", TAG] {
            let short = short(reference).unwrap();
            assert!(short.len() <= LONGEST && short.starts_with("crm_"), "{short}");
            assert!(short.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        }
        assert_ne!(short("a,b").unwrap(), short("a, b").unwrap());
        assert!(short(" ").is_err());
    }

    #[test]
    fn codes_tell_the_reference_and_are_never_shared() {
        for reference in ["crm-000124", "CRM-7", "CRM000125", "7"] {
            assert_eq!(own_reference(&code(reference).unwrap()), Some(reference));
        }
        let long = "9".repeat(60);
        let hashed = [long.as_str(), "a,b", "đơn 1"].map(|reference| code(reference).unwrap());
        assert!(hashed.iter().all(|code| code.len() <= 32 && code.starts_with("CRM_")), "{hashed:?}");
        assert_eq!(own_reference("CRM000125"), Some("CRM000125"));
        assert_eq!(own_reference("SON474001"), None);
    }
}

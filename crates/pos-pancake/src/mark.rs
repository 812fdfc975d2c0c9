//! The `custom_id` by which an order of ours is known, and the systems that codes of places belong to.

use pos_core::Result;
use pos_core::kit;
use pos_core::webhook::body_id;

/// The codes of the division with districts.
pub(crate) const OLD_PLACES: &str = "pancake";
/// The codes of the division of July 2025, without districts.
pub(crate) const NEW_PLACES: &str = "pancake:new";

/// The longest `custom_id` that is sent as it is.
const LONGEST: usize = 40;

/// What our ids begin with when they are not the reference itself.
const ESCAPED: &str = "crm_x";
const HASHED: &str = "crm_h";

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

/// The `custom_id` of an order that we push, which the vendor then shows as its `id`: the reference itself where that cannot be
/// taken for a number of the vendor's, else an escaped form, or a hash of a long one.
pub(crate) fn custom_id_of(reference: &str) -> Result<String> {
    let reference = kit::reference(reference)?;
    let mut letters = reference.bytes();
    let is_own = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() && first != b'C' || reference.starts_with("CRM"))
        && letters.all(is_plain)
        && reference.len() <= LONGEST;
    if is_own {
        return Ok(reference.to_owned());
    }
    let mut id = String::from(ESCAPED);
    for byte in reference.bytes() {
        if is_plain(byte) {
            id.push(char::from(byte));
        } else {
            id.push_str(&format!("_{byte:02x}"));
        }
    }
    if id.len() > LONGEST {
        id = format!("{HASHED}{}", &body_id(reference.as_bytes())[..32]);
    }
    Ok(id)
}

/// Our reference in a `custom_id` of ours; `None` when it is hashed or not ours.
pub(crate) fn reference_of_custom_id(id: &str) -> Option<String> {
    kit::unescape(id.strip_prefix(ESCAPED)?, b'_')
}

#[cfg(test)]
mod tests {
    use pos_core::ErrorKind;

    use super::*;

    #[test]
    fn ids_are_safe_and_never_shared() {
        assert_eq!(custom_id_of("CRM-551").unwrap(), "CRM-551");
        // A number could be an order of the vendor's; `C1.2` could be one from an older system.
        let long = "9".repeat(60);
        let references = [
            "551",
            "C1.2",
            "crm_x551",
            "a b",
            "é",
            "O-5501",
            "a_20b",
            "contract-1",
            "contract-11",
            long.as_str(),
        ];
        let mut ids: Vec<String> =
            references.iter().map(|reference| custom_id_of(reference).unwrap()).collect();
        for (id, reference) in ids.iter().zip(references) {
            assert!(id.len() <= LONGEST && !id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
            if id != reference && !id.starts_with(HASHED) {
                assert_eq!(reference_of_custom_id(id).as_deref(), Some(reference), "{id}");
            }
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), references.len());
        assert_eq!(custom_id_of("  ").unwrap_err().kind(), ErrorKind::Config);
    }
}

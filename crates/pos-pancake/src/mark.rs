//! What tells of an order that it is ours: the reference in its `custom_id` and in its note. And which places a code is of.

use pos_core::webhook::body_id;
use pos_core::{Error, Result};

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
    let reference = filled(reference)?;
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
    unescape(id.strip_prefix(ESCAPED)?, b'_')
}

/// Resolves a mark with two hex digits behind it, everywhere.
fn unescape(text: &str, mark: u8) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == mark {
            let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok())?;
            bytes.push(u8::from_str_radix(pair, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.trim().is_empty())
}

const OPEN: &str = "[crm:";

/// The mark that an order of ours carries in its note.
pub(crate) fn marker(reference: &str) -> Result<String> {
    let mut marker = String::from(OPEN);
    for byte in filled(reference)?.bytes() {
        if is_plain(byte) || matches!(byte, b'_' | b':' | b'#' | b'/') {
            marker.push(char::from(byte));
        } else {
            marker.push_str(&format!("%{byte:02X}"));
        }
    }
    marker.push(']');
    Ok(marker)
}

/// The mark in a note, as the range that it takes.
fn find_marker(note: &str) -> Option<(usize, usize)> {
    let start = note.find(OPEN)?;
    let end = start + note[start..].find(']')? + 1;
    Some((start, end))
}

/// Our own reference in a note.
pub(crate) fn reference_in(note: &str) -> Option<String> {
    let (start, end) = find_marker(note)?;
    unescape(&note[start + OPEN.len()..end - 1], b'%')
}

/// A note without our mark, where that stands at its end, as we write it.
pub(crate) fn without_marker(note: &str) -> &str {
    match find_marker(note) {
        Some((start, end)) if note[end..].trim().is_empty() => note[..start].trim_end(),
        _ => note,
    }
}

/// The reference of a push, which must not be blank.
pub(crate) fn filled(reference: &str) -> Result<&str> {
    match reference.trim() {
        "" => Err(Error::config("a push needs a reference of its own")),
        reference => Ok(reference),
    }
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

    #[test]
    fn a_mark_gives_its_reference_back() {
        for reference in ["O-5501", "đơn 7 [a]", "100%", "a:b/c#d"] {
            let note = format!("Giao giờ hành chính {}", marker(reference).unwrap());
            assert_eq!(reference_in(&note).as_deref(), Some(reference));
            assert_eq!(without_marker(&note), "Giao giờ hành chính");
        }
        for note in ["", "[crm:", "[crm:]", "[crm:%zz]", "host-ref:crm-551"] {
            assert_eq!(reference_in(note), None, "{note}");
        }
    }
}

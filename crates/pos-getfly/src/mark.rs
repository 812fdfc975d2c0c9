//! What we write into the company's CRM and know again there: codes are unique (D), so ours say whose they are.

use pos_core::Result;
use pos_core::kit::{reference, unescape};
use pos_core::webhook::body_id;

/// How our codes begin.
const PREFIX: &str = "CRM-";

/// The longest code; a longer reference is replaced by its hash.
const LONGEST: usize = 40;

/// The system of the place codes: the vendor's own ids.
pub(crate) const PLACES: &str = "getfly";

/// The code of an account or an order that we push. Other signs than letters, digits and hyphens are escaped as `_` and two hex
/// digits; `_` itself too, so that two references never share a code.
pub(crate) fn code_of(text: &str) -> Result<String> {
    let reference = reference(text)?;
    let mut code = String::from(PREFIX);
    for byte in reference.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            code.push(char::from(byte));
        } else {
            code.push_str(&format!("_{byte:02x}"));
        }
    }
    if code.len() > LONGEST {
        // `_x` cannot come from an escape.
        code = format!("{PREFIX}_x{}", &body_id(reference.as_bytes())[..32]);
    }
    Ok(code)
}

/// Our reference in a code that we made. A hash gives none back.
pub(crate) fn reference_in(code: &str) -> Option<String> {
    unescape(code.trim().strip_prefix(PREFIX)?, b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_gives_its_reference_back_unless_it_is_a_hash() {
        for reference in ["o-7f3c2a", "đơn 7/2", "a_b"] {
            assert_eq!(reference_in(&code_of(reference).unwrap()).as_deref(), Some(reference));
        }
        let long = code_of(&"x".repeat(80)).unwrap();
        assert!(long.len() <= LONGEST && reference_in(&long).is_none(), "{long}");
        assert_ne!(long, code_of(&"x".repeat(81)).unwrap());
        assert_eq!(reference_in("DH00093"), None);
        assert!(code_of("  ").is_err());
    }
}

//! Pushes: our reference, how it is marked where the vendor has no place for it, and what a failed write leaves open.

use crate::error::{Error, ErrorKind, Result};

/// The reference of a push, without the blanks around it.
///
/// # Errors
/// [`ErrorKind::Config`] when it is blank.
pub fn reference(text: &str) -> Result<&str> {
    match text.trim() {
        "" => Err(Error::config("a push needs a reference of its own")),
        reference => Ok(reference),
    }
}

/// Whether a write that failed so may have been carried out: look before it is tried again.
pub fn is_open(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Decode | ErrorKind::Unexpected
    )
}

const OPEN: &str = "[crm:";

/// The mark that a document of ours carries at the end of its note.
///
/// ```
/// use pos_core::kit::{marker, reference_in, without_marker};
///
/// let note = format!("call first {}", marker("O-7 a").unwrap());
/// assert_eq!(note, "call first [crm:O-7%20a]");
/// assert_eq!(reference_in(&note).as_deref(), Some("O-7 a"));
/// assert_eq!(without_marker(&note), "call first");
/// ```
///
/// # Errors
/// [`ErrorKind::Config`] when the reference is blank.
pub fn marker(text: &str) -> Result<String> {
    let mut marker = String::from(OPEN);
    for byte in reference(text)?.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'#' | b'/') {
            marker.push(char::from(byte));
        } else {
            marker.push_str(&format!("%{byte:02X}"));
        }
    }
    marker.push(']');
    Ok(marker)
}

/// The mark in a note, as the range that it takes.
fn find(note: &str) -> Option<(usize, usize)> {
    let start = note.find(OPEN)?;
    let end = start + note[start..].find(']')? + 1;
    Some((start, end))
}

/// Our own reference in a note.
pub fn reference_in(note: &str) -> Option<String> {
    let (start, end) = find(note)?;
    unescape(&note[start + OPEN.len()..end - 1], b'%')
}

/// A note without our mark, where that stands at its end, as we write it: how the note begins.
pub fn without_marker(note: &str) -> &str {
    match find(note) {
        Some((start, end)) if note[end..].trim().is_empty() => note[..start].trim_end(),
        _ => note,
    }
}

/// Resolves a sign with two hex digits behind it, everywhere; `None` when that gives no text.
pub fn unescape(text: &str, sign: u8) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == sign {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_gives_its_reference_back() {
        for reference in ["O-5501", "đơn 7 [a]", "100%", "a:b/c#d"] {
            let note = format!("Giao giờ hành chính {}", marker(reference).unwrap());
            assert_eq!(reference_in(&note).as_deref(), Some(reference));
            assert_eq!(without_marker(&note), "Giao giờ hành chính");
        }
        for note in ["", "[crm:", "[crm:]", "[crm:%zz]", "[crm:%F", "host-ref:crm-551"] {
            assert_eq!(reference_in(note), None, "{note}");
            assert_eq!(without_marker(note).is_empty(), note.is_empty() || note.ends_with(']'), "{note}");
        }
        assert_eq!(marker("  ").unwrap_err().kind(), ErrorKind::Config);
    }
}

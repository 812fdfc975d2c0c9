//! Our reference in the note of an order.

use pos_core::{Error, Result};

const OPEN: &str = "[crm:";

/// The mark that an order of ours carries in its note.
pub(crate) fn marker(reference: &str) -> Result<String> {
    let reference = reference.trim();
    if reference.is_empty() {
        return Err(Error::config("a push needs a reference of its own"));
    }
    let mut marker = String::from(OPEN);
    for byte in reference.bytes() {
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
fn find_marker(note: &str) -> Option<(usize, usize)> {
    let start = note.find(OPEN)?;
    let end = start + note[start..].find(']')? + 1;
    Some((start, end))
}

/// Our own reference in a note.
pub(crate) fn reference_in(note: &str) -> Option<String> {
    let (start, end) = find_marker(note)?;
    let escaped = &note[start + OPEN.len()..end - 1];
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%' {
            let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok())?;
            bytes.push(u8::from_str_radix(pair, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().filter(|reference| !reference.trim().is_empty())
}

/// A note without our mark, where that stands at its end, as we write it.
pub(crate) fn without_marker(note: &str) -> &str {
    match find_marker(note) {
        Some((start, end)) if note[end..].trim().is_empty() => note[..start].trim_end(),
        _ => note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_gives_its_reference_back() {
        for reference in ["O-5501", "đơn 7 [a]", "100%", "a:b/c#d"] {
            let marker = marker(reference).unwrap();
            let note = format!("Giao giờ hành chính {marker}");
            assert_eq!(reference_in(&note).as_deref(), Some(reference), "{marker}");
            assert_eq!(without_marker(&note), "Giao giờ hành chính");
        }
        for note in ["", "[crm:", "[crm:]", "[crm:%zz]", "CRM order #CRM-O-5501", "[crm:%F"] {
            assert_eq!(reference_in(note), None, "{note}");
        }
    }
}

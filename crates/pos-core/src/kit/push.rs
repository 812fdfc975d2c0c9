//! Pushes: our reference, how it is marked where the vendor has no place for it, and what a failed write leaves open.

use std::future::Future;

use crate::connector::PushOutcome;
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

/// Whether a vendor may refuse so what is there already.
pub fn is_taken(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Conflict)
}

/// Creates what is not there yet: looks it up, makes it, and [settles](settle) what became of that.
///
/// # Errors
/// That of the first look, else those of [`settle`].
pub async fn create_once<T>(
    look: impl Future<Output = Result<Option<T>>>,
    make: impl Future<Output = Result<T>>,
    again: impl Future<Output = Result<Option<T>>>,
    is_taken: impl FnOnce(&Error) -> bool,
) -> Result<(T, PushOutcome)> {
    match look.await? {
        Some(known) => Ok((known, PushOutcome::Found)),
        None => settle(make.await, again, is_taken).await,
    }
}

/// What became of a write: looks again after a failure that leaves open whether it was carried out (what is there then, we
/// made), and after a refusal that means that it is there already (then somebody else did). `again` is awaited only then.
///
/// # Errors
/// The failure of the write, unless the second look finds what was to be made. After such a refusal that of the look, if it fails:
/// who has it is found out at the next try.
pub async fn settle<T>(
    made: Result<T>,
    again: impl Future<Output = Result<Option<T>>>,
    is_taken: impl FnOnce(&Error) -> bool,
) -> Result<(T, PushOutcome)> {
    let error = match made {
        Ok(made) => return Ok((made, PushOutcome::Created)),
        Err(error) => error,
    };
    let outcome = match (is_open(&error), is_taken(&error)) {
        (true, _) => PushOutcome::Created,
        (false, true) => PushOutcome::Found,
        (false, false) => return Err(error),
    };
    match again.await {
        Ok(Some(there)) => Ok((there, outcome)),
        Err(look) if outcome == PushOutcome::Found => Err(look),
        _ => Err(error),
    }
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
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn what_is_there_is_not_made_again() {
        use ErrorKind::{Conflict, Forbidden, Rejected, Timeout};
        use PushOutcome::{Created, Found};
        let fail = |kind| Error::new(kind, "told by the test");
        let made = |kind: Option<ErrorKind>| kind.map_or(Ok("made"), |kind| Err(fail(kind)));
        let look = |found: Option<&'static str>| ready(Ok(found));
        // What the write says, what is there afterwards, and what comes of it.
        for (write, there, expected) in [
            (None, None, Ok(("made", Created))),
            (Some(Timeout), Some("ours"), Ok(("ours", Created))),
            (Some(Timeout), None, Err(Timeout)),
            (Some(Rejected), Some("theirs"), Ok(("theirs", Found))),
            (Some(Rejected), None, Err(Rejected)),
            (Some(Forbidden), Some("theirs"), Err(Forbidden)),
        ] {
            let done = create_once(look(None), ready(made(write)), look(there), is_taken).await;
            assert_eq!(done.map_err(|error| error.kind()), expected, "{write:?}");
        }
        let done = create_once(look(Some("known")), ready(made(None)), look(None), is_taken).await;
        assert_eq!(done.unwrap(), ("known", Found));
        // Several who may be meant are named where the vendor refuses, and do not hide that a write is open.
        for (write, look, told) in
            [(Rejected, Conflict, Conflict), (Rejected, Timeout, Timeout), (Timeout, Conflict, Timeout)]
        {
            let failing = ready(Err::<Option<&str>, _>(fail(look)));
            let done = settle(made(Some(write)), failing, is_taken).await;
            assert_eq!(done.unwrap_err().kind(), told);
        }
    }

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

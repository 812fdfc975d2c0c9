//! Answers as they came: text, values, members.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Error, Result, Retry};
use crate::lenient::without_mark;
use crate::page::{self, Rejected, pick_custom, read_row};
use crate::record::Extra;

/// Where JSON went wrong, without the value.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, column {column}")]
struct At {
    line: usize,
    column: usize,
}

/// An answer that the vendor does not document: somebody in between may have written it, and be gone in a moment.
pub fn foreign(what: impl Into<String>) -> Error {
    Error::decode(what).with_retry(Retry::Backoff)
}

/// An answer that is no JSON. The error names the place, not the value.
pub fn not_json(error: &serde_json::Error) -> Error {
    foreign("the answer is not the JSON that the vendor documents")
        .with_source(At { line: error.line(), column: error.column() })
}

/// The text of a body, without the byte order mark that some proxies put before it and the blanks around it.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when it is not UTF-8.
pub fn text_of(body: &[u8]) -> Result<&str> {
    std::str::from_utf8(without_mark(body))
        .map(str::trim)
        .map_err(|error| foreign("the answer is not UTF-8").with_source(error))
}

/// The one value of a body.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when it is no JSON.
pub fn value_of(body: &[u8]) -> Result<&RawValue> {
    serde_json::from_str(text_of(body)?).map_err(|error| not_json(&error))
}

/// Whether brackets are nested deeper than that, whatever stands between them: to be known before a body of strangers is read.
pub fn is_deeper(body: &[u8], deepest: usize) -> bool {
    // Few brackets nest little, and are counted many at a time: this bit alone parts one kind from the other.
    let opens = |byte: &u8| u8::from(byte | 0x20 == b'{');
    let opened = |part: &[u8]| usize::from(part.iter().map(opens).sum::<u8>());
    if body.chunks(usize::from(u8::MAX)).map(opened).sum::<usize>() <= deepest {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > deepest {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The items of a list.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when it is none.
pub fn items(list: &RawValue) -> Result<Vec<&RawValue>> {
    serde_json::from_str(list.get()).map_err(|error| not_json(&error))
}

/// Whether a value is an object.
pub fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// Whether a value is a list.
pub fn is_list(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

/// Whether a value says nothing: null, an empty text, `false`, or an object without members.
pub fn is_nothing(raw: &RawValue) -> bool {
    let text = raw.get();
    matches!(text, "null" | "\"\"" | "false")
        || text.strip_prefix('{').is_some_and(|rest| rest.trim_start() == "}")
}

/// The members of an object in the order in which they stand, each as it came.
///
/// A name is found as it is written, else whatever its case; of several spellings the first one that says something counts.
///
/// ```
/// use pos_core::kit::Members;
///
/// let members = Members::of_body(br#"{"Total": 7, "data": [1]}"#).unwrap();
/// assert_eq!(members.get("total").unwrap().get(), "7");
/// assert!(members.get("next").is_none());
/// ```
#[derive(Debug, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name in an object, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Each).map(Members)
    }
}

impl<'a> FromIterator<(Cow<'a, str>, &'a RawValue)> for Members<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, &'a RawValue)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl<'a> Members<'a> {
    /// The members of an object.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when it is none.
    pub fn of(raw: &'a RawValue) -> Result<Self> {
        serde_json::from_str(raw.get()).map_err(|error| not_json(&error))
    }

    /// The members of the object that a body is.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when it is none.
    pub fn of_body(body: &'a [u8]) -> Result<Self> {
        serde_json::from_str(text_of(body)?).map_err(|error| not_json(&error))
    }

    /// A member.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let spelled = |known: &str| known.eq_ignore_ascii_case(name);
        let told = |raw: &RawValue| !page::is_nothing(raw.get());
        let find = |is: &dyn Fn(&str, &RawValue) -> bool| {
            self.0.iter().find(|(known, raw)| is(known, raw)).map(|(_, raw)| *raw)
        };
        find(&|known, raw| known == name && told(raw))
            .or_else(|| find(&|known, raw| spelled(known) && told(raw)))
            .or_else(|| find(&|known, _| spelled(known)))
    }

    /// Whether there is such a member.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first of these members that satisfies a condition, with its name.
    pub fn first<'n>(
        &self,
        names: &[&'n str],
        is: impl Fn(&RawValue) -> bool,
    ) -> Option<(&'n str, &'a RawValue)> {
        names.iter().find_map(|name| self.get(name).filter(|raw| is(raw)).map(|raw| (*name, raw)))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (&**name, *raw))
    }
}

/// A value of JSON as it came.
#[derive(Clone, Copy)]
pub struct Written<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    Value(&'a RawValue),
    /// The text of a value that was read where it stood.
    Text(&'a str),
}

impl fmt::Debug for Written<'_> {
    /// Without the text, which may tell of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

impl<'a> From<&'a RawValue> for Written<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self(Form::Value(raw))
    }
}

impl<'a> Written<'a> {
    /// The value. It costs up to one more reading.
    pub fn value(self) -> &'a RawValue {
        match self.0 {
            Form::Value(raw) => raw,
            // What was read once can be read again.
            Form::Text(text) => serde_json::from_str(text).unwrap_or(RawValue::NULL),
        }
    }

    pub(super) fn len(self) -> usize {
        match self.0 {
            Form::Value(raw) => raw.get().len(),
            Form::Text(text) => text.len(),
        }
    }

    /// The vendor fields in it that a mapping asked for.
    pub fn custom(self, fields: &[String]) -> Extra {
        if fields.is_empty() { Extra::new() } else { pick_custom(self.value(), fields) }
    }
}

/// A way through a JSON text that reads every value where it stands and knows what it is written as, so that nothing is
/// read twice.
///
/// It knows one way only: whoever comes to `None` begins again with [`Members`], which says what is wrong.
///
/// ```
/// use pos_core::kit::Walk;
///
/// let mut walk = Walk::new(r#"{"total": 7, "data": [1, {}]}"#);
/// let mut numbers = Vec::new();
/// walk.object(|walk, name| match &*name {
///     "total" => walk.read().map(|(number, _)| numbers.push(number)),
///     _ => walk.list(|walk| walk.skip().map(|written| numbers.push(written.value().get().len()))),
/// });
/// assert_eq!(numbers, [7, 1, 2]);
/// assert!(walk.is_done());
/// ```
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    /// A way that begins at the beginning.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What comes next, behind blanks; `None` at the end.
    pub fn peek(&mut self) -> Option<u8> {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
        self.at += self.rest().as_bytes().iter().take_while(blank).count();
        self.rest().as_bytes().first().copied()
    }

    /// Steps over a sign; `None` when another one comes.
    fn step(&mut self, sign: u8) -> Option<()> {
        (self.peek() == Some(sign)).then(|| self.at += 1)
    }

    /// Reads a value and steps over it; one that cannot be read stays where it is.
    pub fn read<T: Deserialize<'a>>(&mut self) -> Option<(T, Written<'a>)> {
        self.peek();
        let rest = self.rest();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        let value = values.next()?.ok()?;
        let text = rest.get(..values.byte_offset())?;
        self.at += text.len();
        Some((value, Written(Form::Text(text))))
    }

    /// Steps over a value and says what it is written as.
    pub fn skip(&mut self) -> Option<Written<'a>> {
        self.read::<Skipped>().map(|(_, written)| written)
    }

    /// Steps through a list; `None` where it is not written as one, or `each` cannot go on.
    pub fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.step(b'[')?;
        if self.step(b']').is_some() {
            return Some(());
        }
        loop {
            each(self)?;
            if self.step(b',').is_none() {
                return self.step(b']');
            }
        }
    }

    /// Steps through an object and tells every name before its value.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, Cow<'a, str>) -> Option<()>) -> Option<()> {
        self.step(b'{')?;
        if self.step(b'}').is_some() {
            return Some(());
        }
        loop {
            let (Name(name), _) = self.read()?;
            self.step(b':')?;
            each(self, name)?;
            if self.step(b',').is_none() {
                return self.step(b'}');
            }
        }
    }

    /// Whether nothing but blanks follows.
    pub fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }
}

impl fmt::Debug for Walk<'_> {
    /// Without the text, which may tell of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Any value. Unlike `IgnoredAny`, which looks at every letter, it steps through texts in long strides.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Skipped;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any valid JSON value")
            }
            fn visit_unit<E>(self) -> std::result::Result<Skipped, E> {
                Ok(Skipped)
            }
            fn visit_bool<E>(self, _: bool) -> std::result::Result<Skipped, E> {
                Ok(Skipped)
            }
            fn visit_i64<E>(self, _: i64) -> std::result::Result<Skipped, E> {
                Ok(Skipped)
            }
            fn visit_u64<E>(self, _: u64) -> std::result::Result<Skipped, E> {
                Ok(Skipped)
            }
            fn visit_f64<E>(self, _: f64) -> std::result::Result<Skipped, E> {
                Ok(Skipped)
            }
            fn visit_str<E>(self, _: &str) -> std::result::Result<Skipped, E> {
                Ok(Skipped)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Skipped, A::Error> {
                while items.next_element::<Skipped>()?.is_some() {}
                Ok(Skipped)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Skipped, A::Error> {
                while members.next_entry::<Skipped, Skipped>()?.is_some() {}
                Ok(Skipped)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Reads one object. What is no object at all is rejected as a whole, not member by member.
///
/// # Errors
/// Where it is not what the vendor documents; `at` is its path, blank at the top of the body.
pub fn read_object<T: DeserializeOwned>(raw: &RawValue, at: &str) -> std::result::Result<T, Rejected> {
    if !is_object(raw) {
        return Err(Rejected { id: None, path: at.to_owned(), reason: "expected an object".to_owned() });
    }
    read_row(raw, at).map_err(|mut rejected| {
        if at.is_empty() && rejected.path.starts_with('.') {
            rejected.path.remove(0);
        }
        rejected
    })
}

/// An answer with one object that cannot be used.
pub fn unreadable(rejected: &Rejected) -> Error {
    let at = if rejected.path.is_empty() { "its top" } else { rejected.path.as_str() };
    foreign(format!("the answer is not what the vendor documents, at {at}: {}", rejected.reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_what_says_nothing_hides_nothing() {
        let body =
            b"\xef\xbb\xbf {\"ID\":1,\"id\":2,\"Id\":3,\"next\\u0020one\":4,\"name\":null,\"Name\":\"Lan\"} ";
        let members = Members::of_body(body).unwrap();
        let get = |name| members.get(name).map(RawValue::get);
        assert_eq!((get("id"), get("iD"), get("next one")), (Some("2"), Some("1"), Some("4")));
        assert_eq!((get("name"), get("other")), (Some("\"Lan\""), None));
        assert_eq!(members.first(&["none", "ID"], |raw| raw.get() == "1").unwrap().0, "ID");
        assert_eq!(members.len(), 6);
    }

    #[test]
    fn what_is_no_answer_is_worth_another_try_and_shows_nothing_of_it() {
        for body in [&b"0912000123"[..], b"", b"{\"0912000123\":", b"[1]", b"\xff\xfe"] {
            let error = Members::of_body(body).unwrap_err();
            assert_eq!(error.retry(), Retry::Backoff);
            assert!(!format!("{error} {error:?}").contains("0912"), "{error:?}");
        }
    }

    #[test]
    fn only_brackets_outside_of_texts_nest() {
        assert!(!is_deeper(br#"{"a":[{"b":"[[[[ \" {"}]}"#, 3));
        assert!(is_deeper(br#"{"a":[{"b":"[[[[ \" {"}]}"#, 2));
        assert!(is_deeper("[".repeat(100_000).as_bytes(), 64) && !is_deeper(b"]]]]", 0));
    }

    #[test]
    fn a_row_that_is_no_object_is_rejected_as_a_whole() {
        let read: std::result::Result<serde_json::Map<_, _>, _> =
            read_object(value_of(b"7").unwrap(), "data[0]");
        assert_eq!(read.unwrap_err().reason, "expected an object");
    }
}

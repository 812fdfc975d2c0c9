//! Serde helpers for what vendors really send: numbers as text, text as numbers, dates without a zone, `""` for
//! nothing, keys in another letter case.
//!
//! Every helper reads absent, `null` and `""` as `None`, amounts `{}` and `[]` as well. Text that is there but cannot be
//! what the field is for (an amount `"abc"`) is an error, so that the record is rejected instead of counted wrong. They
//! read JSON only.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::record::{Money, Quantity};

/// Viet Nam's offset from UTC; it has no summer time.
pub const VIETNAM: UtcOffset = match UtcOffset::from_hms(7, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

// What the readers of vital members complain of: a row that says so is rejected, every other fault costs the member alone.
pub(crate) const VITAL_ID: &str = "expected an id";
pub(crate) const VITAL_NUMBER: &str = "expected a whole number that is an id";
pub(crate) const VITAL_AMOUNT: &str = "expected a decimal number";

/// Reads a decimal number, plain or with an exponent, exactly.
///
/// # Errors
/// When the text is no number or does not fit 28 digits.
pub fn parse_decimal(text: &str) -> Result<Decimal, rust_decimal::Error> {
    let text = text.trim();
    if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { text.parse() }
}

/// [`parse_decimal`], and amounts that are written for people: `1.250.000`, `1,250,000`, `1.250.000,50`.
///
/// Digits are only taken for groups where they can be nothing else: two groups of three at least. So `1.250` stays one and a
/// quarter, and `1,250` is no number.
///
/// ```
/// use pos_core::lenient::read_decimal;
///
/// assert_eq!(read_decimal("1.250.000").unwrap().to_string(), "1250000");
/// assert_eq!(read_decimal("1.250").unwrap().to_string(), "1.250");
/// assert!(read_decimal("1,250").is_none());
/// ```
pub fn read_decimal(text: &str) -> Option<Decimal> {
    plain_decimal(text.as_bytes())
        .or_else(|| parse_decimal(text).ok())
        .or_else(|| ungrouped(text.trim())?.parse().ok())
}

/// Up to 18 digits with one point among them at most, above zero: what nearly all amounts are.
fn plain_decimal(bytes: &[u8]) -> Option<Decimal> {
    let mut digits = 0u64;
    let mut scale = None;
    if bytes.len() > 19 || !bytes.first()?.is_ascii_digit() {
        return None;
    }
    for byte in bytes {
        match byte {
            b'0'..=b'9' => {
                digits = digits.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
                scale = scale.map(|scale| scale + 1);
            }
            b'.' if scale.is_none() => scale = Some(0u32),
            _ => return None,
        }
    }
    match scale {
        // Whether `1.` is a number is for others to say.
        Some(0) => None,
        scale => Decimal::try_new(i64::try_from(digits).ok()?, scale.unwrap_or_default()).ok(),
    }
}

fn ungrouped(text: &str) -> Option<String> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mark = *text.as_bytes().iter().find(|byte| !byte.is_ascii_digit())?;
    let (mark, point) = match mark {
        b'.' => ('.', ','),
        b',' => (',', '.'),
        _ => return None,
    };
    let (whole, fraction) = text.split_once(point).map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let mut groups = whole.split(mark);
    let first = groups.next().filter(|first| first.len() <= 3 && is_number(first))?;
    let groups: Vec<&str> = groups.collect();
    let fits = groups.len() >= 2 && groups.iter().all(|group| group.len() == 3 && is_number(group));
    match fraction {
        _ if !fits => None,
        None => Some(format!("{sign}{first}{}", groups.concat())),
        Some(fraction) => is_number(fraction).then(|| format!("{sign}{first}{}.{fraction}", groups.concat())),
    }
}

/// A body without the byte order mark that some proxies put before it.
pub fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Reads an amount as it is written, digit by digit, without copying it. The outer `None`: it is something else.
struct Amount;

impl<'de> Visitor<'de> for Amount {
    type Value = Option<Option<Decimal>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        map.next_key::<IgnoredAny>()?;
        map.next_value_seed(self)
    }
    fn visit_str<E>(self, json: &str) -> Result<Self::Value, E> {
        Ok(decimal_in(json))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(decimal_in(Box::<RawValue>::deserialize(deserializer)?.get()))
    }
}

impl<'de> DeserializeSeed<'de> for Amount {
    type Value = Option<Option<Decimal>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

/// An exact decimal from a number or a text, also one in groups of digits ([`read_decimal`]). `{}` and `[]` are nothing.
///
/// # Errors
/// When the value is neither nothing nor a number.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    // The name under which `serde_json` lends what a value is written as; a release with another one costs a copy.
    let amount = deserializer.deserialize_newtype_struct("$serde_json::private::RawValue", Amount)?;
    amount.ok_or_else(|| de::Error::custom(VITAL_AMOUNT))
}

/// The decimal that a JSON value is, if it is one or nothing.
fn decimal_in(json: &str) -> Option<Option<Decimal>> {
    let bytes = json.as_bytes();
    let text = match (bytes.first()?, bytes) {
        (b'-' | b'0'..=b'9', _) => return read_decimal(json).map(Some),
        (b'"', [_, inner @ .., _]) if !inner.contains(&b'\\') => Cow::Borrowed(json.get(1..json.len() - 1)?),
        (b'"', _) => Cow::Owned(serde_json::from_str(json).unwrap_or_default()),
        _ => return (json == "null" || is_empty(json)).then_some(None),
    };
    if is_blank(&text) { Some(None) } else { read_decimal(&text).map(Some) }
}

fn is_blank(text: &str) -> bool {
    text.trim_start().is_empty()
}

/// `{}` and `[]`.
fn is_empty(json: &str) -> bool {
    let inner = |open, close| json.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    inner('{', '}').or_else(|| inner('[', ']')).is_some_and(|inner| inner.trim().is_empty())
}

/// [`decimal`] as money.
///
/// # Errors
/// When the value is neither nothing nor a number.
pub fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    Ok(decimal(deserializer)?.map(Money::new))
}

/// [`decimal`] as a quantity.
///
/// # Errors
/// When the value is neither nothing nor a number.
pub fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quantity>, D::Error> {
    Ok(decimal(deserializer)?.map(Quantity::new))
}

/// An amount that nothing is counted by: absent where it is no number.
///
/// # Errors
/// Never, in JSON.
pub fn loose_money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    Ok(money(deserializer).unwrap_or_default())
}

/// A number that no amount follows from (stock, points, a rate): absent where it is no number.
///
/// # Errors
/// Never, in JSON.
pub fn loose_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Quantity>, D::Error> {
    Ok(quantity(deserializer).unwrap_or_default())
}

/// A whole number that nothing depends on: absent where it is none.
///
/// # Errors
/// Never, in JSON.
pub fn loose_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(deserializer).unwrap_or_default())
}

enum Scalar<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Other,
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a boolean or null")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::None)
    }
    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::None)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Scalar::Text(Cow::Owned(value.to_string())), Scalar::Int))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scalar<'de>, D::Error> {
    deserializer.deserialize_any(ScalarVisitor)
}

/// A whole number from a number or a text.
///
/// # Errors
/// When the value is neither nothing nor a whole number.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let wrong = || de::Error::custom("expected a whole number");
    match any(deserializer)? {
        Scalar::None => Ok(None),
        Scalar::Int(value) => Ok(Some(value)),
        Scalar::Float(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => Ok(Some(value as i64)),
        Scalar::Text(text) => match text.trim() {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A whole number that has to be there.
///
/// # Errors
/// When the value is no whole number.
pub fn required_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    integer(deserializer).ok().flatten().ok_or_else(|| de::Error::custom(VITAL_NUMBER))
}

/// A text from a text, number or boolean; blanks around it stay.
///
/// # Errors
/// When the value is a list or an object.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match any(deserializer)? {
        Scalar::None => Ok(None),
        Scalar::Bool(value) => Ok(Some(value.to_string())),
        Scalar::Int(value) => Ok(Some(value.to_string())),
        Scalar::Float(value) => Ok(Some(value.to_string())),
        Scalar::Text(text) if is_blank(&text) => Ok(None),
        Scalar::Text(text) => Ok(Some(text.into_owned())),
        Scalar::Other => Err(de::Error::custom("expected a text")),
    }
}

/// An id that has to be there, from a text or a number.
///
/// # Errors
/// When there is none.
pub fn required_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match any(deserializer)? {
        Scalar::Int(value) => Ok(value.to_string()),
        Scalar::Text(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        _ => Err(de::Error::custom(VITAL_ID)),
    }
}

/// A boolean from `true`, `1`, `"true"`, `"1"` and their opposites.
///
/// # Errors
/// When the value is neither nothing nor a boolean.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let wrong = || de::Error::custom("expected true or false");
    match any(deserializer)? {
        Scalar::None => Ok(None),
        Scalar::Bool(value) => Ok(Some(value)),
        Scalar::Int(0) => Ok(Some(false)),
        Scalar::Int(1) => Ok(Some(true)),
        Scalar::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A list that may be absent, `null`, or `""`.
///
/// # Errors
/// When an element is not readable.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

fn instant<'de, D: Deserializer<'de>>(
    deserializer: D,
    zone: UtcOffset,
) -> Result<Option<OffsetDateTime>, D::Error> {
    match any(deserializer)? {
        Scalar::None => Ok(None),
        Scalar::Text(text) => parse_instant(&text, zone).map_err(de::Error::custom),
        _ => Err(de::Error::custom(InstantError)),
    }
}

/// An instant; a text without an offset is Viet Nam wall time.
///
/// # Errors
/// When the text is there and no date.
pub fn instant_vietnam<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    instant(deserializer, VIETNAM)
}

/// An instant; a text without an offset is UTC.
///
/// # Errors
/// When the text is there and no date.
pub fn instant_utc<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    instant(deserializer, UtcOffset::UTC)
}

/// A calendar date from a date or the date part of a date and time; no zone shift, and an impossible date is `None`.
///
/// # Errors
/// When the value is no text.
pub fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    match any(deserializer)? {
        Scalar::Text(text) => Ok(parse_date(text.trim())),
        Scalar::Other => Err(de::Error::custom("expected a date")),
        _ => Ok(None),
    }
}

/// The text is no date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a date and time such as 2026-05-13T08:00:01.17 with or without an offset")]
pub struct InstantError;

/// The date at the start of a text (`1991-04-17`, `1991-04-17T00:00:00`); zero and impossible dates are `None`.
pub fn parse_date(text: &str) -> Option<Date> {
    let (date, _) = split_date(text.as_bytes())?;
    (date.year() > 1).then_some(date)
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes
        .iter()
        .try_fold(0u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

fn split_date(bytes: &[u8]) -> Option<(Date, &[u8])> {
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i32::try_from(number(&bytes[..4])?).ok()?;
    let month = Month::try_from(u8::try_from(number(&bytes[5..7])?).ok()?).ok()?;
    let day = u8::try_from(number(&bytes[8..10])?).ok()?;
    Some((Date::from_calendar_date(year, month, day).ok()?, &bytes[10..]))
}

/// Reads `2026-05-13T08:00:01.1740006+07:00` and its shorter forms: a blank for the `T`, no seconds, 0 to 9 digits of
/// fraction, `Z`, an offset with or without a colon, or no offset, which means `zone`. Blank texts, the zero dates
/// of .NET and SQL, and times of the last day of 9999 that fall into the year after it are `None`.
///
/// # Errors
/// When the text is something else.
pub fn parse_instant(text: &str, zone: UtcOffset) -> Result<Option<OffsetDateTime>, InstantError> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0000-") || text.starts_with("0001-01-01") {
        return Ok(None);
    }
    let (local, offset) = read_instant(text.as_bytes(), zone).ok_or(InstantError)?;
    Ok(local.assume_offset(offset).checked_to_offset(UtcOffset::UTC).filter(|at| at.year() > 0))
}

/// An instant that is so many seconds after 1970; `None` outside of the years 1 to 9999, which dates are written in.
pub fn instant_of_unix(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|at| at.year() > 0)
}

/// An instant on Viet Nam's clocks; as it is in the last hours of 9999, when these show a year that cannot be written.
pub fn in_vietnam(at: OffsetDateTime) -> OffsetDateTime {
    at.checked_to_offset(VIETNAM).unwrap_or(at)
}

/// The day that a birthday told as an instant means: midnight in UTC, at +07:00, and at +08:00, where the time zone database
/// has Viet Nam until June 1975 (tzdata 2026.3), all fall on it at +08:00.
pub fn birthday(at: OffsetDateTime) -> Option<Date> {
    at.checked_to_offset(time::macros::offset!(+8)).map(OffsetDateTime::date)
}

fn read_instant(bytes: &[u8], zone: UtcOffset) -> Option<(PrimitiveDateTime, UtcOffset)> {
    let (date, rest) = split_date(bytes)?;
    if rest.is_empty() {
        return Some((date.midnight(), zone));
    }
    let rest = match rest.first()? {
        b'T' | b't' | b' ' => &rest[1..],
        _ => return None,
    };
    if rest.len() < 5 || rest[2] != b':' {
        return None;
    }
    let hour = u8::try_from(number(&rest[..2])?).ok()?;
    let minute = u8::try_from(number(&rest[3..5])?).ok()?;
    let mut rest = &rest[5..];
    let mut second = 0;
    let mut nanos = 0;
    if rest.first() == Some(&b':') {
        second = u8::try_from(number(rest.get(1..3)?)?).ok()?;
        rest = &rest[3..];
        if matches!(rest.first(), Some(b'.' | b',')) {
            let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 || digits > 9 {
                return None;
            }
            nanos = number(&rest[1..=digits])? * 10u32.pow(9 - u32::try_from(digits).ok()?);
            rest = &rest[1 + digits..];
        }
    }
    let time = Time::from_hms_nano(hour, minute, second, nanos).ok()?;
    Some((PrimitiveDateTime::new(date, time), read_offset(rest, zone)?))
}

fn read_offset(bytes: &[u8], zone: UtcOffset) -> Option<UtcOffset> {
    let (sign, digits) = match bytes {
        [] => return Some(zone),
        b"Z" | b"z" => return Some(UtcOffset::UTC),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [h1, h2] => (number(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (number(&[*h1, *h2])?, number(&[*m1, *m2])?),
        _ => return None,
    };
    UtcOffset::from_hms(sign * i8::try_from(hours).ok()?, sign * i8::try_from(minutes).ok()?, 0).ok()
}

/// A span of time as a number of seconds.
pub mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(span.as_secs_f64())
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A span of time as a number of seconds, or nothing.
pub mod seconds_opt {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it.
    pub fn serialize<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::seconds::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        #[derive(Deserialize)]
        struct Span(#[serde(with = "super::seconds")] Duration);
        Ok(Option::<Span>::deserialize(deserializer)?.map(|Span(span)| span))
    }
}

/// `YYYY-MM-DD` for optional dates in records.
pub mod iso_date {
    use serde::{Deserialize, Deserializer, Serializer};
    use time::Date;

    /// Writes the date, or null.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => serializer.collect_str(&format_args!(
                "{:04}-{:02}-{:02}",
                date.year(),
                u8::from(date.month()),
                date.day()
            )),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the date, or null.
    ///
    /// # Errors
    /// When the text is no date.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        match Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)? {
            Some(text) => super::parse_date(&text)
                .map(Some)
                .ok_or_else(|| serde::de::Error::custom("expected YYYY-MM-DD")),
            None => Ok(None),
        }
    }
}

/// Lowers the first letter of every object key of a JSON text, so that `ContactNumber` and `contactNumber` read alike.
///
/// It only looks at the quotes; whether the text is JSON is for the parser to say.
pub fn camel_keys(json: &[u8]) -> Vec<u8> {
    let mut out = json.to_vec();
    // For every open bracket: whether it is an object, and whether a key is expected next.
    let mut open: Vec<bool> = Vec::with_capacity(16);
    let mut expects_key = false;
    let mut at = 0;
    while at < out.len() {
        match out[at] {
            b'"' => {
                if expects_key {
                    if let Some(first) = out.get_mut(at + 1) {
                        first.make_ascii_lowercase();
                    }
                    expects_key = false;
                }
                at += 1;
                while at < out.len() && out[at] != b'"' {
                    at += if out[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => {
                open.push(true);
                expects_key = true;
            }
            b'[' => {
                open.push(false);
                expects_key = false;
            }
            b'}' | b']' => {
                open.pop();
                expects_key = false;
            }
            b',' => expects_key = open.last().copied().unwrap_or(false),
            _ => {}
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use time::macros::{date, datetime};

    use super::*;

    #[derive(Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "decimal")]
        amount: Option<Decimal>,
        #[serde(default, deserialize_with = "integer")]
        count: Option<i64>,
        #[serde(default, deserialize_with = "flag")]
        on: Option<bool>,
        #[serde(default, deserialize_with = "super::text")]
        code: Option<String>,
    }

    #[test]
    fn numbers_and_texts_may_change_places() {
        let row: Row = serde_json::from_str(r#"{"amount":"1.25e5","count":"7","on":1,"code":12}"#).unwrap();
        assert_eq!(row.amount, Some(Decimal::from(125_000)));
        assert_eq!((row.count, row.on, row.code.as_deref()), (Some(7), Some(true), Some("12")));
        let row: Row =
            serde_json::from_str(r#"{"amount":510000.0000000000,"count":null,"code":""}"#).unwrap();
        assert_eq!(row.amount, Some(Decimal::from(510_000)));
        assert_eq!((row.count, row.on, row.code), (None, None, None));
    }

    #[test]
    fn decimals_stay_exact_beyond_what_a_float_holds() {
        let row: Row = serde_json::from_str(r#"{"amount":12345678901234567.89}"#).unwrap();
        assert_eq!(row.amount.unwrap().to_string(), "12345678901234567.89");
    }

    #[test]
    fn plain_amounts_are_the_decimals_that_they_are_written_as() {
        for text in [
            "0",
            "0.0000",
            "7",
            "007",
            "43000.0000",
            "510000.0000000000",
            "999999999999999999",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999.5",
            "0.000000000000000001",
            "1.",
            ".5",
            "1..2",
            "1.2.3",
            "+1",
            "-1",
            "-0",
            "1e3",
            " 1 ",
            "1 0",
            "1_000",
            "",
        ] {
            let plain = plain_decimal(text.as_bytes());
            let known = parse_decimal(text).ok();
            assert!(plain.is_none() || plain.map(|d| d.unpack()) == known.map(|d| d.unpack()), "{text}");
            assert_eq!(read_decimal(text), known, "{text}");
        }
        assert!(["43000.0000", "0", "3100000"].iter().all(|text| plain_decimal(text.as_bytes()).is_some()));
    }

    #[test]
    fn amounts_are_read_out_of_values_as_well_and_a_broken_text_is_nothing() {
        let row: Row = serde_json::from_value(serde_json::json!({"amount": 12.5})).unwrap();
        assert_eq!(row.amount.unwrap().to_string(), "12.5");
        let row: Row = serde_json::from_reader(&b"{\"amount\": \"1.250.000\"}"[..]).unwrap();
        assert_eq!(row.amount, Some(Decimal::from(1_250_000)));
        for (json, amount) in [(r#""\ud800""#, None), (r#""\u0031\u0032""#, Some(Decimal::from(12)))] {
            let row: Row = serde_json::from_str(&format!(r#"{{"amount":{json}}}"#)).unwrap();
            assert_eq!(row.amount, amount, "{json}");
        }
        // Where the name under which values are lent is unknown, they are copied.
        let lent = serde::de::value::MapDeserializer::<_, serde_json::Error>::new(
            [("amount", serde_json::json!("7"))].into_iter(),
        );
        assert_eq!(Row::deserialize(lent).unwrap().amount, Some(Decimal::from(7)));
    }

    #[test]
    fn an_amount_that_is_no_number_is_an_error() {
        let wrong = [
            r#"{"amount":"abc"}"#,
            r#"{"amount":{"a":1}}"#,
            r#"{"amount":[1]}"#,
            r#"{"amount":true}"#,
            r#"{"amount":"1,250"}"#,
            r#"{"amount":"1.250,00"}"#,
            r#"{"amount":"1.25.000"}"#,
            r#"{"amount":"1.250,000.000"}"#,
            r#"{"amount":"1234.250.000"}"#,
            r#"{"count":"x"}"#,
        ];
        for wrong in wrong {
            assert!(serde_json::from_str::<Row>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_object_or_list_is_no_amount() {
        for nothing in ["{}", "[]", "{ }", "[\n]", "null", "\"\"", "\" \""] {
            let row: Row = serde_json::from_str(&format!(r#"{{"amount":{nothing}}}"#)).unwrap();
            assert_eq!(row.amount, None, "{nothing}");
        }
    }

    #[test]
    fn amounts_written_for_people_are_read_where_they_can_be_nothing_else() {
        for (text, amount) in [
            ("1.250.000", "1250000"),
            ("1,250,000", "1250000"),
            (" -12.345.678 ", "-12345678"),
            ("1,250,000.50", "1250000.50"),
            ("1.250.000,5", "1250000.5"),
            ("1.250", "1.250"),
            ("0.125", "0.125"),
        ] {
            let row: Row = serde_json::from_str(&format!(r#"{{"amount":"{text}"}}"#)).unwrap();
            assert_eq!(row.amount.unwrap().to_string(), amount, "{text}");
        }
    }

    #[test]
    fn the_last_day_of_the_last_year_is_read_or_absent() {
        let end = |offset: &str| format!("9999-12-31T23:59:59.9999999{offset}");
        for late in ["-05:00", "-00:01", "-23:59"] {
            assert_eq!(parse_instant(&end(late), VIETNAM), Ok(None), "{late}");
        }
        for there in ["", "Z", "+14:00"] {
            assert!(parse_instant(&end(there), VIETNAM).unwrap().is_some(), "{there}");
        }
        assert_eq!(
            parse_instant("9999-12-31", UtcOffset::from_hms(-5, 0, 0).unwrap()).map(|at| at.is_some()),
            Ok(true)
        );
        assert_eq!(parse_instant("0001-01-02T00:00:00+23:59", VIETNAM).map(|at| at.is_some()), Ok(true));
        assert_eq!(birthday(datetime!(9999-12-31 16:00 UTC)), None);
        assert_eq!(birthday(datetime!(9999-12-31 15:59 UTC)), Some(date!(9999 - 12 - 31)));
        for midnight in
            [datetime!(1970-05-01 00:00 UTC), datetime!(1970-05-01 00:00 +7), datetime!(1970-05-01 00:00 +8)]
        {
            assert_eq!(birthday(midnight), Some(date!(1970 - 05 - 01)), "{midnight}");
        }
        assert_eq!(instant_of_unix(-62_167_219_201), None);
        assert_eq!(instant_of_unix(253_402_300_800), None);
        assert_eq!(instant_of_unix(0), Some(OffsetDateTime::UNIX_EPOCH));
    }

    #[test]
    fn dates_come_in_many_forms() {
        let expected = datetime!(2023-12-27 4:01:41.663 UTC);
        for text in [
            "2023-12-27T11:01:41.6630000",
            "2023-12-27 11:01:41.663",
            "2023-12-27T11:01:41.6630000+07:00",
            "2023-12-27T04:01:41.663Z",
            "2023-12-27T11:01:41.663+0700",
        ] {
            assert_eq!(parse_instant(text, VIETNAM), Ok(Some(expected)), "{text}");
        }
        assert_eq!(parse_instant("2026-05-13", VIETNAM), Ok(Some(datetime!(2026-05-12 17:00 UTC))));
        for nothing in ["", "  ", "0001-01-01T00:00:00", "0000-00-00 00:00:00"] {
            assert_eq!(parse_instant(nothing, VIETNAM), Ok(None));
        }
        for wrong in ["yesterday", "2026-13-01T00:00:00", "2026-05-13T25:00:00", "2026-05-13T08:00:00 Saigon"]
        {
            assert_eq!(parse_instant(wrong, VIETNAM), Err(InstantError), "{wrong}");
        }
        assert_eq!(parse_date("1991-04-17T00:00:00.0000000+07:00"), Some(date!(1991 - 04 - 17)));
        assert_eq!(parse_date("0001-01-01T00:00:00"), None);
        assert_eq!(parse_date("1991-02-30"), None);
    }

    #[test]
    fn only_keys_are_lowered() {
        let json =
            br#"{"Id":1,"Data":[{"Name":"An \"Bo\", {C}","Tags":["A","B"],"isActive":true}],"__type":"X"}"#;
        let lowered = String::from_utf8(camel_keys(json)).unwrap();
        assert_eq!(
            lowered,
            r#"{"id":1,"data":[{"name":"An \"Bo\", {C}","tags":["A","B"],"isActive":true}],"__type":"X"}"#
        );
        for broken in [&b"{\"A"[..], b"\"\\", b"]]]", b"{\"A\\", b""] {
            assert_eq!(camel_keys(broken).len(), broken.len());
        }
    }
}

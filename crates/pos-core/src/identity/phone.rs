//! Reading telephone numbers out of what people typed.
//!
//! Vietnamese numbers are decided by the table in [`super::plan`]; numbers of other countries go to the
//! `phonenumber` crate, which is slow and takes a lock, so nothing else does.
//!
//! Two paths give one answer. The fast path reads text that is one number in ASCII with blanks, dots, hyphens and
//! parentheses. Whatever it does not decide goes to the full path, which starts with the same reading of the whole
//! text; so the two cannot disagree.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::chars;
use super::labels::{Heard, Labels};
use super::plan::{PhoneKind, Planned, classify, is_personal_id};

/// Characters of a field that are read. What stands after them is ignored, and a number that the limit cuts is no
/// number.
pub const MAX_PHONE_CHARS: usize = 64;

/// Numbers of one field that are kept.
pub const MAX_PHONES: usize = 8;

/// A telephone number in international form, as a number: `+84912000123` is 84912000123.
///
/// `Debug` shows the country code and the last two digits only; `Display` and serde give the whole number.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct E164(u64);

impl E164 {
    /// Takes the digits after the plus sign. `None` unless there are 7 to 15 of them.
    pub const fn new(digits: u64) -> Option<Self> {
        if digits >= 1_000_000 && digits < 1_000_000_000_000_000 { Some(Self(digits)) } else { None }
    }

    /// The digits after the plus sign.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// Whether the number belongs to Vietnam.
    pub fn is_vietnamese(self) -> bool {
        self.country_code() == 84
    }

    /// The country calling code.
    pub fn country_code(self) -> u16 {
        let mut lead = self.0;
        while lead >= 1000 {
            lead /= 10;
        }
        let (two, one) = ((lead / 10) as u16, (lead / 100) as u16);
        match two {
            10..=19 | 70..=79 => one,
            20
            | 27
            | 30..=34
            | 36
            | 39..=41
            | 43..=49
            | 51..=58
            | 60..=66
            | 81
            | 82
            | 84
            | 86
            | 90..=95
            | 98 => two,
            _ => lead as u16,
        }
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E164(+{}…{:02})", self.country_code(), self.0 % 100)
    }
}

/// The text is not `+` and 7 to 15 digits.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an E.164 number: want + and 7 to 15 digits")]
pub struct NotE164;

impl FromStr for E164 {
    type Err = NotE164;

    fn from_str(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let plain = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if !plain {
            return Err(NotE164);
        }
        digits.parse().ok().and_then(Self::new).ok_or(NotE164)
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = E164;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a telephone number such as +84912000123")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<E164, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// One number that was read.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
pub struct PhoneNumber {
    /// The number of today.
    pub e164: E164,
    /// What sort of line it is.
    pub kind: PhoneKind,
    /// It was written in a number plan that is gone (mobiles before 2018, landlines before 2017).
    pub migrated: bool,
    /// It is written as a personal id is, or a label says that it is something else: kept, but no key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// Identity may use it: a mobile, landline or foreign number that no block list names and nothing makes doubtful.
    pub is_key: bool,
}

/// Why a field gave no number.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PhoneReject {
    /// Nothing was written.
    Empty,
    /// Text without a digit.
    NoDigits,
    /// Fewer than seven digits.
    TooShort,
    /// A marketplace hid part of the number.
    Masked,
    /// A short code such as 113 or 1022.
    Short,
    /// Only zeros.
    Zeros,
    /// A spreadsheet wrote it as `9.12E+08`: digits are lost.
    PrecisionLost,
    /// Labelled as a tax code, a personal id or a bank account.
    OtherNumber,
    /// No reading of the digits is a number of the plan.
    NotANumber,
}

impl PhoneReject {
    /// The name used by serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoDigits => "no_digits",
            Self::TooShort => "too_short",
            Self::Masked => "masked",
            Self::Short => "short",
            Self::Zeros => "zeros",
            Self::PrecisionLost => "precision_lost",
            Self::OtherNumber => "other_number",
            Self::NotANumber => "not_a_number",
        }
    }
}

impl fmt::Display for PhoneReject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the field is empty",
            Self::NoDigits => "there is no digit in it",
            Self::TooShort => "fewer than seven digits",
            Self::Masked => "part of the number is masked",
            Self::Short => "a short service code",
            Self::Zeros => "only zeros",
            Self::PrecisionLost => "written with an exponent that lost digits",
            Self::OtherNumber => "labelled as a tax code, a personal id or an account",
            Self::NotANumber => "not a number of any plan",
        })
    }
}

/// What a field holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct PhoneReading {
    /// The numbers in the order in which they are written, each once; the first is the primary one.
    pub phones: Vec<PhoneNumber>,
    /// Why there is none; `None` when there is one.
    pub reason: Option<PhoneReject>,
}

/// Where in a record a number stood.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneSource {
    /// The customer's phone field.
    Own,
    /// The customer's second phone field.
    Secondary,
    /// The address marked as default.
    DefaultAddress,
    /// Any other address.
    Address,
}

/// When a number of a source may be a key.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceUse {
    /// Always.
    Always,
    /// Only when the record's own fields give no number.
    WhenNoOwn,
    /// Never.
    Never,
}

/// Which sources of a phone may give keys.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneSources {
    /// The customer's phone field.
    pub own: SourceUse,
    /// The second phone field.
    pub secondary: SourceUse,
    /// The default address.
    pub default_address: SourceUse,
    /// Other addresses.
    pub address: SourceUse,
}

impl Default for PhoneSources {
    fn default() -> Self {
        Self {
            own: SourceUse::Always,
            secondary: SourceUse::Always,
            default_address: SourceUse::WhenNoOwn,
            address: SourceUse::Never,
        }
    }
}

impl PhoneSources {
    /// Whether a number of this source may be a key. `has_own`: the own or the second field gave a number.
    pub fn usable(&self, source: PhoneSource, has_own: bool) -> bool {
        let rule = match source {
            PhoneSource::Own => self.own,
            PhoneSource::Secondary => self.secondary,
            PhoneSource::DefaultAddress => self.default_address,
            PhoneSource::Address => self.address,
        };
        match rule {
            SourceUse::Always => true,
            SourceUse::WhenNoOwn => !has_own,
            SourceUse::Never => false,
        }
    }
}

/// What a shop may change about phones.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneRules {
    /// Numbers that stay on the record but are no key: placeholders, the shop's own number. Any written form may
    /// be given in configuration.
    #[serde(deserialize_with = "blocked_numbers")]
    pub blocked: BTreeSet<E164>,
    /// Beginnings of numbers in international form that are no key, for example `+8490000`.
    pub blocked_prefixes: Vec<String>,
    /// Whether landlines may be keys.
    pub landline_keys: bool,
    /// Whether numbers of other countries may be keys.
    pub foreign_keys: bool,
}

impl Default for PhoneRules {
    fn default() -> Self {
        Self {
            blocked: BTreeSet::from([E164(84_912_345_678), E164(84_987_654_321)]),
            blocked_prefixes: Vec::new(),
            landline_keys: true,
            foreign_keys: true,
        }
    }
}

fn blocked_numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<E164>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let none = PhoneRules { blocked: BTreeSet::new(), ..PhoneRules::default() };
    texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            text.parse().ok().or_else(|| read_phone(text, &none).map(|phone| phone.e164)).ok_or_else(|| {
                serde::de::Error::custom(format_args!("blocked[{at}] is not a telephone number"))
            })
        })
        .collect()
}

impl PhoneRules {
    fn is_key(&self, e164: E164, kind: PhoneKind) -> bool {
        let allowed = match kind {
            PhoneKind::Mobile => true,
            PhoneKind::Landline => self.landline_keys,
            PhoneKind::Foreign => self.foreign_keys,
            _ => false,
        };
        allowed
            && !self.blocked.contains(&e164)
            && (self.blocked_prefixes.is_empty() || {
                let text = e164.to_string();
                !self
                    .blocked_prefixes
                    .iter()
                    .any(|prefix| !prefix.is_empty() && text.starts_with(prefix.as_str()))
            })
    }

    fn finish(&self, planned: Planned) -> PhoneNumber {
        let e164 = E164(planned.e164);
        PhoneNumber {
            e164,
            kind: planned.kind,
            migrated: planned.migrated,
            doubtful: planned.doubtful,
            is_key: !planned.doubtful && self.is_key(e164, planned.kind),
        }
    }
}

/// Reads every number of a field, as written in Vietnam.
///
/// At most [`MAX_PHONE_CHARS`] characters are read and at most [`MAX_PHONES`] numbers are kept. A field in which
/// anything is masked gives no number at all. Digits behind a label such as `MST`, `CCCD` or `STK` are no number.
///
/// ```
/// use pos_core::identity::{PhoneRules, read_phones};
/// let reading = read_phones("0912.000.123 / 0168 000 1234", &PhoneRules::default());
/// let numbers: Vec<String> = reading.phones.iter().map(|phone| phone.e164.to_string()).collect();
/// assert_eq!(numbers, ["+84912000123", "+84380001234"]);
/// ```
pub fn read_phones(text: &str, rules: &PhoneRules) -> PhoneReading {
    read_phones_in(text, "VN", rules)
}

/// Reads every number of a field of a record that names another country (ISO 3166 alpha-2, any case).
///
/// Numbers in international form are read as by [`read_phones`]; national ones are read in the plan of `region`.
/// A region that is unknown or `VN` is no hint.
pub fn read_phones_in(text: &str, region: &str, rules: &PhoneRules) -> PhoneReading {
    let mut phones = Vec::new();
    let reason = for_each_phone_in(text, region, rules, |number| phones.push(number));
    PhoneReading { phones, reason }
}

/// Reads the primary number of a field, as [`read_phones`] would give it first. Allocates nothing for Vietnamese
/// numbers.
pub fn read_phone(text: &str, rules: &PhoneRules) -> Option<PhoneNumber> {
    if let Some(planned) = fast(text) {
        return Some(rules.finish(planned));
    }
    let mut found = Found::default();
    full(text, None, &mut found).ok()?;
    found.items.first().copied().flatten().map(|planned| rules.finish(planned))
}

/// Calls `each` for every number of a field, in order, without building a list. The answer says why there was none.
pub fn for_each_phone(text: &str, rules: &PhoneRules, each: impl FnMut(PhoneNumber)) -> Option<PhoneReject> {
    for_each_phone_in(text, "VN", rules, each)
}

/// [`for_each_phone`] in the plan of a region, as [`read_phones_in`] takes it.
pub(crate) fn for_each_phone_in(
    text: &str,
    region: &str,
    rules: &PhoneRules,
    mut each: impl FnMut(PhoneNumber),
) -> Option<PhoneReject> {
    let region = region_id(region);
    if region.is_none()
        && let Some(planned) = fast(text)
    {
        each(rules.finish(planned));
        return None;
    }
    let mut found = Found::default();
    if let Err(reason) = full(text, region, &mut found) {
        return Some(reason);
    }
    found.items.iter().flatten().for_each(|&planned| each(rules.finish(planned)));
    None
}

/// Builds the tables of foreign numbers now (about 0.1 s and 6 MiB) instead of at the first foreign number.
pub fn warm_up() {
    let _ = foreign(12_025_550_123);
}

fn region_id(region: &str) -> Option<phonenumber::country::Id> {
    let region = region.trim();
    if region.len() != 2 || region.eq_ignore_ascii_case("VN") {
        return None;
    }
    region.to_ascii_uppercase().parse().ok()
}

// ---- digits -------------------------------------------------------------------------------------------------

/// Digits of one written number: value, count (leading zeros included), and whether a plus sign stood before.
#[derive(Copy, Clone, Debug, Default)]
struct Digits {
    value: u64,
    len: u32,
    plus: bool,
}

impl Digits {
    /// More digits than any number has; `value` is meaningless then.
    const MANY: u32 = 18;

    #[inline]
    fn push(&mut self, digit: u8) {
        if self.len < Self::MANY {
            self.value = self.value * 10 + u64::from(digit);
        }
        self.len += 1;
    }

    fn join(self, next: Self) -> Self {
        let len = self.len + next.len;
        if len >= Self::MANY {
            return Self { value: 0, len, plus: self.plus };
        }
        Self { value: self.value * 10u64.pow(next.len) + next.value, len, plus: self.plus }
    }
}

#[inline]
fn count_digits(value: u64) -> u32 {
    if value == 0 { 0 } else { value.ilog10() + 1 }
}

/// What whole digits mean in Vietnam.
enum Meaning {
    Vietnamese(Planned),
    /// Another country's number, written in international form.
    International(u64),
    Nothing,
}

/// The number after the country code 84, with or without stray trunk zeros.
#[inline]
fn after_country_code(value: u64, len: u32, zeros: u32) -> Option<Planned> {
    let count = count_digits(value);
    if len - count <= zeros { classify(value, count, true) } else { None }
}

#[inline]
fn meaning(digits: Digits) -> Meaning {
    let Digits { value, len, plus } = digits;
    if !(7..Digits::MANY).contains(&len) {
        return Meaning::Nothing;
    }
    let of = |planned: Option<Planned>| planned.map_or(Meaning::Nothing, Meaning::Vietnamese);
    let count = count_digits(value);
    match len - count {
        0 if !plus => {
            // Zero lost first: 841234000 is a Vinaphone number, not the country code and seven digits.
            if let Some(planned) = classify(value, len, false) {
                return Meaning::Vietnamese(planned);
            }
            match value.checked_div(10u64.pow(len - 2)) {
                // libphonenumber takes a second zero here, where no plus says that 84 is the country.
                Some(84) => of(after_country_code(value % 10u64.pow(len - 2), len - 2, 2)),
                _ => Meaning::Nothing,
            }
        }
        0 => international(value, len),
        // The trunk zero. A plus before it was typed in error.
        1 => match classify(value, count, true) {
            None if len == 12 && value / 1_000_000_000 == 84 => of(classify(value % 1_000_000_000, 9, true)),
            planned => of(planned),
        },
        // The international prefix.
        2 => international(value, count),
        _ => Meaning::Nothing,
    }
}

#[inline]
fn international(value: u64, len: u32) -> Meaning {
    if len < 7 {
        return Meaning::Nothing;
    }
    let power = 10u64.pow(len - 2);
    if value / power == 84 {
        return after_country_code(value % power, len - 2, 1).map_or(Meaning::Nothing, Meaning::Vietnamese);
    }
    if len <= 15 { Meaning::International(value) } else { Meaning::Nothing }
}

/// One whole number in plain ASCII, decided by the table. `None` sends the text to the full path.
#[inline]
fn fast(text: &str) -> Option<Planned> {
    let bytes = text.as_bytes();
    if bytes.len() > 32 {
        return None;
    }
    let mut digits = Digits::default();
    let mut dots = 0u32;
    // Whether every digit since the last dot is a zero.
    let mut zeros = false;
    for &byte in bytes {
        match byte {
            b'0'..=b'9' => {
                zeros &= byte == b'0';
                digits.push(byte - b'0');
            }
            b' ' | b'-' | b'(' | b')' => {}
            b'.' => {
                dots += 1;
                zeros = true;
            }
            b'+' if digits.len == 0 => digits.plus = true,
            _ => return None,
        }
    }
    // One dot and zeros may be what a float left behind.
    if zeros && dots == 1 {
        return None;
    }
    match meaning(digits) {
        Meaning::Vietnamese(planned) => Some(planned.written_as(digits)),
        _ => None,
    }
}

impl Planned {
    /// The number with the doubt that its digits cast on it.
    #[inline]
    fn written_as(self, digits: Digits) -> Self {
        Self { doubtful: digits.len == 12 && !digits.plus && is_personal_id(digits.value), ..self }
    }
}

// ---- the full path ------------------------------------------------------------------------------------------

#[derive(Default)]
struct Found {
    items: [Option<Planned>; MAX_PHONES],
    len: usize,
}

impl Found {
    fn push(&mut self, planned: Planned) {
        if let Some(known) = self.items.iter_mut().flatten().find(|item| item.e164 == planned.e164) {
            // Written twice, and once beyond doubt.
            known.doubtful &= planned.doubtful;
        } else if let Some(slot) = self.items.get_mut(self.len) {
            *slot = Some(planned);
            self.len += 1;
        }
    }
}

/// Letters carry this bit when they are not the plain ASCII letter (accents, other alphabets): they make words but
/// are never taken for a digit.
const FOREIGN_LETTER: u8 = 0x80;
const OTHER: u8 = 1;
const BUFFER: usize = 4 * MAX_PHONE_CHARS;

/// The text in one byte a character: digits, separators, letters.
struct Cleaned {
    bytes: [u8; BUFFER],
    len: usize,
    /// More characters followed.
    cut: bool,
}

impl Cleaned {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        } else {
            self.cut = true;
        }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn ascii_class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9'
        | b'a'..=b'z'
        | b'A'..=b'Z'
        | b'+'
        | b'-'
        | b'.'
        | b'('
        | b')'
        | b'/'
        | b';'
        | b','
        | b'|'
        | b'&'
        | b'*'
        | b'#'
        | b'=' => byte,
        b'[' => b'(',
        b']' => b')',
        0..=b' ' | 0x7f => b' ',
        _ => OTHER,
    }
}

fn clean(text: &str) -> Cleaned {
    let mut cleaned = Cleaned { bytes: [0; BUFFER], len: 0, cut: false };
    let mut chars = text.trim_start().chars();
    for c in chars.by_ref().take(MAX_PHONE_CHARS) {
        if c.is_ascii() {
            cleaned.push(ascii_class(c as u8));
            continue;
        }
        if chars::is_format(c) {
            continue;
        }
        if chars::is_mask(c) {
            cleaned.push(b'*');
            continue;
        }
        if let Some(digit) = chars::digit(c) {
            cleaned.push(b'0' + digit);
            continue;
        }
        match c {
            '\u{ff01}'..='\u{ff5e}' => {
                let ascii = (u32::from(c) - 0xfee0) as u8;
                cleaned.push(ascii_class(ascii));
            }
            '\u{2010}'..='\u{2015}'
            | '\u{2212}'
            | '\u{30fc}'
            | '\u{fe58}'
            | '\u{fe63}'
            | '\u{2043}'
            | '\u{301c}' => {
                cleaned.push(b'-');
            }
            '\u{b7}' => {
                // Alone it is a dot; several in a row hide something.
                if cleaned.as_slice().last() == Some(&b'.') && cleaned.len > 0 {
                    cleaned.push(b'*');
                } else {
                    cleaned.push(b'.');
                }
            }
            '×' | '✕' | '✖' | '✗' | '╳' => cleaned.push(b'x'),
            '\u{3010}' | '\u{300c}' => cleaned.push(b'('),
            '\u{3011}' | '\u{300d}' => cleaned.push(b')'),
            '\u{3001}' | '\u{ff64}' => cleaned.push(b','),
            // No accent comes off these; some keyboards send the Icelandic letter.
            'đ' | 'Đ' | 'ð' | 'Ð' => cleaned.push(b'd' | FOREIGN_LETTER),
            _ if c.is_whitespace() || c.is_control() => cleaned.push(b' '),
            _ => {
                unicode_normalization::char::decompose_compatible(c, |part| {
                    if unicode_normalization::char::is_combining_mark(part) || chars::is_format(part) {
                        return;
                    }
                    if part.is_ascii_alphabetic() {
                        // A letter that lost its accent is not the plain letter; a styled one is.
                        let accented = c.is_alphabetic() && u32::from(c) < 0x2000;
                        cleaned.push(part as u8 | if accented { FOREIGN_LETTER } else { 0 });
                    } else if part.is_ascii() {
                        cleaned.push(ascii_class(part as u8));
                    } else if chars::is_mask(part) {
                        cleaned.push(b'*');
                    } else if let Some(digit) = chars::digit(part) {
                        cleaned.push(b'0' + digit);
                    } else if part.is_alphabetic() {
                        cleaned.push(b'z' | FOREIGN_LETTER);
                    } else if part.is_whitespace() {
                        cleaned.push(b' ');
                    } else {
                        cleaned.push(OTHER);
                    }
                });
            }
        }
    }
    cleaned.cut |= chars.next().is_some();
    cleaned
}

fn is_letter(byte: u8) -> bool {
    (byte & !FOREIGN_LETTER).is_ascii_alphabetic()
}

fn is_x(byte: u8) -> bool {
    byte == b'x' || byte == b'X'
}

fn is_weak(byte: u8) -> bool {
    matches!(byte, b' ' | b'.' | b'-' | b'(' | b')')
}

/// Whether something in the text is hidden: any star, and `x` where a digit should be.
fn is_masked(bytes: &[u8]) -> bool {
    if bytes.contains(&b'*') {
        return true;
    }
    let mut at = 0;
    while let Some(offset) = bytes.iter().skip(at).position(|&byte| is_x(byte)) {
        let start = at + offset;
        let end = start + bytes.iter().skip(start).take_while(|&&byte| is_x(byte)).count();
        at = end;
        let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        let after = bytes.get(end).copied().unwrap_or(b' ');
        if is_letter(before) || is_letter(after) {
            continue; // part of a word
        }
        if end - start >= 2 {
            if bytes.iter().any(u8::is_ascii_digit) {
                return true;
            }
            continue;
        }
        // One x: an extension after a whole number, else a hidden digit.
        let run = |byte: &&u8| byte.is_ascii_digit() || is_weak(**byte);
        let digits_before =
            bytes.iter().take(start).rev().take_while(run).filter(|byte| byte.is_ascii_digit()).count();
        let digits_after =
            bytes.iter().skip(end).take_while(|byte| run(byte)).filter(|byte| byte.is_ascii_digit()).count();
        let attached = before.is_ascii_digit() || after.is_ascii_digit();
        if digits_after == 0 {
            if attached {
                return true;
            }
        } else if digits_before >= 8 && digits_after <= 6 {
            continue;
        } else if attached || digits_before > 0 {
            return true;
        }
    }
    false
}

/// How a group of digits is parted from the one before it.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
enum Gap {
    /// Blanks, dots, hyphens.
    Weak,
    /// A hyphen between blanks, an opening parenthesis.
    Medium,
    /// A slash.
    Slash,
}

#[derive(Copy, Clone, Debug)]
struct Group {
    digits: Digits,
    gap: Gap,
    /// Exactly one dot stands before it.
    dot: bool,
    /// The end of what is read may have cut it short.
    cut: bool,
}

impl Group {
    const EMPTY: Self =
        Self { digits: Digits { value: 0, len: 0, plus: false }, gap: Gap::Weak, dot: false, cut: false };

    /// Whether it may belong to one number with the group before.
    fn continues(&self) -> bool {
        self.gap == Gap::Weak && !self.digits.plus
    }
}

/// Groups of one segment: what stands between two words or two strong separators. Further groups are ignored:
/// this many cannot belong to numbers that are read.
const MAX_GROUPS: usize = 32;

struct Reader<'a> {
    found: &'a mut Found,
    region: Option<phonenumber::country::Id>,
    groups: [Group; MAX_GROUPS],
    len: usize,
    /// Whether any word of O and l stood where digits might be.
    digits_seen: u32,
    nonzero: bool,
    longest: u32,
    labels: Labels,
    /// The groups of this segment stand behind a label of another kind of number.
    labelled: bool,
    /// Something was left out because of its label.
    other_number: bool,
    /// The number that a label behind it would be about.
    before_label: Option<usize>,
}

fn full(text: &str, region: Option<phonenumber::country::Id>, found: &mut Found) -> Result<(), PhoneReject> {
    let cleaned = clean(text);
    let mut bytes = cleaned.as_slice();
    while let [b' ', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' '] = bytes {
        bytes = rest;
    }
    if bytes.is_empty() {
        return Err(PhoneReject::Empty);
    }
    if is_masked(bytes) {
        return Err(PhoneReject::Masked);
    }
    if !cleaned.cut
        && let Some(outcome) = scientific(bytes)
    {
        return match outcome.map(meaning) {
            Some(Meaning::Vietnamese(planned)) => {
                found.push(planned);
                Ok(())
            }
            Some(_) => Err(PhoneReject::NotANumber),
            None => Err(PhoneReject::PrecisionLost),
        };
    }
    let context = telephone_context(text, &mut bytes);
    let mut reader = Reader {
        found,
        region,
        groups: [Group::EMPTY; MAX_GROUPS],
        len: 0,
        digits_seen: 0,
        nonzero: false,
        longest: 0,
        labels: Labels::default(),
        labelled: false,
        other_number: false,
        before_label: None,
    };
    if let Some(code) = context {
        reader.prefixed(code, bytes);
    }
    if reader.found.len == 0 {
        reader.scan(bytes, cleaned.cut, Letters::InTokens);
    }
    if reader.found.len == 0 && reader.digits_seen >= 6 {
        reader.scan(bytes, cleaned.cut, Letters::Words);
    }
    if reader.found.len > 0 {
        return Ok(());
    }
    Err(match reader {
        Reader { digits_seen: 0, .. } => PhoneReject::NoDigits,
        Reader { nonzero: false, .. } => PhoneReject::Zeros,
        Reader { other_number: true, .. } => PhoneReject::OtherNumber,
        Reader { digits_seen: 3..=4, longest: 3..=4, .. } => PhoneReject::Short,
        Reader { digits_seen: ..=6, .. } => PhoneReject::TooShort,
        _ => PhoneReject::NotANumber,
    })
}

/// `9.12000123E8`. The outer `None`: not written so. The inner one: digits are lost.
fn scientific(bytes: &[u8]) -> Option<Option<Digits>> {
    let mut rest = bytes;
    if let [b'+', tail @ ..] = rest {
        rest = tail;
    }
    let [first @ b'1'..=b'9', b'.' | b',', tail @ ..] = rest else { return None };
    let fraction = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (mantissa, tail) = tail.split_at_checked(fraction)?;
    let [b'e' | b'E', exponent @ ..] = tail else { return None };
    let exponent = match exponent {
        [b'+', tail @ ..] => tail,
        tail => tail,
    };
    if exponent.is_empty() || exponent.len() > 3 || !exponent.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent = exponent.iter().fold(0usize, |sum, byte| sum * 10 + usize::from(byte - b'0'));
    let whole = mantissa.get(..exponent).filter(|_| exponent > 0);
    let Some(whole) = whole else { return Some(None) };
    if mantissa.iter().skip(exponent).any(|&byte| byte != b'0') {
        return Some(None);
    }
    let mut digits = Digits::default();
    digits.push(first - b'0');
    whole.iter().for_each(|byte| digits.push(byte - b'0'));
    Some(Some(digits))
}

/// The country code of `tel:…;phone-context=+NN`, when it is not Vietnam's. Cuts the parameters of a `tel:` URI off.
fn telephone_context(text: &str, bytes: &mut &[u8]) -> Option<u64> {
    let tel = bytes.get(..3)?.eq_ignore_ascii_case(b"tel") && text.trim_start().get(3..4) == Some(":");
    if !tel {
        return None;
    }
    let parameters = bytes.iter().position(|&byte| byte == b';')?;
    let (number, tail) = bytes.split_at(parameters);
    if !tail.get(1).copied().is_some_and(is_letter) {
        return None;
    }
    *bytes = number;
    let at = tail.windows(8).position(|window| window.eq_ignore_ascii_case(b"context="))?;
    let [b'+', code @ ..] = tail.get(at + 8..)? else { return None };
    let len = code.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=3).contains(&len) {
        return None;
    }
    let code = code.iter().take(len).fold(0u64, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    (code != 84 && code != 0).then_some(code)
}

/// How letters that look like digits are taken.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Letters {
    /// Inside a token that also has digits.
    InTokens,
    /// Also as tokens of their own between digits; then only a whole segment counts.
    Words,
}

fn as_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'O' | b'o' => Some(0),
        b'I' | b'l' => Some(1),
        _ => None,
    }
}

/// Words after which a few digits are an extension.
fn is_extension_word(word: &[u8]) -> bool {
    let mut folded = [0u8; 9];
    if word.len() > folded.len() {
        return false;
    }
    for (slot, byte) in folded.iter_mut().zip(word) {
        *slot = (byte & !FOREIGN_LETTER).to_ascii_lowercase();
    }
    matches!(
        folded.get(..word.len()),
        Some(b"x" | b"ex" | b"ext" | b"extn" | b"extension" | b"le" | b"ml" | b"nhanh" | b"bo")
    )
}

impl Reader<'_> {
    /// Cuts the text into segments and reads each.
    fn scan(&mut self, bytes: &[u8], cut: bool, letters: Letters) {
        self.len = 0;
        self.digits_seen = 0;
        self.nonzero = false;
        self.longest = 0;
        self.labels = Labels::default();
        self.labelled = false;
        self.before_label = None;
        let mut at = 0;
        let mut plus = false;
        let mut extension = false;
        // The separators since the last group.
        let mut gap_start = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii_digit() || is_letter(byte) {
                let end = at
                    + bytes
                        .iter()
                        .skip(at)
                        .take_while(|&&byte| byte.is_ascii_digit() || is_letter(byte))
                        .count();
                let token = bytes.get(at..end).unwrap_or_default();
                let gap = bytes.get(gap_start..at).unwrap_or_default();
                self.token(token, gap, end == bytes.len() && cut, letters, &mut plus, &mut extension);
                at = end;
                gap_start = end;
                continue;
            }
            match byte {
                b'+' => plus = true,
                b'/' => plus = false,
                b')' => self.end_of_label(),
                b'#' => {
                    self.flush(letters);
                    plus = false;
                    extension = true;
                }
                _ if is_weak(byte) => {}
                _ => {
                    self.flush(letters);
                    match byte {
                        // A colon: what follows is what the label is about.
                        OTHER | b'=' => self.before_label = None,
                        _ => {
                            self.end_of_label();
                            self.labels = Labels::default();
                        }
                    }
                    plus = false;
                    extension &= matches!(byte, OTHER);
                    gap_start = at + 1;
                }
            }
            at += 1;
        }
        // Blanks and hyphens at the very end: the number may go on behind the cut.
        if cut && let Some(last) = self.len.checked_sub(1).and_then(|last| self.groups.get_mut(last)) {
            last.cut = true;
        }
        self.flush(letters);
        self.end_of_label();
    }

    /// A label that stands behind a number, with nothing more to come: `0312345673 (MST)`.
    fn end_of_label(&mut self) {
        let at = self.before_label.take();
        if let Some(Some(number)) = at.and_then(|at| self.found.items.get_mut(at)) {
            number.doubtful = true;
            self.labels = Labels::default();
        }
    }

    /// One run of digits and letters.
    fn token(
        &mut self,
        token: &[u8],
        gap: &[u8],
        cut: bool,
        letters: Letters,
        plus: &mut bool,
        extension: &mut bool,
    ) {
        let real = token.iter().filter(|byte| byte.is_ascii_digit()).count();
        let folds = token.iter().all(|&byte| as_digit(byte).is_some());
        let fold = folds && real < token.len() && (real > 0 || letters == Letters::Words);
        if real == token.len() || fold && self.fold_helps(token, real, letters) {
            self.count(token.iter().filter(|byte| byte.is_ascii_digit()));
            self.group(token.iter().filter_map(|&byte| as_digit(byte)), gap, cut, plus, extension);
            return;
        }
        let mut rest = token;
        let mut gap = gap;
        while let Some(&byte) = rest.first() {
            let numeric = byte.is_ascii_digit();
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit() == numeric).count();
            let (part, tail) = rest.split_at(len);
            if numeric {
                self.count(part.iter());
                self.group(part.iter().map(|byte| byte - b'0'), gap, cut && tail.is_empty(), plus, extension);
            } else {
                self.flush(letters);
                *plus = false;
                *extension = is_extension_word(part);
                self.before_label = match self.labels.hear(part) {
                    Heard::LabelAtOnce => self.found.len.checked_sub(1),
                    Heard::Other => None,
                };
            }
            gap = &[];
            rest = tail;
        }
    }

    /// Letters are digits only when that makes a token into digits that have room for a number; at its edge they
    /// may as well be what stands beside the number, and the reading with them must be a number itself.
    fn fold_helps(&mut self, token: &[u8], real: usize, letters: Letters) -> bool {
        if letters == Letters::Words {
            return true;
        }
        let edge =
            !token.first().is_some_and(u8::is_ascii_digit) || !token.last().is_some_and(u8::is_ascii_digit);
        let inner = token.iter().skip_while(|byte| !byte.is_ascii_digit());
        let inside = inner
            .clone()
            .enumerate()
            .filter(|(_, byte)| !byte.is_ascii_digit())
            .any(|(at, _)| inner.clone().skip(at).any(u8::is_ascii_digit));
        if inside && !edge {
            return real >= 6;
        }
        if real < 6 {
            return false;
        }
        let mut digits = Digits::default();
        token.iter().filter_map(|&byte| as_digit(byte)).for_each(|digit| digits.push(digit));
        inside || !matches!(meaning(digits), Meaning::Nothing)
    }

    fn count<'b>(&mut self, digits: impl Iterator<Item = &'b u8>) {
        let mut len = 0;
        for &digit in digits {
            len += 1;
            self.nonzero |= digit != b'0';
        }
        self.digits_seen += len;
        self.longest = self.longest.max(len);
    }

    fn group(
        &mut self,
        digits: impl Iterator<Item = u8>,
        gap: &[u8],
        cut: bool,
        plus: &mut bool,
        extension: &mut bool,
    ) {
        let mut group = Group { cut, ..Group::EMPTY };
        digits.for_each(|digit| group.digits.push(digit));
        group.digits.plus = std::mem::take(plus);
        if std::mem::take(extension) && group.digits.len <= 7 && !group.digits.plus {
            return;
        }
        self.before_label = None;
        // With a plus before it, it is a number whatever the label says.
        let labelled = std::mem::take(&mut self.labels).is_open() && !group.digits.plus;
        if self.len == 0 {
            self.labelled = labelled;
        } else {
            let spaced = gap.windows(3).any(|window| window == b" - ")
                || gap.starts_with(b" -") && gap.ends_with(b"- ") && gap.len() > 3;
            group.gap = if gap.contains(&b'/') {
                Gap::Slash
            } else if spaced || gap.contains(&b'(') {
                Gap::Medium
            } else {
                Gap::Weak
            };
            group.dot = gap == b".";
        }
        if let Some(slot) = self.groups.get_mut(self.len) {
            *slot = group;
            self.len += 1;
        }
    }

    /// Reads the segment that ends here.
    fn flush(&mut self, letters: Letters) {
        let len = std::mem::take(&mut self.len);
        if len == 0 {
            return;
        }
        let groups = self.groups;
        let groups = groups.get(..len).unwrap_or_default();
        if !std::mem::take(&mut self.labelled) {
            self.read(groups, letters);
            return;
        }
        // The label is about the first number only. Where it ends is plain when something readable is left.
        self.other_number = true;
        let chain = 1 + groups.iter().skip(1).take_while(|group| group.continues()).count();
        let mut total = groups.iter().take(chain).map(|group| group.digits.len).sum::<u32>();
        let single = groups.first().is_some_and(|group| group.digits.len >= 7);
        let mut fits = false;
        for end in (1..=chain).rev() {
            let last = groups.get(end - 1).map_or(0, |group| group.digits.len);
            let fit = match (single, end) {
                (true, 1) => true,
                // The branch of a firm.
                (true, 2) => last == 3,
                (true, _) => false,
                (false, _) => matches!(total, 9 | 10 | 12 | 13),
            };
            total -= last;
            if fit {
                fits = true;
                let known = self.found.len;
                self.read(groups.get(end..).unwrap_or_default(), letters);
                if end == groups.len() || self.found.len > known {
                    return;
                }
            }
        }
        if !fits {
            self.read(groups.get(chain..).unwrap_or_default(), letters);
        }
    }

    fn read(&mut self, groups: &[Group], letters: Letters) {
        if groups.is_empty() {
        } else if letters == Letters::Words {
            self.whole(groups);
        } else {
            self.segment(groups, Some(Gap::Slash));
        }
    }

    /// Reads groups: as one number if they are one, else parted where the separators are strongest.
    fn segment(&mut self, groups: &[Group], level: Option<Gap>) {
        if self.float(groups) || self.whole(groups) {
            return;
        }
        let (boundary, below) = match level {
            Some(Gap::Slash) => (Gap::Slash, Some(Gap::Medium)),
            Some(Gap::Medium) => (Gap::Medium, None),
            _ => {
                self.blanks(groups);
                return;
            }
        };
        let mut rest = groups;
        while !rest.is_empty() {
            let mut len = 1;
            // A country code alone stays with what follows it.
            let bare_code = |part: &[Group]| {
                part.first().is_some_and(|group| group.digits.plus)
                    && part.iter().map(|group| group.digits.len).sum::<u32>() < 7
            };
            while let Some(group) = rest.get(len) {
                if group.gap >= boundary && !bare_code(rest.get(..len).unwrap_or_default()) {
                    break;
                }
                len += 1;
            }
            let (part, tail) = rest.split_at(len);
            self.segment(part, below);
            rest = tail;
        }
    }

    /// `912000123.0`, as a spreadsheet prints a number.
    fn float(&mut self, groups: &[Group]) -> bool {
        match groups {
            [number, zeros]
                if zeros.dot
                    && !zeros.cut
                    && zeros.digits.value == 0
                    && zeros.digits.len < Digits::MANY
                    && !number.digits.plus
                    && (8..=12).contains(&number.digits.len) =>
            {
                self.whole(std::slice::from_ref(number))
            }
            _ => false,
        }
    }

    /// The groups as one number.
    fn whole(&mut self, groups: &[Group]) -> bool {
        match self.one(groups) {
            None => false,
            Some(planned) => {
                self.found.push(planned);
                true
            }
        }
    }

    fn one(&self, groups: &[Group]) -> Option<Planned> {
        let (first, more) = groups.split_first()?;
        let mut digits = first.digits;
        let mut cut = first.cut;
        for group in more {
            if group.digits.plus {
                return None;
            }
            digits = digits.join(group.digits);
            cut |= group.cut;
        }
        if cut {
            return None;
        }
        if let Some(region) = self.region
            && !digits.plus
            && digits.len - count_digits(digits.value) < 2
        {
            return national(digits, region);
        }
        let planned = match meaning(digits) {
            Meaning::Vietnamese(planned) => Some(planned),
            // The two zeros of the prefix stand together.
            Meaning::International(_) if !digits.plus && first.digits.len < 2 => None,
            Meaning::International(digits) => foreign(digits),
            Meaning::Nothing => None,
        };
        planned.map(|planned| planned.written_as(digits))
    }

    /// Several numbers with only blanks between them. The groups must part into numbers without a rest, or stand for
    /// one number each.
    fn blanks(&mut self, groups: &[Group]) {
        if groups.len() < 2 {
            return;
        }
        // parts[i]: where the number that starts at group i ends, when all from i on parts into numbers.
        let mut parts = [0usize; MAX_GROUPS + 1];
        if let Some(end) = parts.get_mut(groups.len()) {
            *end = groups.len();
        }
        for start in (0..groups.len()).rev() {
            let mut digits = 0;
            let mut best = 0;
            for end in start + 1..=groups.len() {
                let Some(run) = groups.get(start..end) else { break };
                digits += run.last().map_or(0, |group| group.digits.len);
                if digits >= Digits::MANY {
                    break;
                }
                let rest_is_fine = parts.get(end).is_some_and(|&next| next > 0);
                if rest_is_fine && digits >= 7 && self.one(run).is_some() {
                    best = end;
                }
            }
            if let Some(slot) = parts.get_mut(start) {
                *slot = best;
            }
        }
        if parts.first().is_some_and(|&end| end > 0) {
            let mut start = 0;
            while let Some(&end) = parts.get(start)
                && start < groups.len()
            {
                self.whole(groups.get(start..end).unwrap_or_default());
                start = end;
            }
            return;
        }
        // One that is wrong does not spoil the others, if each is in one piece: shorter pieces may belong together.
        if groups.iter().all(|group| group.digits.len >= 8) {
            for group in groups {
                self.whole(std::slice::from_ref(group));
            }
        }
    }

    /// The number of a `tel:` URI in the country of its context.
    fn prefixed(&mut self, code: u64, bytes: &[u8]) {
        if bytes.contains(&b'+') {
            return;
        }
        let mut digits = Digits { value: code, len: count_digits(code), plus: true };
        bytes.iter().filter(|byte| byte.is_ascii_digit()).for_each(|byte| digits.push(byte - b'0'));
        if let Meaning::International(digits) = meaning(digits)
            && let Some(planned) = foreign(digits)
        {
            self.found.push(planned);
        }
    }
}

// ---- other countries ----------------------------------------------------------------------------------------

/// A number of another country, written in international form.
fn foreign(digits: u64) -> Option<Planned> {
    let text = format!("+{digits}");
    if digits / 10_000_000_000 == 11 {
        // North America with its trunk prefix after the country code, which the crate does not know.
        return judged(1, text.get(3..)?);
    }
    let number = phonenumber::parse(None, &text).ok()?;
    let code = number.code().value();
    let written = text.strip_prefix('+')?.strip_prefix(code.to_string().as_str())?;
    // As the crate reads it, which may be without a stray trunk zero. Where it makes another number of it (Gabon),
    // what is written counts.
    let crates = number.national().to_string();
    let crates = (written.strip_prefix('0') == Some(&crates)).then_some(crates.as_str());
    [crates, Some(written)].into_iter().flatten().find_map(|national| judged(code, national))
}

/// A number in the national form of `region`.
fn national(digits: Digits, region: phonenumber::country::Id) -> Option<Planned> {
    if !(5..Digits::MANY).contains(&digits.len) {
        return None;
    }
    let text = format!("{:0width$}", digits.value, width = digits.len as usize);
    let number = phonenumber::parse(Some(region), &text).ok()?;
    judged(number.code().value(), &number.national().to_string())
}

/// The number, if it is one of its country's plan.
///
/// The crate's own check asks whether a pattern matches a beginning of the number, so it takes numbers with digits too
/// many. Here the whole number must match.
fn judged(code: u16, national: &str) -> Option<Planned> {
    if code == 84 || national.len() > 15 {
        return None;
    }
    let database = &*phonenumber::metadata::DATABASE;
    let valid = database.by_code(&code)?.into_iter().any(|country| {
        let plan = country.descriptors();
        let is = |descriptor: Option<&phonenumber::metadata::Descriptor>| {
            descriptor.is_some_and(|descriptor| {
                let lengths = descriptor.possible_length();
                (lengths.is_empty() || lengths.contains(&(national.len() as u16)))
                    && pattern::matches(descriptor.national_number().as_str(), national)
            })
        };
        is(Some(plan.general()))
            && (is(plan.mobile())
                || is(plan.fixed_line())
                || is(plan.toll_free())
                || is(plan.premium_rate())
                || is(plan.shared_cost())
                || is(plan.personal_number())
                || is(plan.voip())
                || is(plan.pager())
                || is(plan.uan())
                || is(plan.voicemail()))
    });
    if !valid {
        return None;
    }
    let e164 = E164::new(format!("{code}{national}").parse().ok()?)?;
    Some(Planned { e164: e164.digits(), kind: PhoneKind::Foreign, migrated: false, doubtful: false })
}

/// The small part of regular expressions that number plans are written in: digits, classes of digits, `\d`, groups,
/// alternatives and counts.
mod pattern {
    /// Whether the pattern matches the whole text, which has at most 30 digits.
    pub(super) fn matches(pattern: &str, text: &str) -> bool {
        let mut matcher = Matcher { pattern: pattern.as_bytes(), text: text.as_bytes(), at: 0 };
        let ends = matcher.alternatives(1, 0);
        text.len() < 31 && matcher.at == pattern.len() && ends >> text.len() & 1 == 1
    }

    struct Matcher<'a> {
        pattern: &'a [u8],
        text: &'a [u8],
        at: usize,
    }

    impl Matcher<'_> {
        /// Positions are bits: bit n of `from` says that n digits were read before, and the answer likewise.
        fn alternatives(&mut self, from: u32, depth: u32) -> u32 {
            let (mut ends, mut set) = (0, from);
            self.skip_blanks();
            while let Some(&byte) = self.pattern.get(self.at) {
                match byte {
                    _ if byte.is_ascii_whitespace() => self.at += 1,
                    b')' => break,
                    b'|' => {
                        ends |= set;
                        set = from;
                        self.at += 1;
                    }
                    _ if depth > 20 => return 0,
                    _ => set = self.counted(set, depth),
                }
            }
            ends | set
        }

        /// One piece with its count.
        fn counted(&mut self, from: u32, depth: u32) -> u32 {
            let start = self.at;
            let mut set = self.piece(from, depth);
            let after = self.at;
            let (least, most) = self.count();
            let end = self.at;
            let mut ends = if least == 0 { from } else { 0 };
            for number in 1..=most {
                if number >= least {
                    ends |= set;
                }
                if set == 0 || number == most {
                    break;
                }
                self.at = start;
                set = self.piece(set, depth);
            }
            debug_assert!(after <= end);
            self.at = end;
            ends
        }

        /// Patterns are laid out over several lines.
        fn skip_blanks(&mut self) {
            while self.pattern.get(self.at).is_some_and(u8::is_ascii_whitespace) {
                self.at += 1;
            }
        }

        fn count(&mut self) -> (u32, u32) {
            self.skip_blanks();
            match self.pattern.get(self.at) {
                Some(b'?') => {
                    self.at += 1;
                    (0, 1)
                }
                Some(b'*') => {
                    self.at += 1;
                    (0, 30)
                }
                Some(b'+') => {
                    self.at += 1;
                    (1, 30)
                }
                Some(b'{') => {
                    self.at += 1;
                    let least = self.number();
                    let most = if self.pattern.get(self.at) == Some(&b',') {
                        self.at += 1;
                        if self.pattern.get(self.at) == Some(&b'}') { 30 } else { self.number() }
                    } else {
                        least
                    };
                    self.at += 1;
                    (least, most.min(30))
                }
                _ => (1, 1),
            }
        }

        fn number(&mut self) -> u32 {
            let mut number = 0;
            while let Some(digit) = self.pattern.get(self.at).filter(|byte| byte.is_ascii_digit()) {
                number = number * 10 + u32::from(digit - b'0');
                self.at += 1;
            }
            number
        }

        fn piece(&mut self, from: u32, depth: u32) -> u32 {
            let Some(&byte) = self.pattern.get(self.at) else { return 0 };
            self.at += 1;
            match byte {
                b'(' => {
                    if self.pattern.get(self.at..self.at + 2) == Some(b"?:") {
                        self.at += 2;
                    }
                    let ends = self.alternatives(from, depth + 1);
                    self.at += 1;
                    ends
                }
                b'\\' => {
                    let digit = self.pattern.get(self.at) == Some(&b'd');
                    self.at += 1;
                    if digit { self.step(from, 0x3ff) } else { 0 }
                }
                b'[' => {
                    let mut class = 0u32;
                    let mut last = 0;
                    while let Some(&byte) = self.pattern.get(self.at) {
                        self.at += 1;
                        match byte {
                            b']' => break,
                            b'-' => {
                                let end =
                                    self.pattern.get(self.at).map_or(0, |byte| byte.saturating_sub(b'0'));
                                (last..=end.min(9)).for_each(|digit| class |= 1 << digit);
                            }
                            b'\\' => class = 0x3ff,
                            b'0'..=b'9' => {
                                last = byte - b'0';
                                class |= 1 << last;
                            }
                            _ => {}
                        }
                    }
                    self.step(from, class)
                }
                b'0'..=b'9' => self.step(from, 1 << (byte - b'0')),
                _ => 0,
            }
        }

        fn step(&self, from: u32, class: u32) -> u32 {
            self.text
                .iter()
                .enumerate()
                .filter(|&(at, byte)| {
                    from >> at & 1 == 1 && byte.is_ascii_digit() && class >> (byte - b'0') & 1 == 1
                })
                .fold(0, |ends, (at, _)| ends | 1 << (at + 1))
        }
    }
}

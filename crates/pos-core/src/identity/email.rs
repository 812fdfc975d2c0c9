//! Reading e-mail addresses out of what people typed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::chars;

/// Characters of a field that are read. An address that the limit cuts is no address.
pub const MAX_EMAIL_CHARS: usize = 512;

/// Addresses of one field that are kept.
pub const MAX_EMAILS: usize = 8;

/// An e-mail address folded for comparison: lower case, the domain in A-labels.
///
/// `Debug` shows the domain only.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailKey(Box<str>);

impl EmailKey {
    /// Takes text that is already folded, such as what [`EmailKey::as_str`] gave and a store kept.
    pub fn from_folded(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The folded address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.0.rsplit_once('@').map_or("", |(_, domain)| domain);
        write!(f, "EmailKey(…@{domain})")
    }
}

/// Why an address is no key.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmailNoKey {
    /// A stand-in such as `test` or `khongco` at a public provider.
    Placeholder,
    /// On the block list, or a stand-in of a vendor.
    Blocked,
    /// A marketplace's forwarding address.
    Relay,
    /// The shop's own domain.
    OwnDomain,
}

/// One address that was read.
#[derive(Clone, Eq, PartialEq, Hash, Serialize, Deserialize)]
pub struct EmailAddress {
    /// The address as it is kept: the local part as written, the domain lower-case and in A-labels.
    pub address: String,
    /// What identity compares; absent when the address is no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<EmailKey>,
    /// Identity may use it.
    pub is_key: bool,
    /// Why identity may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_key: Option<EmailNoKey>,
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        f.debug_struct("EmailAddress")
            .field("domain", &domain)
            .field("is_key", &self.is_key)
            .field("no_key", &self.no_key)
            .finish_non_exhaustive()
    }
}

/// Why a field gave no address.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmailReject {
    /// Nothing was written.
    Empty,
    /// No at sign.
    NoAt,
    /// A marketplace hid part of the address.
    Masked,
    /// The domain has no dot.
    NoDot,
    /// The domain is an IP address.
    IpLiteral,
    /// The local part is quoted.
    Quoted,
    /// Not an address for another reason: two at signs, empty parts, characters that cannot be, too long.
    Malformed,
}

impl EmailReject {
    /// The name used by serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoAt => "no_at",
            Self::Masked => "masked",
            Self::NoDot => "no_dot",
            Self::IpLiteral => "ip_literal",
            Self::Quoted => "quoted",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for EmailReject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the field is empty",
            Self::NoAt => "there is no at sign in it",
            Self::Masked => "part of the address is masked",
            Self::NoDot => "the domain has no dot",
            Self::IpLiteral => "the domain is an IP address",
            Self::Quoted => "the local part is quoted",
            Self::Malformed => "not an e-mail address",
        })
    }
}

/// What a field holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct EmailReading {
    /// The addresses in the order in which they are written, each once; the first is the primary one.
    pub emails: Vec<EmailAddress>,
    /// Why there is none; `None` when there is one.
    pub reason: Option<EmailReject>,
}

/// What a shop may change about e-mails. Local parts and domains are written in lower case, domains in A-labels.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailRules {
    /// Take `lan.anh+shop@gmail.com` and `lananh@gmail.com` for one address.
    pub fold_gmail: bool,
    /// Local parts that are stand-ins. At a public provider they are no key; at any other domain they are one until a
    /// second customer of one shop has the same address. Dots, hyphens, underscores and up to three digits at the end
    /// do not matter, so `no-email` and `test1` are `noemail` and `test`.
    pub junk_local_parts: BTreeSet<String>,
    /// The public providers.
    pub public_providers: BTreeSet<String>,
    /// Addresses and patterns of addresses that are no key. Before the at sign `#` stands for one or more digits and
    /// `*` for anything. The stand-ins of the vendors of connected shops are blocked beside these.
    pub blocked: Vec<String>,
    /// Domains, with their subdomains, whose addresses are no key.
    pub blocked_domains: BTreeSet<String>,
    /// Domains, with their subdomains, of marketplaces' and other forwarding addresses. A domain that ends in `.*` is
    /// meant in every country: `marketplace.amazon.*` is `.com`, `.it`, `.co.uk` and the others. So in every list of
    /// domains here.
    pub relay_domains: BTreeSet<String>,
    /// The shop's own domains, with their subdomains.
    pub own_domains: BTreeSet<String>,
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

impl Default for EmailRules {
    fn default() -> Self {
        Self {
            fold_gmail: false,
            junk_local_parts: set(&[
                "test",
                "testing",
                "abc",
                "abcd",
                "abcdef",
                "a",
                "aa",
                "aaa",
                "aaaa",
                "b",
                "x",
                "xx",
                "xxx",
                "xxxx",
                "n",
                "no",
                "none",
                "nomail",
                "noemail",
                "noreply",
                "donotreply",
                "na",
                "nan",
                "nil",
                "null",
                "undefined",
                "unknown",
                "anonymous",
                "nobody",
                "guest",
                "customer",
                "buyer",
                "khongco",
                "khong",
                "khongbiet",
                "khongemail",
                "khongmail",
                "khongcoemail",
                "khongcomail",
                "ko",
                "koco",
                "koemail",
                "kocoemail",
                "kocomail",
                "chuaco",
                "chuacoemail",
                "chuacomail",
                "khach",
                "khachle",
                "khachhang",
                "khachhangle",
                "khachvanglai",
                "vanglai",
                "email",
                "mail",
                "gmail",
                "example",
                "sample",
                "demo",
                "dummy",
                "fake",
                "asd",
                "asdf",
                "qwe",
                "qwerty",
                "0",
                "00",
                "000",
                "1",
                "11",
                "111",
                "12",
                "123",
                "1234",
                "12345",
                "123456",
                "123456789",
            ]),
            public_providers: set(&[
                "gmail.com",
                "googlemail.com",
                "yahoo.com",
                "yahoo.com.vn",
                "ymail.com",
                "rocketmail.com",
                "hotmail.com",
                "hotmail.com.vn",
                "outlook.com",
                "outlook.com.vn",
                "live.com",
                "msn.com",
                "icloud.com",
                "me.com",
                "mac.com",
                "aol.com",
                "mail.com",
                "email.com",
                "gmx.com",
                "proton.me",
                "protonmail.com",
                "zoho.com",
                "yandex.com",
                "mail.ru",
                "qq.com",
                "163.com",
                "126.com",
                "naver.com",
            ]),
            blocked: Vec::new(),
            blocked_domains: BTreeSet::new(),
            relay_domains: set(&[
                "marketplace.amazon.*",
                "members.ebay.*",
                "relay.walmart.*",
                "scs.tiktok.*",
                "scs.tiktokw.*",
                "scs2.tiktok.*",
                "scs2.tiktokw.*",
                "privaterelay.appleid.com",
            ]),
            own_domains: BTreeSet::new(),
        }
    }
}

/// Whether the set has the domain or one that it is a part of.
fn in_domains(set: &BTreeSet<String>, domain: &str) -> bool {
    if set.is_empty() {
        return false;
    }
    let mut rest = domain;
    loop {
        if set.contains(rest) || in_every_country(set, rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) if parent.contains('.') => rest = parent,
            _ => return false,
        }
    }
}

/// Whether the set has the domain without its country: `marketplace.amazon.*` for `marketplace.amazon.co.uk`.
fn in_every_country(set: &BTreeSet<String>, domain: &str) -> bool {
    let Some((mut name, top)) = domain.rsplit_once('.') else { return false };
    if top.len() == 2
        && let Some((before, second)) = name.rsplit_once('.')
        && matches!(second, "co" | "com" | "net" | "org" | "ne" | "or")
    {
        name = before;
    }
    // A name without a dot would be `shop.*`: every shop's, in any country.
    if !name.contains('.') {
        return false;
    }
    let mut buffer = [0u8; 64];
    let len = name.len();
    let Some(slot) = buffer.get_mut(..len + 2) else { return false };
    let (head, tail) = slot.split_at_mut(len);
    head.copy_from_slice(name.as_bytes());
    tail.copy_from_slice(b".*");
    std::str::from_utf8(slot).is_ok_and(|pattern| set.contains(pattern))
}

/// What people put between the words of a local part.
fn is_joint(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_')
}

/// Whether no mail can ever get there: names that are kept for local networks and for nothing.
fn is_nowhere(domain: &str) -> bool {
    domain.rsplit('.').next().is_some_and(|top| {
        matches!(top, "local" | "localhost" | "localdomain" | "invalid" | "internal" | "lan")
    })
}

/// Whether a pattern of the block list names the text: `#` is one or more digits, `*` is anything.
pub(super) fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'#', rest)) => {
            let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (1..=digits).any(|len| matches_pattern(rest, text.get(len..).unwrap_or_default()))
        }
        Some((b'*', rest)) => {
            (0..=text.len()).any(|len| matches_pattern(rest, text.get(len..).unwrap_or_default()))
        }
        Some((byte, rest)) => text
            .split_first()
            .is_some_and(|(first, tail)| first.eq_ignore_ascii_case(byte) && matches_pattern(rest, tail)),
    }
}

/// Whether one of the patterns names the address, which is of the domain.
fn is_blocked(patterns: &[impl AsRef<str>], address: &str, domain: &str) -> bool {
    patterns.iter().any(|pattern| {
        let (pattern, address) = (pattern.as_ref().as_bytes(), address.as_bytes());
        // The domain has no wild cards, so it is compared first.
        let of_domain = |text: &[u8]| {
            let at = text.len().checked_sub(domain.len() + 1)?;
            let tail = text.get(at..)?;
            (tail.first() == Some(&b'@')
                && tail.get(1..).is_some_and(|tail| tail.eq_ignore_ascii_case(domain.as_bytes())))
            .then_some(at)
        };
        of_domain(pattern).is_some_and(|at| {
            let local = address.len() - domain.len() - 1;
            matches_pattern(pattern.get(..at).unwrap_or_default(), address.get(..local).unwrap_or_default())
        })
    })
}

/// What a vendor knows of its customers and no rule can: it stands in the vendor's profile, and connecting a shop writes it
/// into the rules of the link ([`IdentityRules::heed`] where there is no link).
///
/// [`IdentityRules::heed`]: super::IdentityRules::heed
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdentityHints {
    /// One phone under two ids of a shop is usual (buyer and recipient): a group holds at most one customer of an account.
    pub guarded: bool,
    /// The mailboxes that the vendor writes where a customer has none: patterns as in [`EmailRules::blocked`].
    pub blocked_emails: &'static [&'static str],
}

impl IdentityHints {
    /// Whether an address is a stand-in of the vendor's.
    ///
    /// ```
    /// use pos_core::identity::IdentityHints;
    ///
    /// let hints = IdentityHints { blocked_emails: &["guest+#@pos.example.com"], ..IdentityHints::default() };
    /// assert!(hints.blocks("Guest+17@pos.example.com") && !hints.blocks("lan@pos.example.com"));
    /// ```
    pub fn blocks(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map(|(_, domain)| domain);
        domain.is_some_and(|domain| is_blocked(self.blocked_emails, address, domain))
    }
}

impl EmailRules {
    /// Blocks further addresses and patterns; those that are blocked already once.
    pub fn block<S: Into<String>>(&mut self, patterns: impl IntoIterator<Item = S>) {
        for pattern in patterns.into_iter().map(S::into) {
            if !self.blocked.contains(&pattern) {
                self.blocked.push(pattern);
            }
        }
    }

    /// Whether a key is weak: its local part is a stand-in, such as `test@test.com`, though its domain may be anybody's.
    /// A weak key joins nothing from the second customer of one account on.
    pub fn is_weak(&self, key: &EmailKey) -> bool {
        key.as_str().rsplit_once('@').is_some_and(|(local, _)| self.is_junk(local))
    }

    fn verdict(&self, address: &str, local: &str, domain: &str) -> Result<bool, EmailNoKey> {
        let junk = self.is_junk(local);
        self.no_key(address, junk, domain).map_or(Ok(junk), Err)
    }

    fn is_junk(&self, local: &str) -> bool {
        let set = &self.junk_local_parts;
        if !local.bytes().any(is_joint) {
            return self.is_junk_word(local);
        }
        // The longest stand-in with what may stand in it.
        let mut buffer = [0u8; 28];
        let mut len = 0;
        for byte in local.bytes().filter(|&byte| !is_joint(byte)) {
            let Some(slot) = buffer.get_mut(len) else { return set.contains(local) };
            *slot = byte;
            len += 1;
        }
        let bare = buffer.get(..len).and_then(|bytes| std::str::from_utf8(bytes).ok());
        bare.is_some_and(|bare| self.is_junk_word(bare)) || set.contains(local)
    }

    fn is_junk_word(&self, word: &str) -> bool {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = (1..=3).contains(&(word.len() - bare.len())) && bare.len() > 2;
        self.junk_local_parts.contains(word) || numbered && self.junk_local_parts.contains(bare)
    }

    /// Why the address is no key, if it is none. All parts are folded; `junk` says what [`EmailRules::is_junk`] found.
    fn no_key(&self, address: &str, junk: bool, domain: &str) -> Option<EmailNoKey> {
        if junk && self.public_providers.contains(domain) || is_nowhere(domain) {
            return Some(EmailNoKey::Placeholder);
        }
        if is_blocked(&self.blocked, address, domain) || in_domains(&self.blocked_domains, domain) {
            return Some(EmailNoKey::Blocked);
        }
        if in_domains(&self.relay_domains, domain) {
            return Some(EmailNoKey::Relay);
        }
        in_domains(&self.own_domains, domain).then_some(EmailNoKey::OwnDomain)
    }
}

/// Reads every address of a field.
///
/// At most [`MAX_EMAIL_CHARS`] characters are read and at most [`MAX_EMAILS`] addresses are kept. A field in which
/// anything is masked gives no address at all, and so does one with a word that is no address, no name in front of
/// `<…>`, no label and no note in parentheses: `lan,thu@example.com` is not `thu@example.com`.
///
/// ```
/// use pos_core::identity::{EmailRules, read_emails};
/// let reading = read_emails("Lan <Lan@Example.COM>; minh@example.com", &EmailRules::default());
/// assert_eq!(reading.emails[0].address, "Lan@example.com");
/// assert_eq!(reading.emails[0].key.as_ref().unwrap().as_str(), "lan@example.com");
/// ```
pub fn read_emails(text: &str, rules: &EmailRules) -> EmailReading {
    let mut emails: Vec<EmailAddress> = Vec::new();
    let reason = for_each_email(text, rules, |local, domain, key, verdict| {
        let no_key = verdict.err();
        let address = format!("{local}@{domain}");
        if emails.len() < MAX_EMAILS && !emails.iter().any(|known| known.address == address) {
            emails.push(EmailAddress {
                address,
                is_key: no_key.is_none(),
                key: no_key.is_none().then(|| EmailKey(key.into())),
                no_key,
            });
        }
    });
    EmailReading { reason: if emails.is_empty() { reason } else { None }, emails }
}

/// Calls `each` with the folded form of every key of a field, in order, without building a list.
pub fn for_each_email_key(text: &str, rules: &EmailRules, mut each: impl FnMut(&str)) {
    for_each_key(text, rules, |key, _| each(key));
}

/// [`for_each_email_key`] with whether the key is weak.
pub(super) fn for_each_key(text: &str, rules: &EmailRules, mut each: impl FnMut(&str, bool)) {
    for_each_email(text, rules, |_, _, key, verdict| {
        if let Ok(weak) = verdict {
            each(key, weak);
        }
    });
}

/// Calls `each` with local part, domain, folded address and verdict: whether the key is weak, or why it is none. The
/// answer is the first reason met.
pub(crate) fn for_each_email(
    text: &str,
    rules: &EmailRules,
    mut each: impl FnMut(&str, &str, &str, Result<bool, EmailNoKey>),
) -> Option<EmailReject> {
    // The common case: one plain ASCII address and nothing round it.
    if text.len() <= 128
        && let Some((local, domain)) = plain(text)
    {
        address(local, domain, rules, &mut each);
        return None;
    }
    let (text, cut) = clean(text);
    let text = text.trim();
    if text.is_empty() {
        return Some(EmailReject::Empty);
    }
    if text.contains('*') {
        return Some(EmailReject::Masked);
    }
    // Several addresses may stand in a field, with names, labels and notes beside them. A word that is none of these may
    // be a piece of an address that a slip of the finger tore apart, and then nobody knows where it ended.
    let mut reason = None;
    let mut addresses: [&str; MAX_EMAILS] = [""; MAX_EMAILS];
    let mut found = 0;
    // Words that must turn out to be a name or a label, and words inside of parentheses.
    let (mut open_words, mut note_words) = (false, false);
    let mut notes = 0u32;
    let is_break =
        |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '|' | '<' | '>' | '(' | ')' | '\u{0}'..=' ');
    let mut rest = text;
    while !rest.is_empty() && found < MAX_EMAILS {
        let end = rest.find(is_break).unwrap_or(rest.len());
        let (token, tail) = rest.split_at(end);
        if token.contains('@') {
            if cut && tail.is_empty() {
                open_words = false;
                break;
            }
            for piece in pieces(token) {
                match (split(piece), addresses.get_mut(found)) {
                    (Ok(_), Some(slot)) => {
                        *slot = piece;
                        found += 1;
                    }
                    (Ok(_), None) => break,
                    (Err(reject), _) => {
                        reason.get_or_insert(reject);
                    }
                }
            }
            if open_words || note_words {
                reason.get_or_insert(EmailReject::Malformed);
            }
            // Parentheses round an address are no note.
            (open_words, note_words, notes) = (false, false, 0);
        } else if token.ends_with(':') {
            // `Địa chỉ email: …`
            open_words = false;
        } else if token.chars().any(|c| !is_bullet(c)) && !is_label(token) && !(found > 0 && is_and(token)) {
            if notes > 0 {
                note_words = true;
            } else {
                open_words = true;
            }
        }
        let gap = tail.find(|c| !is_break(c)).unwrap_or(tail.len());
        let (gap, next) = tail.split_at(gap);
        for c in gap.chars() {
            match c {
                // What came before is a name.
                '<' => open_words = false,
                '(' => notes += 1,
                ')' => {
                    notes = notes.saturating_sub(1);
                    note_words &= notes > 0;
                }
                _ => {}
            }
        }
        rest = next;
    }
    if open_words && !(cut && rest.is_empty()) {
        reason.get_or_insert(if found > 0 || text.contains('@') {
            EmailReject::Malformed
        } else {
            EmailReject::NoAt
        });
    }
    if reason.is_some() || found == 0 {
        return Some(reason.unwrap_or(if cut { EmailReject::Malformed } else { EmailReject::NoAt }));
    }
    for piece in addresses.iter().take(found) {
        if let Ok((local, domain)) = split(piece) {
            address(local, &domain, rules, &mut each);
        }
    }
    None
}

/// Words that say that an address follows.
fn is_label(word: &str) -> bool {
    ["email", "mail", "e-mail", "mailto", "gmail"].iter().any(|label| word.eq_ignore_ascii_case(label))
}

/// Words between two addresses.
fn is_and(word: &str) -> bool {
    matches!(word, "và" | "va" | "hoặc" | "hoac" | "and" | "or")
}

/// Marks that stand round addresses and belong to none.
fn is_bullet(c: char) -> bool {
    matches!(
        c,
        '.' | '-' | '\u{2013}' | '\u{2014}' | '/' | '\\' | ':' | '"' | '\'' | '\u{2019}' | '\u{2022}' | '&'
    )
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'+'
                | b'-'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'}'
                | b'~'
                | b'/'
        )
}

/// Splits text that is one plain address: ASCII, nothing that needs cleaning but upper case.
fn plain(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii();
    let (local, domain) = text.split_once('@')?;
    if !matches!(local.as_bytes(), [first, ..] if first.is_ascii_alphanumeric()) || local.len() > 64 {
        return None;
    }
    let mut before = b'.';
    for &byte in local.as_bytes() {
        let fine = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'+' | b'-')
            || byte == b'.' && before != b'.';
        if !fine {
            return None;
        }
        before = byte;
    }
    if before == b'.' {
        return None;
    }
    let mut label = 0;
    let mut dots = 0;
    let mut before = b'.';
    for &byte in domain.as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => label += 1,
            // A hyphen in third or fourth place may be an A-label, which is checked elsewhere.
            b'-' if label == 1 || label > 3 => label += 1,
            b'.' if label > 0 && before != b'-' => {
                dots += 1;
                label = 0;
            }
            _ => return None,
        }
        if label > 63 {
            return None;
        }
        before = byte;
    }
    // The last label starts with a letter, so that it is no IP address.
    let fine = dots > 0
        && label > 0
        && before != b'-'
        && domain.as_bytes().get(domain.len() - label).is_some_and(u8::is_ascii_alphabetic);
    fine.then_some((local, domain))
}

/// The first characters with full-width forms folded and invisible characters dropped.
fn clean(text: &str) -> (String, bool) {
    let text = text.trim_start();
    let mut cleaned = String::with_capacity(text.len().min(MAX_EMAIL_CHARS));
    let mut chars = text.chars();
    for c in chars.by_ref().take(MAX_EMAIL_CHARS) {
        match c {
            _ if chars::is_format(c) => {}
            '\u{ff01}'..='\u{ff5e}' => {
                cleaned.extend(char::from_u32(u32::from(c) - 0xfee0));
            }
            '\u{3002}' | '\u{ff61}' => cleaned.push('.'),
            _ if chars::is_mask(c) => cleaned.push('*'),
            _ if c.is_control() => cleaned.push(' '),
            c => cleaned.push(c),
        }
    }
    let cut = chars.next().is_some();
    if !cleaned.is_ascii() {
        use unicode_normalization::UnicodeNormalization as _;
        cleaned = cleaned.nfkc().filter(|&c| !chars::is_format(c)).collect();
    }
    (cleaned, cut)
}

/// Parts a token where one address ends and another begins: `a@x.vn/b@x.vn`.
fn pieces(token: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(token);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let at = text.find('@').unwrap_or(0);
        match text.get(at..).and_then(|tail| tail.find('/')) {
            Some(slash) => {
                rest = text.get(at + slash + 1..).filter(|tail| !tail.is_empty());
                text.get(..at + slash)
            }
            None => Some(text),
        }
    })
}

/// Splits one token into local part and domain, or says what is wrong with it.
fn split(token: &str) -> Result<(&str, Cow<'_, str>), EmailReject> {
    const QUOTES: [char; 6] = ['\'', '`', '“', '”', '‘', '’'];
    let mut token = token;
    loop {
        let before = token.len();
        // A quoted cell or a typed quotation, not a quoted local part.
        token = token.trim_end_matches(['"', '!', ':']).trim_end_matches(QUOTES).trim_start_matches(QUOTES);
        if let Some(inner) = token.strip_prefix('"')
            && !inner.split('@').next().is_some_and(|local| local.contains('"'))
        {
            token = inner;
        }
        // `mailto:`, `Email:` and the like; another word may be what stood before a dot that was mistyped.
        if let Some((label, tail)) = token.split_once(':')
            && is_label(label)
        {
            token = tail;
        }
        if token.len() == before {
            break;
        }
    }
    let (local, domain) = token.split_once('@').ok_or(EmailReject::NoAt)?;
    if local.contains('"') {
        return Err(EmailReject::Quoted);
    }
    let domain = domain.split(['?', '#']).next().unwrap_or_default();
    if domain.starts_with('[') {
        return Err(EmailReject::IpLiteral);
    }
    if domain.contains('@') || local.is_empty() || domain.is_empty() || local.len() > 64 {
        return Err(EmailReject::Malformed);
    }
    let fine = !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| {
            if c.is_ascii() { is_atom(c as u8) || c == '.' } else { c.is_alphanumeric() || is_mark(c) }
        });
    if !fine {
        return Err(EmailReject::Malformed);
    }
    Ok((local, self::domain(domain)?))
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// The domain in A-labels, lower case, without the dot of the root.
fn domain(text: &str) -> Result<Cow<'_, str>, EmailReject> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL)
        .map_err(|_| EmailReject::Malformed)?;
    let bare = ascii.strip_suffix('.').unwrap_or(&ascii);
    if !bare.contains('.') {
        return Err(if bare.is_empty() { EmailReject::Malformed } else { EmailReject::NoDot });
    }
    let labels_are_fine = bare.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    if !labels_are_fine || bare.len() > 253 {
        return Err(EmailReject::Malformed);
    }
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if bare.split('.').next_back().is_some_and(numeric) {
        return Err(if bare.split('.').all(numeric) {
            EmailReject::IpLiteral
        } else {
            EmailReject::Malformed
        });
    }
    Ok(if bare.len() == ascii.len() { ascii } else { Cow::Owned(bare.to_owned()) })
}

/// Folds one address and hands it on.
fn address(
    local: &str,
    domain: &str,
    rules: &EmailRules,
    each: &mut impl FnMut(&str, &str, &str, Result<bool, EmailNoKey>),
) {
    let mut buffer = [0u8; 200];
    let at = local.len();
    let len = at + 1 + domain.len();
    let gmail = rules.fold_gmail
        && (domain.eq_ignore_ascii_case("gmail.com") || domain.eq_ignore_ascii_case("googlemail.com"));
    if !gmail && local.is_ascii() && len <= buffer.len() {
        let mut rest = &mut buffer[..];
        for part in [local, "@", domain] {
            let Some((slot, tail)) = rest.split_at_mut_checked(part.len()) else { break };
            slot.copy_from_slice(part.as_bytes());
            rest = tail;
        }
        buffer.make_ascii_lowercase();
        if let Some(key) = buffer.get(..len).and_then(|bytes| std::str::from_utf8(bytes).ok())
            && let (Some(folded), Some(domain)) = (key.get(..at), key.get(at + 1..))
        {
            each(local, domain, key, rules.verdict(key, folded, domain));
            return;
        }
    }
    let mut folded = local.to_lowercase();
    let domain = &domain.to_ascii_lowercase();
    let mut domain_of_key = domain.as_str();
    if gmail {
        domain_of_key = "gmail.com";
        let name = folded.split('+').next().unwrap_or_default();
        let bare: String = name.chars().filter(|&c| c != '.').collect();
        if !bare.is_empty() {
            folded = bare;
        }
    }
    let key = format!("{folded}@{domain_of_key}");
    each(local, domain, &key, rules.verdict(&key, &folded, domain_of_key));
}

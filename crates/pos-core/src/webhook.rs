//! Webhooks: proven first, read afterwards.

use std::fmt::Debug;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::record::{Record, Stream, Vendor};

/// The largest body that a verifier looks at unless it says otherwise: 1 MiB.
pub const MAX_BODY: usize = 1024 * 1024;

/// What a delivery of a vendor proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trust {
    /// The body is signed with a shared secret.
    Signed,
    /// A token comes along that only the vendor should know; the body may have been altered by who knows it too.
    SharedToken,
    /// Nothing is proven: an event is only a hint to read the object again.
    Unsigned,
}

/// A delivery as it arrived.
#[derive(Clone)]
pub struct WebhookRequest<'a> {
    /// Header fields.
    pub headers: &'a HeaderMap,
    /// The exact bytes of the body.
    pub body: &'a [u8],
    /// When it arrived.
    pub received_at: OffsetDateTime,
    /// Path and query of the address that was called, for vendors whose proof is in it.
    pub url: Option<&'a str>,
}

impl<'a> WebhookRequest<'a> {
    /// A delivery.
    pub fn new(headers: &'a HeaderMap, body: &'a [u8], received_at: OffsetDateTime) -> Self {
        Self { headers, body, received_at, url: None }
    }

    /// Adds path and query of the address that was called.
    #[must_use]
    pub fn with_url(mut self, url: &'a str) -> Self {
        self.url = Some(url);
        self
    }

    /// A header field as text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Debug for WebhookRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookRequest")
            .field("bytes", &self.body.len())
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// A delivery that passed its proof. Only a [`WebhookVerifier`] should make one.
///
/// It holds everything that reading it needs, so that it can be kept and read later, by a newer release too: whatever a
/// header, the address or the verifier's configuration says about the body stands in `facts`. Nothing in it is secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verified {
    /// The vendor that sent it.
    pub vendor: Vendor,
    /// What was proven.
    pub trust: Trust,
    /// The body.
    #[serde(with = "body_text")]
    pub body: Bytes,
    /// Event name, delivery id and other header fields that the parser needs, as the verifier copied them.
    pub topic: Option<String>,
    /// The id in the header, when there is one.
    pub header_id: Option<String>,
    /// Extra facts for the parser, by name (event version, shop domain).
    pub facts: std::collections::BTreeMap<String, String>,
    /// When it arrived.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
}

/// Bodies are JSON, so they are kept as text where they are text, and as hex where they are not.
mod body_text {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kept<'a> {
        Text(std::borrow::Cow<'a, str>),
        Hex(String),
    }

    pub(super) fn serialize<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(body) {
            Ok(text) => Kept::Text(text.into()),
            Err(_) => Kept::Hex(super::hex(body)),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        Ok(match Kept::deserialize(deserializer)? {
            Kept::Text(text) => text.into_owned().into(),
            Kept::Hex(text) => {
                super::unhex(&text).ok_or_else(|| serde::de::Error::custom("expected hex"))?.into()
            }
        })
    }
}

impl Verified {
    /// Declares a delivery proven. For verifiers.
    pub fn proven(vendor: Vendor, trust: Trust, request: &WebhookRequest<'_>) -> Self {
        Self {
            vendor,
            trust,
            body: Bytes::copy_from_slice(request.body),
            topic: None,
            header_id: None,
            facts: std::collections::BTreeMap::new(),
            received_at: request.received_at,
        }
    }
}

impl Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verified")
            .field("vendor", &self.vendor)
            .field("trust", &self.trust)
            .field("topic", &self.topic)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why a delivery is not believed, or cannot be read. One line, without secrets and without the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No proof came along.
    #[error("the delivery carries no {0}")]
    Unsigned(&'static str),
    /// The proof is wrong: altered body, wrong secret, or forged.
    #[error("the {0} does not match")]
    BadProof(&'static str),
    /// The proof cannot even be compared.
    #[error("the {0} is malformed")]
    MalformedProof(&'static str),
    /// The body is larger than allowed.
    #[error("the body has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Nothing is configured that a delivery could be proven with.
    #[error("no {0} is configured here, so no delivery can be proven")]
    NotConfigured(&'static str),
    /// The delivery is too old or from the future.
    #[error("the delivery is not fresh")]
    Stale,
    /// It is for another shop.
    #[error("the delivery is for another shop ({0})")]
    OtherShop(String),
    /// The body cannot be read.
    #[error("the body cannot be read: {0}")]
    Malformed(String),
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// Created or changed.
    Upsert,
    /// Deleted.
    Delete,
    /// A stock level changed.
    Stock,
    /// The shop removed the app: nothing more will come.
    AppUninstalled,
    /// The vendor only tries whether somebody answers.
    Probe,
    /// Something that these crates do not follow.
    Unknown,
}

/// Another object that an event touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// Its stream.
    pub stream: Stream,
    /// Its id.
    pub id: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "KeptEvent")]
#[non_exhaustive]
pub struct WebhookEvent {
    /// What happened.
    pub kind: EventKind,
    /// To what sort of object.
    pub stream: Option<Stream>,
    /// The vendor's name of the event, without tenant.
    pub topic: Option<String>,
    /// To which objects. Product or variant ids for a stock event.
    pub ids: Vec<String>,
    /// The event must not be believed or is incomplete: read the object again. A deletion with this mark is a hint that
    /// is believed when the object cannot be found any more; an uninstallation with it, when the vendor refuses the
    /// credentials.
    pub refetch: bool,
    /// When it happened, by the vendor's clock, where the delivery says so and the proof covers it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub at: Option<OffsetDateTime>,
    /// The vendor's version of the object, when it counts them.
    pub version: Option<String>,
    /// Other objects that the event touches.
    pub related: Vec<Related>,
    /// The object in the common model, where the body carries enough of it.
    pub record: Option<Record>,
}

/// An event as it was kept: which kind of record it carries is known by its stream alone.
#[derive(Deserialize)]
struct KeptEvent {
    kind: EventKind,
    stream: Option<Stream>,
    topic: Option<String>,
    ids: Vec<String>,
    refetch: bool,
    #[serde(default, with = "time::serde::rfc3339::option")]
    at: Option<OffsetDateTime>,
    version: Option<String>,
    related: Vec<Related>,
    record: Option<serde_json::Value>,
}

impl TryFrom<KeptEvent> for WebhookEvent {
    type Error = serde_json::Error;

    fn try_from(kept: KeptEvent) -> Result<Self, Self::Error> {
        let KeptEvent { kind, stream, topic, ids, refetch, at, version, related, record } = kept;
        // A record without a stream could be anything: it is left out, and the object is read again.
        let lost = record.is_some() && stream.is_none();
        let record = record.zip(stream).map(|(record, stream)| Record::read(stream, record)).transpose()?;
        Ok(Self { kind, stream, topic, ids, refetch: refetch || lost, at, version, related, record })
    }
}

impl WebhookEvent {
    /// An event about some objects.
    pub fn new(kind: EventKind, stream: Option<Stream>, ids: Vec<String>) -> Self {
        Self {
            kind,
            stream,
            topic: None,
            ids,
            refetch: false,
            at: None,
            version: None,
            related: Vec::new(),
            record: None,
        }
    }

    /// The vendor's name of the event.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// The object as the body shows it.
    #[must_use]
    pub fn with_record(mut self, record: impl Into<Record>) -> Self {
        self.record = Some(record.into());
        self
    }

    /// Asks for the object to be read again.
    #[must_use]
    pub fn with_refetch(mut self) -> Self {
        self.refetch = true;
        self
    }
}

/// How long a delivery's id tells that it is the same delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Remember {
    /// The vendor gives every event an id of its own that its retries repeat: as long as deliveries are kept.
    Always,
    /// The id is a hash of the body: as long as the vendor repeats a delivery. A state that comes back later with the
    /// same bytes is another delivery.
    Seconds(u32),
    /// The delivery only says that something should be read again: one that still waits stands for all that follow, and
    /// one that is done for none.
    WhileWaiting,
}

/// Which delivery it is and for whom, without reading what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// What makes it the same delivery when it comes again.
    pub id: String,
    /// How long.
    pub remember: Remember,
    /// The vendor's id of the shop, where the delivery names it.
    pub tenant: Option<String>,
    /// The vendor's name of the event.
    pub topic: Option<String>,
}

/// A delivery that was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// What makes it the same delivery when it comes again: the id that survives retries, else the header's, else the
    /// hash of the body.
    pub id: String,
    /// The vendor's id of the shop.
    pub tenant: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: Option<u32>,
    /// What happened.
    pub events: Vec<WebhookEvent>,
    /// Items that could not be read; the others are not harmed.
    pub rejected: Vec<crate::page::Rejected>,
}

impl Delivery {
    /// A delivery with its id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), tenant: None, attempt: None, events: Vec::new(), rejected: Vec::new() }
    }
}

/// What to answer a vendor that wants to know whether anybody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
}

/// Proves and reads the webhooks of one shop.
pub trait WebhookVerifier: Send + Sync + Debug {
    /// What a passed proof means here.
    fn trust(&self) -> Trust;

    /// Checks the proof over the exact bytes, in constant time. Nothing of the body is read before.
    ///
    /// # Errors
    /// Why the delivery is not believed. It must change nothing.
    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal>;

    /// Says which delivery it is and for whom. It must be quick whatever the body: the vendor waits for the answer, and
    /// what the body says is read later.
    ///
    /// # Errors
    /// When the delivery is for another shop, or its envelope cannot be read.
    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        let delivery = self.parse(verified)?;
        let hint = delivery.events.iter().all(|event| event.refetch || event.record.is_none());
        Ok(Identified {
            id: delivery.id,
            remember: if hint { Remember::WhileWaiting } else { Remember::Seconds(24 * 3600) },
            tenant: delivery.tenant,
            topic: verified.topic.clone(),
        })
    }

    /// Reads a proven delivery.
    ///
    /// # Errors
    /// When the body is not what the vendor sends, or is for another shop.
    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal>;

    /// The answer to a vendor's question whether the address is ours; `query` is the query string of a GET.
    fn handshake(&self, query: &str) -> Option<Handshake> {
        let _ = query;
        None
    }

    /// The HTTP status to answer a refused delivery with. Some vendors stop sending after one refusal, so their
    /// verifiers answer 200 and drop the delivery.
    fn refusal_status(&self, refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::Unsigned(_) | Refusal::BadProof(_) | Refusal::MalformedProof(_) | Refusal::Stale => 401,
            Refusal::TooLarge { .. } => 413,
            Refusal::OtherShop(_) => 404,
            Refusal::Malformed(_) => 400,
            // Our fault: the vendor shall send it again when the secret is there.
            Refusal::NotConfigured(_) => 503,
        }
    }
}

/// The last resort for a delivery without an id: the SHA-256 of its body, as hex.
pub fn body_id(body: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(body))
}

/// The id of a delivery whose vendor gives none: the SHA-256 of what the proof does not cover and the body says nothing
/// of (topic, shop, a mark of tests), each with its length, and of the body.
pub fn delivery_hash(outside: &[&str], body: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in outside {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(body);
    hex(&hash.finalize())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Reads hex of either letter case; `None` when it is not.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.as_bytes().chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

/// HMAC-SHA256.
pub fn hmac_sha256(key: &[u8], body: &[u8]) -> [u8; 32] {
    use hmac::{Hmac, KeyInit, Mac};
    // HMAC takes keys of any length, so the constructor cannot fail.
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// Compares two byte strings in constant time.
pub fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_delivery_reads_back_byte_for_byte() {
        let headers = HeaderMap::new();
        for body in [&b"{\"a\":\"\\u00e9\"}"[..], b"\xff\xfe", b"", "\u{feff}{}".as_bytes()] {
            let request = WebhookRequest::new(&headers, body, OffsetDateTime::UNIX_EPOCH);
            let verified = Verified::proven(Vendor::new("sapo"), Trust::Signed, &request);
            let kept = serde_json::to_string(&verified).unwrap();
            assert_eq!(serde_json::from_str::<Verified>(&kept).unwrap(), verified);
        }
    }

    #[test]
    fn a_delivery_hash_tells_its_parts_apart() {
        assert_ne!(delivery_hash(&["ab", "c"], b"{}"), delivery_hash(&["a", "bc"], b"{}"));
        assert_ne!(delivery_hash(&["a"], b"{}"), delivery_hash(&["b"], b"{}"));
        assert_eq!(delivery_hash(&["a"], b"{}"), delivery_hash(&["a"], b"{}"));
    }

    #[test]
    fn hmac_matches_the_published_vector() {
        // RFC 4231, test case 2.
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(unhex(&hex(&mac)).as_deref(), Some(&mac[..]));
        assert_eq!(unhex("xy"), None);
        assert_eq!(unhex("abc"), None);
    }
}

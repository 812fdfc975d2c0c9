//! Proof by header fields that the host chose: for vendors that sign nothing.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use http::HeaderName;

use super::hooks::knows;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::webhook::{Refusal, WebhookRequest};

/// Header fields that have to come with every delivery, each once, with a value that is expected.
///
/// ```
/// use http::HeaderMap;
/// use pos_core::kit::HeaderProof;
/// use pos_core::webhook::{Refusal, WebhookRequest};
/// use time::OffsetDateTime;
///
/// let mut proof = HeaderProof::default();
/// proof.require("X-Webhook-Secret", "long-and-random")?;
/// let mut headers = HeaderMap::new();
/// let at = OffsetDateTime::UNIX_EPOCH;
/// let asked = |headers: &HeaderMap| proof.check(&WebhookRequest::new(headers, b"{}", at));
/// assert_eq!(asked(&headers), Err(Refusal::Unsigned("required header")));
/// headers.insert("x-webhook-secret", "long-and-random".parse().unwrap());
/// assert_eq!(asked(&headers), Ok(()));
/// # Ok::<(), pos_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct HeaderProof(BTreeMap<String, Vec<Secret>>);

impl Debug for HeaderProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeaderProof").field(&self.0.keys()).finish()
    }
}

impl HeaderProof {
    /// Requires a header with this value. The same header again accepts another value, for rotation; another header is
    /// required too.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the name is no header's or the value is blank: everybody knows a
    /// blank one.
    pub fn require(&mut self, name: &str, value: impl Into<Secret>) -> Result<()> {
        let value = value.into();
        let name: HeaderName = name
            .trim()
            .parse()
            .map_err(|_| Error::config("a webhook header has a name that no header may have"))?;
        if value.expose().trim().is_empty() {
            return Err(Error::config(format!("the value of the webhook header {name} is blank")));
        }
        self.0.entry(name.as_str().to_owned()).or_default().push(value);
        Ok(())
    }

    /// Whether nothing is required: then nothing is proven.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a delivery that lacks one of them. Every header is looked at and every value compared, in constant time.
    ///
    /// # Errors
    /// [`Refusal::NotConfigured`] where nothing is required; [`Refusal::Unsigned`], [`Refusal::MalformedProof`] where a header
    /// is blank or says two things, [`Refusal::BadProof`].
    pub fn check(&self, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
        const WHAT: &str = "required header";
        if self.0.is_empty() {
            return Err(Refusal::NotConfigured("webhook header"));
        }
        let (mut missing, mut malformed, mut wrong) = (false, false, false);
        for (name, accepted) in &self.0 {
            let mut values = request.headers.get_all(name).iter();
            let Some(first) = values.next() else {
                missing = true;
                continue;
            };
            // The same header twice is harmless only when both say the same.
            malformed |= values.any(|other| other != first) || first.as_bytes().trim_ascii().is_empty();
            wrong |= !knows(accepted, first.as_bytes());
        }
        match (missing, malformed, wrong) {
            (true, _, _) => Err(Refusal::Unsigned(WHAT)),
            (_, true, _) => Err(Refusal::MalformedProof(WHAT)),
            (_, _, true) => Err(Refusal::BadProof(WHAT)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use time::OffsetDateTime;

    use super::*;
    use crate::error::ErrorKind;

    fn check(proof: &HeaderProof, fields: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        proof.check(&WebhookRequest::new(&headers, b"{}", OffsetDateTime::UNIX_EPOCH))
    }

    #[test]
    fn every_required_header_comes_once_with_an_expected_value() {
        let mut proof = HeaderProof::default();
        assert_eq!(check(&proof, &[]), Err(Refusal::NotConfigured("webhook header")));
        proof.require("X-Store-Id", "store-42").unwrap();
        proof.require(" X-Secret ", "old").unwrap();
        proof.require("x-secret", "new").unwrap();
        let what = "required header";
        for (fields, expected) in [
            (&[("x-store-id", "store-42"), ("x-secret", "new")][..], Ok(())),
            (&[("x-store-id", "store-42"), ("x-secret", "old")], Ok(())),
            (&[("x-store-id", "store-42"), ("x-secret", "old"), ("x-secret", "old")], Ok(())),
            (&[("x-store-id", "store-42")], Err(Refusal::Unsigned(what))),
            (&[("x-secret", "new")], Err(Refusal::Unsigned(what))),
            (&[("x-store-id", "store-42"), ("x-secret", "")], Err(Refusal::MalformedProof(what))),
            (
                &[("x-store-id", "store-42"), ("x-secret", "new"), ("x-secret", "old")],
                Err(Refusal::MalformedProof(what)),
            ),
            (&[("x-store-id", "store-42"), ("x-secret", "NEW")], Err(Refusal::BadProof(what))),
            (&[("x-store-id", "store-4"), ("x-secret", "new")], Err(Refusal::BadProof(what))),
        ] {
            assert_eq!(check(&proof, fields), expected, "{fields:?}");
        }
        assert!(!format!("{proof:?}").contains("new"));
    }

    #[test]
    fn a_blank_value_and_a_name_of_no_header_are_refused() {
        let mut proof = HeaderProof::default();
        for (name, value) in [("x-a", " "), ("", "v"), ("a b", "v"), ("đầu", "v")] {
            assert_eq!(proof.require(name, value).unwrap_err().kind(), ErrorKind::Config, "{name}");
        }
        assert!(proof.is_empty());
    }
}

//! Webhooks: what every verifier does before it reads, and what every registration does.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use url::Url;

use super::json::{Members, is_deeper, text_of, value_of};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{Hook, HookPlan, HookReport, HookState};
use crate::secret::Secret;
use crate::webhook::{MAX_BODY, Refusal, Verified, WebhookRequest, hmac_sha256, same_bytes};

/// What every verifier knows: the secrets, the largest body, whose deliveries it takes, and the vendor fields that records
/// shall carry. Each step answers for itself, because vendors want them in another order.
#[derive(Clone)]
pub struct Gate {
    secrets: Vec<Secret>,
    /// The largest body in bytes.
    pub max_body: usize,
    /// The vendor's id of the shop; deliveries of any are taken without it.
    pub tenant: Option<String>,
    /// Vendor fields, by their dotted paths, that records shall carry.
    pub custom_fields: Arc<[String]>,
}

impl Default for Gate {
    /// Nothing is believed yet.
    fn default() -> Self {
        Self { secrets: Vec::new(), max_body: MAX_BODY, tenant: None, custom_fields: Arc::from([]) }
    }
}

impl Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("secrets", &self.secrets.len())
            .field("max_body", &self.max_body)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// One more secret; a blank one is dropped, because everybody knows it.
    pub fn add(&mut self, secret: Secret) {
        if !secret.expose().trim().is_empty() {
            self.secrets.push(secret);
        }
    }

    /// The secrets.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Refuses a body that is larger than allowed.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn check_size(&self, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
        match request.body.len() {
            size if size > self.max_body => Err(Refusal::TooLarge { size, limit: self.max_body }),
            _ => Ok(()),
        }
    }

    /// Refuses everything as long as there is no secret; `what` is what lacks.
    ///
    /// # Errors
    /// [`Refusal::NotConfigured`].
    pub fn check_secret(&self, what: &'static str) -> Result<(), Refusal> {
        if self.secrets.is_empty() { Err(Refusal::NotConfigured(what)) } else { Ok(()) }
    }

    /// Refuses a delivery that names another shop; one that names none passes.
    ///
    /// # Errors
    /// [`Refusal::OtherShop`].
    pub fn check_tenant<'n>(&self, named: impl IntoIterator<Item = &'n String>) -> Result<(), Refusal> {
        let other = |expected: &String| named.into_iter().find(|tenant| *tenant != expected).cloned();
        self.tenant.as_ref().and_then(other).map_or(Ok(()), |other| Err(Refusal::OtherShop(other)))
    }

    /// Whether HMAC-SHA256 of the body by one of the secrets is this digest. Every one is compared, in constant time.
    pub fn signs(&self, body: &[u8], digest: &[u8]) -> bool {
        let compare = |proven, secret: &Secret| {
            proven | same_bytes(&hmac_sha256(secret.expose().as_bytes(), body), digest)
        };
        self.secrets.iter().fold(false, compare)
    }

    /// Whether these exact bytes are one of the secrets. Every one is compared, in constant time.
    pub fn knows(&self, token: &[u8]) -> bool {
        knows(&self.secrets, token)
    }
}

/// Whether these exact bytes are one of the secrets. Every one is compared, in constant time.
pub fn knows(secrets: &[Secret], token: &[u8]) -> bool {
    secrets.iter().fold(false, |known, secret| known | same_bytes(secret.expose().as_bytes(), token))
}

/// The text of the header with the proof, under the first of its names that is there.
///
/// # Errors
/// [`Refusal::Unsigned`] with the first name.
pub fn signature<'a>(
    request: &WebhookRequest<'a>,
    names: &'static [&'static str],
) -> Result<&'a str, Refusal> {
    let unsigned = || Refusal::Unsigned(names.first().copied().unwrap_or_default());
    let name = names.iter().find(|name| request.headers.contains_key(**name)).ok_or_else(unsigned)?;
    Ok(request.header(name).unwrap_or_default().trim())
}

/// A SHA-256 digest in Base64 with padding.
pub fn base64_digest(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// A header field that is neither blank nor longer than `most` bytes, without the blanks around it.
pub fn header_text(request: &WebhookRequest<'_>, name: &str, most: usize) -> Option<String> {
    let text = request.header(name)?.trim();
    (!text.is_empty() && text.len() <= most).then(|| text.to_owned())
}

/// The JSON object of a proven body, and its members.
///
/// # Errors
/// [`Refusal::Malformed`] when it is no object, or is nested deeper than allowed.
pub fn open_body(verified: &Verified, deepest: usize) -> Result<(&RawValue, Members<'_>), Refusal> {
    let malformed = |why: &str| Refusal::Malformed(why.to_owned());
    let text = text_of(&verified.body).map_err(|_| malformed("it is not UTF-8"))?;
    if is_deeper(text.as_bytes(), deepest) {
        return Err(malformed("it is nested too deeply"));
    }
    let whole = value_of(text.as_bytes()).map_err(|_| malformed("it is not JSON"))?;
    let members = Members::of(whole).map_err(|_| malformed("it is not a JSON object"))?;
    Ok((whole, members))
}

/// Writes the setters that every verifier has, whose `gate` is a [`Gate`].
#[macro_export]
macro_rules! webhook_setters {
    ($name:ident {
        $(#[$secret_doc:meta])* with_secret,
        $($(#[$tenant_doc:meta])* $with_tenant:ident,)?
    }) => {
        impl $name {
            /// A verifier for any of these secrets. Blank ones are dropped; without any, nothing is believed.
            pub fn new(secrets: impl IntoIterator<Item = $crate::Secret>) -> Self {
                secrets.into_iter().fold(Self::default(), Self::with_secret)
            }

            $(#[$secret_doc])*
            #[must_use]
            pub fn with_secret(mut self, secret: impl Into<$crate::Secret>) -> Self {
                self.gate.add(secret.into());
                self
            }

            $(
                $(#[$tenant_doc])*
                #[must_use]
                pub fn $with_tenant(mut self, shop: impl Into<String>) -> Self {
                    self.gate.tenant = Some(shop.into());
                    self
                }
            )?

            /// The largest body in bytes; 1 MiB without it.
            #[must_use]
            pub fn with_max_body(mut self, bytes: usize) -> Self {
                self.gate.max_body = bytes;
                self
            }

            pub(crate) fn with_custom_fields(mut self, fields: std::sync::Arc<[String]>) -> Self {
                self.gate.custom_fields = fields;
                self
            }
        }
    };
}

/// What to do about the webhooks of one topic at our address.
pub struct Mend<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Our address for it.
    pub url: &'a str,
    /// One is alive: there is nothing to make, and at most something to clear away.
    pub is_served: bool,
    /// Ours that do not serve, or not alone.
    pub stale: &'a [&'a Hook],
}

crate::debug_only!(Mend<'_> { topic, is_served, stale });

/// What of its webhooks only the vendor knows, where each topic has webhooks of its own.
#[async_trait]
pub trait Hooked: Sync {
    /// Everything that a sync follows.
    fn topics(&self) -> &'static [&'static str];

    /// Refuses a plan that cannot work, before anything is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Config`].
    fn check_plan(&self, plan: &HookPlan) -> Result<()>;

    /// Our address for a topic.
    fn address(&self, plan: &HookPlan, topic: &str) -> String {
        let _ = topic;
        plan.url.to_string()
    }

    /// Every webhook of the shop; one that is signed with another secret than the plan's is outdated, where that shows.
    ///
    /// # Errors
    /// What the vendor says.
    async fn hooks(&self, plan: &HookPlan) -> Result<Vec<Hook>>;

    /// Makes one topic good.
    ///
    /// # Errors
    /// What the vendor says; [`ErrorKind::Rejected`] where it does not take the topic.
    async fn mend(&self, plan: &HookPlan, mend: Mend<'_>) -> Result<()>;
}

/// What the shop has of a plan. Sends what it takes to list the webhooks.
///
/// # Errors
/// Those of [`Hooked`].
pub async fn health_of<V: Hooked + ?Sized>(vendor: &V, plan: &HookPlan) -> Result<HookReport> {
    run(vendor, plan, false).await
}

/// Makes a plan good: what is missing is registered, what was dropped or is outdated registered again. Topics that the vendor
/// refuses are told and keep no other from being registered. Run again, it goes on where it was interrupted.
///
/// # Errors
/// Those of [`Hooked`]; the vendor's refusal when it takes none of the topics.
pub async fn register<V: Hooked + ?Sized>(vendor: &V, plan: &HookPlan) -> Result<HookReport> {
    run(vendor, plan, true).await
}

/// Whether two addresses are one, in whatever writing.
fn is_same(there: &str, ours: &str) -> bool {
    there.trim() == ours
        || Url::parse(there).is_ok_and(|there| Url::parse(ours).is_ok_and(|ours| there == ours))
}

async fn run<V: Hooked + ?Sized>(vendor: &V, plan: &HookPlan, mends: bool) -> Result<HookReport> {
    vendor.check_plan(plan)?;
    let hooks = vendor.hooks(plan).await?;
    let mut report = HookReport::default();
    let mut refusal: Option<Error> = None;
    let topics = plan.topics_or(vendor.topics());
    for topic in &topics {
        let url = vendor.address(plan, topic);
        let of_topic = hooks.iter().filter(|hook| hook.topic == *topic);
        let (ours, foreign): (Vec<&Hook>, Vec<&Hook>) = of_topic.partition(|hook| is_same(&hook.url, &url));
        report.foreign.extend(foreign.into_iter().cloned());
        let best = |state: HookState| ours.iter().position(|hook| hook.state == state);
        let order = [HookState::Alive, HookState::Outdated, HookState::Dropped, HookState::Paused];
        let state = order.into_iter().find(|state| best(*state).is_some());
        let alive = best(HookState::Alive);
        let stale: Vec<&Hook> =
            ours.iter().enumerate().filter(|(at, _)| Some(*at) != alive).map(|(_, hook)| *hook).collect();
        let is_served = alive.is_some();
        let is_good = (is_served && stale.is_empty()) || state == Some(HookState::Paused);
        if mends && !is_good {
            match vendor.mend(plan, Mend { topic, url: &url, is_served, stale: &stale }).await {
                Err(error) if error.kind() == ErrorKind::Rejected => {
                    report.refused.push((*topic).to_owned());
                    refusal = Some(error);
                    continue;
                }
                answer => answer?,
            }
        }
        report.tell(topic, state);
    }
    match refusal {
        Some(refusal) if report.refused.len() == topics.len() => Err(refusal),
        _ => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::HeaderMap;
    use time::OffsetDateTime;

    use super::*;
    use crate::webhook::Trust;
    use crate::{Vendor, webhook};

    #[test]
    fn a_gate_believes_any_of_its_secrets_and_nothing_without_one() {
        let (body, mut gate) = (b"{}", Gate::default());
        gate.add(Secret::new("  "));
        assert_eq!(gate.check_secret("secret"), Err(Refusal::NotConfigured("secret")));
        gate.add(Secret::new("old"));
        gate.add(Secret::new("new"));
        assert!(gate.check_secret("secret").is_ok());
        for (secret, is_ours) in [("old", true), ("new", true), ("  ", false), ("", false)] {
            assert_eq!(gate.signs(body, &hmac_sha256(secret.as_bytes(), body)), is_ours, "{secret}");
            assert_eq!(gate.knows(secret.as_bytes()), is_ours, "{secret}");
        }
        assert!(!gate.signs(body, b"") && !format!("{gate:?}").contains("new"));
    }

    #[test]
    fn size_and_shop_are_checked() {
        let (headers, now) = (HeaderMap::new(), OffsetDateTime::UNIX_EPOCH);
        let mut gate = Gate { max_body: 2, ..Gate::default() };
        assert!(gate.check_size(&WebhookRequest::new(&headers, b"{}", now)).is_ok());
        let refusal = gate.check_size(&WebhookRequest::new(&headers, b"{ }", now));
        assert_eq!(refusal, Err(Refusal::TooLarge { size: 3, limit: 2 }));
        let (one, two) = ("1".to_owned(), "2".to_owned());
        assert!(gate.check_tenant([&one, &two]).is_ok());
        gate.tenant = Some("1".into());
        assert!(gate.check_tenant([&one]).is_ok() && gate.check_tenant([]).is_ok());
        assert_eq!(gate.check_tenant([&one, &two]), Err(Refusal::OtherShop("2".into())));
    }

    #[test]
    fn a_proof_is_read_strictly() {
        let mut headers = HeaderMap::new();
        let digest = [7_u8; 32];
        headers.insert("x-b", format!(" {} ", STANDARD.encode(digest)).parse().unwrap());
        let request = WebhookRequest::new(&headers, b"", OffsetDateTime::UNIX_EPOCH);
        assert_eq!(signature(&request, &["x-a"]), Err(Refusal::Unsigned("x-a")));
        assert_eq!(signature(&request, &["x-a", "x-b"]).map(base64_digest), Ok(Some(digest)));
        for bad in ["", "AAAA", &webhook::hex(&digest), STANDARD.encode(digest).trim_end_matches('=')] {
            assert_eq!(base64_digest(bad), None, "{bad}");
        }
        assert_eq!(header_text(&request, "x-b", 43), None);
        assert_eq!(header_text(&request, "x-b", 44).map(|text| text.len()), Some(44));
    }

    #[test]
    fn a_body_is_an_object_of_modest_depth() {
        let headers = HeaderMap::new();
        for (body, is_read) in [
            (&b"{\"a\":1}"[..], true),
            (b"{\"a\":[{}]}", true),
            (b"{\"a\":[[[]]]}", false),
            (b"[]", false),
            (b"{", false),
            (b"\xff", false),
        ] {
            let request = WebhookRequest::new(&headers, body, OffsetDateTime::UNIX_EPOCH);
            let verified = Verified::proven(Vendor::new("demo"), Trust::Signed, &request);
            assert_eq!(open_body(&verified, 3).is_ok(), is_read, "{body:?}");
        }
    }

    /// A vendor that takes no topic that begins with `x`.
    #[derive(Default)]
    struct Demo {
        hooks: Vec<Hook>,
        mended: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Hooked for Demo {
        fn topics(&self) -> &'static [&'static str] {
            &["a", "b"]
        }
        fn check_plan(&self, plan: &HookPlan) -> Result<()> {
            if plan.secret.is_empty() { Err(Error::config("blank")) } else { Ok(()) }
        }
        async fn hooks(&self, _: &HookPlan) -> Result<Vec<Hook>> {
            Ok(self.hooks.clone())
        }
        async fn mend(&self, _: &HookPlan, mend: Mend<'_>) -> Result<()> {
            if mend.topic.starts_with('x') {
                return Err(Error::new(ErrorKind::Rejected, "no such topic"));
            }
            let stale: Vec<&str> = mend.stale.iter().map(|hook| hook.id.as_str()).collect();
            let what = format!("{} {} {}", mend.topic, mend.is_served, stale.join(","));
            self.mended.lock().unwrap().push(what);
            Ok(())
        }
    }

    const URL: &str = "https://crm.example.com/hooks";

    fn hook(id: &str, topic: &str, url: &str, state: HookState) -> Hook {
        Hook { id: id.into(), topic: topic.into(), url: url.into(), state }
    }

    #[tokio::test]
    async fn a_plan_is_made_good_topic_by_topic() {
        use HookState::{Alive, Dropped, Outdated, Paused};
        let demo = Demo {
            hooks: vec![
                hook("1", "kept", URL, Alive),
                hook("2", "twice", URL, Dropped),
                hook("3", "twice", URL, Alive),
                hook("4", "dropped", URL, Paused),
                hook("5", "dropped", URL, Dropped),
                hook("6", "old", URL, Dropped),
                hook("7", "old", URL, Outdated),
                hook("8", "paused", URL, Paused),
                hook("9", "new", "https://other.example.com/", Alive),
            ],
            ..Demo::default()
        };
        let topics = ["kept", "twice", "dropped", "old", "paused", "new", "xa"];
        let plan = HookPlan::new(URL, "s").unwrap().with_topics(topics);
        let health = health_of(&demo, &plan).await.unwrap();
        assert_eq!(
            (&health.missing[..], demo.mended.lock().unwrap().len()),
            (&["new", "xa"].map(str::to_owned)[..], 0)
        );
        let report = register(&demo, &plan).await.unwrap();
        assert_eq!(report.kept, ["kept", "twice"]);
        assert_eq!(
            (&report.missing[..], &report.refused[..]),
            (&["new".to_owned()][..], &["xa".to_owned()][..])
        );
        assert_eq!(
            (&report.dropped[0], &report.outdated[0], &report.paused[0]),
            (&"dropped".into(), &"old".into(), &"paused".into())
        );
        assert_eq!(report.foreign.iter().map(|hook| hook.id.as_str()).collect::<Vec<_>>(), ["9"]);
        assert_eq!(
            *demo.mended.lock().unwrap(),
            ["twice true 2", "dropped false 4,5", "old false 6,7", "new false "]
        );
        assert!(!report.is_healthy() && !format!("{report:?}").contains("example.com"));
    }

    #[tokio::test]
    async fn a_vendor_that_takes_no_topic_is_an_error_and_a_bad_plan_sends_nothing() {
        let demo = Demo::default();
        let plan = HookPlan::new(URL, "s").unwrap();
        assert_eq!(register(&demo, &plan).await.unwrap().missing, ["a", "b"]);
        let refused = plan.clone().with_topics(["xa", "xb"]);
        assert_eq!(register(&demo, &refused).await.unwrap_err().kind(), ErrorKind::Rejected);
        let blank = HookPlan { secret: Secret::default(), ..plan };
        for error in [register(&demo, &blank).await, health_of(&demo, &blank).await] {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
        }
        assert_eq!(demo.mended.lock().unwrap().len(), 2);
    }
}

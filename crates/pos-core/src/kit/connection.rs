//! The way to a vendor: what the vendor says of it, and what a host says of it.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::{Host, Url};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::http::{Client, ClientBuilder, Limit, Outcome, Pacer, Response, RetryPolicy, Transport};
use crate::identity::IdentityHints;
use crate::record::{Account, Vendor};

/// What of a vendor the machinery has to know: a constant of its crate.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// The short name, in lower case (`kiotviet`).
    pub vendor: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// Where the API is; blank where every shop has a host of its own.
    pub base_url: &'static str,
    /// The quota of an account.
    pub limits: &'static [Limit],
    /// The quota of each endpoint by itself.
    pub endpoint_limits: &'static [Limit],
    /// How many requests may be under way at once.
    pub in_flight: usize,
    /// How often and how long to try.
    pub retry: RetryPolicy,
    /// The time limit of one attempt.
    pub time_limit: Duration,
    /// Header fields that tell how many requests the bucket has taken (`32/80`), the first one that is there.
    pub used: &'static [&'static str],
    /// What the vendor knows of its customers and no rule can.
    pub identity: IdentityHints,
}

impl Profile {
    /// A vendor without a quota, with the usual patience.
    pub const fn new(vendor: &'static str, display_name: &'static str) -> Self {
        Self {
            vendor,
            display_name,
            base_url: "",
            limits: &[],
            endpoint_limits: &[],
            in_flight: 8,
            retry: RetryPolicy::USUAL,
            time_limit: Duration::from_secs(60),
            used: &[],
            identity: IdentityHints { guarded: false, blocked_emails: &[] },
        }
    }

    /// The vendor.
    pub const fn vendor(&self) -> Vendor {
        Vendor::new(self.vendor)
    }

    /// A shop of the vendor's.
    pub fn account(&self, id: impl Into<String>) -> Account {
        Account::new(self.vendor(), id)
    }

    /// A fault in what was configured, in the vendor's name.
    pub fn error(&self, what: impl fmt::Display) -> Error {
        Error::config(format!("{}: {what}", self.display_name))
    }

    /// A text that must not be blank, without the blanks around it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the blank one.
    pub fn filled(&self, name: &str, value: &str) -> Result<String> {
        match value.trim() {
            "" => Err(self.error(format_args!("{name} is blank"))),
            value => Ok(value.to_owned()),
        }
    }

    /// An address to which secrets may be sent: HTTPS, or HTTP on this machine, without query, fragment and login, and
    /// without a slash at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) saying what is wrong with it, without the address.
    pub fn address(&self, name: &str, text: &str) -> Result<Url> {
        let wrong = |why: &str| self.error(format_args!("{name} {why}"));
        let mut url = Url::parse(text.trim()).map_err(|error| wrong("is not a URL").with_source(error))?;
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(wrong("has no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err(wrong("must be https: secrets travel to it")),
        }
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(wrong("has more than host and path"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(url)
    }

    /// The quota of an account.
    pub fn pacer(&self) -> Pacer {
        Pacer::new(self.limits.iter().copied())
            .per_endpoint(self.endpoint_limits.iter().copied())
            .in_flight(self.in_flight)
    }

    /// The quota of an account with other limits, counted as the vendor counts.
    fn pacer_with(&self, limits: &[Limit]) -> Pacer {
        let limits = limits.iter().copied();
        let pacer = match self.endpoint_limits {
            [] => Pacer::new(limits),
            _ => Pacer::new([]).per_endpoint(limits),
        };
        pacer.in_flight(self.in_flight)
    }

    /// Lowers our bucket to what the vendor says that it has taken.
    fn learn(&self, response: &Response, pacer: &Pacer) {
        let said =
            self.used.iter().find_map(|name| response.header(name)).and_then(|text| text.split_once('/'));
        if let Some((used, size)) = said
            && let (Ok(used), Ok(size)) = (used.trim().parse(), size.trim().parse())
            && size > 0
        {
            pacer.correct(used, size);
        }
    }
}

/// What a host may say of the way to a vendor; whatever is absent is as the vendor has it.
///
/// ```
/// use std::time::Duration;
/// use pos_core::kit::Connection;
///
/// let connection = Connection {
///     base_url: Some("http://127.0.0.1:8080".to_owned()),
///     time_limit: Some(Duration::from_secs(20)),
///     ..Connection::default()
/// };
/// let text = r#"{"base_url":"http://127.0.0.1:8080","time_limit":20}"#;
/// assert_eq!(format!("{connection:?}"), format!("{:?}", serde_json::from_str::<Connection>(text).unwrap()));
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connection {
    /// Another host, for a sandbox. HTTPS, or HTTP on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Another way to send requests.
    #[serde(skip)]
    pub transport: Option<Arc<dyn Transport>>,
    /// A pacer that is shared with others.
    #[serde(skip)]
    pub pacer: Option<Arc<Pacer>>,
    /// Other limits than the vendor's, where no pacer is given; none at all when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// How often and how long to try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// The time limit of one attempt; in seconds where it is written down.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::lenient::seconds_opt")]
    pub time_limit: Option<Duration>,
    /// Vendor fields, by their dotted paths on the wire, that every record shall carry in `custom`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<String>,
    /// Who tells the time; the system without it. The vendor's own clock is learned from its answers.
    #[serde(skip)]
    pub clock: Clock,
}

impl Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("base_url", &self.base_url)
            .field("limits", &self.limits)
            .field("retry", &self.retry)
            .field("time_limit", &self.time_limit)
            .field("custom_fields", &self.custom_fields)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// The usual way, to another host.
    pub fn to(base_url: impl fmt::Display) -> Self {
        Self { base_url: Some(base_url.to_string()), ..Self::default() }
    }

    /// Without limits, for a sandbox that has no quota.
    pub fn unpaced(mut self) -> Self {
        self.limits = Some(Vec::new());
        self
    }

    /// Checks everything, and fills in what the vendor says of itself. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming what is blank or malformed.
    pub fn open(self, profile: Profile) -> Result<Line> {
        let base = profile.address("base_url", self.base_url.as_deref().unwrap_or(profile.base_url))?;
        if let Some(blank) =
            self.custom_fields.iter().find(|path| path.split('.').any(|part| part.trim().is_empty()))
        {
            return Err(profile.error(format_args!("custom field `{blank}` is not a dotted path")));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Client::default_transport()?,
        };
        let pacer = match (self.pacer, &self.limits) {
            (Some(pacer), _) => pacer,
            (None, Some(limits)) => Arc::new(profile.pacer_with(limits)),
            (None, None) => Arc::new(profile.pacer()),
        };
        Ok(Line {
            profile,
            base,
            transport,
            pacer,
            retry: self.retry.unwrap_or(profile.retry),
            time_limit: self.time_limit.unwrap_or(profile.time_limit),
            custom_fields: self.custom_fields.into(),
            clock: self.clock,
        })
    }
}

/// A way to a vendor that was checked: what its clients are made from.
#[derive(Clone)]
pub struct Line {
    /// Whose it is.
    pub profile: Profile,
    /// Where the API is.
    pub base: Url,
    /// The way to send requests.
    pub transport: Arc<dyn Transport>,
    /// The account's quota.
    pub pacer: Arc<Pacer>,
    /// How often and how long to try.
    pub retry: RetryPolicy,
    /// The time limit of one attempt.
    pub time_limit: Duration,
    /// Vendor fields that every record shall carry.
    pub custom_fields: Arc<[String]>,
    /// Who tells the time.
    pub clock: Clock,
}

impl Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("vendor", &self.profile.vendor).finish_non_exhaustive()
    }
}

/// The largest answer of a host that gives tokens or takes webhooks in.
const SMALL: usize = 1024 * 1024;

impl Line {
    /// The client of the API: paced by the account's quota, which is corrected by what the vendor tells.
    pub fn client(
        &self,
        classify: impl Fn(&Response, OffsetDateTime) -> Outcome + Send + Sync + 'static,
    ) -> ClientBuilder {
        let profile = self.profile;
        let client = self.beside(classify).max_body(Client::LARGEST).pacer(self.pacer.clone());
        if profile.used.is_empty() {
            return client;
        }
        client.observe(move |response, pacer| profile.learn(response, pacer))
    }

    /// A client of another host of the vendor, outside of the quota: tokens, webhooks.
    pub fn beside(
        &self,
        classify: impl Fn(&Response, OffsetDateTime) -> Outcome + Send + Sync + 'static,
    ) -> ClientBuilder {
        let clock = self.clock.clone();
        Client::builder(self.transport.clone(), move |response| classify(response, clock.now()))
            .clock(self.clock.clone())
            .retry(self.retry)
            .time_limit(self.time_limit)
            .max_body(SMALL)
    }
}

/// Writes the setters that every builder has, whose `connection` is a [`Connection`] and whose `webhooks` proves its webhooks.
#[macro_export]
macro_rules! connection_setters {
    ($builder:ident with $webhooks:ident {
        $(#[$connection_doc:meta])* connection,
        $($(#[$secret_doc:meta])* webhook_secret,)?
    }) => {
        impl $builder {
            $(#[$connection_doc])*
            pub fn connection(mut self, connection: $crate::kit::Connection) -> Self {
                self.connection = connection;
                self
            }

            $(
                $(#[$secret_doc])*
                pub fn webhook_secret(mut self, secret: impl Into<$crate::Secret>) -> Self {
                    self.webhooks = self.webhooks.with_secret(secret);
                    self
                }
            )?

            /// Everything else about webhooks at once; what was given before is replaced. The shop is still this one.
            pub fn webhooks(mut self, webhooks: $webhooks) -> Self {
                self.webhooks = webhooks;
                self
            }
        }
    };
}

/// Writes what every connector answers of itself, inside of its `impl Connector`: its vendor by the [`Profile`], and the
/// members `account`, `custom_fields`, `client` and `webhooks`.
#[macro_export]
macro_rules! connector_basics {
    ($profile:ident) => {
        fn vendor(&self) -> $crate::Vendor {
            $profile.vendor()
        }

        fn display_name(&self) -> &str {
            $profile.display_name
        }

        fn account(&self) -> &$crate::Account {
            &self.account
        }

        fn identity_hints(&self) -> $crate::identity::IdentityHints {
            $profile.identity
        }

        fn custom_fields(&self) -> &[String] {
            &self.custom_fields
        }

        fn skew(&self) -> Option<time::Duration> {
            self.client.http().skew()
        }

        fn pacer(&self) -> Option<&std::sync::Arc<$crate::http::Pacer>> {
            Some(self.client.http().pacer())
        }

        fn webhooks(&self) -> Option<&dyn $crate::WebhookVerifier> {
            Some(&self.webhooks)
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: Profile = Profile {
        base_url: "https://api.example.com/v1",
        limits: &[Limit::Spacing(Duration::from_millis(20))],
        used: &["x-new-call-limit", "x-call-limit"],
        ..Profile::new("demo", "Demo")
    };

    #[test]
    fn addresses_are_safe_for_secrets() {
        for good in ["https://example.com", "http://127.0.0.1:80/x/", " http://localhost ", "http://[::1]:1/"]
        {
            assert!(DEMO.address("base_url", good).is_ok(), "{good}");
        }
        assert_eq!(
            DEMO.address("base_url", "https://example.com/a/b//").unwrap().as_str(),
            "https://example.com/a/b"
        );
        for (bad, why) in [
            ("", "not a URL"),
            ("example.com", "not a URL"),
            ("http://example.com", "https"),
            ("ftp://example.com", "https"),
            ("data:x", "no host"),
            ("https://example.com?a=b", "more than"),
            ("https://example.com#a", "more than"),
            ("https://me@example.com", "more than"),
            ("https://:word@example.com", "more than"),
        ] {
            let error = DEMO.address("base_url", bad).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("Demo: base_url"), "{bad}: {error}");
            assert!(!error.contains("word"), "{error}");
        }
    }

    #[test]
    fn a_connection_is_checked_before_anything_is_sent() {
        let line = Connection::default().open(DEMO).unwrap();
        assert_eq!(line.base.as_str(), "https://api.example.com/v1");
        assert_eq!(line.time_limit, Duration::from_secs(60));
        let wrong = Connection { custom_fields: vec!["a..b".into()], ..Connection::default() };
        assert!(wrong.open(DEMO).unwrap_err().to_string().contains("`a..b`"));
        assert!(Connection::to("http://example.com").open(DEMO).is_err());
        assert!(serde_json::from_str::<Connection>(r#"{"base_uri":"x"}"#).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_vendor_tells_lowers_the_bucket() {
        let pacer = Pacer::new([Limit::Bucket { capacity: 80, per_second: 1.0 }]);
        for (name, text, free) in [("x-call-limit", "78/80", true), ("x-new-call-limit", " 80 / 80 ", false)]
        {
            let mut headers = http::HeaderMap::new();
            headers.insert(name, text.parse().unwrap());
            DEMO.learn(&Response::new(200, headers, ""), &pacer);
            let asked = tokio::time::Instant::now();
            pacer.permit("GET /").await;
            assert_eq!(asked.elapsed().is_zero(), free, "{name}");
        }
    }
}

//! Where deliveries arrive: an address for every link, and addresses that the shops of an app share.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use pos_core::record::{Account, Vendor};
use pos_core::webhook::{MAX_BODY, Refusal, WebhookRequest, WebhookVerifier, hex, hmac_sha256};
use pos_core::{Connector, Error, Secret};
use time::OffsetDateTime;
use url::Url;

use crate::boxes::Received;
use crate::crm::Crm;
use crate::error::SyncError;
use crate::observe::{Event, Observer};

/// The shortest key that addresses are made of, in bytes.
const SHORTEST_KEY: usize = 16;

/// How many bytes of the digest stand in an address.
const TOKEN: usize = 20;

/// What came to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookStatus {
    /// The shop.
    pub account: Account,
    /// Deliveries that are new and kept.
    pub accepted: u64,
    /// Deliveries that were known, or that nobody waits for because the link does not work.
    pub known: u64,
    /// Deliveries that were refused.
    pub refused: u64,
    /// Deliveries that could not be kept because the store failed; the vendor was told to send them again.
    pub failed: u64,
    /// When one was last kept or known.
    pub last_at: Option<OffsetDateTime>,
    /// Why one was last refused.
    pub last_refusal: Option<Refusal>,
}

impl HookStatus {
    fn new(account: Account) -> Self {
        let (accepted, known, refused, failed) = (0, 0, 0, 0);
        Self { account, accepted, known, refused, failed, last_at: None, last_refusal: None }
    }

    fn note(&mut self, received: &Result<Received, SyncError>, at: OffsetDateTime) {
        match received {
            Err(_) => self.failed += 1,
            Ok(Received { refusal: Some(refusal), .. }) => {
                self.refused += 1;
                self.last_refusal = Some(refusal.clone());
            }
            Ok(Received { accepted, .. }) => {
                *(if *accepted { &mut self.accepted } else { &mut self.known }) += 1;
                self.last_at = Some(at);
            }
        }
    }
}

/// A shop whose deliveries are taken in.
struct Served {
    shop: Arc<dyn Connector>,
    status: HookStatus,
}

/// What came to the address of an app and reached no shop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppHookStatus {
    /// The vendor.
    pub vendor: Vendor,
    /// Deliveries that were refused.
    pub refused: u64,
    /// Deliveries for shops that are not served here.
    pub astray: u64,
    /// Why one was last refused.
    pub last_refusal: Option<Refusal>,
}

/// An app whose deliveries are taken in.
struct ServedApp {
    verifier: Arc<dyn WebhookVerifier>,
    status: AppHookStatus,
}

#[derive(Default)]
struct State {
    shops: BTreeMap<Account, Served>,
    tokens: HashMap<String, Account>,
    apps: BTreeMap<String, ServedApp>,
}

/// Takes webhooks in for any number of shops, on the types of the crate [`http`]: any server can call
/// [`answer`](HookRoutes::answer). `pos-axum` makes a router of it.
///
/// Every shop has an address of its own, `…/<vendor>/<token>`. The token is made of the account and a key that only the host
/// knows, so nobody can guess it, nothing has to be kept, and all processes that have the key serve the same addresses. It
/// is no proof: each delivery is proven as its vendor does it.
///
/// An app of Haravan, Sapo or Nhanh.vn has one address for all shops that use it: `…/<vendor>`
/// ([`serve_app`](HookRoutes::serve_app)). Its deliveries go to the shop that they name.
///
/// A clone serves the same shops.
///
/// ```
/// use std::sync::Arc;
///
/// use bytes::Bytes;
/// use http::{Request, StatusCode};
/// use pos_core::Secret;
/// use pos_sync::{Crm, HookRoutes, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let crm = Crm::new(Arc::new(MemoryStore::new()));
/// let hooks = HookRoutes::new(crm, Secret::new("thirty-two letters that nobody knows"))?;
/// // For every shop that is connected: hooks.serve(shop)?, and the vendor calls
/// let account = pos_core::Account::new("kiotviet", "cuahangmau");
/// let url = hooks.url(&"https://crm.example.com/hooks/".parse()?, &account)?;
/// assert!(url.as_str().starts_with("https://crm.example.com/hooks/kiotviet/"));
/// // In the server's handler; nobody serves this shop here.
/// let answer = hooks.answer(Request::post(url.as_str()).body(Bytes::from("{}"))?).await;
/// assert_eq!(answer.status(), StatusCode::NOT_FOUND);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HookRoutes {
    crm: Crm,
    /// The first one makes addresses; all of them are served.
    keys: Arc<[Secret]>,
    max_body: usize,
    state: Arc<RwLock<State>>,
}

impl fmt::Debug for HookRoutes {
    /// Without tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookRoutes").field("shops", &self.read().shops.len()).finish_non_exhaustive()
    }
}

impl HookRoutes {
    /// Routes without any shop yet. `key` makes the addresses: another one makes others.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the key has fewer than 16 bytes.
    pub fn new(crm: Crm, key: impl Into<Secret>) -> pos_core::Result<Self> {
        let keys = Arc::from([checked(key.into())?]);
        Ok(Self { crm, keys, max_body: MAX_BODY, state: Arc::default() })
    }

    /// With a key of before: addresses that were made of it are served too. Say it before the first shop.
    ///
    /// # Errors
    /// As [`new`](HookRoutes::new).
    pub fn with_earlier_key(mut self, key: impl Into<Secret>) -> pos_core::Result<Self> {
        self.keys = self.keys.iter().cloned().chain([checked(key.into())?]).collect();
        Ok(self)
    }

    /// With another limit of bodies than 1 MiB, in bytes. A verifier has its own limit beside this one.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The largest body that is read, in bytes.
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    /// Serves a shop from now on; one that is served already is replaced (its secret changed, say) and keeps its counts.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](pos_core::ErrorKind::Unsupported) when its vendor has no webhooks.
    pub fn serve(&self, shop: Arc<dyn Connector>) -> pos_core::Result<()> {
        if shop.webhooks().is_none() {
            return Err(Error::unsupported(format!("{} has no webhooks", shop.vendor())));
        }
        let account = shop.account().clone();
        let mut state = self.write();
        for key in &*self.keys {
            state.tokens.insert(token(key, &account), account.clone());
        }
        let before = state.shops.remove(&account).map(|served| served.status);
        let status = before.unwrap_or_else(|| HookStatus::new(account.clone()));
        state.shops.insert(account, Served { shop, status });
        Ok(())
    }

    /// Serves the address that all shops of an app share, with what proves the app's deliveries for any of its shops.
    pub fn serve_app(&self, vendor: &Vendor, verifier: Arc<dyn WebhookVerifier>) {
        let status = AppHookStatus { vendor: vendor.clone(), refused: 0, astray: 0, last_refusal: None };
        let mut state = self.write();
        let before = state.apps.remove(vendor.as_str()).map(|app| app.status);
        let app = ServedApp { verifier, status: before.unwrap_or(status) };
        state.apps.insert(vendor.as_str().to_owned(), app);
    }

    /// Serves a shop no more: its address is not found.
    pub fn close(&self, account: &Account) {
        let mut state = self.write();
        state.shops.remove(account);
        state.tokens.retain(|_, of| of != account);
    }

    /// The path of a shop under the one where the routes are mounted.
    pub fn path(&self, account: &Account) -> String {
        let token = self.keys.first().map(|key| token(key, account)).unwrap_or_default();
        format!("{}/{token}", account.vendor())
    }

    /// The address of a shop, for [`HookPlan::new`](pos_core::HookPlan::new). `base` is where the routes are mounted, with a
    /// slash at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](pos_core::ErrorKind::Config) when the base can have no path, or has no slash at its end, which
    /// would lose the last part of it.
    pub fn url(&self, base: &Url, account: &Account) -> pos_core::Result<Url> {
        if !base.path().ends_with('/') {
            return Err(Error::config("the address of the webhooks needs a slash at its end"));
        }
        let url = base.join(&self.path(account));
        url.map_err(|error| Error::config("the address of the webhooks can have no path").with_source(error))
    }

    /// What came to every shop since it is served here, by account.
    pub fn status(&self) -> Vec<HookStatus> {
        self.read().shops.values().map(|served| served.status.clone()).collect()
    }

    /// What came to the addresses of apps and reached no shop.
    pub fn app_status(&self) -> Vec<AppHookStatus> {
        self.read().apps.values().map(|app| app.status.clone()).collect()
    }

    /// Answers a request: a delivery is proven and kept, a vendor's question whether anybody is there is answered. The path
    /// may begin with whatever the routes are mounted under. No request is sent and nothing is merged here.
    ///
    /// # Cancel safety
    /// As [`Crm::receive`]: when dropped, the delivery is kept in full or not at all.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let Some(route) = self.route(parts.uri.path()) else { return bare(StatusCode::NOT_FOUND) };
        if parts.method == Method::GET || parts.method == Method::HEAD {
            let asked = route.verifier().and_then(|to| to.handshake(parts.uri.query().unwrap_or_default()));
            return asked.map_or_else(|| bare(StatusCode::OK), |answer| with(answer.status, answer.body));
        }
        if parts.method != Method::POST && parts.method != Method::PUT {
            return bare(StatusCode::METHOD_NOT_ALLOWED);
        }
        if body.len() > self.max_body {
            let refusal = Refusal::TooLarge { size: body.len(), limit: self.max_body };
            return self.refuse(&route, refusal);
        }
        let url = parts.uri.path_and_query().map(http::uri::PathAndQuery::as_str);
        self.deliver(&route, &parts.headers, &body, url).await
    }

    /// Answers a request whose body is larger than [`max_body`](HookRoutes::max_body) and was not read, as the vendor needs
    /// it: some stop sending for good after one refusal.
    pub fn answer_too_large(&self, path: &str, size: usize) -> Response<Bytes> {
        match self.route(path) {
            Some(route) => self.refuse(&route, Refusal::TooLarge { size, limit: self.max_body }),
            None => bare(StatusCode::NOT_FOUND),
        }
    }

    async fn deliver(
        &self,
        route: &Route,
        headers: &HeaderMap,
        body: &[u8],
        url: Option<&str>,
    ) -> Response<Bytes> {
        let now = self.crm.clock.now();
        let mut request = WebhookRequest::new(headers, body, now);
        request.url = url;
        let (account, received) = match route {
            Route::Shop(shop) => {
                let Some(verifier) = shop.webhooks() else { return bare(StatusCode::NOT_FOUND) };
                (shop.account().clone(), self.crm.receive(shop.account(), verifier, &request).await)
            }
            Route::App(vendor, verifier) => {
                let proven = verifier.verify(&request).and_then(|verified| {
                    let identified = verifier.identify(&verified)?;
                    Ok((identified, verified))
                });
                let (identified, verified) = match proven {
                    Ok(proven) => proven,
                    Err(refusal) => return self.refuse(route, refusal),
                };
                let named = identified.tenant.as_deref().map(|name| Account::new(vendor.clone(), name));
                let Some(account) = named.filter(|account| self.read().shops.contains_key(account)) else {
                    // A shop that is gone here may still have the app. A refusal would only make the vendor stop for all.
                    self.note_app(vendor, |status| status.astray += 1);
                    return bare(StatusCode::OK);
                };
                let received = self.crm.take_in(&account, identified, verified).await;
                (account, received)
            }
        };
        self.note(&account, &received, now);
        match received {
            Ok(received) => bare_of(received.status),
            Err(_) => bare(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn refuse(&self, route: &Route, refusal: Refusal) -> Response<Bytes> {
        let status = route.verifier().map_or(413, |verifier| verifier.refusal_status(&refusal));
        match route {
            Route::Shop(shop) => {
                self.crm.observer.on(&Event::Refused { account: shop.account(), refusal: &refusal });
                let received = Received { status, accepted: false, refusal: Some(refusal), dropped: false };
                self.note(shop.account(), &Ok(received), self.crm.clock.now());
            }
            Route::App(vendor, _) => self.note_app(vendor, |app| {
                app.refused += 1;
                app.last_refusal = Some(refusal);
            }),
        }
        bare_of(status)
    }

    fn note_app(&self, vendor: &Vendor, note: impl FnOnce(&mut AppHookStatus)) {
        if let Some(app) = self.write().apps.get_mut(vendor.as_str()) {
            note(&mut app.status);
        }
    }

    fn note(&self, account: &Account, received: &Result<Received, SyncError>, at: OffsetDateTime) {
        if let Some(served) = self.write().shops.get_mut(account) {
            served.status.note(received, at);
        }
    }

    /// Who answers at a path, by its last parts.
    fn route(&self, path: &str) -> Option<Route> {
        let last = path.rsplit('/').find(|part| !part.is_empty())?;
        let state = self.read();
        if let Some(served) = state.tokens.get(last).and_then(|account| state.shops.get(account)) {
            return Some(Route::Shop(Arc::clone(&served.shop)));
        }
        let app = state.apps.get(last)?;
        Some(Route::App(app.status.vendor.clone(), Arc::clone(&app.verifier)))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who answers.
enum Route {
    Shop(Arc<dyn Connector>),
    App(Vendor, Arc<dyn WebhookVerifier>),
}

impl Route {
    fn verifier(&self) -> Option<&dyn WebhookVerifier> {
        match self {
            Self::Shop(shop) => shop.webhooks(),
            Self::App(_, verifier) => Some(&**verifier),
        }
    }
}

fn checked(key: Secret) -> pos_core::Result<Secret> {
    if key.expose().len() < SHORTEST_KEY {
        return Err(Error::config(format!(
            "the key of webhook addresses has fewer than {SHORTEST_KEY} bytes"
        )));
    }
    Ok(key)
}

/// What stands in the address of a shop.
fn token(key: &Secret, account: &Account) -> String {
    let of = format!("webhook address\0{}\0{}", account.vendor(), account.id());
    let mut token = hex(&hmac_sha256(key.expose().as_bytes(), of.as_bytes()));
    token.truncate(2 * TOKEN);
    token
}

fn bare(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

fn bare_of(status: u16) -> Response<Bytes> {
    bare(StatusCode::from_u16(status).unwrap_or(StatusCode::OK))
}

fn with(status: u16, body: String) -> Response<Bytes> {
    let mut answer = bare_of(status);
    // It repeats what was asked: no browser shall take it for a page.
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    *answer.body_mut() = body.into();
    answer
}

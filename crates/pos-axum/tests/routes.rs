//! Deliveries of every sandbox through the router, as a server gets them.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use crm_pos::{Connection, Connector, Crm, LinkOptions, LinkRules, MemoryStore, Stream, connect};
use http::{HeaderMap, Method, Request, StatusCode};
use pos_core::{Account, ErrorKind, Secret, WebhookVerifier};
use pos_sync::{HookRoutes, HookStatus};
use pos_testkit::contract::{Change, Shipment, VendorSandbox};
use pos_testkit::registry::{Entry, SANDBOXES};
use pos_testkit::seed::Shop;
use tower::ServiceExt;
use url::Url;

const KEY: &str = "a key that only the host knows";
const BASE: &str = "https://crm.example.com/hooks/";

struct Host {
    crm: Crm,
    hooks: HookRoutes,
    app: Router,
}

impl Host {
    fn new() -> Self {
        let crm = Crm::new(Arc::new(MemoryStore::new()));
        let hooks = HookRoutes::new(crm.clone(), Secret::new(KEY)).unwrap();
        let app = Router::new().nest("/hooks", pos_axum::router(hooks.clone()));
        Self { crm, hooks, app }
    }

    async fn connected(&self, entry: &Entry) -> (Box<dyn VendorSandbox>, Arc<dyn Connector>) {
        let (sandbox, shop) = opened(entry).await;
        self.crm.connect(&*shop, LinkRules::default(), LinkOptions::default()).await.unwrap();
        (sandbox, shop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: impl Into<Body>,
    ) -> StatusCode {
        let mut request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        *request.headers_mut() = headers.clone();
        self.app.clone().oneshot(request).await.unwrap().status()
    }

    /// As the vendor calls the address that was registered.
    async fn deliver(&self, path: &str, shipment: &Shipment) -> StatusCode {
        let query = shipment.url.as_deref().and_then(|url| url.split_once('?'));
        let path = query.map_or(path.to_owned(), |(_, query)| format!("{path}?{query}"));
        self.send(Method::POST, &path, &shipment.headers, shipment.body.clone()).await
    }

    fn path(&self, account: &Account) -> String {
        self.hooks.url(&Url::parse(BASE).unwrap(), account).unwrap().path().to_owned()
    }

    fn status(&self, account: &Account) -> HookStatus {
        self.hooks.status().into_iter().find(|status| status.account == *account).unwrap()
    }
}

async fn opened(entry: &Entry) -> (Box<dyn VendorSandbox>, Arc<dyn Connector>) {
    let sandbox = (entry.start)(Shop::new(7, 20, 20, 20)).await.unwrap();
    let (url, filled) = sandbox.opening();
    let shop = connect(entry.vendor, &filled.into_iter().collect(), Connection::to(url)).unwrap();
    (sandbox, shop)
}

fn shipment(sandbox: &dyn VendorSandbox, at: usize) -> Shipment {
    let told = [Stream::Orders, Stream::Customers].into_iter().find_map(|stream| {
        let id = sandbox.ids(stream).get(at)?.clone();
        sandbox.webhook(&Change::Upsert(stream, id))
    });
    told.unwrap()
}

fn entry(vendor: &str) -> &'static Entry {
    SANDBOXES.iter().find(|entry| entry.vendor == vendor).unwrap()
}

#[tokio::test]
async fn every_vendors_delivery_is_kept_once_at_the_address_of_its_shop() {
    let host = Host::new();
    for entry in SANDBOXES {
        let (sandbox, shop) = host.connected(entry).await;
        let vendor = entry.vendor;
        if shop.webhooks().is_none() {
            let refused = host.hooks.serve(shop).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unsupported, "{vendor}");
            continue;
        }
        let (account, path) = (shop.account().clone(), host.path(shop.account()));
        let shipment = shipment(&*sandbox, 0);
        assert_eq!(
            host.deliver(&path, &shipment).await,
            StatusCode::NOT_FOUND,
            "{vendor}: nobody serves it yet"
        );
        host.hooks.serve(shop).unwrap();
        assert_eq!(host.deliver(&path, &shipment).await, StatusCode::OK, "{vendor}");
        assert_eq!(host.deliver(&path, &shipment).await, StatusCode::OK, "{vendor}");
        let forged = sandbox.unsigned(&shipment);
        let answer = host.deliver(&path, &forged).await;
        assert!(answer == StatusCode::OK || answer == StatusCode::UNAUTHORIZED, "{vendor}: {answer}");
        let status = host.status(&account);
        assert_eq!((status.accepted, status.known, status.refused), (1, 1, 1), "{vendor}");
        assert!(status.last_at.is_some() && status.last_refusal.is_some(), "{vendor}");
        let waiting = host.crm.store().inbox(&account, time_to_come(), 10).await.unwrap();
        assert_eq!(waiting.len(), 1, "{vendor}");
    }
}

fn time_to_come() -> crm_pos::time::OffsetDateTime {
    crm_pos::time::OffsetDateTime::now_utc() + crm_pos::time::Duration::days(1)
}

#[tokio::test]
async fn nobody_guesses_an_address_and_a_closed_one_is_gone() {
    let host = Host::new();
    let (sandbox, shop) = host.connected(entry("kiotviet")).await;
    let (account, path) = (shop.account().clone(), host.path(shop.account()));
    host.hooks.serve(shop).unwrap();
    let shipment = shipment(&*sandbox, 0);
    for wrong in ["/hooks", "/hooks/", "/hooks/kiotviet", "/hooks/kiotviet/0", &path[..path.len() - 1]] {
        assert_eq!(host.deliver(wrong, &shipment).await, StatusCode::NOT_FOUND, "{wrong}");
    }
    let other = HookRoutes::new(host.crm.clone(), Secret::new("another key of another host")).unwrap();
    assert_ne!(other.path(&account), host.hooks.path(&account));
    assert!(!format!("{:?}", host.hooks).contains(path.rsplit('/').next().unwrap()));
    // An address of an earlier key is served until the vendor has the new one.
    let both = other.with_earlier_key(Secret::new(KEY)).unwrap();
    both.serve(opened(entry("kiotviet")).await.1).unwrap();
    let request = Request::get(format!("/{path}/")).body(bytes::Bytes::new()).unwrap();
    assert_eq!(both.answer(request).await.status(), StatusCode::OK);
    assert_eq!(
        HookRoutes::new(host.crm.clone(), Secret::new("short")).unwrap_err().kind(),
        ErrorKind::Config
    );
    let no_slash = Url::parse("https://crm.example.com/hooks").unwrap();
    assert_eq!(host.hooks.url(&no_slash, &account).unwrap_err().kind(), ErrorKind::Config);

    host.hooks.close(&account);
    assert_eq!(host.deliver(&path, &shipment).await, StatusCode::NOT_FOUND);
    assert!(host.hooks.status().is_empty());
}

#[tokio::test]
async fn a_question_is_answered_and_another_method_is_not() {
    let host = Host::new();
    let (_, shop) = host.connected(entry("haravan")).await;
    let path = host.path(shop.account());
    host.hooks.serve(shop).unwrap();
    let none = HeaderMap::new();
    assert_eq!(host.send(Method::GET, &path, &none, "").await, StatusCode::OK);
    assert_eq!(host.send(Method::HEAD, &path, &none, "").await, StatusCode::OK);
    assert_eq!(host.send(Method::DELETE, &path, &none, "").await, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_answered_as_the_vendor_needs_it_and_not_read() {
    let host = Host::new();
    for (vendor, expected) in [("kiotviet", StatusCode::OK), ("sapo", StatusCode::PAYLOAD_TOO_LARGE)] {
        let (_, shop) = host.connected(entry(vendor)).await;
        let (account, path) = (shop.account().clone(), host.path(shop.account()));
        host.hooks.serve(shop).unwrap();
        let mut told = HeaderMap::new();
        told.insert("content-length", "999999999".parse().unwrap());
        assert_eq!(host.send(Method::POST, &path, &told, "{}").await, expected, "{vendor}: as it says");
        let large = vec![b' '; host.hooks.max_body() + 1];
        assert_eq!(host.send(Method::POST, &path, &HeaderMap::new(), large).await, expected, "{vendor}");
        assert_eq!(host.status(&account).refused, 2, "{vendor}");
    }
}

#[tokio::test]
async fn what_nobody_waits_for_is_answered_and_dropped() {
    let host = Host::new();
    let (sandbox, shop) = host.connected(entry("sapo")).await;
    let (account, path) = (shop.account().clone(), host.path(shop.account()));
    host.hooks.serve(shop).unwrap();
    host.crm.disable(&account).await.unwrap();
    assert_eq!(host.deliver(&path, &shipment(&*sandbox, 0)).await, StatusCode::OK);
    assert_eq!((host.status(&account).accepted, host.status(&account).known), (0, 1));
}

/// The verifier of an app: its secret, without a shop.
fn of_app(vendor: &str, sandbox: &dyn VendorSandbox) -> Arc<dyn WebhookVerifier> {
    let (_, filled) = sandbox.opening();
    let found = filled.iter().find(|(field, _)| *field == "webhook_secret");
    let secrets = [Secret::new(found.unwrap_or_else(|| panic!("{vendor} has no secret")).1.clone())];
    match vendor {
        "haravan" => Arc::new(pos_haravan::Webhooks::new(secrets)),
        "sapo" => Arc::new(pos_sapo::Webhooks::new(secrets)),
        _ => Arc::new(pos_nhanh::Webhooks::new(secrets)),
    }
}

#[tokio::test]
async fn deliveries_of_an_app_go_to_the_shop_that_they_name() {
    for vendor in ["haravan", "sapo", "nhanh"] {
        let host = Host::new();
        let (sandbox, shop) = host.connected(entry(vendor)).await;
        let account = shop.account().clone();
        host.hooks.serve_app(&shop.vendor(), of_app(vendor, &*sandbox));
        let path = format!("/hooks/{vendor}");
        let shipment = shipment(&*sandbox, 0);
        assert_eq!(host.deliver(&path, &shipment).await, StatusCode::OK, "{vendor}");
        assert_eq!(host.hooks.app_status()[0].astray, 1, "{vendor}: its shop is not served");
        host.hooks.serve(shop).unwrap();
        assert_eq!(host.deliver(&path, &shipment).await, StatusCode::OK, "{vendor}");
        assert_eq!(host.status(&account).accepted, 1, "{vendor}");
        if let Some(other) = sandbox.for_another_shop(&shipment) {
            assert_eq!(host.deliver(&path, &other).await, StatusCode::OK, "{vendor}");
        }
        host.deliver(&path, &sandbox.unsigned(&shipment)).await;
        let app = &host.hooks.app_status()[0];
        assert_eq!((app.refused, app.astray), (1, 2), "{vendor}");
        assert_eq!(host.status(&account).accepted, 1, "{vendor}");
    }
}

#[tokio::test]
async fn a_served_router_takes_a_delivery_from_the_network() {
    let host = Host::new();
    let (sandbox, shop) = host.connected(entry("kiotviet")).await;
    let (account, path) = (shop.account().clone(), host.path(shop.account()));
    host.hooks.serve(shop).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}{path}", listener.local_addr().unwrap())).unwrap();
    let app = host.app.clone();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let shipment = shipment(&*sandbox, 0);
    let mut request = pos_core::http::Request::new(Method::POST, url);
    request.headers = shipment.headers.clone();
    request.body = shipment.body.clone();
    let answer = pos_core::http::Client::default_transport().unwrap().send(request, 1 << 16).await.unwrap();
    assert_eq!((answer.status, host.status(&account).accepted), (200, 1));
    assert_eq!(to_bytes(Body::from(answer.body), 10).await.unwrap().len(), 0);
}

//! A vendor that cannot be reached: what is said about it, and when.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use pos_core::ErrorKind;
use pos_core::http::{
    Call, Client, Outcome, Request, ReqwestTransport, Response, Transport, TransportError, telling,
};
use tokio::time::Instant;
use url::Url;

fn call(address: &str) -> Call {
    Call::new("GET /customers", Request::new(Method::GET, Url::parse(address).unwrap()))
}

#[derive(Debug)]
struct Gone;

#[async_trait]
impl Transport for Gone {
    async fn send(&self, _: Request, _: usize) -> Result<Response, TransportError> {
        Err(TransportError::new("no connection to shop.example: no such host", true, false))
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_is_told_before_the_next_try() {
    let client = Client::builder(Arc::new(Gone), |_| Outcome::Success).build();
    let heard: Arc<Mutex<Vec<(u32, Duration, String)>>> = Arc::default();
    let (notes, begun) = (heard.clone(), Instant::now());
    let listener = move |asking: &pos_core::http::AskingAgain<'_>| {
        notes.lock().unwrap().push((asking.attempt, begun.elapsed(), asking.error.to_string()));
    };
    let error = telling(listener, client.send(call("http://shop.example/customers"))).await.unwrap_err();
    let heard = heard.lock().unwrap().clone();
    let attempts: Vec<u32> = heard.iter().map(|(attempt, ..)| *attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4], "the last failure is the answer");
    assert_eq!(heard[0].1, Duration::ZERO);
    assert!(heard[0].2.contains("shop.example: no such host"), "{}", heard[0].2);
    assert!(error.to_string().contains("shop.example"), "{error}");
    // Without a listener nothing is told, and nothing else changes.
    client.send(call("http://shop.example/customers")).await.unwrap_err();
}

#[tokio::test]
async fn a_connection_that_fails_names_the_host_and_the_cause() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = ReqwestTransport::new().unwrap();
    let request = Request::new(Method::GET, Url::parse(&format!("http://{free}/x?api_key=secret")).unwrap());
    let error = transport.send(request, 1024).await.unwrap_err();
    assert!(error.unsent);
    let what = error.to_string();
    assert!(what.contains(&free.to_string()) && what.to_lowercase().contains("refused"), "{what}");
    assert!(!format!("{what} {error:?}").contains("secret"), "{error:?}");

    let policy = pos_core::http::RetryPolicy { attempts: 1, ..pos_core::http::RetryPolicy::default() };
    let client = Client::builder(Arc::new(transport), |_| Outcome::Success).retry(policy).build();
    let error = client.send(call(&format!("http://{free}/customers"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains(&free.to_string()), "{error}");
}

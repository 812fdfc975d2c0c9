//! What the `Date` of a vendor's answers may do to our idea of its clock.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Method};
use pos_core::Clock;
use pos_core::http::{Call, Client, Outcome, Request, Response, Transport, TransportError};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use url::Url;

const NOW: OffsetDateTime = datetime!(2026-11-30 09:00 UTC);

/// Answers everything with one date.
#[derive(Debug)]
struct Dated(&'static str);

#[async_trait]
impl Transport for Dated {
    async fn send(&self, _: Request, _: usize) -> Result<Response, TransportError> {
        let mut headers = HeaderMap::new();
        headers.insert("date", self.0.parse().unwrap());
        Ok(Response::new(200, headers, "{}"))
    }
}

#[tokio::test]
async fn the_clock_of_a_vendor_is_believed_within_a_day() {
    for (date, ahead) in [
        ("Mon, 30 Nov 2026 10:00:00 GMT", Some(Duration::hours(1))),
        ("Mon, 30 Nov 2026 08:00:00 GMT", Some(Duration::hours(-1))),
        ("Wed, 30 Dec 2026 09:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("soon", None),
    ] {
        let client = Client::builder(Arc::new(Dated(date)), |_| Outcome::Success);
        let client = client.clock(Clock::new(|| NOW)).build();
        let url = Url::parse("http://shop.example/customers").unwrap();
        client.send(Call::new("GET /customers", Request::new(Method::GET, url))).await.unwrap();
        assert_eq!(client.skew(), ahead, "{date}");
        assert_eq!(client.now(), NOW + ahead.unwrap_or_default(), "{date}");
    }
}

#![no_main]

use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use pos_core::webhook::{Trust, Verified, WebhookRequest, WebhookVerifier};
use pos_core::{Secret, Vendor};
use time::macros::datetime;

// A delivery whose sender knows the secret: everything behind the proof sees whatever he likes to send.
fuzz_target!(|input: (u8, Option<&str>, &str, &str, &[u8])| {
    let (vendor, topic, name, fact, body) = input;
    let secret = || [Secret::new("secret")];
    let (vendor, verifier): (&'static str, Box<dyn WebhookVerifier>) = match vendor % 9 {
        0 => ("kiotviet", Box::new(pos_kiotviet::Webhooks::new(secret()))),
        1 => ("haravan", Box::new(pos_haravan::Webhooks::new(secret()))),
        2 => ("nhanh", Box::new(pos_nhanh::Webhooks::new(secret()))),
        3 => ("sapo", Box::new(pos_sapo::Webhooks::new(secret()))),
        4 => ("pancake", Box::new(pos_pancake::Webhooks::new(secret()))),
        5 => ("woocommerce", Box::new(pos_woocommerce::Webhooks::new(secret()))),
        6 => ("getfly", Box::new(pos_getfly::Webhooks::new(secret()))),
        7 => ("manychat", Box::new(pos_manychat::Webhooks::new(secret()))),
        _ => ("odoo", Box::new(pos_odoo::Webhooks::new(secret()))),
    };
    let headers = HeaderMap::new();
    let request = WebhookRequest::new(&headers, body, datetime!(2026-11-20 08:00 UTC));
    // Nobody without the secret is believed; where the proof stands in the body, it may have been guessed.
    let is_guessed = vendor == "getfly" && body.windows(6).any(|word| word == b"secret");
    assert!(is_guessed || verifier.verify(&request).is_err());
    let mut verified = Verified::proven(Vendor::new(vendor), Trust::Signed, &request);
    verified.topic = topic.map(str::to_owned);
    verified.facts.insert(name.to_owned(), fact.to_owned());
    let identified = verifier.identify(&verified);
    if let (Ok(identified), Ok(delivery)) = (identified, verifier.parse(&verified)) {
        assert_eq!(identified.id, delivery.id);
    }
    // What is kept is what was proven.
    let kept = serde_json::to_string(&verified).expect("a delivery can be kept");
    let again: Verified = serde_json::from_str(&kept).expect("what was kept can be read");
    assert_eq!(again, verified);
});

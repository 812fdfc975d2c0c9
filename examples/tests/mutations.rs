//! Samples of every vendor, broken in thousands of ways: whatever arrives, nothing panics, nothing takes long, and what is
//! no text shows up nowhere.
//!
//! Reproducible: a seed, and a bounded number of broken forms for each sample. `MUTATIONS=5000 SEED=7 cargo test -p
//! examples --test mutations` looks longer; the targets in `fuzz/` look as long as one likes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::page::Answer;
use pos_core::webhook::{Delivery, Identified, Refusal, Trust, Verified, WebhookRequest, WebhookVerifier};
use pos_core::{Secret, Stream};
use serde_json::Value;
use time::macros::datetime;

/// Broken forms of each sample, unless the environment says otherwise.
const MUTATIONS: u64 = 24;

/// How long one body may take: generous, for a machine that has other work too.
const LONGEST: Duration = Duration::from_secs(5);

const SECRET: &str = "test-secret-f4f1";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// A plain generator: the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}

/// Values that programs did not expect.
const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "-0.0",
    "0.1",
    "9223372036854775808",
    "99999999999999999999999999999999999999",
    "1e-400",
    "\"\"",
    "\" \"",
    "\"0\"",
    "\"-1\"",
    "\"1,5\"",
    "\"NaN\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"0001-01-01T00:00:00\"",
    "\"9999-12-31T23:59:59.9999999+14:00\"",
    "\"9999-12-31T23:59:59-05:00\"",
    "\"9999-12-31T23:59:59.9999999-00:01\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"9999-12-31T23:59:59\"",
    "\"0001-01-02T00:00:00+14:00\"",
    "253402300799",
    "-377705116800",
    "\"1.250.000\"",
    "\"0905550199\"",
    "\"+84912345999 / 0912 000 123\"",
    "[]",
    "{}",
    "[null]",
    "[[[[[[[[[[]]]]]]]]]]",
    "{\"id\":null}",
    "[1,\"a\",{}]",
];

/// Puts something odd at a random place of a document.
fn mutate_value(value: &mut Value, dice: &mut Dice) {
    let down = dice.below(5) > 0;
    match value {
        Value::Object(members) if !members.is_empty() && down => {
            let name = members.keys().nth(dice.below(members.len())).unwrap().clone();
            match dice.below(8) {
                0 => {
                    members.remove(&name);
                }
                1 => {
                    let member = members[&name].clone();
                    members.insert(name.to_uppercase(), member);
                }
                _ => mutate_value(members.get_mut(&name).unwrap(), dice),
            }
        }
        Value::Array(items) if !items.is_empty() && down => {
            let at = dice.below(items.len());
            match dice.below(8) {
                0 => {
                    items.remove(at);
                }
                1 => items.insert(at, items[at].clone()),
                2 => items.insert(at, Value::Null),
                _ => mutate_value(&mut items[at], dice),
            }
        }
        other => {
            // What JSON cannot hold as a number here is put in as bytes below.
            *other = serde_json::from_str(ODD[dice.below(ODD.len())]).unwrap_or(Value::Null);
        }
    }
}

/// Breaks the bytes themselves.
fn mutate_bytes(body: &mut Vec<u8>, dice: &mut Dice) {
    if body.is_empty() {
        return;
    }
    let at = dice.below(body.len());
    match dice.below(7) {
        0 => body[at] = dice.next() as u8,
        1 => body.truncate(at),
        2 => {
            let end = (at + 1 + dice.below(40)).min(body.len());
            body.drain(at..end);
        }
        3 => {
            let end = (at + 1 + dice.below(200)).min(body.len());
            let copy = body[at..end].to_vec();
            body.splice(at..at, copy);
        }
        4 => {
            let odd = ODD[dice.below(ODD.len())].as_bytes().to_vec();
            body.splice(at..at, odd);
        }
        5 => {
            let open = if dice.below(2) == 0 { b'[' } else { b'{' };
            body.splice(at..at, std::iter::repeat_n(open, 3_000));
        }
        _ => {
            body.splice(0..0, [0xef, 0xbb, 0xbf]);
        }
    }
}

fn mutated(sample: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut body = sample.to_vec();
    if dice.below(3) > 0
        && let Ok(mut value) = serde_json::from_slice::<Value>(&body)
    {
        for _ in 0..=dice.below(3) {
            mutate_value(&mut value, dice);
        }
        body = serde_json::to_vec(&value).unwrap();
    }
    for _ in 0..dice.below(3) {
        mutate_bytes(&mut body, dice);
    }
    body
}

/// The samples of a vendor, by name.
fn samples(vendor: &str) -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../crates/pos-{vendor}/tests/fixtures"));
    let mut samples: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json" || end == "form"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    samples.sort();
    assert!(samples.len() > 20, "{} has too few samples", folder.display());
    samples
}

/// Runs something on a broken body and looks at the clock.
fn timed<T>(what: &str, body: &[u8], work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    let took = begun.elapsed();
    assert!(took < LONGEST, "{what}: {took:?} for {}", String::from_utf8_lossy(body));
    done
}

fn answers(vendor: &str, read: impl Fn(Stream, &[u8]) -> pos_core::Result<Answer>) {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ number("SEED", 1));
    let mut cases = 0u64;
    for (name, sample) in samples(vendor).iter().filter(|(name, _)| !name.contains(".headers.")) {
        for _ in 0..number("MUTATIONS", MUTATIONS) {
            let body = mutated(sample, &mut dice);
            // The stream that the sample is of, and any other: support asks the wrong one now and then.
            let fitting = Stream::ALL.into_iter().find(|stream| {
                let singular = stream.as_str().trim_end_matches('s').trim_end_matches("ie");
                name.contains(singular) || (*stream == Stream::Customers && name.contains("account"))
            });
            for stream in fitting.into_iter().chain([*dice.one(&Stream::ALL)]) {
                let answer = timed(name, &body, || read(stream, &body));
                cases += 1;
                let Ok(answer) = answer else { continue };
                // Whatever was read can be kept and read again.
                for record in &answer.page.records {
                    let kept = serde_json::to_string(record).unwrap();
                    let again = pos_core::record::Record::from_json(stream, &kept);
                    assert_eq!(again.as_ref().ok(), Some(record), "{name}: {kept}");
                }
            }
        }
    }
    println!("{cases} answers of {vendor}");
}

fn headers(text: &[u8]) -> HeaderMap {
    let value: Value = serde_json::from_slice(text).unwrap();
    let object = value.get("headers").filter(|inner| inner.is_object()).unwrap_or(&value);
    let mut headers = HeaderMap::new();
    for (name, value) in object.as_object().unwrap() {
        if let (Ok(name), Some(Ok(value))) =
            (HeaderName::from_bytes(name.as_bytes()), value.as_str().map(HeaderValue::from_str))
        {
            headers.append(name, value);
        }
    }
    headers
}

fn deliveries(vendor: &str, verifier: &dyn WebhookVerifier) {
    let mut dice = Dice(0xD1B5_4A32_D192_ED03 ^ number("SEED", 1));
    let samples = samples(vendor);
    let (mut proven, mut cases) = (0u64, 0u64);
    for (name, sample) in &samples {
        let with_headers = [name.replace(".json", ".headers.json"), format!("{name}.headers.json")];
        let Some((_, head)) = samples.iter().find(|(other, _)| with_headers.contains(other) && other != name)
        else {
            continue;
        };
        let headers = headers(head);
        let at = datetime!(2026-11-20 08:00 UTC);
        let Ok(verified) = verifier.verify(&WebhookRequest::new(&headers, sample, at)) else { continue };
        proven += 1;
        for _ in 0..number("MUTATIONS", MUTATIONS) * 2 {
            let body = mutated(sample, &mut dice);
            // Who does not know the secret: the proof is compared first.
            let request = WebhookRequest::new(&headers, &body, at);
            let believed = timed(name, &body, || verifier.verify(&request));
            if verified.trust == pos_core::webhook::Trust::Signed {
                assert!(believed.is_err() || body == *sample, "{name}: an altered body is believed");
            }
            // Who knows it: the same proof around another body.
            let mut verified: Verified = verified.clone();
            verified.body = body.clone().into();
            let identified = timed(name, &body, || verifier.identify(&verified));
            let read = timed(name, &body, || verifier.parse(&verified));
            cases += 1;
            if let (Ok(identified), Ok(delivery)) = (identified, read) {
                assert_eq!(identified.id, delivery.id, "{name}: two names for one delivery");
                let kept = serde_json::to_string(&delivery.events).unwrap();
                let ids: usize = delivery.events.iter().map(|event| event.ids.len()).sum();
                assert!(ids <= 10_000, "{name}: {} bytes of events out of one body", kept.len());
            }
        }
    }
    assert!(proven >= 4, "{vendor}: only {proven} samples are proven");
    println!("{cases} deliveries of {vendor}");
}

#[test]
fn broken_answers_of_kiotviet_are_read_or_refused() {
    answers("kiotviet", pos_kiotviet::read_answer);
}

#[test]
fn broken_answers_of_haravan_are_read_or_refused() {
    answers("haravan", pos_haravan::read_answer);
}

#[test]
fn broken_answers_of_nhanh_are_read_or_refused() {
    answers("nhanh", |stream, body| pos_nhanh::read_answer(stream, body, pos_nhanh::Api::V3));
    answers("nhanh", |stream, body| pos_nhanh::read_answer(stream, body, pos_nhanh::Api::V2));
}

#[test]
fn broken_answers_of_sapo_are_read_or_refused() {
    answers("sapo", |stream, body| pos_sapo::read_answer(stream, body, pos_sapo::Flavor::Web));
    answers("sapo", |stream, body| pos_sapo::read_answer(stream, body, pos_sapo::Flavor::Pos));
}

#[test]
fn broken_answers_of_pancake_are_read_or_refused() {
    answers("pancake", pos_pancake::read_answer);
}

#[test]
fn broken_answers_of_woocommerce_are_read_or_refused() {
    answers("woocommerce", pos_woocommerce::read_answer);
}

#[test]
fn broken_answers_of_getfly_are_read_or_refused() {
    answers("getfly", pos_getfly::read_answer);
}

#[test]
fn broken_answers_of_misa_are_read_or_refused() {
    answers("misa", pos_misa::read_answer);
}

#[test]
fn broken_answers_of_manychat_are_read_or_refused() {
    answers("manychat", pos_manychat::read_answer);
}

#[test]
fn broken_answers_of_odoo_are_read_or_refused() {
    answers("odoo", pos_odoo::read_answer);
}

#[test]
fn broken_deliveries_of_kiotviet_are_read_or_refused() {
    deliveries("kiotviet", &pos_kiotviet::Webhooks::new([Secret::new(SECRET)]));
}

#[test]
fn broken_deliveries_of_haravan_are_read_or_refused() {
    deliveries("haravan", &pos_haravan::Webhooks::new([Secret::new(SECRET)]));
}

#[test]
fn broken_deliveries_of_nhanh_are_read_or_refused() {
    deliveries("nhanh", &pos_nhanh::Webhooks::new([Secret::new(SECRET)]));
}

#[test]
fn broken_deliveries_of_sapo_are_read_or_refused() {
    deliveries("sapo", &pos_sapo::Webhooks::new([Secret::new(SECRET)]));
}

#[test]
fn broken_deliveries_of_pancake_are_read_or_refused() {
    let hooks = pos_pancake::Webhooks::default()
        .with_header("x-store-id", "store-42")
        .unwrap()
        .with_header("X-Webhook-Secret", SECRET)
        .unwrap();
    deliveries("pancake", &hooks);
}

#[test]
fn broken_deliveries_of_woocommerce_are_read_or_refused() {
    deliveries("woocommerce", &pos_woocommerce::Webhooks::new([Secret::new(SECRET)]));
}

#[test]
fn broken_deliveries_of_getfly_are_read_or_refused() {
    deliveries("getfly", &pos_getfly::Webhooks::new([Secret::new(SECRET)]));
}

#[test]
fn broken_deliveries_of_manychat_are_read_or_refused() {
    deliveries("manychat", &pos_manychat::Webhooks::new([Secret::new(SECRET)]));
}

/// A vendor whose proof is in the address.
#[derive(Debug)]
struct Addressed<V>(V, String);

impl<V: WebhookVerifier> WebhookVerifier for Addressed<V> {
    fn trust(&self) -> Trust {
        self.0.trust()
    }
    fn verify(&self, request: &WebhookRequest<'_>) -> Result<Verified, Refusal> {
        self.0.verify(&request.clone().with_url(&self.1))
    }
    fn identify(&self, verified: &Verified) -> Result<Identified, Refusal> {
        self.0.identify(verified)
    }
    fn parse(&self, verified: &Verified) -> Result<Delivery, Refusal> {
        self.0.parse(verified)
    }
}

#[test]
fn broken_deliveries_of_odoo_are_read_or_refused() {
    let hooks = pos_odoo::Webhooks::new([Secret::new(SECRET)]);
    deliveries("odoo", &Addressed(hooks, format!("/hooks/odoo/9f2c?token={SECRET}")));
}

//! Every vendor by its name and its settings alone, against its sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use crm_pos::core::identity::read_emails;
use crm_pos::core::webhook::WebhookRequest;
use crm_pos::{Connection, ErrorKind, Settings, Stream, connect, identity_rules, vendor, vendors};
use pos_testkit::contract::Change;
use pos_testkit::registry::SANDBOXES;
use pos_testkit::seed::Shop;

fn settings<T: ToString>(filled: &[(&str, T)]) -> Settings {
    filled.iter().map(|(name, text)| (*name, text.to_string())).collect()
}

#[tokio::test]
async fn every_vendor_opens_its_sandbox_by_its_settings() {
    let of_testkit: Vec<&str> = SANDBOXES.iter().map(|entry| entry.vendor).collect();
    let of_crate: Vec<&str> = vendors().iter().map(|vendor| vendor.name()).collect();
    assert_eq!(of_testkit, of_crate);
    for entry in SANDBOXES {
        let (sandbox, name) = ((entry.start)(Shop::new(1, 20, 20, 20)).await.unwrap(), entry.vendor);
        let (url, filled) = sandbox.opening();
        let shop = connect(name, &filled.into_iter().collect(), Connection::to(url)).unwrap();
        assert_eq!(shop.vendor().as_str(), name);
        assert!(!shop.check().await.unwrap().name.is_empty(), "{name}");
        let Some(hooks) = shop.webhooks() else {
            assert_eq!(shop.capabilities().webhooks, None, "{name}");
            continue;
        };
        // Where nothing is sold, somebody writes.
        let mut told = [Stream::Orders, Stream::Customers].into_iter().filter_map(|stream| {
            sandbox.webhook(&Change::Upsert(stream, sandbox.ids(stream).first()?.clone()))
        });
        let shipment = told.next().unwrap();
        let request = WebhookRequest::new(&shipment.headers, &shipment.body, sandbox.now());
        let request = match &shipment.url {
            Some(url) => request.with_url(url),
            None => request,
        };
        assert!(hooks.verify(&request).is_ok(), "{name}: the secret is one of its settings");
    }
}

#[test]
fn mailboxes_that_a_vendor_makes_up_are_nobodys_at_another_one() {
    let rules = identity_rules();
    rules.validate().unwrap();
    let is_key = |text: &str| read_emails(text, &rules.email).emails.iter().any(|email| email.key.is_some());
    assert!(!is_key("guest+991@haravan.com") && !is_key("1234567.phone@haravan.com") && is_key("lan@mau.vn"));
    assert!(rules.guarded_vendors.contains("haravan") && !rules.guarded_vendors.contains("sapo"));
}

#[test]
fn a_form_names_its_fields_and_every_way_to_open_a_shop() {
    for vendor in vendors() {
        let names: Vec<&str> = vendor.form.fields.iter().map(|field| field.name).collect();
        for (at, field) in vendor.form.fields.iter().enumerate() {
            assert!(!field.label.is_empty() && !field.label_vi.is_empty(), "{}", field.name);
            assert!(!names[..at].contains(&field.name), "{} twice", field.name);
            let may_be_seen = !["secret", "token", "api_key"].iter().any(|word| field.name.ends_with(word));
            assert!(
                field.secret || may_be_seen || field.name == "api_key",
                "{}: {}",
                vendor.name(),
                field.name
            );
        }
        for way in vendor.form.ways {
            assert!(way.iter().all(|name| names.contains(name)), "{way:?}");
        }
        assert!(!vendor.form.again.is_empty() && !vendor.form.allowed.is_empty());
        let error = vendor.connect(&Settings::default(), Connection::default()).unwrap_err();
        assert!(
            vendor.form.ways[0].iter().all(|name| error.to_string().contains(name))
                || vendor.form.ways.len() > 1
        );
        assert!(error.to_string().contains(vendor.display_name()), "{error}");
    }
}

#[test]
fn wrong_settings_are_told_by_name_and_never_shown() {
    let broken = settings(&[("app_id", "0912000123"), ("business_id", "7"), ("access_token", "t")]);
    let error = connect("nhanh", &settings(&[("app_id", "x")]), Connection::default()).unwrap_err();
    assert!(error.to_string().contains("business_id, access_token are missing"), "{error}");
    assert!(connect("nhanh", &broken, Connection::default()).is_ok());
    let broken = settings(&[("app_id", "a 0912000123"), ("business_id", "7"), ("access_token", "t")]);
    let error = connect("nhanh", &broken, Connection::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("app_id") && !format!("{error:?}").contains("0912"), "{error:?}");
    assert!(vendor("kiotvet").unwrap_err().to_string().contains("kiotviet"));
}

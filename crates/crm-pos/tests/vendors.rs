//! Every vendor by its name and its settings alone, against its sandbox.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use crm_pos::{Connection, ErrorKind, Settings, connect, vendor, vendors};
use pos_testkit::{haravan, kiotviet, nhanh, pancake, sapo};

fn settings<T: ToString>(filled: &[(&str, T)]) -> Settings {
    filled.iter().map(|(name, text)| (*name, text.to_string())).collect()
}

#[tokio::test]
async fn every_vendor_opens_its_sandbox_by_its_settings() {
    let kiot = kiotviet::Sandbox::start(kiotviet::SandboxOptions::default()).await.unwrap();
    let hara = haravan::Sandbox::start(haravan::SandboxOptions::default()).await.unwrap();
    let nhan = nhanh::Sandbox::start(nhanh::SandboxOptions::default()).await.unwrap();
    let sapo = sapo::Sandbox::start(sapo::SandboxOptions::default()).await.unwrap();
    let panc = pancake::Sandbox::start(pancake::SandboxOptions::default()).await.unwrap();
    let shops = [
        (
            "kiotviet",
            kiot.base_url().to_string(),
            settings(&[
                ("retailer", kiot.retailer().to_string()),
                ("client_id", kiot.client_id().to_string()),
                ("client_secret", kiot.client_secret().to_string()),
                ("token_url", kiot.token_url().to_string()),
            ]),
        ),
        (
            "haravan",
            hara.api_url().to_string(),
            settings(&[("org_id", hara.org_id().to_string()), ("token", hara.token().to_string())]),
        ),
        (
            "nhanh",
            nhan.base_url().to_string(),
            settings(&[
                ("app_id", nhan.app_id().to_string()),
                ("business_id", nhan.business_id().to_string()),
                ("access_token", nhan.access_token().to_string()),
                ("history_from", "2023-01-01".to_owned()),
            ]),
        ),
        (
            "sapo",
            sapo.base_url().to_string(),
            settings(&[
                ("store", sapo.store().to_string()),
                ("api_key", sapo.api_key().to_string()),
                ("api_secret", sapo.api_secret().to_string()),
            ]),
        ),
        (
            "pancake",
            panc.base_url().to_string(),
            settings(&[("api_key", panc.api_key().to_string()), ("shop_id", panc.shop_id().to_string())]),
        ),
    ];
    // WooCommerce has no sandbox yet.
    assert_eq!(vendors().len(), shops.len() + 1);
    for (name, url, settings) in shops {
        let shop = connect(name, &settings, Connection::to(url)).unwrap();
        assert_eq!(shop.vendor().as_str(), name);
        assert!(!shop.check().await.unwrap().name.is_empty(), "{name}");
        assert!(shop.webhooks().is_some(), "{name}");
    }
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

//! What opens a shop, kept in a file.

// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(all(feature = "credentials", feature = "sqlite", feature = "kiotviet"))]

use std::path::Path;
use std::sync::Arc;

use crm_pos::sync::{Keyring, SyncError, UnsealError};
use crm_pos::{
    Connection, Crm, LinkOptions, LinkRules, PullOptions, Secret, Settings, SqliteStore, Stream, open_kept,
};
use pos_testkit::registry::SANDBOXES;
use pos_testkit::seed::Shop;

fn crm(file: &Path, ring: Option<Keyring>) -> Crm {
    let crm = Crm::new(Arc::new(SqliteStore::open(file).unwrap()));
    match ring {
        Some(ring) => crm.with_keyring(ring),
        None => crm,
    }
}

fn ring(name: &str, key: &Secret) -> Keyring {
    Keyring::new(name, key).unwrap()
}

/// Every byte of the folder's files.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.flatten().collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn every_vendors_credentials_survive_a_restart_and_none_stands_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let (old, new) = (Keyring::generate(), Keyring::generate());
    let mut shops = Vec::new();
    {
        let crm = crm(&file, Some(ring("2026", &old)));
        for entry in SANDBOXES {
            let sandbox = (entry.start)(Shop::new(3, 5, 5, 5)).await.unwrap();
            let (url, filled) = sandbox.opening();
            let settings: Settings = filled.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let shop = crm_pos::connect(entry.vendor, &settings, Connection::to(url.clone())).unwrap();
            crm.keep_credentials(shop.account(), &settings).await.unwrap();
            crm.connect(&*shop, LinkRules::default(), LinkOptions::default()).await.unwrap();
            let form = crm_pos::vendor(entry.vendor).unwrap().form;
            let secret = |name: &str| form.fields.iter().any(|field| field.name == name && field.secret);
            let hidden = filled.iter().filter(|(name, text)| secret(name) && text.len() >= 8);
            let hidden: Vec<String> = hidden.map(|(_, text)| text.clone()).collect();
            assert!(!hidden.is_empty(), "{}", entry.vendor);
            shops.push((sandbox, url, shop.account().clone(), settings, hidden));
        }
        let bytes = bytes_of(folder.path());
        for (.., account, _, hidden) in &shops {
            assert!(hidden.iter().all(|text| !holds(&bytes, text)), "{account}");
        }
        assert!(holds(&bytes, "x1:2026:"), "the file is what was read");
    }
    let both = ring("2027", &new).with_earlier("2026", &old).unwrap();
    let again = crm(&file, Some(both));
    for (_, url, account, settings, _) in &shops {
        assert_eq!(again.credentials(account).await.unwrap().as_ref(), Some(settings));
        let shop = open_kept(&again, account, Connection::to(url.clone())).await.unwrap();
        let stream = shop.capabilities().streams.first().map_or(Stream::Customers, |(stream, _)| *stream);
        if shop.capabilities().stream(stream).list {
            again.pull(&*shop, &PullOptions::default().with_streams([stream])).await.unwrap();
        }
    }
    assert_eq!(again.reseal_credentials().await.unwrap(), shops.len() as u64);
    assert_eq!(again.reseal_credentials().await.unwrap(), 0);

    let account = &shops[0].2;
    let why = |error: SyncError| match error {
        SyncError::Sealed { why, .. } => why,
        other => panic!("{other}"),
    };
    let without = crm(&file, None).credentials(account).await.unwrap_err();
    assert_eq!(why(without), UnsealError::NoKeyring);
    let earlier = crm(&file, Some(ring("2026", &old))).credentials(account).await.unwrap_err();
    assert_eq!(why(earlier), UnsealError::UnknownKey("2027".to_owned()));
    let only_new = crm(&file, Some(ring("2027", &new)));
    assert!(only_new.credentials(account).await.unwrap().is_some(), "the earlier key may leave the ring");

    only_new.disconnect(account).await.unwrap();
    assert_eq!(only_new.credentials(account).await.unwrap(), None, "a shop that was taken away is forgotten");
    let nothing = open_kept(&only_new, account, Connection::default()).await.unwrap_err();
    assert!(nothing.to_string().contains("no credentials"), "{nothing}");
}

#[tokio::test]
async fn what_is_forgotten_is_gone_from_the_file_and_needs_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let account = crm_pos::Account::new("kiotviet", "cuahangmau");
    let settings: Settings = [("client_id", "mau"), ("client_secret", "bi-mat-f4f1")].into_iter().collect();
    {
        let crm = crm(&file, Some(ring("2026", &Keyring::generate())));
        // Replaced once, and longer before than after.
        let long = "x".repeat(9000);
        let longer: Settings = [("client_id", "mau"), ("client_secret", long.as_str())].into_iter().collect();
        crm.keep_credentials(&account, &longer).await.unwrap();
        crm.keep_credentials(&account, &settings).await.unwrap();
        let nobody = crm.disconnect(&account).await.unwrap_err();
        assert!(matches!(nobody, SyncError::NotConnected(_)), "{nobody}");
        assert_eq!(crm.credentials(&account).await.unwrap(), None, "forgotten without a link, too");
    }
    assert!(!holds(&bytes_of(folder.path()), "x1:2026:"), "nor is there what an old key could open");
}

//! A KiotViet and a Haravan shop whose customers are partly the same people, in one CRM.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use crm_merge::{ContactId, LinkRules, Policy};
use pos_core::Secret;
use pos_core::identity::{Key, KeyClass};
use pos_core::kit::Connection;
use pos_haravan::{Haravan, OAuthApp, Tokens};
use pos_kiotviet::KiotViet;
use pos_sync::{ContactQuery, Crm, LinkOptions, MemoryStore, PullOptions};
use pos_testkit::{haravan, kiotviet};

async fn crm(vendor_id_alone: bool) -> Crm {
    let kiot = kiotviet::Sandbox::start(
        kiotviet::SandboxOptions::default().with_customers(300).with_documents(50, 50),
    )
    .await
    .unwrap();
    let hara =
        haravan::Sandbox::start(haravan::SandboxOptions::default().with_customers(300).with_orders(50))
            .await
            .unwrap();
    let kiotviet = KiotViet::builder()
        .retailer(kiot.retailer())
        .client_id(kiot.client_id())
        .client_secret(Secret::new(kiot.client_secret()))
        .connection(Connection::to(kiot.base_url()).unpaced())
        .token_url(kiot.token_url().as_str())
        .build()
        .unwrap();
    let app = OAuthApp::new(hara.client_id(), hara.client_secret(), "https://example.com/callback")
        .unwrap()
        .with_accounts_url(hara.api_url().as_str())
        .unwrap();
    let haravan = Haravan::builder()
        .org_id(hara.org_id())
        .oauth(app, Tokens::default().with_refresh(hara.refresh_token()), |_| {})
        .connection(Connection::to(hara.api_url()).unpaced())
        .webhook_url(hara.api_url())
        .build()
        .unwrap();
    let crm = Crm::new(Arc::new(MemoryStore::new()));
    let mut rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    crm.connect(&kiotviet, rules.clone(), LinkOptions::default()).await.unwrap();
    if !vendor_id_alone {
        // A Haravan link recognises by the vendor's id alone unless it is told otherwise.
        rules.match_by = Some(vec![KeyClass::Phone, KeyClass::Email]);
    }
    crm.connect(&haravan, rules, LinkOptions::default()).await.unwrap();
    crm.pull(&kiotviet, &PullOptions::default()).await.unwrap();
    crm.pull(&haravan, &PullOptions::default()).await.unwrap();
    crm
}

/// Contacts by the vendors that they have customers of, and whether one of them has two Haravan customers.
async fn shapes(crm: &Crm) -> (usize, usize, usize, bool) {
    let (mut kiot, mut hara, mut both, mut doubled) = (0, 0, 0, false);
    let mut after: Option<ContactId> = None;
    loop {
        let page = crm.store().contacts(&ContactQuery::page(after, 200)).await.unwrap();
        let Some(last) = page.last() else { return (kiot, hara, both, doubled) };
        after = Some(last.id.clone());
        for contact in page {
            let records = crm.store().subjects(&contact.id).await.unwrap();
            let vendors: BTreeSet<String> =
                records.iter().map(|record| record.id.vendor().to_owned()).collect();
            doubled |= records.iter().filter(|record| record.id.vendor() == "haravan").count() > 1;
            match (vendors.contains("kiotviet"), vendors.contains("haravan")) {
                (true, true) => both += 1,
                (true, false) => kiot += 1,
                _ => hara += 1,
            }
        }
    }
}

#[tokio::test]
async fn shared_phones_join_by_key_and_stay_apart_by_vendor_id_alone() {
    let by_keys = crm(false).await;
    let (_, _, both, doubled) = shapes(&by_keys).await;
    assert!(both > 150, "people with one number at both shops are one contact: {both}");
    assert!(!doubled, "a guarded account has at most one customer in a contact");

    let by_id = crm(true).await;
    let (kiot, hara, both, doubled) = shapes(&by_id).await;
    assert_eq!((both, doubled), (0, false), "the vendor's id alone joins nobody");
    assert!(kiot > 200 && hara > 250, "{kiot} {hara}");

    // The same number, two contacts: both are found by it.
    let shared = by_keys.store().contacts(&ContactQuery::page(None, 200)).await.unwrap();
    let mut seen_twice = 0;
    for contact in shared {
        for phone in contact.phones() {
            let key = Key::Phone(phone.parse().unwrap());
            let joined = by_keys.store().contacts(&ContactQuery::by_key(key)).await.unwrap();
            seen_twice += usize::from(joined.len() == 1);
        }
    }
    assert!(seen_twice > 50, "{seen_twice}");
}

//! Shops that cannot keep every contact as a customer, or never change one, and what a vendor knows of its customers.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

use std::sync::Arc;

use async_trait::async_trait;
use crm_merge::{ContactId, Edit, LinkRules};
use pos_core::connector::{CustomerPush, OrderPush, PushLine, PushOutcome, Pushed};
use pos_core::identity::IdentityHints;
use pos_core::record::{Account, ContactPoints, CustomerRecord, Money, PhoneSource, Vendor};
use pos_core::{Capabilities, Connector, Error, Result, ShopInfo};
use pos_sync::{Crm, LinkOptions, MemoryStore, PullOptions, Stop};
use pos_testkit::fake::{Fake, Reply, ok};
use pos_woocommerce::WooCommerce;
use serde_json::json;
use time::macros::datetime;

const ORDERS: &str = "/wp-json/wc/v3/orders";
const CUSTOMERS: &str = "/wp-json/wc/v3/customers";

/// A shop that takes whatever order it gets, and answers with the buyer that it was given.
fn shop() -> Arc<Fake> {
    Fake::new(|asked, _| match (asked.line().as_str(), asked.json()) {
        ("POST /wp-json/wc/v3/orders", order) => {
            let made = json!({
                "id": 5110, "number": "5110", "status": "pending", "currency": "VND", "total": "450000",
                "customer_id": order["customer_id"].as_i64().unwrap_or(0), "billing": order["billing"],
                "line_items": [], "meta_data": order["meta_data"],
                "date_created_gmt": "2026-11-23T03:05:00", "date_modified_gmt": "2026-11-23T03:05:00",
            });
            Reply::Answer(201, made.to_string())
        }
        ("GET /wp-json/wc/v3/products/312", _) => ok(json!({ "id": 312, "type": "simple" }).to_string()),
        ("GET /wp-json/wc/v3/orders" | "GET /wp-json/wc/v3/customers", _) => ok("[]"),
        _ => ok(json!({ "settings": {} }).to_string()),
    })
}

fn order() -> OrderPush {
    let line = PushLine {
        product_id: Some("312".into()),
        quantity: 1.into(),
        unit_price: Money::from(450_000),
        ..PushLine::default()
    };
    OrderPush {
        reference: "CRM-O-91".into(),
        created_at: Some(datetime!(2026-11-23 3:05 UTC)),
        lines: vec![line],
        ..OrderPush::default()
    }
}

#[tokio::test]
async fn an_order_of_a_contact_whom_the_shop_cannot_keep_goes_with_the_buyer_as_a_block() {
    let fake = shop();
    let connection = fake.connection().unpaced();
    let shop = WooCommerce::builder()
        .site("https://gom.example.vn")
        .consumer_key("ck_sample")
        .consumer_secret("cs_sample")
        .connection(connection)
        .build()
        .unwrap();
    let crm = Crm::new(Arc::new(MemoryStore::new()));
    crm.connect(&shop, LinkRules::default(), LinkOptions::default()).await.unwrap();
    let id = ContactId::new("crm-91");
    // WooCommerce makes no customer without an e-mail address.
    let edit = Edit::new(id.clone(), datetime!(2026-11-23 3:00 UTC))
        .with_field("name", "Tạ Minh Mẫu")
        .with_field("phones", json!(["+84352000191"]));
    crm.edit(edit).await.unwrap();
    crm.push_order(shop.account(), Some(id.clone()), order()).await.unwrap();

    let worked = crm.work_outbox(&shop, &Stop::new()).await.unwrap();
    let dead = crm.store().dead_pushes(shop.account(), 9).await.unwrap();
    assert_eq!((worked.done, worked.dead), (1, 0), "{dead:?}");
    let sent = fake.last(&format!("POST {ORDERS}")).json();
    assert_eq!(sent.get("customer_id"), None);
    assert_eq!(
        (&sent["billing"]["phone"], &sent["billing"]["first_name"]),
        (&json!("+84352000191"), &json!("Mẫu"))
    );
    assert!(!fake.lines().contains(&format!("POST {CUSTOMERS}")), "no customer was tried");
    let documents = crm.store().documents(&id, 9).await.unwrap();
    assert_eq!(documents.len(), 1, "what comes back is the contact's, by the number");
}

/// A till that knows the customer already, and changes nobody.
#[derive(Debug)]
struct Till(Account);

#[async_trait]
impl Connector for Till {
    fn vendor(&self) -> Vendor {
        self.0.vendor().clone()
    }
    fn display_name(&self) -> &str {
        "Till"
    }
    fn account(&self) -> &Account {
        &self.0
    }
    fn identity_hints(&self) -> IdentityHints {
        IdentityHints { guarded: true, blocked_emails: &["guest+#@till.example.com"] }
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities { push_customer: true, customers_fixed: true, ..Capabilities::default() }
    }
    async fn check(&self) -> Result<ShopInfo> {
        Ok(ShopInfo::new(self.0.clone(), "Corner shop"))
    }
    async fn push_customer(&self, push: &CustomerPush) -> Result<Pushed<CustomerRecord>> {
        if push.vendor_id.is_some() {
            return Err(Error::unsupported("customers of a till cannot be changed"));
        }
        let mut points = ContactPoints::default();
        points.phone(Some("0352000191"), PhoneSource::Own);
        let (id, phones) = ("7".to_owned(), points.phones);
        let record =
            CustomerRecord { id, name: Some("Tạ Minh".into()), phones, ..CustomerRecord::default() };
        Ok(Pushed::new("7", PushOutcome::Found, Some(record)))
    }
}

#[tokio::test]
async fn a_customer_who_is_found_where_customers_are_fixed_becomes_the_contacts_as_it_is() {
    let till = Till(Account::new(Vendor::new("till"), "corner"));
    let crm = Crm::new(Arc::new(MemoryStore::new()));
    crm.connect(&till, LinkRules::default(), LinkOptions::default()).await.unwrap();
    let id = ContactId::new("crm-91");
    // The till has no note of them, and takes none.
    let edit = Edit::new(id.clone(), datetime!(2026-11-23 3:00 UTC))
        .with_field("name", "Tạ Minh Mẫu")
        .with_field("note", "Gọi buổi sáng")
        .with_field("phones", json!(["+84352000191"]));
    crm.edit(edit).await.unwrap();
    crm.push_contact(&till.0, &id).await.unwrap();

    let worked = crm.work_outbox(&till, &Stop::new()).await.unwrap();
    let dead = crm.store().dead_pushes(&till.0, 9).await.unwrap();
    assert_eq!((worked.done, worked.dead), (1, 0), "{dead:?}");
    let subjects = crm.store().subjects(&id).await.unwrap();
    assert_eq!(subjects.iter().map(|subject| &*subject.id.id).collect::<Vec<_>>(), ["7"]);
    let contact = crm.store().contact(&id).await.unwrap().unwrap();
    assert_eq!(contact.text("note"), Some("Gọi buổi sáng"), "what the till lacks stays with us");
}

#[tokio::test]
async fn links_of_an_earlier_release_take_in_what_the_vendor_knows_of_its_customers() {
    let till = Till(Account::new(Vendor::new("till"), "corner"));
    let crm = Crm::new(Arc::new(MemoryStore::new()));
    let connected = crm.connect(&till, LinkRules::default(), LinkOptions::default()).await.unwrap();
    let taken = connected.link.rules;
    assert!(taken.guarded && taken.blocked_emails == ["guest+#@till.example.com"]);
    for work in 0..3 {
        let mut link = crm.store().link(&till.0).await.unwrap().unwrap();
        (link.rules.guarded, link.rules.blocked_emails) = (false, Vec::new());
        crm.store().put_link(&link).await.unwrap();
        match work {
            0 => drop(crm.pull(&till, &PullOptions::default()).await.unwrap()),
            1 => drop(crm.work_inbox(&till, &Stop::new()).await.unwrap()),
            _ => drop(crm.work_outbox(&till, &Stop::new()).await.unwrap()),
        }
        let link = crm.store().link(&till.0).await.unwrap().unwrap();
        assert_eq!((link.rules.guarded, &link.rules.blocked_emails), (true, &taken.blocked_emails), "{work}");
    }
}

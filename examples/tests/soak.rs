//! Shops that change all the time, a network that loses, doubles, delays and relabels, clocks that drift, tokens that end,
//! processes that die: after one full read the CRM says what the shops say, and a second one changes nothing.
//!
//! Seeded and bounded. `SOAK_SEEDS=1,2,3 SOAK_ROUNDS=200 cargo test --release -p examples --test soak` for the long form.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration as Time;

use crm_merge::{Decision, DocumentId, Edit, LinkRules, Policy};
use http::HeaderMap;
use pos_core::connector::OrderPush;
use pos_core::http::{Limit, RetryPolicy};
use pos_core::identity::SubjectId;
use pos_core::kit::Connection;
use pos_core::record::{Account, Money, StatusCategory, Stream, TicketRecord};
use pos_core::webhook::{WebhookRequest, WebhookVerifier};
use pos_core::{Clock, Connector, Secret};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Boxed, ContactQuery, Crm, LinkOptions, PullOptions, Stop, Which};
use pos_testkit::contract::{Shipment, VendorSandbox};
use pos_testkit::fault::{Fault, Faults, Rule};
use pos_testkit::truth::Truth;
use pos_testkit::{getfly, haravan, kiotviet, manychat, misa, nhanh, odoo, pancake, sapo, woocommerce};
use time::Duration;
use time::macros::datetime;

/// Small numbers that look random: the same ones for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.roll(of.len())])
    }

    /// How far a clock is off: up to an hour either way.
    fn minutes(&mut self) -> Duration {
        Duration::minutes(i64::try_from(self.roll(121)).unwrap() - 60)
    }

    fn phone(&mut self) -> String {
        // Few enough that people share them.
        format!("09120{:05}", self.roll(400))
    }

    fn name(&mut self) -> String {
        const NAMES: [&str; 6] = ["Mai Lan", "Trần Bình", "Lê Hoa", "Phạm Nam", "Đỗ Vân", "Ngô Quân"];
        format!("{} {}", NAMES[self.roll(NAMES.len())], self.roll(1000))
    }
}

/// Asks again at once: nobody waits for a sandbox.
fn reach(base_url: impl std::fmt::Display, clock: Clock) -> Connection {
    let (first_wait, longest) = (Time::from_millis(1), Time::from_millis(2));
    let retry = RetryPolicy { attempts: 2, first_wait, longest_wait: longest, patience: longest };
    Connection { clock, retry: Some(retry), ..Connection::to(base_url).unpaced() }
}

/// A delivery on its way.
#[derive(Clone)]
struct Letter {
    shop: usize,
    headers: HeaderMap,
    body: Vec<u8>,
    url: Option<String>,
}

/// A sandbox as the soak sees it.
trait Soaked {
    fn connector(&self, clock: Clock) -> Box<dyn Connector>;
    /// Whether the vendor sends webhooks.
    fn writes_letters(&self) -> bool {
        true
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier>;
    /// Somebody does something in the shop.
    fn act(&self, dice: &mut Dice);
    /// The deliveries since the last time.
    fn letters(&self, shop: usize) -> Vec<Letter>;
    fn faults(&self) -> &Faults;
    fn drift(&self, ahead: Duration);
    fn end_tokens(&self);
    fn truth(&self) -> Truth;
    /// An order that the CRM makes there.
    fn order(&self, reference: &str) -> OrderPush;
    /// Where orders are made.
    fn order_path(&self) -> Option<&'static str>;
    /// Everybody says once more what they said, at a vendor that lists nothing: what was lost on the way is found by nothing else.
    /// Answers whether it is one.
    fn speak_again(&self) -> bool {
        false
    }
    /// Customer, type and description of what people ask for in a chat.
    fn tickets(&self) -> Vec<(String, String, Option<String>)> {
        Vec::new()
    }
    /// Customers of the vendor's own making that stand for nobody.
    fn placeholders(&self) -> u64 {
        0
    }
}

/// What every sandbox does in the same way.
macro_rules! sandbox {
    () => {
        fn faults(&self) -> &Faults {
            self.0.faults()
        }
        fn drift(&self, ahead: Duration) {
            self.0.set_clock_offset(ahead);
        }
        fn truth(&self) -> Truth {
            self.0.truth()
        }
    };
}

/// The letters of a sandbox that keeps them.
macro_rules! kept_deliveries {
    () => {
        fn letters(&self, shop: usize) -> Vec<Letter> {
            let letters = self.0.deliveries().into_iter().map(|message| Letter {
                shop,
                headers: message.headers,
                body: message.body.to_vec(),
                url: None,
            });
            letters.collect()
        }
    };
}

macro_rules! orders {
    () => {
        fn order(&self, reference: &str) -> OrderPush {
            self.0.order_push(reference)
        }
        fn order_path(&self) -> Option<&'static str> {
            self.0.create_path(Stream::Orders)
        }
    };
}

struct Kiot(kiotviet::Sandbox);

impl Soaked for Kiot {
    sandbox!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_kiotviet::KiotViet::builder()
            .retailer(self.0.retailer())
            .client_id(self.0.client_id())
            .client_secret(Secret::new(self.0.client_secret()))
            .connection(reach(self.0.base_url(), clock))
            .token_url(self.0.token_url().as_str())
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_kiotviet::Webhooks::new([Secret::new(self.0.webhook_secret())]))
    }
    fn act(&self, dice: &mut Dice) {
        let shop = &self.0;
        let customers = shop.ids(Stream::Customers);
        let orders = shop.ids(Stream::Orders);
        let invoices = shop.ids(Stream::Invoices);
        let customer = dice.one(&customers).unwrap_or_default();
        let order = dice.one(&orders).unwrap_or_default();
        let invoice = dice.one(&invoices).unwrap_or_default();
        match dice.roll(12) {
            0 => drop(shop.rename_customer(customer, &dice.name())),
            1 => drop(shop.set_customer_phone(customer, &dice.phone())),
            2 => drop(
                shop.add_customer(serde_json::json!({"name": dice.name(), "contactNumber": dice.phone()})),
            ),
            3 => drop(shop.add_order(Some(customer).filter(|_| dice.roll(5) > 0), &[1, 2])),
            4 => drop(shop.add_invoice(Some(customer).filter(|_| dice.roll(5) > 0), &[3])),
            5 => drop(shop.mark_paid(Stream::Orders, order)),
            6 => drop(shop.mark_paid(Stream::Invoices, invoice)),
            7 => drop(shop.invoice_order(order)),
            8 => drop(shop.return_goods(invoice, dice.roll(2) == 0)),
            9 => drop(shop.cancel(if dice.roll(2) == 0 { Stream::Orders } else { Stream::Invoices }, order)),
            10 => drop(shop.delete_customer(customer)),
            _ => {
                let gone: Vec<i64> = shop
                    .truth()
                    .customers
                    .iter()
                    .filter(|customer| !customer.alive)
                    .filter_map(|customer| customer.id.parse().ok())
                    .collect();
                if let Some(gone) = dice.one(&gone) {
                    shop.restore_customer(gone);
                }
            }
        }
    }
    fn letters(&self, shop: usize) -> Vec<Letter> {
        let changes = self.0.take_changes();
        let letter = |event| {
            let message = self.0.webhook(event);
            Letter { shop, headers: message.headers, body: message.body.to_vec(), url: None }
        };
        changes.into_iter().map(letter).collect()
    }
    fn end_tokens(&self) {
        self.0.expire_tokens();
    }
}

struct Hara(haravan::Sandbox);

impl Soaked for Hara {
    kept_deliveries!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let accounts = self.0.api_url();
        let app = pos_haravan::OAuthApp::new(
            self.0.client_id(),
            self.0.client_secret(),
            "https://example.com/callback",
        )
        .and_then(|app| app.with_accounts_url(accounts.as_str()))
        .unwrap();
        let tokens = pos_haravan::Tokens::default().with_refresh(self.0.refresh_token());
        let shop = pos_haravan::Haravan::builder()
            .org_id(self.0.org_id())
            .oauth(app, tokens, |_| {})
            .connection(reach(self.0.api_url(), clock))
            .webhook_url(self.0.api_url())
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_haravan::Webhooks::new([Secret::new(self.0.client_secret())]))
    }
    fn act(&self, dice: &mut Dice) {
        let shop = &self.0;
        let mut customers = shop.ids(Stream::Customers);
        customers.retain(|id| *id != shop.guest_id());
        let orders = shop.ids(Stream::Orders);
        let customer = dice.one(&customers).unwrap_or_default();
        let order = dice.one(&orders).unwrap_or_default();
        let edit = match dice.roll(9) {
            0 => haravan::Edit::Rename { customer, name: dice.name() },
            1 => haravan::Edit::ChangePhone { customer, phone: dice.phone() },
            2 => {
                shop.add_customer(serde_json::json!({"first_name": dice.name(), "phone": dice.phone()}));
                return;
            }
            3 => {
                shop.add_order(Some(customer).filter(|_| dice.roll(5) > 0), &[1, 2]);
                return;
            }
            4 => haravan::Edit::Pay { order },
            5 => {
                let pieces = u32::try_from(dice.roll(2)).unwrap();
                haravan::Edit::Refund { order, amount: [1, 30_000, 100_000][dice.roll(3)], pieces }
            }
            6 => haravan::Edit::Cancel { order },
            7 => haravan::Edit::Return { order },
            _ => match dice.roll(2) {
                0 => haravan::Edit::Delete { stream: Stream::Customers, id: customer },
                _ => haravan::Edit::Delete { stream: Stream::Orders, id: order },
            },
        };
        shop.edit(edit);
    }
    fn faults(&self) -> &Faults {
        self.0.faults()
    }
    fn drift(&self, ahead: Duration) {
        self.0.set_clock_ahead(ahead);
    }
    fn end_tokens(&self) {
        self.0.expire_tokens();
    }
    fn placeholders(&self) -> u64 {
        // The guest of orders without a customer.
        1
    }
    fn truth(&self) -> Truth {
        self.0.truth()
    }
}

/// What the sandboxes of these vendors call alike.
macro_rules! soaked {
    ($($name:ident)*) => {$(
        impl $name {
            fn doing(&self, dice: &mut Dice) {
                let shop = &self.0;
                let truth = shop.truth();
                let customers: Vec<&str> = truth.customers.iter().map(|one| one.id.as_str()).collect();
                let documents: Vec<&str> = truth
                    .documents
                    .iter()
                    .filter(|one| one.stream == Stream::Orders)
                    .map(|one| one.id.as_str())
                    .collect();
                let (Some(customer), Some(order)) = (dice.one(&customers), dice.one(&documents)) else { return };
                match dice.roll(12) {
                    0 => drop(shop.rename_customer(customer, &dice.name())),
                    1 => drop(shop.change_phone(customer, &dice.phone())),
                    2 => drop(shop.delete_customer(customer)),
                    3 => drop(shop.restore_customer(customer)),
                    4 => drop(shop.pay_order(order)),
                    5 => drop(shop.refund_order(order, [1, 30_000][dice.roll(2)])),
                    6 => drop(shop.cancel_order(order)),
                    7 => drop(shop.return_order(order)),
                    8 => drop(shop.return_part(order)),
                    9 => drop(shop.delete_order(order)),
                    10 => drop(shop.restore_order(order)),
                    _ => drop(shop.create_order(customer)),
                }
            }
        }
    )*};
}

struct Sap(sapo::Sandbox);
struct Panc(pancake::Sandbox);
struct Nha(nhanh::Sandbox);
struct Woo(woocommerce::Sandbox);
struct Get(getfly::Sandbox);
struct Odo(odoo::Sandbox);
soaked!(Sap Panc Nha Woo Get Odo);

impl Soaked for Sap {
    sandbox!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_sapo::Sapo::builder()
            .store(self.0.store())
            .access_token(self.0.access_token())
            .connection(reach(self.0.base_url(), clock))
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_sapo::Webhooks::new([Secret::new(self.0.webhook_secret())]).with_store(self.0.store()))
    }
    fn act(&self, dice: &mut Dice) {
        self.doing(dice);
    }
    fn letters(&self, shop: usize) -> Vec<Letter> {
        // Only those for what happens to change last: the others are lost on the way.
        let of = |stream: Stream| {
            let id = *self.0.ids(stream).last()?;
            let message = self.0.webhook_of(stream, id)?;
            Some(Letter { shop, headers: message.headers, body: message.body.to_vec(), url: message.url })
        };
        [Stream::Customers, Stream::Orders].into_iter().filter_map(of).collect()
    }
    fn end_tokens(&self) {}
}

impl Soaked for Panc {
    sandbox!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_pancake::Pancake::builder()
            .api_key(self.0.api_key())
            .shop_id(self.0.shop_id())
            .connection(reach(self.0.base_url(), clock))
            .currency("VND")
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        let options = self.0.options();
        let hooks = pos_pancake::Webhooks::new([])
            .with_header("X-Webhook-Secret", options.webhook_secret.as_str())
            .unwrap();
        Box::new(hooks)
    }
    fn act(&self, dice: &mut Dice) {
        self.doing(dice);
    }
    fn letters(&self, shop: usize) -> Vec<Letter> {
        let of = |stream: Stream| {
            let ids = self.0.ids(stream);
            let message = self.0.webhook(stream, ids.last()?)?;
            Some(Letter { shop, headers: message.headers, body: message.body.to_vec(), url: None })
        };
        [Stream::Customers, Stream::Orders].into_iter().filter_map(of).collect()
    }
    fn end_tokens(&self) {}
}

impl Soaked for Nha {
    kept_deliveries!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_nhanh::Nhanh::builder()
            .app_id(self.0.app_id())
            .business_id(self.0.business_id())
            .access_token(self.0.access_token())
            .connection(Connection {
                limits: Some(vec![Limit::Window { requests: 100_000, per: Time::from_secs(1) }]),
                ..reach(self.0.base_url(), clock)
            })
            .history_from(datetime!(2023-01-01 0:00 +7))
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_nhanh::Webhooks::new([Secret::new(self.0.verify_token())]))
    }
    fn act(&self, dice: &mut Dice) {
        self.doing(dice);
    }
    fn faults(&self) -> &Faults {
        self.0.faults()
    }
    fn drift(&self, ahead: Duration) {
        self.0.set_clock_ahead(ahead);
    }
    fn end_tokens(&self) {}
    fn truth(&self) -> Truth {
        self.0.truth()
    }
}

impl Soaked for Woo {
    sandbox!();
    kept_deliveries!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_woocommerce::WooCommerce::builder()
            .site(self.0.site())
            .consumer_key(self.0.consumer_key())
            .consumer_secret(self.0.consumer_secret())
            .connection(reach(self.0.base_url(), clock))
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_woocommerce::Webhooks::new([Secret::new(self.0.webhook_secret())]))
    }
    fn act(&self, dice: &mut Dice) {
        self.doing(dice);
    }
    fn end_tokens(&self) {}
}

impl Soaked for Get {
    sandbox!();
    kept_deliveries!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_getfly::Getfly::builder()
            .company(self.0.company())
            .api_key(self.0.api_key())
            .connection(reach(self.0.base_url(), clock))
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_getfly::Webhooks::new([Secret::new(self.0.webhook_secret())]))
    }
    fn act(&self, dice: &mut Dice) {
        self.doing(dice);
    }
    fn end_tokens(&self) {}
}

impl Soaked for Odo {
    sandbox!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_odoo::Odoo::builder()
            .site("gomviet.odoo.com")
            .database(self.0.database())
            .login(self.0.login())
            .api_key(self.0.api_key())
            .connection(reach(self.0.base_url(), clock))
            .build();
        Box::new(shop.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_odoo::Webhooks::new([Secret::new(self.0.webhook_token())]))
    }
    fn act(&self, dice: &mut Dice) {
        let customers = self.0.ids(Stream::Customers);
        let mut one = || customers[dice.roll(customers.len())].clone();
        let (customer, other) = (one(), one());
        match dice.roll(8) {
            0 => drop(self.0.merge_customers(&customer, &other)),
            1 => drop(self.0.sell(Some(&customer).filter(|_| dice.roll(5) > 0).map(String::as_str))),
            _ => self.doing(dice),
        }
    }
    fn letters(&self, shop: usize) -> Vec<Letter> {
        // The proof stands in the address.
        let letter = |Shipment { headers, body, url }| Letter { shop, headers, body: body.to_vec(), url };
        self.0.deliveries().into_iter().map(letter).collect()
    }
    fn end_tokens(&self) {}
}

struct Mis(misa::Sandbox);

impl Soaked for Mis {
    sandbox!();
    fn order(&self, reference: &str) -> OrderPush {
        self.0.order_push(reference)
    }
    /// Nobody confirmed a list in which an order could be found again: none is made.
    fn order_path(&self) -> Option<&'static str> {
        None
    }
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let shop = pos_misa::Misa::builder()
            .domain(self.0.domain())
            .secret_key(self.0.secret_key())
            .connection(reach(self.0.base_url(), clock))
            .build();
        Box::new(shop.unwrap())
    }
    fn writes_letters(&self) -> bool {
        false
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        panic!("it sends no webhooks")
    }
    fn act(&self, dice: &mut Dice) {
        let shop = &self.0;
        let (customers, invoices) = (shop.ids(Stream::Customers), shop.ids(Stream::Invoices));
        let all = |ids: &[String], dice: &mut Dice| ids.get(dice.roll(ids.len())).cloned();
        let (Some(customer), Some(invoice)) = (all(&customers, dice), all(&invoices, dice)) else { return };
        // Nobody is deleted: no customer can be read by id, so that one who is not shown any more is left alone.
        match dice.roll(13) {
            0 => drop(shop.rename_customer(&customer, &dice.name())),
            1 => drop(shop.change_phone(&customer, &dice.phone())),
            2 => drop(shop.add_customer(&dice.name(), &dice.phone())),
            3 => drop(shop.add_invoice(Some(&customer).filter(|_| dice.roll(5) > 0).map(String::as_str))),
            4 => drop(shop.invoice_order(&shop.add_order(Some(&customer)))),
            5 => drop(shop.pay_invoice(&invoice)),
            6 => drop(shop.lend_invoice(&invoice)),
            7 | 8 => drop(shop.carry_invoice(&invoice)),
            9 => drop(shop.fail_invoice(&invoice)),
            10 => drop(shop.return_invoice(&invoice)),
            11 => drop(shop.cancel_invoice(&invoice)),
            _ => drop(shop.delete_invoice(&invoice)),
        }
    }
    fn letters(&self, _shop: usize) -> Vec<Letter> {
        Vec::new()
    }
    fn end_tokens(&self) {
        self.0.expire_tokens();
    }
}

struct Chat(manychat::Sandbox);

impl Soaked for Chat {
    sandbox!();
    kept_deliveries!();
    orders!();
    fn connector(&self, clock: Clock) -> Box<dyn Connector> {
        let page = pos_manychat::ManyChat::builder()
            .page_id(self.0.page_id())
            .api_key(self.0.api_key())
            .import(pos_manychat::Import::Phone)
            .mirror_field(self.0.mirror_field())
            .connection(reach(self.0.base_url(), clock))
            .build();
        Box::new(page.unwrap())
    }
    fn verifier(&self) -> Box<dyn WebhookVerifier> {
        Box::new(pos_manychat::Webhooks::new([Secret::new(self.0.webhook_secret())]))
    }
    fn act(&self, dice: &mut Dice) {
        const KINDS: [&str; 3] = ["Bảo hành", "Đổi trả", "Hỏi giá"];
        let page = &self.0;
        let Some(contact) = dice.one(&page.contacts()) else { return };
        match dice.roll(6) {
            0 => drop(page.rename_customer(&contact.to_string(), &dice.name())),
            1 => drop(page.type_phone(contact, &dice.phone())),
            2 => drop(page.add_contact(&dice.name(), &dice.phone())),
            3 => drop(page.write(contact, "Alo")),
            _ => drop(page.ask(contact, KINDS[dice.roll(3)], &dice.name(), &dice.name())),
        }
    }
    fn end_tokens(&self) {}
    fn speak_again(&self) -> bool {
        self.0.speak_again();
        true
    }
    fn tickets(&self) -> Vec<(String, String, Option<String>)> {
        // A number that somebody typed here is one.
        let asked = self.0.tickets().into_iter().filter(|ticket| ticket.phone.starts_with("09120"));
        asked.map(|ticket| (ticket.contact, ticket.kind, ticket.description)).collect()
    }
}

async fn shops(seed: u64) -> Vec<Box<dyn Soaked>> {
    let kiot = kiotviet::SandboxOptions::default().with_customers(40).with_documents(30, 30).with_seed(seed);
    let mut hara = haravan::SandboxOptions::default().with_customers(40).with_orders(40).with_seed(seed);
    // What is gone is gone in nobody's words.
    (hara.bare_missing, hara.ignore_ids) = (true, true);
    let sapo = sapo::SandboxOptions::default().with_customers(40).with_orders(40).with_seed(seed);
    let sapo = sapo.with_bare_missing(true);
    let sapo = if seed.is_multiple_of(2) { sapo.with_flavor(sapo::Flavor::Pos) } else { sapo };
    let pancake = pancake::SandboxOptions::default().with_customers(40).with_orders(40).with_seed(seed);
    let nhanh = nhanh::SandboxOptions::default().with_customers(40).with_documents(30, 30).with_seed(seed);
    let woo = woocommerce::SandboxOptions::default().with_customers(40).with_orders(40).with_seed(seed);
    let mut woo = if seed.is_multiple_of(2) { woo.unkind() } else { woo };
    woo.shop.products = 24;
    let get = getfly::SandboxOptions::default().with_customers(40).with_orders(40).with_seed(seed);
    let mut get = if seed.is_multiple_of(2) { get.unkind() } else { get };
    get.shop.products = 24;
    let misa = misa::SandboxOptions::default().with_customers(40).with_documents(40, 4).with_seed(seed);
    let mut misa = if seed.is_multiple_of(2) { misa.unkind() } else { misa };
    misa.shop.products = 24;
    let odoo = odoo::SandboxOptions::default().with_customers(40).with_orders(40).with_seed(seed);
    let mut odoo = if seed.is_multiple_of(2) { odoo.unkind().with_version(17) } else { odoo };
    odoo.shop.products = 24;
    let chat = manychat::SandboxOptions::default().with_customers(40).with_seed(seed).with_import(true);
    let chat = if seed.is_multiple_of(2) { chat.unkind() } else { chat };
    vec![
        Box::new(Kiot(kiotviet::Sandbox::start(kiot).await.unwrap())),
        Box::new(Hara(haravan::Sandbox::start(hara.with_deliveries()).await.unwrap())),
        Box::new(Sap(sapo::Sandbox::start(sapo).await.unwrap())),
        Box::new(Panc(pancake::Sandbox::start(pancake).await.unwrap())),
        Box::new(Nha(nhanh::Sandbox::start(nhanh.keep_deliveries(true)).await.unwrap())),
        Box::new(Woo(woocommerce::Sandbox::start(woo.with_kept_deliveries(true)).await.unwrap())),
        Box::new(Get(getfly::Sandbox::start(get.with_kept_deliveries(true)).await.unwrap())),
        Box::new(Mis(misa::Sandbox::start(misa).await.unwrap())),
        Box::new(Odo(odoo::Sandbox::start(odoo.with_kept_deliveries(true)).await.unwrap())),
        Box::new(Chat(manychat::Sandbox::start(chat.with_kept_deliveries(true)).await.unwrap())),
    ]
}

/// A process: its own handle of the file, its own connectors.
struct Process {
    crm: Crm,
    connectors: Vec<Box<dyn Connector>>,
    verifiers: Vec<Option<Box<dyn WebhookVerifier>>>,
    clock: Clock,
    /// How many orders the CRM has made so far.
    orders: usize,
}

impl Process {
    fn start(file: &Path, shops: &[Box<dyn Soaked>], ahead: Duration) -> Self {
        let clock = Clock::default().ahead_by(ahead);
        Self {
            crm: Crm::new(Arc::new(SqliteStore::open(file).unwrap())).with_clock(clock.clone()),
            connectors: shops.iter().map(|shop| shop.connector(clock.clone())).collect(),
            verifiers: shops.iter().map(|shop| shop.writes_letters().then(|| shop.verifier())).collect(),
            clock,
            orders: 0,
        }
    }

    async fn connect(&self) {
        for connector in &self.connectors {
            let rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
            self.crm.connect(&**connector, rules, LinkOptions::default()).await.unwrap();
        }
    }

    async fn deliver(&self, letter: &Letter) {
        let connector = &self.connectors[letter.shop];
        let request = WebhookRequest::new(&letter.headers, &letter.body, self.clock.now());
        let request = match &letter.url {
            Some(url) => request.with_url(url),
            None => request,
        };
        let verifier = self.verifiers[letter.shop].as_deref().unwrap();
        self.crm.receive(connector.account(), verifier, &request).await.unwrap();
    }

    /// Works on everything for a while; the process may die in the middle.
    async fn work(&self, dice: &mut Dice, dies: bool) {
        let shop = dice.roll(self.connectors.len());
        let pulls = dice.roll(2) == 0;
        let all = async {
            for (at, connector) in self.connectors.iter().enumerate() {
                // A vendor's failure is told and waited out; here the next round does.
                let _ = self.crm.work_inbox(&**connector, &Stop::new()).await;
                let _ = self.crm.work_outbox(&**connector, &Stop::new()).await;
                if pulls && at == shop {
                    let _ = self.crm.pull(&**connector, &PullOptions::default()).await;
                }
            }
        };
        if dies {
            let _ = tokio::time::timeout(Time::from_millis(1 + dice.roll(40) as u64), all).await;
        } else {
            all.await;
        }
    }

    /// A person types, pushes, merges, parts.
    async fn person(&mut self, dice: &mut Dice, shops: &[Box<dyn Soaked>]) {
        let contacts = self.crm.store().contacts(&ContactQuery::page(None, 200)).await.unwrap();
        if contacts.is_empty() {
            return;
        }
        let contact = &contacts[dice.roll(contacts.len())];
        match dice.roll(4) {
            3 => {
                let at = dice.roll(shops.len());
                self.orders += 1;
                // The same reference is put once more now and then, as a host does that lost count.
                let reference =
                    format!("soak-{}", self.orders - usize::from(dice.roll(5) == 0).min(self.orders - 1));
                let mut order = shops[at].order(&reference);
                order.created_at = Some(self.clock.now() - Duration::minutes(5));
                let account = self.connectors[at].account().clone();
                self.crm.push_order(&account, None, order).await.unwrap();
            }
            0 => {
                let edit = Edit::new(contact.id.clone(), self.clock.now());
                self.crm.edit(edit.with_field("note", dice.name())).await.unwrap();
            }
            1 => {
                let account = self.connectors[dice.roll(self.connectors.len())].account().clone();
                self.crm.push_contact(&account, &contact.id).await.unwrap();
            }
            _ => {
                let other = &contacts[dice.roll(contacts.len())];
                let mine = self.crm.store().subjects(&contact.id).await.unwrap();
                let theirs = self.crm.store().subjects(&other.id).await.unwrap();
                if let (Some(mine), Some(theirs)) = (mine.first(), theirs.first())
                    && mine.id != theirs.id
                {
                    let decision = match dice.roll(2) {
                        0 => Decision::Same(mine.id.clone(), theirs.id.clone()),
                        _ => Decision::Different(mine.id.clone(), theirs.id.clone()),
                    };
                    self.crm.decide(decision).await.unwrap();
                }
            }
        }
    }
}

/// Compares the CRM with every shop's own truth.
async fn compare(crm: &Crm, shops: &[Box<dyn Soaked>], accounts: &[Account], what: &str) {
    let store = crm.store();
    let mut expected: BTreeMap<String, (Money, u64)> = BTreeMap::new();
    for (shop, account) in shops.iter().zip(accounts) {
        let told = shop.truth();
        for customer in told.customers.iter().filter(|customer| customer.alive) {
            let id = SubjectId::customer(account, &customer.id);
            let subject = store.subject(&id).await.unwrap();
            let subject = subject.unwrap_or_else(|| panic!("{what}: {id:?} is missing"));
            assert!(!subject.record.deleted, "{what}: {id:?} lives");
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let said = subject.record.raw_name.as_deref().map(words);
            if let Some(name) = &customer.name {
                assert_eq!(said, Some(words(name)), "{what}: {id:?}");
            }
        }
        for (customer, kind, what_for) in shop.tickets() {
            let subject = store.subject(&SubjectId::customer(account, &customer)).await.unwrap().unwrap();
            let Some(contact) = subject.contact else { panic!("{what}: {customer} of {account} is nobody") };
            let tickets = store.tickets(&contact, 1_000).await.unwrap();
            let is_it = |ticket: &TicketRecord| {
                let says = (ticket.kind.as_ref(), &ticket.description);
                ticket.customer() == Some(&customer) && says == (Some(&kind), &what_for)
            };
            let told = tickets.iter().filter_map(|entry| entry.ticket()).any(is_it);
            assert!(told, "{what}: what {customer} of {account} asks for is not on its contact");
        }
        for truth in told.documents {
            let kind = truth.stream.document().unwrap();
            let id = DocumentId::new(account.clone(), kind, truth.id.as_str());
            let document = store.document(&id).await.unwrap();
            let Some(document) = document else {
                // What was made and deleted between two looks was never there.
                assert!(!truth.alive, "{what}: {id} is missing");
                continue;
            };
            assert!(
                truth.alive || document.deleted || is_over(document.record.status.category),
                "{what}: {id} is gone, and {:?} here",
                document.record.status
            );
            let revenue = Money::new(truth.revenue);
            let said = (document.ledger.revenue, document.ledger.orders == 1);
            assert_eq!(said, (revenue, truth.counts), "{what}: {id}: {document:#?}\n{:#?}", document.record);
            let counts = truth.counts || revenue != Money::ZERO;
            assert!(
                !counts || truth.buyer.is_none() || document.buyer.is_some(),
                "{what}: {id} hangs on nobody"
            );
            // Guests without a customer's id are people too.
            if let Some(buyer) = document.buyer.filter(|_| counts)
                && let Some(contact) = store.subject(&buyer).await.unwrap().unwrap().contact
            {
                let sum = expected.entry(contact.to_string()).or_default();
                sum.0 += revenue;
                sum.1 += u64::from(truth.counts);
            }
        }
        let alive = told.customers.iter().filter(|customer| customer.alive).count() as u64;
        let kept = store.alive(account, Stream::Customers).await.unwrap();
        assert_eq!(kept, alive + shop.placeholders(), "{what}: customers of {account}");
    }
    for (contact, (revenue, orders)) in expected {
        let totals = store.totals(&crm_merge::ContactId::new(contact.as_str())).await.unwrap();
        let sums = totals.first().map_or((Money::ZERO, 0), |totals| (totals.revenue, totals.orders));
        assert_eq!(sums, (revenue, orders), "{what}: {contact}");
    }
}

/// Whether a document that stands so may be gone for its shop's own arithmetic.
fn is_over(category: StatusCategory) -> bool {
    use StatusCategory::{Cancelled, Deleted, Failed, Returned};
    matches!(category, Cancelled | Deleted | Failed | Returned)
}

/// Whatever was lost on the way: what the CRM made under one reference is one order.
async fn made_once(crm: &Crm, shops: &[Box<dyn Soaked>], accounts: &[Account], what: &str) {
    let mut made: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (shop, account) in shops.iter().zip(accounts) {
        for truth in shop.truth().documents.iter().filter(|truth| truth.stream == Stream::Orders) {
            let kind = truth.stream.document().unwrap();
            let id = DocumentId::new(account.clone(), kind, truth.id.as_str());
            let Some(document) = crm.store().document(&id).await.unwrap() else { continue };
            if let Some(reference) =
                document.record.reference.clone().filter(|name| name.starts_with("soak-"))
            {
                made.entry((account.to_string(), reference)).or_default().push(truth.id.clone());
            }
        }
    }
    for (reference, orders) in made {
        assert_eq!(orders.len(), 1, "{what}: {reference:?} was made as {orders:?}");
    }
}

async fn sequence(crm: &Crm) -> u64 {
    let mut after = 0;
    while let Some(last) = crm.store().changes(after, 10_000).await.unwrap().last() {
        after = last.sequence;
    }
    after
}

async fn soak(seed: u64, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let mut dice = Dice::new(seed);
    let shops = shops(seed).await;
    for shop in &shops {
        shop.drift(dice.minutes());
    }
    let mut process = Process::start(&file, &shops, dice.minutes());
    process.connect().await;
    let mut late: Vec<Letter> = Vec::new();
    for _ in 0..rounds {
        for shop in &shops {
            for _ in 0..dice.roll(4) {
                shop.act(&mut dice);
            }
            if dice.roll(12) == 0 {
                shop.end_tokens();
            }
            shop.faults().clear();
            match dice.roll(6) {
                0 => shop.faults().add(Rule::new(Fault::Status(404)).on("GET", "/").always()),
                1 => shop.faults().add(Rule::new(Fault::Status(503)).on("GET", "/").chance(0.3).times(5)),
                2 => shop.faults().add(Rule::new(Fault::CutBody).on("GET", "/").chance(0.05)),
                _ => shop.faults().add(Rule::new(Fault::Status(503)).on("GET", "/").chance(0.05)),
            }
            if let Some(path) = shop.order_path() {
                // The vendor makes the order, and nobody hears of it.
                shop.faults().add(Rule::new(Fault::LoseAnswer).on("POST", path).chance(0.3));
            }
        }
        let mut letters: Vec<Letter> =
            shops.iter().enumerate().flat_map(|(at, shop)| shop.letters(at)).collect();
        letters.append(&mut late);
        // Under another topic: a genuine body with the header fields of another delivery, but for the proof.
        for at in 0..letters.len() {
            let other = dice.roll(letters.len());
            if dice.roll(10) == 0 && letters[at].shop == letters[other].shop {
                let (topics, mut forged) = (letters[other].headers.clone(), letters[at].clone());
                for (name, value) in &topics {
                    if name.as_str().contains("topic") || name.as_str().contains("event") {
                        forged.headers.insert(name.clone(), value.clone());
                    }
                }
                letters.push(forged);
            }
        }
        for letter in letters {
            match dice.roll(10) {
                0 | 1 => {}
                2 | 3 => late.push(letter),
                4 => {
                    process.deliver(&letter).await;
                    process.deliver(&letter).await;
                }
                _ => process.deliver(&letter).await,
            }
        }
        if dice.roll(3) == 0 {
            process.person(&mut dice, &shops).await;
        }
        let dies = dice.roll(8) == 0;
        process.work(&mut dice, dies).await;
        if dies {
            // On another machine, whose clock is off by something else.
            let orders = process.orders;
            drop(process);
            process = Process { orders, ..Process::start(&file, &shops, dice.minutes()) };
        }
    }
    // Quiet: nothing fails any more, and everything is read once.
    drop(process);
    let process = Process::start(&file, &shops, Duration::ZERO);
    for (shop, connector) in shops.iter().zip(&process.connectors) {
        shop.faults().clear();
        for of in [Boxed::Inbox, Boxed::Outbox] {
            process.crm.revive(connector.account(), of, &Which::All).await.unwrap();
        }
    }
    process.connect().await;
    for (at, shop) in shops.iter().enumerate() {
        let said = if shop.speak_again() { shop.letters(at) } else { Vec::new() };
        for letter in &said {
            process.deliver(letter).await;
        }
    }
    let full = PullOptions::default().with_full().with_release_brake();
    for connector in &process.connectors {
        process.crm.work_inbox(&**connector, &Stop::new()).await.unwrap();
        // A read that was interrupted is gone on with, and says what was so when it began: the one after it begins now.
        for _ in 0..2 {
            process.crm.pull(&**connector, &full).await.unwrap();
        }
    }
    let accounts: Vec<Account> =
        process.connectors.iter().map(|connector| connector.account().clone()).collect();
    let what = format!("seed {seed}, {rounds} rounds");
    compare(&process.crm, &shops, &accounts, &what).await;
    made_once(&process.crm, &shops, &accounts, &what).await;
    let before = sequence(&process.crm).await;
    for connector in &process.connectors {
        process.crm.pull(&**connector, &full).await.unwrap();
    }
    assert_eq!(sequence(&process.crm).await, before, "{what}: a second full read changed something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_any_history_the_crm_says_what_the_shops_say() {
    let numbers = |name: &str, otherwise: &str| -> Vec<u64> {
        let text = std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
        text.split(',').map(|number| number.trim().parse().unwrap()).collect()
    };
    let rounds = usize::try_from(numbers("SOAK_ROUNDS", "25")[0]).unwrap();
    for seed in numbers("SOAK_SEEDS", "1,2") {
        soak(seed, rounds).await;
    }
}

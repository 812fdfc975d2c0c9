//! A page of ManyChat beside a shop, in one CRM: whoever buys, chats and asks for something is one contact.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;

use crm_merge::{ContactId, LinkRules, Policy};
use pos_core::identity::SubjectId;
use pos_core::kit::Connection;
use pos_core::record::{Stream, TicketRecord};
use pos_core::webhook::WebhookRequest;
use pos_core::{Connector, Secret, WebhookVerifier};
use pos_kiotviet::KiotViet;
use pos_manychat::{ExternalReply, ManyChat, decide};
use pos_store_sqlite::SqliteStore;
use pos_sync::{Crm, LinkOptions, MemoryStore, PullOptions, Stop, Store};
use pos_testkit::contract::Shipment;
use pos_testkit::{kiotviet, manychat};
use time::OffsetDateTime;

struct Host {
    crm: Crm,
    page: ManyChat,
    sandbox: manychat::Sandbox,
}

impl Host {
    async fn start(store: Arc<dyn Store>, options: manychat::SandboxOptions) -> Self {
        let sandbox = manychat::Sandbox::start(options.with_kept_deliveries(true)).await.unwrap();
        let page = ManyChat::builder()
            .page_id(sandbox.page_id())
            .api_key(sandbox.api_key())
            .webhook_secret(Secret::new(sandbox.webhook_secret()))
            .connection(Connection::to(sandbox.base_url()).unpaced())
            .build()
            .unwrap();
        let crm = Crm::new(store);
        let rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
        crm.connect(&page, rules, LinkOptions::default()).await.unwrap();
        Self { crm, page, sandbox }
    }

    async fn contact(&self, contact: i64) -> Option<ContactId> {
        let id = SubjectId::customer(self.page.account(), &contact.to_string());
        self.crm.store().subject(&id).await.unwrap()?.contact
    }

    async fn tickets(&self, contact: i64) -> Vec<TicketRecord> {
        let Some(contact) = self.contact(contact).await else { return Vec::new() };
        let entries = self.crm.store().tickets(&contact, 50).await.unwrap();
        entries.iter().filter_map(|entry| entry.ticket().cloned()).collect()
    }

    /// The handler of a host: keep, look, answer.
    async fn take(&self, shipment: &Shipment) -> (u16, String) {
        let hooks = self.page.webhooks();
        let request = WebhookRequest::new(&shipment.headers, &shipment.body, OffsetDateTime::now_utc());
        let received = self.crm.receive(self.page.account(), hooks, &request).await.unwrap();
        if received.refusal.is_some() {
            return (received.status, String::new());
        }
        let proven = hooks.verify(&request).unwrap();
        let asked = hooks.requests(&proven).unwrap().remove(0);
        let id = asked.ticket_id();
        let contact = format!("{}:", asked.contact.as_deref().unwrap_or_default());
        let store = self.crm.store();
        let tickets = store.entries(self.page.account(), Stream::Tickets, Some(&contact), 100).await.unwrap();
        let mut tickets = tickets.iter().filter_map(|entry| entry.ticket());
        let known = tickets.find(|ticket| Some(&ticket.id) == id.as_ref());
        (200, ExternalReply::of(decide(known, &asked), None).ticket_status)
    }

    /// Everything that flows sent, each worked on before the next one comes. Answers what the flows were told.
    async fn hear(&self) -> Vec<String> {
        let mut told = Vec::new();
        for shipment in self.sandbox.deliveries() {
            let (status, what) = self.take(&shipment).await;
            assert_eq!(status, 200, "a flow stops at anything else");
            told.push(what);
            self.crm.work_inbox(&self.page, &Stop::new()).await.unwrap();
        }
        told
    }
}

fn stores() -> [Arc<dyn Store>; 2] {
    [Arc::new(MemoryStore::new()), Arc::new(SqliteStore::in_memory().unwrap())]
}

#[tokio::test]
async fn a_ticket_goes_its_way_from_the_chat_to_the_contact() {
    for store in stores() {
        let host = Host::start(store, manychat::SandboxOptions::default().with_customers(20)).await;
        let page = &host.sandbox;
        let contact = page.add_contact("Vy Mẫu", "0912 000 777");
        page.ask(contact, "Bảo hành", "Máy không lên nguồn", "");
        page.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại");
        page.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại sau");
        page.ask(contact, "Bảo hành", "Đã thử sạc khác", "Gọi lại sau");
        // A type that was taken back says nothing.
        page.ask(contact, "", "Đã thử sạc khác", "Gọi lại sau");
        // Without a note it changes what is there.
        page.ask(contact, "Đổi trả", "Đã thử sạc khác", "");
        page.type_phone(contact, "0987 000 778");
        page.ask(contact, "Đổi trả", "Đã thử sạc khác", "Gọi lại");
        let expected = [
            "skipped:no_type",
            "skipped:no_note",
            "created",
            "unchanged",
            "updated",
            "unchanged",
            "updated",
            "skipped:no_note",
            "created",
        ];
        assert_eq!(host.hear().await, expected);
        let mut tickets = host.tickets(contact).await;
        tickets.sort_by_key(|ticket| ticket.note.clone());
        let [second, first] = tickets.as_slice() else { panic!("{tickets:?}") };
        assert_eq!((first.kind.as_deref(), first.note.as_deref()), (Some("Đổi trả"), Some("Gọi lại sau")));
        assert_eq!(first.description.as_deref(), Some("Đã thử sạc khác"));
        assert_eq!(second.note.as_deref(), Some("Gọi lại"));
        // Both numbers are the contact's.
        let contact = host.crm.store().contact(&host.contact(contact).await.unwrap()).await.unwrap().unwrap();
        assert!(contact.phones().contains(&"+84987000778"), "the last number that was typed");
    }
}

#[tokio::test]
async fn what_runs_twice_and_what_comes_in_another_order_makes_one_ticket() {
    for store in stores() {
        let options = manychat::SandboxOptions::default().with_customers(5).with_doubled_flows(true);
        let host = Host::start(store, options).await;
        let page = &host.sandbox;
        page.set_clock(Some(OffsetDateTime::now_utc() - time::Duration::minutes(9)));
        let contact = page.add_contact("Vy Mẫu", "0912 000 777");
        let mut letters = Vec::new();
        for what in ["Máy không lên nguồn", "Đã thử sạc khác", "Đã mang đến cửa hàng"] {
            page.pass(time::Duration::minutes(1));
            page.ask(contact, "Bảo hành", what, "Gọi lại");
            letters.extend(page.deliveries());
        }
        // All of them wait, the last one first.
        for letter in letters.iter().rev() {
            assert_eq!(host.take(letter).await.0, 200);
        }
        host.crm.work_inbox(&host.page, &Stop::new()).await.unwrap();
        let tickets = host.tickets(contact).await;
        assert_eq!(tickets.len(), 1);
        assert_eq!(tickets[0].description.as_deref(), Some("Đã mang đến cửa hàng"), "the last word counts");
    }
}

#[tokio::test]
async fn a_delivery_without_proof_or_without_a_contact_changes_nothing() {
    let [store, _] = stores();
    let options = manychat::SandboxOptions::default().with_customers(5).with_shape(manychat::Shape::Flat);
    let host = Host::start(store, options).await;
    let contact = host.sandbox.add_contact("Vy Mẫu", "0912 000 777");
    host.sandbox.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại");
    let letters = host.sandbox.deliveries();
    let mut forged = letters[1].clone();
    forged.headers.insert("x-webhook-secret", "guessed".parse().unwrap());
    assert_eq!(host.take(&forged).await.0, 401);
    let nameless = String::from_utf8_lossy(&letters[1].body).replace(&contact.to_string(), "{{user_id}}");
    let nameless = Shipment { body: nameless.into(), ..letters[1].clone() };
    assert_eq!(host.take(&nameless).await, (200, "skipped:no_contact".to_owned()));
    host.crm.work_inbox(&host.page, &Stop::new()).await.unwrap();
    assert_eq!(host.crm.store().size().await.unwrap().contacts, 0);
}

#[tokio::test]
async fn whoever_buys_and_chats_is_one_contact_with_the_sum_and_the_ticket() {
    let [store, _] = stores();
    let host = Host::start(store, manychat::SandboxOptions::default().with_customers(60)).await;
    let options = kiotviet::SandboxOptions::default().with_customers(60).with_documents(60, 60);
    let kiot = kiotviet::Sandbox::start(options).await.unwrap();
    let shop = KiotViet::builder()
        .retailer(kiot.retailer())
        .client_id(kiot.client_id())
        .client_secret(Secret::new(kiot.client_secret()))
        .connection(Connection::to(kiot.base_url()).unpaced())
        .token_url(kiot.token_url().as_str())
        .build()
        .unwrap();
    let rules = LinkRules { policy: Policy::Overwrite, ..LinkRules::default() };
    host.crm.connect(&shop, rules, LinkOptions::default()).await.unwrap();
    host.crm.pull(&shop, &PullOptions::default()).await.unwrap();
    let (store, account) = (host.crm.store(), host.page.account());
    let mut before = 0;
    for contact in host.sandbox.contacts() {
        host.sandbox.write(contact, "Alo");
        before += 1;
    }
    assert_eq!(host.hear().await.len(), before);
    let best = store.best_contacts(pos_core::record::Currency::VND, 200).await.unwrap();
    let mut both = 0;
    for (contact, totals) in best {
        let subjects = store.subjects(&contact.id).await.unwrap();
        let Some(chats) = subjects.iter().find(|subject| subject.id.account == *account) else { continue };
        let id: i64 = chats.id.id.parse().unwrap();
        let asks =
            host.sandbox.row(id).is_some() && host.sandbox.ask(id, "Đổi trả", "Giày 39 sang 40", "Gọi lại");
        assert!(asks);
        host.hear().await;
        let mine = store.tickets(&contact.id, 50).await.unwrap();
        // A number that only the shop has is no number of the chat.
        both += usize::from(
            mine.iter()
                .filter_map(|entry| entry.ticket())
                .any(|ticket| ticket.kind.as_deref() == Some("Đổi trả")),
        );
        assert_eq!(store.totals(&contact.id).await.unwrap()[0], totals, "chatting costs nothing");
    }
    assert!(both > 5, "{both} who bought and asked");
}

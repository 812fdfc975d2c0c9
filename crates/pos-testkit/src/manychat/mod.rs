//! A page of ManyChat on loopback.
//!
//! It has the habits of the real one: one key for an account, nothing that lists contacts, a status that is 400 whatever is wrong and
//! a reason that stands in `details`, in one of several shapes; searches that say with 200 and an empty list that they found nobody;
//! contacts that were born on WhatsApp and are found by no number, and cannot be made a second time; contacts without a number at
//! all; imports that ManyChat's support has to open; custom fields as a list in answers and as an object in what flows send. What flows
//! send is written by the merchant: the whole contact, wrapped, or a few members by hand, without a signature, without an id, never
//! repeated.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use pos_testkit::manychat::{Sandbox, SandboxOptions};
//!
//! let page = Sandbox::start(SandboxOptions::default().with_customers(60)).await.unwrap();
//! let contact = page.contacts()[0];
//! page.ask(contact, "Bảo hành", "Máy không lên nguồn", "Gọi lại trước 17h");
//! let sent = page.run_flow(contact).unwrap();
//! assert!(String::from_utf8_lossy(&sent.body).contains("ticket_note"));
//! # });
//! ```

mod answer;
mod edits;
mod flows;
mod render;
mod routes;
mod suite;
mod truth;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};
use url::Url;

use crate::contract::Shipment;
use crate::fault::Faults;
pub use crate::server::Logged;
use crate::server::{self, Answer, Asked, Clock, Outbox, Twist, Vendor, Window, options};
use flows::Post;
pub use suite::UnkindSandbox;
pub use truth::TicketTruth;

/// What the merchant put into the body of the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// The variable *Full Contact Data* as the whole body.
    #[default]
    Full,
    /// The same in a member `contact`, with a member beside it.
    Wrapped,
    /// A few members by hand.
    Flat,
}

/// In which shape `details` says what is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
    /// By member: `{"messages":{"wa_id":{"message":["…"]}}}`.
    #[default]
    ByField,
    /// As it is documented: `{"messages":[{"message":"…"}]}`.
    List,
    /// A text.
    Text,
}

options! {
    /// How the sandbox behaves. Every switch is a habit that a page of ManyChat has or may have.
    pub struct SandboxOptions {
        /// The page's id.
        page_id: String = "104430000000821".into();
        /// The account's key. Its digits are not the page's id.
        api_key: String = "2210821:sandboxManyChatKey0000000001".into();
        /// The header that the merchant adds to the step.
        webhook_header: String = "x-webhook-secret".into();
        /// Its value.
        webhook_secret: String = "sandbox-webhook-secret-manychat".into();
        /// ManyChat's support lets the account import contacts.
        import: bool = false, with_import;
        /// What the merchant put into the body of the step.
        shape: Shape = Shape::Full, with_shape;
        /// In which shape `details` says what is wrong.
        details: Details = Details::ByField, with_details;
        /// A search that finds nobody is refused with words.
        loud_misses: bool = false, with_loud_misses;
        /// Custom fields come as a list in what flows send, too.
        listed_fields: bool = false, with_listed_fields;
        /// Ids come as numbers.
        number_ids: bool = false, with_number_ids;
        /// Variables without a value come as `{{variable}}` in a body that was made by hand.
        unresolved: bool = false, with_unresolved_variables;
        /// Variables without a value come as the word `null` in a body that was made by hand.
        null_words: bool = false, with_null_words;
        /// A flow that runs runs twice.
        doubled: bool = false, with_doubled_flows;
        /// Birthdays are texts with the day first.
        text_birthdays: bool = false, with_text_birthdays;
        /// The vendor's documented limits by second: 100 reads of the page, 50 searches by system field, 10 of all else.
        limits: bool = false, with_documented_limits;
        /// How far the vendor's clock is ahead of the computer's.
        ahead: time::Duration = time::Duration::ZERO, with_clock_ahead;
        /// Where flows send to; only addresses on this machine are called.
        webhook_to: Option<Url> = None, with_webhook_to;
        /// What flows send is kept for [`Sandbox::deliveries`].
        keep_deliveries: bool = false, with_kept_deliveries;
    }
}

impl SandboxOptions {
    /// Everything that ManyChat may do to make life hard, as far as it hides nothing for good.
    #[must_use]
    pub fn unkind(mut self) -> Self {
        (self.loud_misses, self.listed_fields, self.number_ids) = (true, true, true);
        (self.doubled, self.text_birthdays, self.null_words) = (true, true, true);
        (self.shape, self.details) = (Shape::Wrapped, Details::List);
        self
    }
}

/// A contact as the page keeps it.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    /// What ManyChat keeps itself.
    pub(super) json: Map<String, Value>,
    /// The merchant's fields that are set, by id.
    pub(super) fields: BTreeMap<i64, Value>,
    /// Ids of tags.
    pub(super) tags: BTreeSet<i64>,
}

/// One of the merchant's fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
}

/// How many requests of each kind were taken in the last second.
#[derive(Debug, Default)]
struct Spent {
    page: Window,
    search: Window,
    other: Window,
}

/// What the page keeps.
#[derive(Debug)]
pub struct State {
    contacts: BTreeMap<i64, Contact>,
    tags: BTreeMap<i64, String>,
    clock: Clock,
    key: String,
    revoked: u64,
    spent: Spent,
    post: Post,
    kept: VecDeque<Shipment>,
}

/// A running page. It ends when it is dropped.
pub type Sandbox = server::Sandbox<State>;
type Inner = server::Inner<State>;

impl Vendor for State {
    type Options = SandboxOptions;

    fn open(options: &mut SandboxOptions, _faults: &Faults, outbox: &Outbox) -> Self {
        let mut state = Self {
            contacts: BTreeMap::new(),
            tags: BTreeMap::from([(5, "vip".to_owned()), (6, "da-tao-ticket".to_owned())]),
            clock: Clock::ahead(options.ahead),
            key: options.api_key.clone(),
            revoked: 0,
            spent: Spent::default(),
            post: Post::of(options, outbox),
            kept: VecDeque::new(),
        };
        render::seed(&mut state, options);
        state
    }

    fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    fn answer(inner: &Inner, asked: &Asked, _twist: Twist) -> Answer {
        inner.answer(asked)
    }

    /// What it says then was seen by nobody.
    fn throttled(_inner: &Inner, wait: Option<u32>) -> Answer {
        answer::told(429, "Too many requests").to_wait(wait)
    }

    fn refused(_inner: &Inner, code: &str) -> Answer {
        answer::coded(code)
    }
}

impl Sandbox {
    /// The address that stands for `https://api.manychat.com`.
    pub fn base_url(&self) -> Url {
        self.url("/")
    }

    /// The page.
    pub fn page_id(&self) -> &str {
        &self.inner.options.page_id
    }

    /// The key that works now.
    pub fn api_key(&self) -> String {
        self.inner.state().key.clone()
    }

    /// The value of the header of what flows send.
    pub fn webhook_secret(&self) -> &str {
        &self.inner.options.webhook_secret
    }

    /// The id of the field that mirrors the number of WhatsApp.
    pub fn mirror_field(&self) -> i64 {
        render::MIRROR
    }

    /// Makes another key; the one before opens nothing any more.
    pub fn revoke_credentials(&self) {
        let mut state = self.inner.state();
        state.revoked += 1;
        state.key = format!("2210821:sandboxManyChatKeyR{:09}", state.revoked);
    }

    /// The ids of all contacts, ascending.
    pub fn contacts(&self) -> Vec<i64> {
        self.inner.state().contacts.keys().copied().collect()
    }

    /// The id that seeded contact `index` has.
    pub fn id(&self, index: u64) -> i64 {
        render::id_of(index)
    }

    /// What ManyChat itself keeps of a contact.
    pub fn row(&self, id: i64) -> Option<Map<String, Value>> {
        self.inner.state().contacts.get(&id).map(|contact| contact.json.clone())
    }

    /// What one of the merchant's fields holds.
    pub fn field(&self, id: i64, name: &str) -> Option<Value> {
        let field = render::field(name)?;
        self.inner.state().contacts.get(&id)?.fields.get(&field.id).cloned()
    }

    /// What flows sent since the last time; only with [`keep_deliveries`](SandboxOptions::keep_deliveries).
    pub fn deliveries(&self) -> Vec<Shipment> {
        self.inner.state().kept.drain(..).collect()
    }
}

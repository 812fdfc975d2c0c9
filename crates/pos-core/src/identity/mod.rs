//! Who is the same person.
//!
//! A **record** is one vendor customer, or the contact block of one order ([`Subject`], named by a [`SubjectId`]). A
//! **key** is what two records of one person have in common ([`Key`]): the vendor's own id, a usable phone, a usable
//! e-mail. A **group** is the records that are one person by the rules ([`IdentityRules`]).
//!
//! | to | use |
//! | --- | --- |
//! | read a phone or an e-mail field | [`read_phones`], [`read_emails`] |
//! | group a few records, or one connected component out of a store | [`resolve()`] |
//! | keep groups up to date in memory while records come and go | [`IdentityResolver`] |
//! | group a whole CRM of millions of rows | [`Clustering`] |
//! | find the host's contact for one incoming record | [`decide()`] |
//!
//! # How records become groups
//!
//! Groups are a guarded transitive closure. In this order:
//!
//! 1. **Forced links** join, whatever any rule says.
//! 2. **Vendor ids** join: an order block and the customer that it names, and the several ids of one customer. Neither
//!    limits nor guards apply; a forced split does.
//! 3. **Phones**, then **e-mails** (the order is a rule). Keys of a class go in ascending order. The holders of a key
//!    go in canonical order ([`Subject::canonical`]: created, vendor, account, kind, id), each into the first group
//!    that can take it.
//!
//! A group cannot take a record, and then says so, when a guard forbids it ([`Guard`]), when it is full
//! ([`IdentityRules::max_group`]), or when a person split the two. A key with more holders than
//! [`IdentityRules::max_key_holders`] joins nothing, and neither does a weak one ([`IdentityRules::is_weak`]: an e-mail such
//! as `test@test.com`) that two customers of one account hold. Holders and sizes are counted by customers: the hundred
//! order blocks of one customer are one.
//!
//! So the groups are a function of the set of records and rules. The order of arrival, duplicates and redeliveries do
//! not matter; stream, batch and a connected component alone give the same groups. Tests hold them to that.
//!
//! # Names of groups
//!
//! A group is named by its oldest record. Because every name is the id of a record, a retired name leads to the group
//! that holds its record today ([`IdentityResolver::current`]); a record that was removed leaves a redirect behind. A
//! change reports [`GroupEvent::Merged`] and [`GroupEvent::Split`].
//!
//! # What it costs
//!
//! A change touches the connected component of the record's keys: the records that it may be joined with, directly or
//! through others. Keys above the limit connect nothing, so components are small in shops' data; one that is not makes
//! every change in it cost its size. Nothing here does I/O, starts threads (but [`Clustering::finish_on`] with two) or
//! reads a clock.
//!
//! ```
//! use pos_core::Account;
//! use pos_core::identity::{IdentityResolver, IdentityRules, Key, Subject, SubjectId, read_phone};
//!
//! let rules = IdentityRules::default();
//! let key = |text| Key::Phone(read_phone(text, &rules.phone).unwrap().e164);
//! let mut resolver = IdentityResolver::new(rules.clone())?;
//! let first = SubjectId::customer(&Account::new("kiotviet", "shop"), "1");
//! let second = SubjectId::customer(&Account::new("sapo", "shop"), "7");
//! resolver.upsert(Subject::new(first.clone()).with_key(key("0168 000 1234")));
//! resolver.upsert(Subject::new(second.clone()).with_key(key("+84 380 001 234")));
//! assert_eq!(resolver.current(&second), Some(&first));
//! let why = resolver.explain(&second).unwrap();
//! assert_eq!(why.joins[0].key.as_ref().unwrap().to_text(), "p:84380001234");
//! # Ok::<(), pos_core::identity::IdentityRulesError>(())
//! ```

mod chars;
mod cluster;
mod decide;
mod email;
mod engine;
mod key;
mod labels;
mod phone;
pub mod plan;
mod resolve;
mod resolver;
mod rules;
mod subject;

pub use cluster::{
    ClusterError, ClusterRow, Clustering, Clusters, Progress as ClusterProgress, RowIgnored, RowJoin,
    Stage as ClusterStage,
};
pub use decide::{
    Action, Candidate, Decision, Found, Incoming, Reason, Suspect, Unusable, VendorLink, decide,
};
pub(crate) use email::for_each_email;
pub use email::{
    EmailAddress, EmailKey, EmailNoKey, EmailReading, EmailReject, EmailRules, IdentityHints,
    MAX_EMAIL_CHARS, MAX_EMAILS, for_each_email_key, read_emails,
};
pub use engine::{IgnoreReason, Rule};
pub use key::{Key, KeyClass, NotAKey, VendorKey};
pub(crate) use phone::for_each_phone_in;
pub use phone::{
    E164, MAX_PHONE_CHARS, MAX_PHONES, NotE164, PhoneNumber, PhoneReading, PhoneReject, PhoneRules,
    PhoneSource, PhoneSources, SourceUse, for_each_phone, read_phone, read_phones, read_phones_in, warm_up,
};
pub use plan::PhoneKind;
pub use resolve::{Group, Ignored, Join, Resolution, resolve};
pub use resolver::{Change, Explanation, GroupEvent, IdentityResolver};
pub use rules::{IdentityRules, IdentityRulesError, VendorScope};
pub use subject::{Guard, Subject, SubjectId, SubjectKind};

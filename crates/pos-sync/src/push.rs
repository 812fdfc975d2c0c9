//! The outbox: pushes are made when they are sent, of what the CRM says then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crm_merge::{Batch, Contact, ContactId, FIELDS, Push, Rules, Subject, host_keys, one_line};
use pos_core::ErrorKind;
use pos_core::connector::{Connector, CustomerPush, OrderPush, PushOutcome, Pushed};
use pos_core::identity::{Key, SubjectId, SubjectKind};
use pos_core::record::{Account, Address, CustomerRecord, DocumentKind, Gender, Stream};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::boxes::{Worked, later};
use crate::crm::Crm;
use crate::error::{SyncError, SyncResult};
use crate::model::{Fate, Lease, OutboxItem, Run, RunKind};
use crate::observe::{Event, Observer, Stop, lease_name};
use crate::pull::{Outcome, counted};
use crate::store::Commit;

/// How far before its first attempt an order of ours is searched for.
const REACH_BACK: Duration = Duration::minutes(10);

/// The same for an order of which nobody says when it was made: an earlier push of it may be a day old.
const LOOK_BACK: Duration = Duration::hours(24);

/// The names of the fields of a contact that vendors take.
fn pushed() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter(|field| field.is_pushed).map(|field| field.name)
}

/// What sending an item came to.
enum Sent {
    /// Facts to keep, or nothing when nothing had to be sent.
    Done(Box<Batch>),
    /// An attempt may have arrived, and the vendor's lists cannot tell before this instant.
    NotYet(OffsetDateTime),
    /// It is not this worker's to send any more.
    NotOurs,
}

impl Crm {
    /// Sends the pushes of a shop that are due, and keeps what the vendor made of them. Returns when nothing is due any
    /// more.
    ///
    /// # Errors
    /// When the store fails, the link does not work, or another worker is at it. A vendor's failure is no error here: its
    /// push waits, or is laid aside with the reason.
    ///
    /// # Cancel safety
    /// Give the `stop` signal where you can: a write that is under way is seen to its end then. When dropped, the push at
    /// hand may or may not have reached the vendor. That was noted before it was sent, so its next try waits as long as the
    /// vendor's lists may lag, and finds what is there; nothing counts as tried. What was committed stays, the run stays
    /// `Running` in the history, and a lease that was held lasts up to a minute: this `Crm` and its clones take it over at
    /// once, any other worker then, or as soon as the store knows that the process is gone.
    pub async fn work_outbox(&self, connector: &dyn Connector, stop: &Stop) -> SyncResult<Worked> {
        let account = connector.account().clone();
        self.linked(connector).await?;
        let lease = self.lease(&lease_name(&account, "outbox")).await?;
        let (mut worked, mut run) = (Worked::default(), None);
        let work = self.drain_outbox(connector, &account, &lease, stop, &mut worked, &mut run);
        let outcome = self.overheard(&account, work).await;
        let result = self.finish_box(run, outcome).await;
        self.store.release(&lease).await?;
        result.map(|()| worked)
    }

    async fn drain_outbox(
        &self,
        connector: &dyn Connector,
        account: &Account,
        lease: &Lease,
        stop: &Stop,
        worked: &mut Worked,
        run: &mut Option<Run>,
    ) -> SyncResult<Outcome> {
        let rules = self.rules().await?;
        while !stop.is_stopped() && self.enabled(account).await.is_ok() {
            let now = self.clock.now();
            let Some(item) = self.store.outbox(account, now, 1).await?.into_iter().next() else {
                return Ok(Outcome::Done);
            };
            if run.is_none() {
                let mut new = Run::new(account.clone(), None, RunKind::Push, now);
                new.id = self.store.put_run(&new).await?;
                *run = Some(new);
            }
            // Not interrupted by the stop signal: a write that is under way should be seen to its end.
            let sent = self.keeping(lease, self.send(connector, lease, &item, &rules)).await;
            let nothing = || Batch::new(account.clone(), Vec::new());
            let (batch, fate) = match sent {
                Ok(Sent::Done(batch)) => {
                    self.unpark(account).await?;
                    (*batch, Fate::Done)
                }
                Ok(Sent::NotYet(at)) => {
                    let why = "an earlier attempt may have arrived: the vendor's lists lag".to_owned();
                    (nothing(), Fate::Waits { at, why })
                }
                Ok(Sent::NotOurs) => {
                    // Replaced or taken out: the next one. Unless it is another worker who has the box by now.
                    self.keep(lease).await?;
                    continue;
                }
                Err(SyncError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    if error.is_refused() {
                        self.park(account, Some(&error)).await?;
                    }
                    self.observer.on(&Event::Error { account, error: &error });
                    (nothing(), later(item.attempts, &error, now))
                }
            };
            worked.count(&fate);
            let base = run.clone();
            let commit = self
                .commit(batch, &rules, |changes| Commit {
                    run: base.as_ref().map(|run| counted(run, &changes, 1)),
                    changes,
                    outbox: vec![(item.id, fate.clone())],
                    lease: Some(lease.clone()),
                    ..Commit::default()
                })
                .await?;
            *run = commit.run;
            if let Some(run) = &*run {
                self.observer.on(&Event::Page { run, changes: &commit.changes, rejections: &[] });
            }
        }
        Ok(Outcome::Stopped)
    }

    async fn send(
        &self,
        connector: &dyn Connector,
        lease: &Lease,
        item: &OutboxItem,
        rules: &Arc<Rules>,
    ) -> SyncResult<Sent> {
        match (&item.entry.push, &item.entry.contact) {
            (Push::Contact { reference }, contact) => {
                let contact = contact.clone().unwrap_or_else(|| ContactId::new(reference.as_str()));
                self.send_contact(connector, lease, item, &contact, rules).await
            }
            (Push::Customer(_), Some(contact)) => {
                self.send_contact(connector, lease, item, contact, rules).await
            }
            (Push::Customer(push), None) => {
                if let Err(sent) = self.begin(connector, lease, item, Stream::Customers).await? {
                    return Ok(sent);
                }
                let pushed = connector.push_customer(push).await?;
                let record = self.customer_of(connector, pushed).await?;
                let batch = Batch::new(item.entry.account.clone(), vec![record.into()]);
                Ok(Sent::Done(Box::new(batch.with_seen_at(self.vendor_now(connector)))))
            }
            (Push::Order(push), contact) => {
                self.send_order(connector, lease, item, (push, contact.as_ref()), rules).await
            }
        }
    }

    /// Notes that an item is about to be sent, and says when it first was. Or why it is not to be sent: for how long the
    /// vendor's lists cannot tell what became of an earlier attempt, or that it is no more ours to send.
    async fn begin(
        &self,
        connector: &dyn Connector,
        lease: &Lease,
        item: &OutboxItem,
        stream: Stream,
    ) -> SyncResult<Result<OffsetDateTime, Sent>> {
        if connector.skew().is_none() {
            // Its clock is learned by asking anything.
            connector.check().await?;
        }
        let now = self.vendor_now(connector);
        let first = item.maybe_sent.unwrap_or(now).min(now);
        if item.maybe_sent.is_some() {
            let visible = first + connector.capabilities().stream(stream).lag();
            if visible > now {
                return Ok(Err(Sent::NotYet(self.clock.now() + (visible - now))));
            }
        }
        let ours = self.store.mark_sent(lease, item.id, now).await?;
        Ok(if ours { Ok(first) } else { Err(Sent::NotOurs) })
    }

    async fn send_contact(
        &self,
        connector: &dyn Connector,
        lease: &Lease,
        item: &OutboxItem,
        id: &ContactId,
        rules: &Arc<Rules>,
    ) -> SyncResult<Sent> {
        let account = connector.account().clone();
        let mine = self.own_contact(&account, id).await?;
        let nothing = || Ok(Sent::Done(Box::new(Batch::new(account.clone(), Vec::new()))));
        if let Some(subject) = &mine.customer {
            let push = mine.push(&account, |field| subject.unsent.contains(field));
            if !says_anything(&push) {
                return nothing();
            }
            if let Err(sent) = self.begin(connector, lease, item, Stream::Customers).await? {
                return Ok(sent);
            }
            return Ok(Sent::Done(Box::new(self.written(connector, &mine, &push).await?)));
        }
        if let Err(sent) = self.begin(connector, lease, item, Stream::Customers).await? {
            return Ok(sent);
        }
        Ok(Sent::Done(Box::new(self.made(connector, &mine, rules).await?)))
    }

    /// Writes to the customer that a contact is.
    async fn written(&self, connector: &dyn Connector, mine: &Own, push: &CustomerPush) -> SyncResult<Batch> {
        let seen = self.vendor_now(connector);
        let pushed = connector.push_customer(push).await?;
        let record = self.customer_of(connector, pushed).await?;
        let mut batch = Batch::new(connector.account().clone(), vec![record.into()]).with_seen_at(seen);
        batch.pushed_from = Some(mine.contact.id.clone());
        batch.agreed = Some(mine.values());
        Ok(batch)
    }

    /// Makes a customer of a contact, or finds the one that the shop has.
    async fn made(&self, connector: &dyn Connector, mine: &Own, rules: &Arc<Rules>) -> SyncResult<Batch> {
        let account = connector.account();
        let seen = self.vendor_now(connector);
        let pushed = connector.push_customer(&mine.push(account, |_| true)).await?;
        let is_found = pushed.outcome == PushOutcome::Found;
        let record = self.customer_of(connector, pushed).await?;
        if is_found {
            self.may_take(account, mine, &record, rules).await?;
            // Both sides never agreed on anything: what the shop has stays, what it lacks is filled where that can be done.
            let customer = SubjectId::customer(account, &record.id);
            let held = rules.keys(&customer, &record);
            let there = rules.link(account).mapping.apply(&record, &held);
            let mut push = mine.push(account, |field| !there.contains_key(field));
            push.vendor_id = Some(record.id.clone());
            if says_anything(&push) && !connector.capabilities().customers_fixed {
                return self.written(connector, mine, &push).await;
            }
        }
        let mut batch = Batch::new(account.clone(), vec![record.into()]).with_seen_at(seen);
        batch.pushed_from = Some(mine.contact.id.clone());
        batch.agreed = Some(mine.values());
        Ok(batch)
    }

    /// Whether a customer that was found at the shop may become the contact's: it is nobody's, the contact's own, or that
    /// of a contact whom the rules take for the same person and nobody typed.
    async fn may_take(
        &self,
        account: &Account,
        mine: &Own,
        record: &CustomerRecord,
        rules: &Arc<Rules>,
    ) -> SyncResult<()> {
        let id = SubjectId::customer(account, &record.id);
        let known = self.store.subject(&id).await?;
        let Some(owner) = known.and_then(|known| known.contact).filter(|owner| *owner != mine.contact.id)
        else {
            return Ok(());
        };
        let owner_contact = self.store.contact(&owner).await?;
        let made_by_host = owner_contact.is_some_and(|contact| contact.host_made);
        let held = rules.keys(&id, record);
        let own: Vec<Key> = host_keys(&mine.contact, rules)
            .into_iter()
            .chain(mine.subjects.iter().flat_map(|subject| subject.keys.iter().cloned()))
            .collect();
        let same = held.iter().any(|key| own.contains(key));
        if same && !made_by_host {
            return Ok(());
        }
        Err(SyncError::OtherContact { contact: mine.contact.id.clone(), customer: record.id.clone(), owner })
    }

    async fn customer_of(
        &self,
        connector: &dyn Connector,
        pushed: Pushed<CustomerRecord>,
    ) -> SyncResult<CustomerRecord> {
        Ok(match pushed.record {
            Some(record) => record,
            None => connector.get_customer(&pushed.id).await?,
        })
    }

    async fn send_order(
        &self,
        connector: &dyn Connector,
        lease: &Lease,
        item: &OutboxItem,
        (push, contact): (&OrderPush, Option<&ContactId>),
        rules: &Arc<Rules>,
    ) -> SyncResult<Sent> {
        let account = connector.account().clone();
        let first = match self.begin(connector, lease, item, Stream::Orders).await? {
            Ok(first) => first,
            Err(sent) => return Ok(sent),
        };
        let mut push = push.clone();
        // Our order may be older than this attempt: the host's time of it, on the vendor's clock.
        let made = push.created_at.map(|at| at + connector.skew().unwrap_or_default());
        push.created_at = Some(match made {
            Some(made) => made.min(first) - REACH_BACK,
            None => first - LOOK_BACK,
        });
        if push.buyer_id.is_none()
            && let Some(contact) = contact
        {
            self.find_buyer(connector, contact, &mut push, rules).await?;
        }
        let seen = self.vendor_now(connector);
        let pushed = connector.push_order(&push).await?;
        let record = match pushed.record {
            Some(record) => record,
            None => connector.get_document(DocumentKind::Order, &pushed.id).await?,
        };
        Ok(Sent::Done(Box::new(Batch::new(account, vec![record.into()]).with_seen_at(seen))))
    }

    /// The contact's customer at the shop; made there when the shop does not know the contact. Where the shop makes no
    /// customer of such a contact and sells to guests, the buyer goes along as a block alone.
    async fn find_buyer(
        &self,
        connector: &dyn Connector,
        contact: &ContactId,
        push: &mut OrderPush,
        rules: &Arc<Rules>,
    ) -> SyncResult<()> {
        let account = connector.account().clone();
        let mine = self.own_contact(&account, contact).await?;
        push.buyer = Some(mine.push(&account, |_| true));
        push.buyer_id = mine.customer.as_ref().map(|subject| subject.id.id.to_string());
        let capabilities = connector.capabilities();
        if push.buyer_id.is_some() || !capabilities.push_customer {
            return Ok(());
        }
        let batch = match self.made(connector, &mine, rules).await {
            // Nobody whom the shop can keep, but it sells to guests.
            Err(error) if capabilities.guest_orders && error.vendor_kind() == ErrorKind::Unsupported => {
                return Ok(());
            }
            made => made?,
        };
        push.buyer_id = batch.records.first().map(|record| record.id().to_owned());
        self.apply_by(batch, rules).await?;
        Ok(())
    }

    /// A contact with its records, and its customer at a shop if there is one.
    async fn own_contact(&self, account: &Account, id: &ContactId) -> SyncResult<Own> {
        let contact = self.store.contact(id).await?.ok_or_else(|| SyncError::NoContact(id.clone()))?;
        let subjects = self.store.subjects(&contact.id).await?;
        let customer = subjects
            .iter()
            .filter(|subject| {
                subject.id.kind == SubjectKind::Customer
                    && !subject.record.deleted
                    && subject.id.account == *account
            })
            .min_by_key(|subject| (subject.stub, subject.record.created_at))
            .cloned();
        Ok(Own { contact, subjects, customer })
    }
}

/// A contact that is pushed.
struct Own {
    contact: Contact,
    subjects: Vec<Subject>,
    /// Its customer at the shop.
    customer: Option<Subject>,
}

impl Own {
    /// The values that vendors take, as they are now.
    fn values(&self) -> BTreeMap<String, Value> {
        let fields = pushed().filter_map(|name| self.contact.fields.get_key_value(name));
        fields.map(|(name, field)| (name.clone(), field.value.clone())).collect()
    }

    /// The contact as a push of those fields that are wanted.
    fn push(&self, account: &Account, wanted: impl Fn(&str) -> bool) -> CustomerPush {
        let contact = &self.contact;
        let names: BTreeSet<&str> = pushed().filter(|name| wanted(name)).collect();
        let text = |name: &str| names.contains(name).then(|| contact.text(name)).flatten();
        let list = |name: &str| if names.contains(name) { contact.list(name) } else { Vec::new() };
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
        CustomerPush {
            reference: contact.id.to_string(),
            vendor_id: self.customer.as_ref().map(|subject| subject.id.id.to_string()),
            name: text("name").map(str::to_owned),
            phones: if names.contains("phones") { owned(contact.phones()) } else { Vec::new() },
            email: list("emails").first().map(|email| (*email).to_owned()),
            gender: match text("gender") {
                Some("male") => Some(Gender::Male),
                Some("female") => Some(Gender::Female),
                _ => None,
            },
            birth_date: text("birth_date").and_then(pos_core::lenient::parse_date),
            note: text("note").map(str::to_owned),
            tags: owned(list("tags")),
            address: if names.contains("addresses") { self.address(account) } else { None },
            ..CustomerPush::default()
        }
    }

    /// The first address, in its parts where the contact or a record has it so. What the shop itself says of it beside its
    /// words goes along, the contact's codes before the shop's; a vendor takes those of its own system.
    fn address(&self, account: &Account) -> Option<Address> {
        let first = self.contact.addresses().into_iter().next()?;
        let line = one_line(&first);
        let said = |own: bool| {
            let subjects =
                self.subjects.iter().filter(move |subject| (subject.id.account == *account) == own);
            let addresses = subjects.flat_map(|subject| &subject.record.addresses);
            addresses
                .filter(|address| one_line(address) == line)
                .max_by_key(|address| address.province.is_some())
        };
        if let Some(own) = said(true) {
            let mut address = own.clone();
            address.codes.extend(first.codes);
            return Some(address);
        }
        if first != (Address { text: first.text.clone(), ..Address::default() }) {
            return Some(first);
        }
        Some(match said(false) {
            Some(other) => Address { id: None, ..other.clone() },
            None => Address { street: first.text.clone(), ..first },
        })
    }
}

/// Whether a push says anything beside whom it is about.
fn says_anything(push: &CustomerPush) -> bool {
    let blank = CustomerPush {
        reference: push.reference.clone(),
        vendor_id: push.vendor_id.clone(),
        ..CustomerPush::default()
    };
    *push != blank
}

#[cfg(test)]
mod tests {
    use crm_merge::{FieldValue, Version};
    use pos_core::merge::Source;
    use pos_core::record::PlaceCodes;
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const LINE: &str = "12 Phố Mẫu, Quận Ba Đình, Hà Nội";

    fn home(id: &str, system: &str, code: &str) -> Address {
        let address = Address {
            id: Some(id.into()),
            street: Some("12 Phố Mẫu".into()),
            district: Some("Quận Ba Đình".into()),
            province: Some("Hà Nội".into()),
            ..Address::default()
        };
        address.with_codes(system, PlaceCodes::new(Some(code), None, None))
    }

    fn own(addresses: Value, records: &[(&Account, Address)]) -> Own {
        let mut contact = Contact::host_made("crm-7", datetime!(2026-11-21 09:00 UTC));
        let value = FieldValue { value: addresses, by: Source::Host, at: None };
        contact.fields.insert("addresses".into(), value);
        let subjects = records.iter().map(|(account, address)| {
            let record = CustomerRecord {
                id: "1".into(),
                addresses: vec![address.clone()],
                ..CustomerRecord::default()
            };
            Subject::new(SubjectId::customer(account, "1"), record, Version::default(), Vec::new())
        });
        Own { contact, subjects: subjects.collect(), customer: None }
    }

    #[test]
    fn an_address_goes_out_in_its_parts_however_it_is_kept() {
        let (mine, theirs) = (Account::new("demo", "1"), Account::new("other", "2"));
        let (here, there) = (home("4", "demo", "HN"), home("9", "other", "24"));
        let both = [(&theirs, there.clone()), (&mine, here.clone())];
        let sent = |addresses: Value, records: &[(&Account, Address)]| {
            own(addresses, records).push(&mine, |_| true).address
        };
        // As an earlier release kept it: the parts are the record's, the shop's own before another's.
        assert_eq!(sent(json!([LINE]), &both), Some(here.clone()));
        let lent = Address { id: None, ..there.clone() };
        assert_eq!(sent(json!([LINE]), &both[..1]), Some(lent), "an id is the shop's own");
        let line = Address { text: Some(LINE.into()), street: Some(LINE.into()), ..Address::default() };
        assert_eq!(sent(json!([LINE]), &[]), Some(line.clone()));
        assert_eq!(sent(json!([{"text": LINE}]), &[]), Some(line));
        assert_eq!(sent(json!([]), &both), None);

        // In its parts: what the person chose counts before what the shop has.
        let chosen = json!([{
            "street": "12 Phố Mẫu", "district": "Quận Ba Đình", "province": "Hà Nội",
            "codes": {"demo": {"province": "HNM"}}
        }]);
        let known = sent(chosen.clone(), &both).unwrap();
        assert_eq!(
            (known.id.as_deref(), known.codes_of("demo").province.as_deref()),
            (Some("4"), Some("HNM"))
        );
        let alone = sent(chosen, &both[..1]).unwrap();
        assert_eq!((alone.id, alone.street.as_deref()), (None, Some("12 Phố Mẫu")));
        assert_eq!(alone.codes.keys().collect::<Vec<_>>(), ["demo"], "no codes of another's record");
    }
}

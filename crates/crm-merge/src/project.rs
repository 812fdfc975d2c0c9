//! A contact as a fold over its records.

use pos_core::identity::SubjectKind;
use pos_core::merge::{Candidate, Choice, Source};
use serde_json::Value;
use time::OffsetDateTime;

use crate::change::Conflict;
use crate::fields::{FIELDS, FieldKind, kind_of};
use crate::model::{Contact, ContactId, FieldValue, Subject};
use crate::rules::Rules;

/// What records are ordered by: the oldest first, an unknown time last.
pub(crate) fn canonical(subject: &Subject) -> (bool, Option<OffsetDateTime>, &pos_core::identity::SubjectId) {
    let created = if subject.stub { None } else { subject.record.created_at };
    (created.is_none(), created, &subject.id)
}

fn said_at(subject: &Subject) -> Option<OffsetDateTime> {
    if subject.stub { None } else { subject.record.updated_at.or(subject.record.created_at) }
}

/// What a record offers to its contact.
struct Offer<'a> {
    by: Source,
    at: Option<OffsetDateTime>,
    /// In the order of their names.
    fields: Vec<(&'a str, Value)>,
}

fn add_tags(fields: &mut Vec<(&str, Value)>, tags: &[String]) {
    let at = fields.binary_search_by_key(&"tags", |(field, _)| *field).unwrap_or_else(|at| {
        fields.insert(at, ("tags", Value::Array(Vec::new())));
        at
    });
    let Some((_, value)) = fields.get_mut(at) else { return };
    let mut list = match value.take() {
        Value::Array(list) => list,
        _ => Vec::new(),
    };
    let is_new = |tag: &&String| !list.iter().any(|known| known == tag.as_str());
    let fresh: Vec<Value> = tags.iter().filter(is_new).cloned().map(Value::String).collect();
    list.extend(fresh);
    *value = Value::Array(list);
}

/// Makes a contact of its records, which must be in canonical order, and of what the one before it was told by people.
pub(crate) fn project(
    id: &ContactId,
    before: Option<&Contact>,
    records: &[&Subject],
    rules: &Rules,
    conflicts: &mut Vec<Conflict>,
) -> Contact {
    let mut contact = Contact::synced(id.clone());
    let all = records;
    let records = feeding(all);
    let records = records.as_slice();
    if let Some(before) = before {
        contact.host_made = before.host_made;
        contact.typed = before.typed.clone();
        for (field, value) in &mut contact.typed {
            value.value = kind_of(field).typed(value.value.take());
        }
        contact.fields = contact.typed.clone();
        if before.host_made {
            contact.role = before.role.clone();
            contact.owner = before.owner.clone();
            contact.source = before.source.clone();
            contact.created_by = before.created_by.clone();
            contact.created_at = before.created_at;
        }
    }
    let creator = if contact.host_made { None } else { records.first() };
    let is_united = records.len() > 1 || contact.host_made;
    let mut offered: Vec<Offer<'_>> = records
        .iter()
        .map(|subject| {
            let link = rules.of(&subject.id);
            let mut fields = link.mapping.fields(&subject.record, &subject.keys);
            if creator.is_some_and(|first| first.id == subject.id) && !link.tags.is_empty() {
                add_tags(&mut fields, &link.tags);
            }
            Offer { by: Source::Record(subject.id.clone()), at: said_at(subject), fields }
        })
        .collect();

    for (position, (subject, offer)) in records.iter().zip(&mut offered).enumerate() {
        let Offer { by, at, fields } = offer;
        let creates = position == 0 && creator.is_some();
        let is_guest = is_guest(subject) && !creates;
        for (field, value) in fields {
            let field = *field;
            if is_guest && contact.fields.contains_key(field) {
                continue; // fills blanks at most
            }
            let (policy, kind) = (rules.policy(&subject.id, field), kind_of(field));
            if kind.is_list() && policy.unites_lists(field) && !creates && !is_guest {
                continue; // united below, where the order of records does not matter
            }
            let choice = match contact.fields.get(field) {
                None if creates || field == "name" => Choice::Take,
                None => policy.choose(field, None, &Candidate::new(by, *at, value)),
                Some(current) => {
                    // What says the same is shown to policies as the same.
                    let shown = if kind.alike(&current.value, value) { &current.value } else { &*value };
                    let held = Candidate::new(&current.by, current.at, &current.value);
                    policy.choose(field, Some(&held), &Candidate::new(by, *at, shown))
                }
            };
            match choice {
                Choice::Take => {
                    // Lists are looked at again where several are united.
                    let value = if is_united { value.clone() } else { value.take() };
                    contact.fields.insert(field.to_owned(), FieldValue { value, by: by.clone(), at: *at });
                }
                Choice::Review => {
                    if let Some(current) = contact.fields.get(field) {
                        conflicts.push(Conflict {
                            contact: id.clone(),
                            field: field.to_owned(),
                            kept: current.value.clone(),
                            offered: value.clone(),
                            by: subject.id.clone(),
                        });
                    }
                }
                _ => {}
            }
        }
    }
    if is_united {
        for field in FIELDS.iter().filter(|field| field.kind.is_list()) {
            unite(&mut contact, (field.name, field.kind), records, &offered, rules, creator.is_some());
        }
    }
    finish(&mut contact, all, records, rules);
    contact
}

/// Whether a record is only a block on a document: it fills blanks at most.
fn is_guest(subject: &Subject) -> bool {
    subject.id.kind != SubjectKind::Customer
}

/// The records that feed a contact: customers before guests, each in canonical order. A deleted one feeds nobody while a
/// living one is there.
fn feeding<'a>(records: &[&'a Subject]) -> Vec<&'a Subject> {
    let living = records.iter().any(|subject| !is_guest(subject) && !subject.record.deleted);
    let mut feeding: Vec<&Subject> =
        records.iter().copied().filter(|subject| !living || !subject.record.deleted).collect();
    // Stable: the canonical order stays.
    feeding.sort_by_key(|subject| is_guest(subject));
    feeding
}

/// Gathers a list from everybody whose policy unites lists: people first, then the latest record first.
fn unite(
    contact: &mut Contact,
    (field, kind): (&str, FieldKind),
    records: &[&Subject],
    offered: &[Offer<'_>],
    rules: &Rules,
    has_creator: bool,
) {
    let mut sources: Vec<(&Source, Option<OffsetDateTime>, &Vec<Value>)> = Vec::new();
    let mut united = false;
    for (position, (subject, offer)) in records.iter().zip(offered).enumerate() {
        let said = offer.fields.iter().find(|(name, _)| *name == field);
        let Some(items) = said.and_then(|(_, value)| value.as_array()) else { continue };
        if is_guest(subject) && !(position == 0 && has_creator) {
            continue;
        }
        let unites = rules.policy(&subject.id, field).unites_lists(field);
        let creates = position == 0 && has_creator;
        if unites || (creates && !contact.typed.contains_key(field)) {
            united |= unites && !creates;
            sources.push((&offer.by, offer.at, items));
        }
    }
    if !united {
        return;
    }
    // Stable: at one instant the canonical order stays.
    sources.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
    let typed = contact.typed.get(field).cloned();
    let mut list: Vec<Value> =
        typed.as_ref().and_then(|typed| typed.value.as_array().cloned()).unwrap_or_default();
    for (_, _, items) in &sources {
        for item in *items {
            kind.add(&mut list, item);
        }
    }
    let (by, at) = match (&typed, sources.first()) {
        (Some(typed), _) => (typed.by.clone(), typed.at),
        (None, Some((source, at, _))) => ((*source).clone(), *at),
        (None, None) => return,
    };
    contact.fields.insert(field.to_owned(), FieldValue { value: Value::Array(list), by, at });
}

/// `all` are the records of the contact, `records` those that feed it.
fn finish(contact: &mut Contact, all: &[&Subject], records: &[&Subject], rules: &Rules) {
    contact.is_buyer = all.iter().any(|subject| subject.id.kind != SubjectKind::OrderRecipient);
    contact.deleted =
        !contact.host_made && !all.is_empty() && all.iter().all(|subject| subject.record.deleted);
    if !contact.host_made
        && let Some(first) = all.first()
    {
        let link = rules.of(&first.id);
        let name = rules.display_name(&first.id);
        contact.role = link.role.clone();
        contact.owner = link.owner.owner(&contact.id);
        contact.source = Some(link.source.clone().unwrap_or_else(|| name.to_owned()));
        contact.created_by = Some(link.created_by.clone().unwrap_or_else(|| name.to_owned()));
        contact.created_at = first.record.created_at;
    }
    for (field, slot) in [("owner", &mut contact.owner), ("source", &mut contact.source)] {
        if let Some(text) = contact.typed.get(field).and_then(|typed| typed.value.as_str()) {
            *slot = Some(text.to_owned());
        }
    }
    contact.name_is_placeholder = !contact.fields.contains_key("name");
    if contact.name_is_placeholder {
        let phone = contact.phones().first().map(|phone| (*phone).to_owned());
        let email = contact.emails().first().map(|email| (*email).to_owned());
        let first = records.first();
        let stand_in = phone
            .or(email)
            .or_else(|| records.iter().find_map(|subject| subject.record.raw_name.clone()))
            .or_else(|| first.and_then(|subject| subject.record.code.clone()))
            .or_else(|| first.map(|subject| subject.id.id.to_string()));
        if let (Some(stand_in), Some(first)) = (stand_in, first) {
            let value =
                FieldValue { value: Value::String(stand_in), by: Source::Record(first.id.clone()), at: None };
            contact.fields.insert("name".to_owned(), value);
        }
    }
}

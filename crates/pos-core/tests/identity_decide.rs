//! The decision table for one incoming record, row by row.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pos_core::identity::{
    Action, Candidate, Decision, Found, Incoming, KeyClass, Reason, Unusable, VendorLink, decide,
};
use time::OffsetDateTime;

const ORDER: [KeyClass; 2] = [KeyClass::Phone, KeyClass::Email];

fn found(ids: &[&str]) -> Found {
    Found::Contacts(ids.iter().map(|id| Candidate::new(*id)).collect())
}

fn by(vendor: VendorLink, phone: Found, email: Found) -> Decision {
    decide(&Incoming { vendor, phone, email }, &ORDER)
}

fn known(id: &str) -> VendorLink {
    VendorLink::Known(Candidate::new(id))
}

fn suspects(decision: &Decision) -> Vec<&str> {
    decision.suspects.iter().map(|suspect| suspect.contact.as_str()).collect()
}

#[test]
fn a_known_id_settles_it() {
    for phone in [found(&[]), found(&["A"]), Found::Absent] {
        let decision = by(known("A"), phone, found(&["B"]));
        assert_eq!((decision.action, decision.contact.as_deref()), (Action::Bind, Some("A")));
        assert_eq!((decision.matched_by, decision.unites.len()), (Some(KeyClass::VendorId), 0));
        assert_eq!(suspects(&decision), ["B"]);
    }
    // The phone of another contact: one group if no guard forbids it, else a suspicion.
    let decision = by(known("A"), found(&["B"]), Found::Absent);
    assert_eq!((decision.contact.as_deref(), decision.unites.as_slice()), (Some("A"), &["B".to_owned()][..]));
    assert!(decision.suspects.is_empty());
    let mut other = Candidate::new("B");
    other.forbidden = true;
    let decision = by(known("A"), Found::Contacts(vec![other]), Found::Absent);
    assert_eq!((decision.contact.as_deref(), decision.unites.len()), (Some("A"), 0));
    assert_eq!(suspects(&decision), ["B"]);
}

#[test]
fn a_new_record_goes_by_phone_then_email() {
    for email in [found(&[]), found(&["A"]), Found::Absent] {
        let decision = by(VendorLink::New, found(&["A"]), email);
        assert_eq!((decision.contact.as_deref(), decision.matched_by), (Some("A"), Some(KeyClass::Phone)));
        assert!(decision.suspects.is_empty() && decision.unites.is_empty() && !decision.ambiguous);
    }
    let decision = by(VendorLink::New, found(&["A"]), found(&["B"]));
    assert_eq!((decision.contact.as_deref(), decision.unites.as_slice()), (Some("A"), &["B".to_owned()][..]));
    assert_eq!(suspects(&decision), ["B"]);
    for phone in
        [found(&[]), Found::Absent, Found::Unusable(Unusable::Shared), Found::Unusable(Unusable::Masked)]
    {
        let decision = by(VendorLink::New, phone, found(&["A"]));
        assert_eq!((decision.contact.as_deref(), decision.matched_by), (Some("A"), Some(KeyClass::Email)));
    }
    let mut full = Candidate::new("A");
    full.forbidden = true;
    let decision = by(VendorLink::New, found(&[]), Found::Contacts(vec![full]));
    assert_eq!((decision.action, suspects(&decision)), (Action::Create, vec!["A"]));
    let decision = by(VendorLink::New, found(&[]), Found::Absent);
    assert_eq!((decision.action, decision.contact), (Action::Create, None));
    // Another order of the classes.
    let incoming = Incoming { vendor: VendorLink::New, phone: found(&["A"]), email: found(&["B"]) };
    assert_eq!(decide(&incoming, &[KeyClass::Email, KeyClass::Phone]).contact.as_deref(), Some("B"));
    assert_eq!(decide(&incoming, &[]).action, Action::Create);
}

#[test]
fn a_guard_makes_a_new_contact_and_the_email_is_not_asked() {
    let mut taken = Candidate::new("A");
    taken.forbidden = true;
    let decision = by(VendorLink::New, Found::Contacts(vec![taken.clone()]), found(&["B"]));
    assert_eq!((decision.action, decision.contact.as_deref()), (Action::Create, None));
    assert_eq!(suspects(&decision), ["A", "B"]);
    assert!(matches!(decision.reasons[0], Reason::Forbidden { .. }));
    // A second holder that is free takes it.
    let decision = by(VendorLink::New, Found::Contacts(vec![taken, Candidate::new("C")]), Found::Absent);
    assert_eq!((decision.contact.as_deref(), suspects(&decision)), (Some("C"), vec!["A"]));
}

#[test]
fn several_contacts_the_role_then_the_oldest_then_the_smallest() {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok();
    let old = Candidate { created_at: at(1), ..Candidate::new("D") };
    let young = Candidate { created_at: at(2), ..Candidate::new("C") };
    let unknown = Candidate::new("A");
    let role = Candidate { role_preferred: true, created_at: at(9), ..Candidate::new("E") };
    let agrees = Candidate { agrees: true, created_at: at(5), ..Candidate::new("F") };
    let pick = |vendor: VendorLink, contacts: &[&Candidate]| {
        let contacts = contacts.iter().map(|&contact| contact.clone()).collect();
        by(vendor, Found::Contacts(contacts), Found::Absent)
    };
    assert_eq!(pick(VendorLink::New, &[&unknown, &young, &old]).contact.as_deref(), Some("D"));
    assert_eq!(pick(VendorLink::New, &[&old, &role]).contact.as_deref(), Some("E"));
    assert_eq!(pick(VendorLink::New, &[&unknown, &Candidate::new("B")]).contact.as_deref(), Some("A"));
    // An order block goes by name and e-mail first, and is marked.
    let decision = pick(VendorLink::None, &[&old, &role, &agrees]);
    assert_eq!((decision.contact.as_deref(), decision.ambiguous), (Some("F"), true));
    let decision = pick(VendorLink::None, &[&young, &old]);
    assert_eq!((decision.contact.as_deref(), decision.ambiguous), (Some("D"), true));
    assert!(!pick(VendorLink::None, &[&old]).ambiguous);
    // The order in which contacts are given does not matter.
    assert_eq!(pick(VendorLink::None, &[&old, &young]), decision);
}

#[test]
fn nothing_to_go_by_is_a_walk_in() {
    for phone in [Found::Absent, Found::Unusable(Unusable::Blocked)] {
        let decision = by(VendorLink::None, phone, Found::Absent);
        assert_eq!((decision.action, decision.contact.as_deref()), (Action::WalkIn, None));
        assert!(!decision.reasons.is_empty());
    }
    assert_eq!(by(VendorLink::None, found(&[]), Found::Absent).action, Action::Create);
    assert_eq!(by(VendorLink::New, Found::Absent, Found::Absent).action, Action::Create);
    let text: Vec<String> = by(VendorLink::None, Found::Unusable(Unusable::Shared), Found::Absent)
        .reasons
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(text[0], "the phone is shared by too many and was not used");
}

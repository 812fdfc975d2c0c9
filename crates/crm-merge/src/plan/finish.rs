//! The end of a plan: what documents count for, what became of the batch, and the rows.

use std::collections::HashSet;

use pos_core::identity::SubjectId;

use crate::change::{Change, ChangeSet, Counts};
use crate::ledger;
use crate::model::{ContactId, DocumentId, LedgerRow};
use crate::plan::work::{Effect, Work};

impl Work<'_> {
    /// Writes the ledger rows of every document in view that counts differently now.
    pub(super) fn ledger(&mut self) {
        if self.documents.is_empty() {
            return;
        }
        let rules = &*self.told.rules;
        let rows = ledger::rows(self.view.documents.values(), |account| rules.link(account).revenue);
        let changed = |(id, row): &(&DocumentId, LedgerRow)| {
            self.documents.contains_key(*id)
                || self.view.documents.get(*id).is_some_and(|known| known.ledger != *row)
        };
        let rows: Vec<(DocumentId, LedgerRow)> =
            rows.into_iter().filter(changed).map(|(id, row)| (id.clone(), row)).collect();
        for (id, ledger) in rows {
            match self.documents.get(&id) {
                // Nobody looks at it any more.
                Some(existed) => {
                    self.changes.documents.extend(self.view.documents.remove(&id).map(|mut row| {
                        row.ledger = ledger;
                        Change { row, existed: *existed }
                    }))
                }
                None => self.changes.ledger.push((id, ledger)),
            }
        }
    }

    pub(super) fn finish(mut self) -> ChangeSet {
        self.changes.counts = self.counts();
        let mut written: Vec<(SubjectId, bool)> = self.written.into_iter().collect();
        written.sort_unstable();
        for (id, existed) in written {
            if self.dropped.contains(&id) {
                continue;
            }
            if let Some(subject) = self.view.subjects.remove(&id) {
                self.changes.subjects.push(Change { row: subject, existed });
            }
        }
        self.changes.dropped = self.dropped.into_iter().collect();
        self.changes
    }

    fn counts(&self) -> Counts {
        let rejected = self.told.batch.rejected;
        let mut counts = Counts {
            total: self.told.facts.len() as u64 + rejected,
            rejected,
            removed: self.removed,
            ..Counts::default()
        };
        for effect in &self.others {
            match effect {
                Effect::New => counts.created += 1,
                Effect::Changed => counts.updated += 1,
                Effect::Unchanged => counts.unchanged += 1,
                Effect::Stale => counts.skipped += 1,
            }
        }
        let written = &self.changes.contacts;
        let created = written.iter().filter(|change| !change.existed).map(|change| &change.row.id);
        let mut uncounted: HashSet<&ContactId> = created.collect();
        let changed: HashSet<&ContactId> = written.iter().map(|change| &change.row.id).collect();
        for (id, effect) in &self.customers {
            let contact = self.view.subjects.get(*id).and_then(|subject| subject.contact.as_ref());
            match (effect, contact) {
                (Effect::Unchanged, _) => counts.unchanged += 1,
                (Effect::Stale, _) | (_, None) => counts.skipped += 1,
                // A contact is created once, by whichever of its records comes first.
                (Effect::New, Some(contact)) if uncounted.remove(contact) => counts.created += 1,
                (_, Some(contact)) if changed.contains(contact) => counts.updated += 1,
                _ => counts.skipped += 1,
            }
        }
        counts
    }
}

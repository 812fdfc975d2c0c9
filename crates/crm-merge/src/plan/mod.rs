//! From records and a snapshot to a change set. Pure: no clock, no database, no network.
//!
//! The rooms, in the order in which a plan goes through them: what the batch tells by itself ([`told`]), the state of the
//! work ([`work`]), taking the batch in ([`intake`]), binding records to contacts ([`bind`]), making contacts anew
//! ([`contacts`]), ledger and counts ([`finish`]). Each names those before it and none behind it.

mod bind;
mod contacts;
mod finish;
mod intake;
mod told;
mod work;

use std::sync::Arc;

use time::OffsetDateTime;

use crate::batch::Batch;
use crate::change::{ChangeSet, Snapshot, Want};
use crate::rules::Rules;
use work::Work;

pub use told::Prepared;

/// What a plan of this batch needs to see.
pub fn wants(batch: &Batch, rules: &Rules) -> Want {
    prepared(batch, rules).wants().clone()
}

/// Plans what a batch does to the CRM.
///
/// The snapshot must be the answer of the store to [`wants`] of the same batch. The result depends on nothing else. Whoever
/// has no more use for the batch saves copies and the second reading with [`Prepared`].
pub fn plan(batch: &Batch, snapshot: Snapshot, rules: &Rules, now: OffsetDateTime) -> ChangeSet {
    prepared(batch, rules).plan(snapshot, now)
}

fn prepared(batch: &Batch, rules: &Rules) -> Prepared {
    Prepared::new(batch.clone(), &Arc::new(rules.clone()))
}

impl Prepared {
    /// Plans what the batch does to the CRM.
    ///
    /// The snapshot must be the answer of the store to what the batch [`wants`](Prepared::wants). The result depends on
    /// nothing else.
    pub fn plan(&self, snapshot: Snapshot, now: OffsetDateTime) -> ChangeSet {
        let mut work = Work::new(self, snapshot, now);
        work.take_in(now);
        let bound = work.bind();
        work.contacts(&bound);
        work.ledger();
        work.finish()
    }
}

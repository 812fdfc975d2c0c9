//! The numbers of shops. They are never given back, so they can be remembered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crm_merge::DocumentId;
use pos_core::identity::SubjectId;
use pos_core::record::{Account, Vendor};
use rusqlite::{Connection, OptionalExtension};

use crate::codec;
use crate::error::{Res, corrupt};

/// A shop by its number.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) account: Account,
    vendor: Arc<str>,
    id: Arc<str>,
}

impl Named {
    pub(crate) fn subject(&self, kind: i64, id: &str) -> Res<SubjectId> {
        Ok(SubjectId {
            vendor: Arc::clone(&self.vendor),
            account: Arc::clone(&self.id),
            kind: codec::read_subject_kind(kind)?,
            id: id.into(),
        })
    }
}

/// A shop by vendor and id.
pub(crate) type Shop<'a> = (&'a str, &'a str);

pub(crate) fn shop(account: &Account) -> Shop<'_> {
    (account.vendor.as_str(), &account.id)
}

#[derive(Debug, Default)]
pub(crate) struct Accounts {
    numbers: HashMap<Box<str>, HashMap<Box<str>, i64>>,
    names: HashMap<i64, Arc<Named>>,
}

impl Accounts {
    /// Forgets everything: a transaction that made some was rolled back.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn find(&mut self, conn: &Connection, vendor: &str, id: &str) -> Res<Option<i64>> {
        if let Some(n) = self.numbers.get(vendor).and_then(|accounts| accounts.get(id)) {
            return Ok(Some(*n));
        }
        let n = conn
            .prepare_cached("SELECT n FROM account WHERE vendor = ?1 AND id = ?2")?
            .query_row((vendor, id), |row| row.get(0))
            .optional()?;
        if let Some(n) = n {
            self.keep(n, vendor, id);
        }
        Ok(n)
    }

    pub(crate) fn of(&mut self, conn: &Connection, account: &Account) -> Res<Option<i64>> {
        self.find(conn, account.vendor.as_str(), &account.id)
    }

    pub(crate) fn make(&mut self, conn: &Connection, vendor: &str, id: &str) -> Res<i64> {
        if let Some(n) = self.find(conn, vendor, id)? {
            return Ok(n);
        }
        conn.prepare_cached("INSERT INTO account(vendor, id) VALUES(?1, ?2)")?.execute((vendor, id))?;
        let n = conn.last_insert_rowid();
        self.keep(n, vendor, id);
        Ok(n)
    }

    pub(crate) fn make_of(&mut self, conn: &Connection, account: &Account) -> Res<i64> {
        self.make(conn, account.vendor.as_str(), &account.id)
    }

    pub(crate) fn name(&mut self, conn: &Connection, n: i64) -> Res<Arc<Named>> {
        if let Some(named) = self.names.get(&n) {
            return Ok(Arc::clone(named));
        }
        let found: Option<(String, String)> = conn
            .prepare_cached("SELECT vendor, id FROM account WHERE n = ?1")?
            .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (vendor, id) = found.ok_or_else(|| corrupt("a row names a shop that is not there"))?;
        self.keep(n, &vendor, &id);
        self.names.get(&n).cloned().ok_or_else(|| corrupt("a row names a shop that is not there"))
    }

    /// Ids by shop and kind, each set as JSON. Shops that are not there are left out.
    pub(crate) fn sets<'i, K: Ord>(
        &mut self,
        conn: &Connection,
        ids: impl Iterator<Item = Res<(Shop<'i>, K, &'i str)>>,
    ) -> Res<Vec<(i64, K, String)>> {
        let mut sets: BTreeMap<(i64, K), Vec<&str>> = BTreeMap::new();
        for id in ids {
            let ((vendor, account), kind, id) = id?;
            if let Some(n) = self.find(conn, vendor, account)? {
                sets.entry((n, kind)).or_default().push(id);
            }
        }
        sets.into_iter().map(|((account, kind), ids)| Ok((account, kind, codec::json(&ids)?))).collect()
    }

    pub(crate) fn subject_sets(
        &mut self,
        conn: &Connection,
        ids: &BTreeSet<SubjectId>,
    ) -> Res<Vec<(i64, i64, String)>> {
        let ids = ids.iter().map(|id| {
            let SubjectId { vendor, account, kind, id } = id;
            Ok(((&**vendor, &**account), codec::subject_kind(*kind), &**id))
        });
        self.sets(conn, ids)
    }

    pub(crate) fn document_sets(
        &mut self,
        conn: &Connection,
        ids: &BTreeSet<DocumentId>,
    ) -> Res<Vec<(i64, i64, String)>> {
        self.sets(conn, ids.iter().map(|id| Ok((shop(&id.account), codec::document_kind(id.kind)?, &*id.id))))
    }

    pub(crate) fn name_sets(
        &mut self,
        conn: &Connection,
        names: &BTreeSet<(Account, String)>,
    ) -> Res<Vec<(i64, (), String)>> {
        self.sets(conn, names.iter().map(|(account, name)| Ok((shop(account), (), name.as_str()))))
    }

    fn keep(&mut self, n: i64, vendor: &str, id: &str) {
        self.numbers.entry(vendor.into()).or_default().insert(id.into(), n);
        let account = Account::new(Vendor::from(vendor.to_owned()), id);
        self.names.insert(n, Arc::new(Named { account, vendor: vendor.into(), id: id.into() }));
    }
}

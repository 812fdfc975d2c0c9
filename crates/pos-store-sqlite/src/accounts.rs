//! The numbers of shops. They are never given back, so they can be remembered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crm_merge::DocumentId;
use pos_core::identity::SubjectId;
use pos_core::record::Account;
use rusqlite::{Connection, OptionalExtension};

use crate::codec;
use crate::error::{Res, corrupt};

#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// Few, and mostly asked for by the copy that is held here: found by comparing where they are kept.
    numbers: BTreeMap<Account, i64>,
    names: HashMap<i64, Account>,
}

impl Accounts {
    /// Forgets everything: a transaction that made some was rolled back.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn find(&mut self, conn: &Connection, account: &Account) -> Res<Option<i64>> {
        if let Some(n) = self.numbers.get(account) {
            return Ok(Some(*n));
        }
        let n = conn
            .prepare_cached("SELECT n FROM account WHERE vendor = ?1 AND id = ?2")?
            .query_row((account.vendor().as_str(), account.id()), |row| row.get(0))
            .optional()?;
        if let Some(n) = n {
            self.keep(n, account);
        }
        Ok(n)
    }

    pub(crate) fn make(&mut self, conn: &Connection, account: &Account) -> Res<i64> {
        if let Some(n) = self.find(conn, account)? {
            return Ok(n);
        }
        conn.prepare_cached("INSERT INTO account(vendor, id) VALUES(?1, ?2)")?
            .execute((account.vendor().as_str(), account.id()))?;
        let n = conn.last_insert_rowid();
        self.keep(n, account);
        Ok(n)
    }

    pub(crate) fn name(&mut self, conn: &Connection, n: i64) -> Res<Account> {
        if let Some(account) = self.names.get(&n) {
            return Ok(account.clone());
        }
        let found: Option<(String, String)> = conn
            .prepare_cached("SELECT vendor, id FROM account WHERE n = ?1")?
            .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (vendor, id) = found.ok_or_else(|| corrupt("a row names a shop that is not there"))?;
        let account = Account::new(vendor, id);
        self.keep(n, &account);
        Ok(account)
    }

    /// Names the record of a shop by the shop's number.
    pub(crate) fn subject(&mut self, conn: &Connection, n: i64, kind: i64, id: &str) -> Res<SubjectId> {
        Ok(SubjectId { account: self.name(conn, n)?, kind: codec::read_subject_kind(kind)?, id: id.into() })
    }

    /// Ids by shop and kind, each set as JSON. Shops that are not there are left out.
    pub(crate) fn sets<'i, K: Ord>(
        &mut self,
        conn: &Connection,
        ids: impl Iterator<Item = Res<(&'i Account, K, &'i str)>>,
    ) -> Res<Vec<(i64, K, String)>> {
        let mut sets: BTreeMap<(i64, K), Vec<&str>> = BTreeMap::new();
        for id in ids {
            let (account, kind, id) = id?;
            if let Some(n) = self.find(conn, account)? {
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
        self.sets(conn, ids.iter().map(|id| Ok((&id.account, codec::subject_kind(id.kind), &*id.id))))
    }

    pub(crate) fn document_sets(
        &mut self,
        conn: &Connection,
        ids: &BTreeSet<DocumentId>,
    ) -> Res<Vec<(i64, i64, String)>> {
        self.sets(conn, ids.iter().map(|id| Ok((&id.account, codec::document_kind(id.kind)?, &*id.id))))
    }

    pub(crate) fn name_sets(
        &mut self,
        conn: &Connection,
        names: &BTreeSet<(Account, String)>,
    ) -> Res<Vec<(i64, (), String)>> {
        self.sets(conn, names.iter().map(|(account, name)| Ok((account, (), name.as_str()))))
    }

    fn keep(&mut self, n: i64, account: &Account) {
        self.numbers.insert(account.clone(), n);
        self.names.insert(n, account.clone());
    }
}

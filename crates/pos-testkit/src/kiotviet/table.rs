//! One stream of the shop: seeded rows that are computed, changed rows that are kept.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use pos_core::record::Stream;
use serde_json::{Map, Value};

use super::render::{self, Include, STEP};
use crate::out::Out;
use crate::seed::{MAX_CHANGE_MS, Shop};

/// A row that was changed or added.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) json: Map<String, Value>,
    pub(crate) created: i64,
    pub(crate) modified: Option<i64>,
}

impl Entry {
    pub(crate) fn changed(&self) -> i64 {
        self.modified.unwrap_or(self.created)
    }
}

/// A row by where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowRef {
    Seeded(u64),
    Kept(i64),
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) stream: Stream,
    base: i64,
    pub(crate) count: u64,
    pub(crate) kept: BTreeMap<i64, Entry>,
    pub(crate) gone: BTreeMap<i64, i64>,
    /// What removed rows were, as far as they were kept.
    bin: BTreeMap<i64, Entry>,
    next: i64,
    /// How documents are numbered.
    pub(crate) numbering: Include,
    pub(crate) version: u64,
    edges: Vec<(Window, Arc<Edges>)>,
    lists: Vec<(String, u64, Arc<Vec<i64>>)>,
}

/// Bounds on the time of change, inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    /// Where the lists stand: later changes are in none that asks for changes, later rows in none at all.
    pub(crate) known: Option<i64>,
}

impl Window {
    fn shows(&self, entry: &Entry) -> bool {
        let asked = if self.from.is_some() { entry.changed() } else { entry.created };
        self.holds(entry.changed()) && self.known.is_none_or(|known| asked <= known)
    }

    pub(crate) fn holds(&self, changed: i64) -> bool {
        self.from.is_none_or(|from| changed >= from) && self.to.is_none_or(|to| changed <= to)
    }
}

/// The seeded rows of a window: some whose time of change had to be looked at, and between them a run of rows that are
/// all in it.
#[derive(Debug)]
struct Edges {
    low: Vec<u64>,
    run: Range<u64>,
    high: Vec<u64>,
}

impl Edges {
    fn len(&self) -> u64 {
        self.low.len() as u64 + (self.run.end - self.run.start) + self.high.len() as u64
    }

    fn get(&self, at: u64) -> u64 {
        let low = self.low.len() as u64;
        let run = self.run.end - self.run.start;
        if at < low {
            self.low[at as usize]
        } else if at < low + run {
            self.run.start + (at - low)
        } else {
            self.high[(at - low - run) as usize]
        }
    }

    /// How many of its rows come before this one.
    fn rank(&self, index: u64) -> u64 {
        let low = self.low.partition_point(|row| *row < index) as u64;
        let run = index.clamp(self.run.start, self.run.end) - self.run.start;
        low + run + self.high.partition_point(|row| *row < index) as u64
    }

    fn has(&self, index: u64) -> bool {
        let at = self.rank(index);
        at < self.len() && self.get(at) == index
    }
}

/// A list in its order, by position.
#[derive(Debug)]
pub(crate) enum Selection {
    /// By id.
    ById {
        /// Seeded rows.
        edges: Arc<Woven>,
    },
    /// By something else, or narrowed.
    Listed(Arc<Vec<i64>>),
}

/// The seeded rows of a window with the kept ones woven in.
#[derive(Debug)]
pub(crate) struct Woven {
    edges: Arc<Edges>,
    /// Positions among the seeded rows that are gone or kept elsewhere.
    skipped: Vec<u64>,
    /// Kept rows with their place in the whole.
    woven: Vec<(u64, i64)>,
    total: u64,
}

impl Selection {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::ById { edges } => edges.total,
            Self::Listed(ids) => ids.len() as u64,
        }
    }
}

impl Table {
    pub(crate) fn new(stream: Stream, base: i64, count: u64) -> Self {
        Self {
            stream,
            base,
            count,
            kept: BTreeMap::new(),
            gone: BTreeMap::new(),
            bin: BTreeMap::new(),
            next: render::id_of(base, count),
            numbering: Include::NONE,
            version: 0,
            edges: Vec::new(),
            lists: Vec::new(),
        }
    }

    pub(crate) fn take_id(&mut self) -> i64 {
        let id = self.next;
        self.next += STEP;
        id
    }

    /// The position that an id would have among seeded rows.
    pub(crate) fn index_free(&self, id: i64) -> i64 {
        (id - self.base) / STEP
    }

    /// An id that nobody has.
    pub(crate) fn unknown_id(&self) -> i64 {
        self.next + 1_000_000 * STEP + 1
    }

    pub(crate) fn index_of(&self, id: i64) -> Option<u64> {
        let from_base = u64::try_from(id.checked_sub(self.base)?).ok()?;
        let step = STEP as u64;
        (from_base.is_multiple_of(step) && from_base / step < self.count).then_some(from_base / step)
    }

    pub(crate) fn id_of(&self, row: RowRef) -> i64 {
        match row {
            RowRef::Seeded(index) => render::id_of(self.base, index),
            RowRef::Kept(id) => id,
        }
    }

    /// The row of an id that is still there.
    pub(crate) fn find(&self, id: i64) -> Option<RowRef> {
        if self.gone.contains_key(&id) {
            return None;
        }
        if self.kept.contains_key(&id) {
            return Some(RowRef::Kept(id));
        }
        self.index_of(id).map(RowRef::Seeded)
    }

    pub(crate) fn len(&self) -> u64 {
        let overlaid = self.kept.keys().filter(|id| self.index_of(**id).is_some()).count()
            + self.gone.keys().filter(|id| self.index_of(**id).is_some()).count();
        self.count - overlaid as u64 + self.kept.len() as u64
    }

    /// Ids of all rows, ascending.
    pub(crate) fn ids(&self) -> Vec<i64> {
        let seeded = (0..self.count).map(|index| render::id_of(self.base, index));
        let mut ids: Vec<i64> = seeded
            .filter(|id| !self.gone.contains_key(id) && !self.kept.contains_key(id))
            .chain(self.kept.keys().copied())
            .collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn put(&mut self, id: i64, entry: Entry) {
        self.gone.remove(&id);
        self.kept.insert(id, entry);
        self.next = self.next.max(id + STEP);
        self.version += 1;
    }

    pub(crate) fn remove(&mut self, id: i64, now: i64) -> bool {
        if self.find(id).is_none() {
            return false;
        }
        if let Some(entry) = self.kept.remove(&id) {
            self.bin.insert(id, entry);
        }
        self.gone.insert(id, now);
        self.version += 1;
        true
    }

    /// Takes a removed row back.
    pub(crate) fn restore(&mut self, id: i64) -> bool {
        if self.gone.remove(&id).is_none() {
            return false;
        }
        if let Some(entry) = self.bin.remove(&id) {
            self.kept.insert(id, entry);
        }
        self.version += 1;
        true
    }

    pub(crate) fn created(&self, shop: &Shop, row: RowRef) -> i64 {
        match row {
            RowRef::Kept(id) => self.kept.get(&id).map_or(0, |entry| entry.created),
            RowRef::Seeded(index) => self.seeded_created(shop, index),
        }
    }

    fn seeded_created(&self, shop: &Shop, index: u64) -> i64 {
        match self.stream {
            Stream::Customers => shop.customer_created_ms(index),
            Stream::Orders => shop.order_created_ms(index),
            Stream::Invoices => shop.invoice_created_ms(index),
            _ => shop.return_created_ms(index),
        }
    }

    pub(crate) fn changed(&self, shop: &Shop, row: RowRef) -> i64 {
        match row {
            RowRef::Kept(id) => self.kept.get(&id).map_or(0, Entry::changed),
            RowRef::Seeded(index) => match self.stream {
                Stream::Customers => shop.customer_changed_ms(index),
                Stream::Orders => shop.order_changed_ms(index),
                Stream::Invoices => shop.invoice_changed_ms(index),
                _ => shop.return_created_ms(index),
            },
        }
    }

    fn first_created_at(&self, shop: &Shop, at: i64) -> u64 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.seeded_created(shop, middle) < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn edges(&mut self, shop: &Shop, window: Window) -> Arc<Edges> {
        let window = Window { known: None, ..window };
        if let Some((_, known)) = self.edges.iter().find(|(known, _)| *known == window) {
            return Arc::clone(known);
        }
        let looked_at = |range: Range<u64>| {
            range.filter(|index| window.holds(self.changed(shop, RowRef::Seeded(*index)))).collect::<Vec<_>>()
        };
        let (before, start) = match window.from {
            Some(from) => (
                self.first_created_at(shop, from.saturating_sub(MAX_CHANGE_MS)),
                self.first_created_at(shop, from),
            ),
            None => (0, 0),
        };
        let (sure, end) = match window.to {
            Some(to) => (
                self.first_created_at(shop, to.saturating_sub(MAX_CHANGE_MS)).max(start),
                self.first_created_at(shop, to.saturating_add(1)).max(start),
            ),
            None => (self.count, self.count),
        };
        let edges =
            Arc::new(Edges { low: looked_at(before..start), run: start..sure, high: looked_at(sure..end) });
        if self.edges.len() >= 8 {
            self.edges.remove(0);
        }
        self.edges.push((window, Arc::clone(&edges)));
        edges
    }

    /// The rows of a window, ordered by id.
    pub(crate) fn by_id(&mut self, shop: &Shop, window: Window) -> Selection {
        let edges = self.edges(shop, window);
        let overlaid = self.kept.keys().chain(self.gone.keys()).filter_map(|id| self.index_of(*id));
        let mut skipped: Vec<u64> =
            overlaid.filter(|index| edges.has(*index)).map(|index| edges.rank(index)).collect();
        skipped.sort_unstable();
        let mut woven = Vec::new();
        for (id, _) in self.kept.iter().filter(|(_, entry)| window.shows(entry)) {
            // How many seeded ids are smaller.
            let index = (*id - self.base).max(0) as u64;
            let rank = edges.rank(index.div_ceil(STEP as u64).min(self.count));
            let missing = skipped.partition_point(|at| *at < rank) as u64;
            woven.push((rank - missing + woven.len() as u64, *id));
        }
        let total = edges.len() - skipped.len() as u64 + woven.len() as u64;
        Selection::ById { edges: Arc::new(Woven { edges, skipped, woven, total }) }
    }

    /// The rows of a window that pass `keep`, ordered by `key`. Kept for the next page under `name`.
    pub(crate) fn listed<K: Ord>(
        &mut self,
        shop: &Shop,
        window: Window,
        name: &str,
        mut keep: impl FnMut(&Self, RowRef) -> bool,
        key: impl Fn(&Self, RowRef) -> K,
    ) -> Selection {
        if let Some((_, _, ids)) = self
            .lists
            .iter()
            .find(|(known, version, _)| known == name && *version == self.version && window.known.is_none())
        {
            return Selection::Listed(Arc::clone(ids));
        }
        let all = self.by_id(shop, window);
        let mut rows: Vec<(K, i64)> = (0..all.len())
            .map(|at| self.row(&all, at))
            .filter(|row| keep(self, *row))
            .map(|row| (key(self, row), self.id_of(row)))
            .collect();
        rows.sort();
        let ids = Arc::new(rows.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
        if self.lists.len() >= 4 {
            self.lists.remove(0);
        }
        self.lists.push((name.to_owned(), self.version, Arc::clone(&ids)));
        Selection::Listed(ids)
    }

    /// The row at a position.
    pub(crate) fn row(&self, selection: &Selection, at: u64) -> RowRef {
        match selection {
            Selection::Listed(ids) => {
                let id = ids[at as usize];
                if self.kept.contains_key(&id) {
                    RowRef::Kept(id)
                } else {
                    RowRef::Seeded(self.index_of(id).unwrap_or(0))
                }
            }
            Selection::ById { edges: woven } => {
                let before = woven.woven.partition_point(|(place, _)| *place < at);
                if let Some((_, id)) = woven.woven.get(before).filter(|(place, _)| *place == at) {
                    return RowRef::Kept(*id);
                }
                let mut raw = at - before as u64;
                for skipped in &woven.skipped {
                    if *skipped > raw {
                        break;
                    }
                    raw += 1;
                }
                RowRef::Seeded(woven.edges.get(raw))
            }
        }
    }

    /// Writes a row.
    pub(crate) fn write(&self, shop: &Shop, row: RowRef, include: Include, out: &mut Out) {
        let include = include.with(self.numbering);
        match row {
            RowRef::Seeded(index) => match self.stream {
                Stream::Customers => render::customer(shop, index, include, out),
                Stream::Orders => render::order(shop, index, include, out),
                Stream::Invoices => render::invoice(shop, index, include, out),
                _ => render::goods_return(shop, index, include, out),
            },
            RowRef::Kept(id) => {
                let Some(entry) = self.kept.get(&id) else { return };
                let mut json = entry.json.clone();
                for key in include.hidden() {
                    json.remove(key);
                }
                out.raw(&Value::Object(json).to_string());
            }
        }
    }

    /// A row with everything that belongs to it.
    pub(crate) fn json(&self, shop: &Shop, row: RowRef) -> Map<String, Value> {
        if let RowRef::Kept(id) = row {
            return self.kept.get(&id).map(|entry| entry.json.clone()).unwrap_or_default();
        }
        let mut out = Out::default();
        self.write(shop, row, Include::ALL, &mut out);
        match serde_json::from_slice(&out.0) {
            Ok(Value::Object(json)) => json,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiotviet::render::CUSTOMER;

    const SHOP: Shop = {
        let mut shop = SMALL;
        shop.seed = 3;
        shop
    };
    const SMALL: Shop = Shop { seed: 1, customers: 500, orders: 0, invoices: 0, products: 4, branches: 2 };

    fn window(from: Option<i64>, to: Option<i64>) -> Window {
        Window { from, to, known: None }
    }

    fn walk(table: &mut Table, window: Window) -> Vec<i64> {
        let selection = table.by_id(&SHOP, window);
        (0..selection.len()).map(|at| table.id_of(table.row(&selection, at))).collect()
    }

    fn expected(table: &Table, window: Window) -> Vec<i64> {
        table
            .ids()
            .into_iter()
            .filter(|id| window.holds(table.changed(&SHOP, table.find(*id).unwrap())))
            .collect()
    }

    #[test]
    fn windows_over_changed_tables_hold_exactly_their_rows() {
        let mut table = Table::new(Stream::Customers, CUSTOMER, SHOP.customers);
        let middle = SHOP.customer_created_ms(250);
        let entry = |changed| Entry { json: Map::new(), created: changed, modified: Some(changed) };
        let steps: [&dyn Fn(&mut Table); 6] = [
            &|_| {},
            &|table| assert!(table.remove(CUSTOMER, 5)),
            &|table| (100..140).for_each(|index| assert!(table.remove(CUSTOMER + index * STEP, 5))),
            &|table| table.put(CUSTOMER + 300 * STEP, entry(middle)),
            &|table| {
                let id = table.take_id();
                table.put(id, entry(middle + 1));
            },
            &|table| assert!(table.remove(CUSTOMER + 499 * STEP, 5)),
        ];
        for step in steps {
            step(&mut table);
            for window in [
                Window::default(),
                window(Some(middle), None),
                window(None, Some(middle)),
                window(Some(middle), Some(middle + 86_400_000)),
                window(Some(middle), Some(middle + 40 * 86_400_000)),
                window(Some(i64::MAX), None),
                window(None, Some(0)),
            ] {
                assert_eq!(walk(&mut table, window), expected(&table, window), "{window:?}");
            }
            assert_eq!(table.len(), table.ids().len() as u64);
        }
    }
}

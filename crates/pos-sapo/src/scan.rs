//! Where a scan stands. Pure: what one page means for the next request, and when a list may be called read.
//!
//! Sapo documents neither the order of its lists nor that of `since_id`, and ignores silently what it does not know. So a
//! scan starts with `since_id` and believes it only while every page is above the last id and ascending: then rows that
//! come and go hide no others. When a page is not, the scan goes on by page number, which needs no order, but loses rows
//! when earlier ones go. A list is read once it is proven: by the vendor's own number of its rows, or, where there is none,
//! by a second reading that shows the same rows. What cannot be proven in [`MOST_PASSES`] readings is an error.

use serde::{Deserialize, Serialize};

/// How often a list is read before it is given up.
const MOST_PASSES: u8 = 4;

/// More pages than any list can have whose length nobody tells.
const MOST_PAGES: u32 = 100_000;

/// Where a scan stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Scan {
    /// Which of the lists that make up the stream.
    #[serde(rename = "l", skip_serializing_if = "is_zero")]
    pub(crate) list: u8,
    /// Largest id seen, while the scan goes by ids.
    #[serde(rename = "i")]
    pub(crate) since: i64,
    /// Page number, from 1; 0 while the scan goes by ids.
    #[serde(rename = "p")]
    pub(crate) page: u32,
    /// Different rows seen in this reading of the list, as far as neighbouring pages tell.
    #[serde(rename = "n")]
    pub(crate) seen: u64,
    /// How often the list was read before.
    #[serde(rename = "a", skip_serializing_if = "is_zero")]
    pub(crate) pass: u8,
    /// First id, last id and length of the page before.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<(i64, i64, usize)>,
    /// Which of the later lists showed their rows in the first list already, as bits.
    #[serde(rename = "s", skip_serializing_if = "is_zero")]
    pub(crate) shown: u8,
    /// Rows in this list when this reading began, where the vendor tells.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Rows in all lists of the stream, where the vendor tells.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub(crate) whole: Option<u64>,
    /// Rows moved from page to page during this reading.
    #[serde(rename = "m", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) moved: bool,
    /// A mark of the ids of this reading that does not depend on their order.
    #[serde(rename = "x", skip_serializing_if = "is_zero")]
    pub(crate) mark: u64,
    /// Number and mark of the reading before.
    #[serde(rename = "y", skip_serializing_if = "Option::is_none")]
    pub(crate) earlier: Option<(u64, u64)>,
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One page, as the scan sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet<'a> {
    /// The ids of its rows where they can be read.
    pub(crate) ids: &'a [Option<i64>],
    /// How many rows it has, those that are nothing included.
    pub(crate) length: u64,
    /// How many a full one has.
    pub(crate) size: u64,
    /// How many the list has, where the page says so.
    pub(crate) total: Option<u64>,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Another page.
    More(Scan),
    /// The end of this list.
    End(Scan),
    /// The same page again: the end, if the list has no more rows than were seen.
    Repeated(Scan),
    /// More pages than the list can have.
    Endless,
}

/// What a reading of a list proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Every row was seen.
    Complete,
    /// Rows may have been missed: read it again.
    Doubtful,
    /// Rows may have been missed, however often it is read.
    Hopeless,
}

/// Spreads an id over all bits, so that sums of ids tell sets apart.
fn spread(id: i64) -> u64 {
    let mixed = (id.cast_unsigned() ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// A mark of ids that does not depend on their order.
pub(crate) fn mark_of(ids: impl Iterator<Item = i64>) -> u64 {
    ids.fold(0, |mark, id| mark.wrapping_add(spread(id)))
}

impl Scan {
    /// The start of a list; by ids, where the vendor knows `since_id`.
    pub(crate) fn start(list: u8, by_id: bool) -> Self {
        Self { list, page: u32::from(!by_id), ..Self::default() }
    }

    /// Whether nothing of this reading of the list was done before.
    pub(crate) fn is_start(&self) -> bool {
        self.seen == 0 && self.before.is_none() && self.since == 0 && self.page <= 1
    }

    /// Digests one page: which of its rows are new, and what comes next.
    pub(crate) fn step(&self, sheet: Sheet<'_>) -> (Vec<bool>, After) {
        let Sheet { ids, length, size, .. } = sheet;
        let known: Vec<i64> = ids.iter().copied().flatten().collect();
        let upwards = known.windows(2).all(|pair| pair[0] < pair[1]);
        let here = match (known.first(), known.last()) {
            (Some(first), Some(last)) => Some((*first, *last, ids.len())),
            _ => None,
        };
        if self.page == 0 {
            let above = known.first().is_none_or(|first| *first > self.since);
            if upwards && above {
                let since = known.last().copied().unwrap_or(self.since);
                let next = self.with(&known, length, 0, here);
                let next = Self { since, ..next };
                let is_short = length < size && self.total.is_none_or(|total| next.seen >= total);
                let is_end = length == 0 || since == self.since || is_short;
                return (vec![true; ids.len()], if is_end { After::End(next) } else { After::More(next) });
            }
            if self.since == 0 {
                // Nothing was left out yet, so it is the first page of the list, in whatever order.
                let next = Self { page: 2, ..self.with(&known, length, 0, here) };
                let is_short = length < size && self.total.is_none_or(|total| next.seen >= total);
                return (vec![true; ids.len()], if is_short { After::End(next) } else { After::More(next) });
            }
            // `since_id` means nothing here. The first page came anyhow when this is the same one again.
            let fresh = Self { since: 0, page: 1, seen: 0, mark: 0, before: None, ..self.clone() };
            let next = if here.is_some() && here == self.before {
                Self { page: 2, seen: self.seen, mark: self.mark, before: self.before, ..fresh }
            } else {
                fresh
            };
            return (vec![false; ids.len()], After::More(next));
        }
        if here.is_some() && here == self.before && self.page > 1 {
            return (vec![false; ids.len()], After::Repeated(self.clone()));
        }
        // Rows that slid onto this page come twice, which is harmless; to guess which ones would risk others.
        let again = self.before.and_then(|(_, last, _)| known.iter().position(|id| *id == last));
        let again = again.map_or(0, |at| at + 1);
        let next = Self { page: self.page + 1, ..self.with(&known, length, again, here) };
        let next = Self { moved: next.moved || (sheet.total.is_some() && sheet.total != self.total), ..next };
        // A page of nothing but nulls shows no row.
        let is_last = ids.is_empty()
            || match sheet.total {
                Some(total) => u64::from(self.page).saturating_mul(size.max(1)) >= total,
                None => length < size && self.total.is_none_or(|total| next.seen >= total),
            };
        if is_last {
            return (vec![true; ids.len()], After::End(next));
        }
        let most = self.total.map_or(u64::from(MOST_PAGES), |total| 2 * total.div_ceil(length.max(1)) + 20);
        if u64::from(self.page) >= most {
            return (vec![false; ids.len()], After::Endless);
        }
        (vec![true; ids.len()], After::More(next))
    }

    /// The same reading with the rows of one more page, of which the first `again` were on the page before.
    fn with(&self, ids: &[i64], length: u64, again: usize, before: Option<(i64, i64, usize)>) -> Self {
        let fresh = ids.iter().skip(again).fold(self.mark, |mark, id| mark.wrapping_add(spread(*id)));
        Self {
            seen: self.seen + length.saturating_sub(again as u64),
            mark: fresh,
            moved: self.moved || again > 0,
            before,
            ..self.clone()
        }
    }

    /// Whether this reading saw every row that was there from its beginning to its end, given how many rows the list has
    /// at its end.
    pub(crate) fn proof(&self, count: Option<u64>, is_one_page: bool) -> Proof {
        let doubtful = if self.pass + 1 < MOST_PASSES { Proof::Doubtful } else { Proof::Hopeless };
        let Some(count) = count else {
            // Nobody tells how many there are: two readings that show the same rows.
            let same = self.earlier == Some((self.seen, self.mark));
            return if is_one_page || same { Proof::Complete } else { doubtful };
        };
        let at_first = self.total.unwrap_or(count);
        let by_pages = self.page > 0;
        // Rows that were there at the beginning and at the end are at least so many.
        let missing =
            self.seen < count.min(at_first) || (!by_pages && self.pass == 0 && self.seen < at_first);
        // A row that goes lets those behind it slide onto pages that were read already.
        let slid = by_pages && count < at_first;
        let uneasy = by_pages && self.pass == 0 && !is_one_page && (self.moved || count != at_first);
        if missing || slid || uneasy { doubtful } else { Proof::Complete }
    }

    /// The same list once more, by page number.
    pub(crate) fn once_more(&self, count: Option<u64>) -> Self {
        Self {
            pass: self.pass + 1,
            shown: self.shown,
            total: count,
            whole: self.whole,
            earlier: Some((self.seen, self.mark)),
            ..Self::start(self.list, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Default)]
    struct Habits {
        newest_first: bool,
        ignores_since: bool,
        ignores_page: bool,
        /// The number of rows is told.
        counts: bool,
        /// Never more rows than so many on a page, whatever is asked for.
        lowers: Option<usize>,
    }

    /// Reads a list of a vendor with these habits; answers the ids that came out, or none where the list is given up.
    fn scan(
        rows: &mut Vec<i64>,
        size: usize,
        habits: Habits,
        mut between: impl FnMut(usize, &mut Vec<i64>),
    ) -> Option<Vec<i64>> {
        let mut out = Vec::new();
        let mut scan = Scan::start(0, true);
        let mut first = true;
        for request in 1..900 {
            let count = habits.counts.then_some(rows.len() as u64);
            if scan.total.is_none() {
                scan.total = count;
            }
            let mut all = rows.clone();
            if habits.newest_first {
                all.reverse();
            }
            if scan.page == 0 && !habits.ignores_since {
                all.retain(|id| *id > scan.since);
            }
            let rows_a_page = habits.lowers.unwrap_or(size).min(size);
            let page = if habits.ignores_page { 1 } else { scan.page.max(1) as usize };
            let ids: Vec<Option<i64>> =
                all.iter().skip((page - 1) * rows_a_page).take(rows_a_page).map(|id| Some(*id)).collect();
            let length = ids.len() as u64;
            let (fresh, after) = scan.step(Sheet { ids: &ids, length, size: size as u64, total: None });
            out.extend(ids.iter().zip(fresh).filter(|(_, fresh)| *fresh).filter_map(|(id, _)| *id));
            between(request, rows);
            let count = habits.counts.then_some(rows.len() as u64);
            scan = match after {
                After::More(next) => next,
                After::Endless => return None,
                After::End(end) | After::Repeated(end) => match end.proof(count, first) {
                    Proof::Complete => return Some(out),
                    Proof::Doubtful => end.once_more(count),
                    Proof::Hopeless => return None,
                },
            };
            first = false;
        }
        panic!("the scan does not end");
    }

    fn sorted(mut seen: Vec<i64>) -> Vec<i64> {
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    #[test]
    fn every_row_comes_whatever_the_vendor_ignores() {
        for newest_first in [false, true] {
            for ignores_since in [false, true] {
                for counts in [false, true] {
                    for count in [0, 1, 2, 10, 11, 20, 95] {
                        let mut rows: Vec<i64> = (1..=count).collect();
                        let habits = Habits { newest_first, ignores_since, counts, ..Habits::default() };
                        let seen = scan(&mut rows, 10, habits, |_, _| {}).unwrap();
                        assert!(!counts || seen.len() == rows.len(), "some came twice");
                        let what = format!("newest first {newest_first}, ignores since_id {ignores_since}");
                        assert_eq!(sorted(seen), rows, "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn pages_that_the_vendor_shortens_are_not_the_end() {
        for newest_first in [false, true] {
            let habits = Habits { newest_first, counts: true, lowers: Some(50), ..Habits::default() };
            let mut rows: Vec<i64> = (1..=230).collect();
            assert_eq!(sorted(scan(&mut rows, 250, habits, |_, _| {}).unwrap()), rows);
        }
    }

    #[test]
    fn pages_of_one_row_are_never_mistaken_for_the_end() {
        for newest_first in [false, true] {
            let mut rows: Vec<i64> = (1..=7).collect();
            let seen = scan(&mut rows, 1, Habits { newest_first, ..Habits::default() }, |_, _| {}).unwrap();
            assert_eq!(sorted(seen), rows, "newest first {newest_first}");
        }
    }

    #[test]
    fn rows_deleted_meanwhile_hide_no_others() {
        for counts in [false, true] {
            for newest_first in [false, true] {
                let mut rows: Vec<i64> = (1..=100).collect();
                let habits = Habits { newest_first, counts, ..Habits::default() };
                let seen = scan(&mut rows, 10, habits, |request, rows| {
                    if request == 3 {
                        rows.drain(..5);
                        rows.truncate(90);
                    }
                });
                let mut seen = sorted(seen.unwrap());
                seen.retain(|id| (6..=95).contains(id));
                assert_eq!(seen, (6..=95).collect::<Vec<_>>(), "newest first {newest_first}");
            }
        }
    }

    #[test]
    fn a_list_that_begins_sorted_and_is_not_is_read_to_the_end() {
        // Every page ascends, and rises above the one before, though rows lie between.
        let mut rows: Vec<i64> = (1..=40).map(|id| id * 2).chain((1..=40).map(|id| id * 2 - 1)).collect();
        let habits = Habits { counts: true, ..Habits::default() };
        let seen = sorted(scan(&mut rows, 10, habits, |_, _| {}).unwrap());
        assert_eq!(seen, (1..=80).collect::<Vec<_>>());
        let uncounted = sorted(scan(&mut rows, 10, Habits::default(), |_, _| {}).unwrap());
        assert_eq!(uncounted, (1..=80).collect::<Vec<_>>());
    }

    #[test]
    fn a_vendor_that_ignores_page_numbers_too_is_given_up() {
        for counts in [true, false] {
            let mut rows: Vec<i64> = (1..=30).collect();
            let habits =
                Habits { newest_first: true, ignores_since: true, ignores_page: true, counts, lowers: None };
            let seen = scan(&mut rows, 10, habits, |_, _| {});
            assert!(!counts || seen.is_none(), "rows are missing: {seen:?}");
        }
    }

    #[test]
    fn a_list_that_changes_while_it_is_counted_is_not_called_complete() {
        let mut rows: Vec<i64> = (1..=50).collect();
        let habits = Habits { newest_first: true, counts: true, ..Habits::default() };
        let seen = scan(&mut rows, 10, habits, |_, rows| {
            rows.pop();
        });
        assert!(seen.is_none_or(|seen| rows.iter().all(|id| seen.contains(id))));
    }

    #[test]
    fn pages_without_end_are_an_error() {
        let mut scan = Scan { page: 1, total: Some(20), ..Scan::default() };
        for request in 0..200_i64 {
            let ids: Vec<Option<i64>> = (0..10).map(|row| Some((request % 3) * 10 + row)).collect();
            match scan.step(Sheet { ids: &ids, length: 10, size: 10, total: None }).1 {
                After::More(next) => scan = next,
                After::Endless => return,
                other => panic!("{other:?}"),
            }
        }
        panic!("no end");
    }

    #[test]
    fn a_total_ends_a_list_without_another_request() {
        let scan = Scan { page: 2, ..Scan::default() };
        let sheet = |total| Sheet { ids: &[Some(3), Some(4)], length: 2, size: 2, total: Some(total) };
        assert!(matches!(scan.step(sheet(4)).1, After::End(_)));
        assert!(matches!(scan.step(sheet(5)).1, After::More(_)));
    }
}

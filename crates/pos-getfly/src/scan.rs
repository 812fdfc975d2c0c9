//! Walking a list to its proven end.
//!
//! Getfly's lists tell no total (lines 6), and in which order they come is not documented: newest first, as it seems. So a walk
//! relies on one thing only: that rows which nobody changes keep their order. It remembers the last rows that it read, and every
//! page begins with them. If one of them is there, nothing is missing between, whatever came or vanished before; if none is,
//! they are looked for towards the beginning; and if they are gone, the walk begins again: rows may come twice then, and none is
//! missed. The list is over where the vendor says so behind such a row, or, as its word is not always good, where nothing stands
//! behind it.
//!
//! Line 3 has page numbers, so its pages cannot overlap, and it tells a total: pages follow each other as long as that does not
//! fall, which is a proof for a list with the newest rows first; when it falls, the page before is looked at again.

use std::ops::Range;

use pos_core::{Error, ErrorKind, Result, Retry};
use serde::{Deserialize, Serialize};

/// How many of the last rows are held on to.
const ANCHORS: usize = 4;
/// How many rows are looked through at once for them.
const REACH: u64 = 100;
/// How many pages they are looked for in.
const MOST_SEEKS: u32 = 10;
/// How often the walk begins again.
const MOST_STARTS: u32 = 3;
/// More requests than any list takes.
const MOST_SENT: u64 = 200_000;

/// How far a walk has come. It is what a cursor holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Walk {
    /// Rows behind.
    #[serde(rename = "p")]
    place: u64,
    /// The last of them that have an id, the very last one first.
    #[serde(rename = "a", skip_serializing_if = "Vec::is_empty")]
    anchors: Vec<i64>,
    /// Where they are looked for, and for which time.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    seek: Option<(u64, u32)>,
    /// The rows behind the last one are asked for alone.
    #[serde(rename = "z", skip_serializing_if = "std::ops::Not::not")]
    beyond: bool,
    /// The first row of the list as the walk began.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    head: Option<i64>,
    /// Rows of a page, where the vendor decides.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// The vendor's count, the last one and the smallest.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    total: Option<(u64, u64)>,
    /// Rows that were new since the walk last began.
    #[serde(rename = "c")]
    counted: u64,
    /// How often it began again.
    #[serde(rename = "r")]
    starts: u32,
    /// Requests so far.
    #[serde(rename = "n")]
    sent: u64,
}

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// So many rows from this one on.
    Rows { offset: u64, limit: u64 },
    /// A page by its number, from 1, which begins with this row.
    Page { number: u64, start: u64 },
}

impl Ask {
    fn start(self) -> u64 {
        match self {
            Self::Rows { offset, .. } => offset,
            Self::Page { start, .. } => start,
        }
    }
}

/// What an answer shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown<'a> {
    /// The ids of its rows in order, as far as they can be read.
    pub(crate) ids: &'a [Option<i64>],
    /// Whether the vendor says that more follow.
    pub(crate) more: Option<bool>,
    /// How many rows the vendor counts.
    pub(crate) total: Option<u64>,
    /// Rows of a page, as the vendor says.
    pub(crate) size: Option<u64>,
    /// For every row whether it counts as one; all do where nothing stands.
    pub(crate) told: &'a [bool],
}

impl Shown<'_> {
    /// How many rows from here on hold so many that count.
    fn taking(&self, from: usize, size: usize) -> usize {
        let rest = from..self.ids.len();
        let mut left = size;
        let is_enough = |at: &usize| {
            left -= usize::from(self.told.get(*at).copied().unwrap_or(true));
            left == 0
        };
        rest.clone().find(is_enough).map_or(rest.len(), |at| at + 1 - from)
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The rows that are new.
    pub(crate) fresh: Range<usize>,
    /// The walk after them; `None` at the end.
    pub(crate) next: Option<Walk>,
}

impl Walk {
    /// What to ask for, to get at most `size` new rows.
    pub(crate) fn ask(&self, size: u32, most: u32) -> Ask {
        let (size, most) = (u64::from(size.max(1)), u64::from(most.max(1)));
        if let Some((offset, _)) = self.seek {
            return Ask::Rows { offset, limit: REACH };
        }
        if self.beyond {
            return Ask::Rows { offset: self.place, limit: size };
        }
        let held = (self.anchors.len() as u64).min(self.place).min(most - 1);
        Ask::Rows { offset: self.place - held, limit: (size + held).min(most) }
    }

    /// The same of a list with page numbers.
    pub(crate) fn ask_page(&self) -> Ask {
        let Some(size) = self.size else { return Ask::Page { number: 1, start: 0 } };
        let row = match self.seek {
            Some((row, _)) => row,
            None if self.beyond => self.place.next_multiple_of(size),
            None => self.place,
        };
        Ask::Page { number: row / size + 1, start: row / size * size }
    }

    /// Digests the answer.
    ///
    /// # Errors
    /// When the list cannot be followed: rows may be missing, and nobody can tell which.
    pub(crate) fn step(&self, ask: Ask, shown: &Shown<'_>, size: u32) -> Result<Step> {
        let ids = shown.ids;
        let start = ask.start();
        let mut walk = Self { sent: self.sent + 1, seek: None, beyond: false, ..self.clone() };
        if walk.sent > MOST_SENT {
            return Err(lost("the list does not end"));
        }
        let fell = shown.total.zip(self.total).is_some_and(|(now, (before, _))| now < before);
        if let Some(now) = shown.total {
            walk.total = Some((now, self.total.map_or(now, |(_, least)| least.min(now))));
        }
        if let Ask::Page { .. } = ask {
            walk.size = walk.size.or(shown.size).or(Some(ids.len() as u64)).filter(|size| *size > 0);
        }
        if ids.is_empty() && self.place == 0 {
            return Ok(Step { fresh: 0..0, next: walk.end()? });
        }
        let Some(from) = self.first_new(ask, ids, fell) else {
            return match self.is_behind_the_end(ask, ids) {
                true => walk.end(),
                false => walk.back(start, self.seek.map_or(0, |(_, seeks)| seeks)),
            }
            .map(|next| Step { fresh: 0..0, next });
        };
        let taken = shown.taking(from, size.max(1) as usize);
        let until = from + taken;
        if start == 0 && from == 0 {
            walk.head = ids.first().copied().flatten();
        }
        walk.place = match (ask, walk.size) {
            // Pages of the vendor's own size may have a row more or less: only their numbers count.
            (Ask::Page { .. }, Some(size)) if until == ids.len() => start + size,
            (Ask::Page { .. }, Some(size)) => start + (until as u64).min(size - 1),
            _ => start + until as u64,
        };
        walk.counted += taken as u64;
        let last = ids[..until].iter().rev().flatten().copied();
        walk.anchors = last.chain(self.anchors.iter().copied()).take(ANCHORS).collect();
        walk.anchors.dedup();
        let is_full = match ask {
            Ask::Rows { limit, .. } => ids.len() as u64 == limit,
            Ask::Page { .. } => walk.size.is_none_or(|size| ids.len() as u64 >= size),
        };
        let next = if until < ids.len() {
            Some(walk)
        } else if shown.more == Some(false) {
            walk.end()?
        } else if taken > 0 {
            // Where nothing is said of more, a page that is not full may have been cut short.
            Some(Self { beyond: shown.more.is_none() && !is_full, ..walk })
        } else if !self.beyond {
            // The vendor says that more follow, and shows none: what stands behind the last row?
            Some(Self { beyond: true, ..walk })
        } else if ids.first().copied().flatten() == self.head && start > 0 && !is_whole(ask, shown) {
            return Err(lost("the same page comes whatever is asked for"));
        } else {
            // Nothing does, or its last rows come again.
            walk.end()?
        };
        Ok(Step { fresh: from..until, next })
    }

    /// The first row of a page that was not read before; `None` when the page does not tell.
    fn first_new(&self, ask: Ask, ids: &[Option<i64>], fell: bool) -> Option<usize> {
        if self.place == 0 {
            return Some(0);
        }
        let is_known = |id: i64| self.anchors.contains(&id);
        // The first of them that is there, and those that still follow it: one that stands further on has moved, and what is
        // between was not read.
        if let Some(first) = ids.iter().position(|id| id.is_some_and(is_known)) {
            let run = ids[first..].iter().take_while(|id| id.is_none_or(is_known)).count();
            let last = ids[first..first + run].iter().rposition(Option::is_some).unwrap_or_default();
            return Some(first + last + 1);
        }
        let is_next = match ask {
            // The last row stood where it should a moment ago.
            Ask::Rows { .. } => self.beyond,
            Ask::Page { start, .. } => self.seek.is_none() && start >= self.place && !fell,
        };
        // Rows without an id leave nothing to hold on to.
        ((is_next || self.anchors.is_empty()) && !ids.is_empty()).then_some(0)
    }

    /// Whether an empty answer is the end.
    fn is_behind_the_end(&self, ask: Ask, ids: &[Option<i64>]) -> bool {
        let is_next = match ask {
            Ask::Rows { .. } => self.beyond,
            Ask::Page { start, .. } => start >= self.place,
        };
        ids.is_empty() && is_next && self.seek.is_none()
    }

    /// The walk looks for its last rows further towards the beginning, or begins again.
    fn back(self, start: u64, seeks: u32) -> Result<Option<Self>> {
        if start > 0 && seeks < MOST_SEEKS {
            let reach = self.size.unwrap_or(REACH - ANCHORS as u64);
            return Ok(Some(Self { seek: Some((start.saturating_sub(reach), seeks + 1)), ..self }));
        }
        if self.starts >= MOST_STARTS {
            return Err(lost("the list comes in another order every time"));
        }
        Ok(Some(Self { starts: self.starts + 1, sent: self.sent, size: self.size, ..Self::default() }))
    }

    /// The end, unless the vendor counts more.
    fn end(self) -> Result<Option<Self>> {
        match self.total {
            Some((_, least)) if self.counted < least => {
                Err(lost("the vendor counts more rows than it shows"))
            }
            _ => Ok(None),
        }
    }
}

/// Whether a page that comes whatever is asked for is all there is: nothing is said of pages, and it is not as long as was asked
/// for.
fn is_whole(ask: Ask, shown: &Shown<'_>) -> bool {
    let is_cut = matches!(ask, Ask::Rows { limit, .. } if shown.ids.len() as u64 == limit);
    shown.more.is_none() && !is_cut
}

/// A list that cannot be read to its end now.
pub(crate) fn lost(what: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, what).with_retry(Retry::Backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a list answers.
    #[derive(Clone, Copy)]
    struct Habits {
        /// `has_more` is always true.
        boasts: bool,
        /// It is not told at all.
        silent: bool,
        /// The last rows come again behind the end.
        repeats: bool,
        /// Rows a page at most, whatever is asked for.
        cap: usize,
    }

    const USUAL: Habits = Habits { boasts: false, silent: false, repeats: false, cap: 1000 };

    fn page(rows: &[i64], offset: u64, limit: u64, habits: Habits) -> (Vec<Option<i64>>, Option<bool>) {
        let limit = usize::try_from(limit).unwrap().min(habits.cap);
        let offset = usize::try_from(offset).unwrap();
        let mut page: Vec<i64> = rows.iter().skip(offset).take(limit).copied().collect();
        if page.is_empty() && habits.repeats {
            page = rows[rows.len().saturating_sub(limit)..].to_vec();
        }
        let more = habits.boasts || offset + page.len() < rows.len();
        (page.into_iter().map(Some).collect(), (!habits.silent).then_some(more))
    }

    fn walked(
        rows: &mut Vec<i64>,
        size: u32,
        habits: Habits,
        mut between: impl FnMut(u64, &mut Vec<i64>),
    ) -> Result<Vec<i64>> {
        let (mut seen, mut walk) = (Vec::new(), Walk::default());
        loop {
            let ask = walk.ask(size, 100);
            let Ask::Rows { offset, limit } = ask else { panic!("no page numbers here") };
            let (ids, more) = page(rows, offset, limit, habits);
            let shown = Shown { ids: &ids, more, ..Shown::default() };
            let step = walk.step(ask, &shown, size)?;
            assert!(step.fresh.len() <= size as usize);
            seen.extend(ids[step.fresh].iter().flatten());
            match step.next {
                Some(next) => walk = next,
                None => return Ok(seen),
            }
            assert!(walk.sent < 2000, "the walk does not end");
            between(walk.sent, rows);
        }
    }

    fn orders(count: i64) -> [Vec<i64>; 3] {
        let falling: Vec<i64> = (1..=count).rev().collect();
        let rising: Vec<i64> = (1..=count).collect();
        let mixed = (0..count).map(|at| (at * 37) % count.max(1) + 1).collect();
        [falling, rising, mixed]
    }

    #[test]
    fn every_row_comes_once_in_any_order_and_by_any_habit() {
        for count in [0, 1, 2, 9, 10, 11, 95, 130] {
            for rows in orders(count) {
                for habits in [
                    USUAL,
                    Habits { boasts: true, ..USUAL },
                    Habits { boasts: true, repeats: true, ..USUAL },
                    Habits { cap: 20, ..USUAL },
                    Habits { silent: true, ..USUAL },
                    Habits { silent: true, cap: 20, ..USUAL },
                ] {
                    for size in [1, 2, 17, 100] {
                        // A first page that is full, and is all there is, cannot be told from a list that minds no offset.
                        if habits.repeats && i64::from(size) >= count {
                            continue;
                        }
                        let seen = walked(&mut rows.clone(), size, habits, |_, _| {}).unwrap();
                        assert_eq!(seen, rows, "{count} by {size}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_that_vanish_hide_no_others() {
        for (gone, after) in [(1, 1), (3, 2), (25, 3), (60, 7)] {
            for rows in orders(95) {
                for boasts in [false, true] {
                    let mut left = rows.clone();
                    let habits = Habits { boasts, ..USUAL };
                    let seen = walked(&mut left, 10, habits, |sent, rows| {
                        if sent == after {
                            rows.drain(..gone);
                        }
                    })
                    .unwrap();
                    assert!(left.iter().all(|row| seen.contains(row)), "{gone} after {after}: {seen:?}");
                }
            }
        }
    }

    #[test]
    fn rows_that_come_before_the_place_hide_no_others_and_make_none_come_twice() {
        let rows: Vec<i64> = (1..=95).rev().collect();
        let mut grown = rows.clone();
        let seen = walked(&mut grown, 10, USUAL, |sent, rows| {
            if sent < 6 {
                rows.splice(0..0, [1000 + sent as i64, 2000 + sent as i64, 3000 + sent as i64]);
            }
        })
        .unwrap();
        assert_eq!(seen, rows);
        // So many that the last rows are out of sight: it begins again.
        let mut grown = rows.clone();
        let seen = walked(&mut grown, 10, USUAL, |sent, rows| {
            if sent == 4 {
                rows.splice(0..0, 1000..1300);
            }
        })
        .unwrap();
        assert!(grown.iter().all(|row| seen.contains(row)));
    }

    #[test]
    fn rows_that_move_to_the_end_hide_no_others() {
        for (size, every) in [(10, 1), (10, 3), (30, 1), (3, 2)] {
            let mut rows: Vec<i64> = (1..=95).collect();
            let mut moved = 0;
            let seen = walked(&mut rows, size, USUAL, |sent, rows| {
                // The row that was read last.
                let place = usize::try_from(sent * u64::from(size)).unwrap();
                if sent % every == 0 && place < 95 {
                    let row = rows.remove(place - 1 - moved);
                    rows.push(row);
                    moved += 1;
                }
            })
            .unwrap();
            assert!((1..=95).all(|row| seen.contains(&row)), "{size} {every}: {seen:?}");
        }
    }

    #[test]
    fn a_list_that_minds_no_offset_or_has_no_order_is_told() {
        let ids: Vec<Option<i64>> = (1..=10).map(Some).collect();
        let (mut walk, mut told) = (Walk::default(), None);
        for _ in 0..20 {
            let shown = Shown { ids: &ids, more: Some(true), ..Shown::default() };
            match walk.step(walk.ask(10, 100), &shown, 10) {
                Ok(step) => walk = step.next.unwrap(),
                Err(error) => {
                    told = Some(error);
                    break;
                }
            }
        }
        assert_eq!(told.unwrap().retry(), Retry::Backoff);
        let mut turn = 0;
        let mut rows: Vec<i64> = (0..95).collect();
        let shuffled = walked(&mut rows, 10, USUAL, |_, rows| {
            turn += 1;
            *rows = (turn * 1000..turn * 1000 + 95).collect();
        });
        assert_eq!(shuffled.unwrap_err().kind(), ErrorKind::Unexpected);
    }

    #[test]
    fn all_rows_at_once_are_all_rows() {
        let ids: Vec<Option<i64>> = (1..=250).map(Some).collect();
        let (mut walk, mut seen) = (Some(Walk::default()), Vec::new());
        while let Some(now) = walk {
            let shown = Shown { ids: &ids, ..Shown::default() };
            let step = now.step(now.ask(100, 100), &shown, 100).unwrap();
            seen.extend_from_slice(&ids[step.fresh]);
            walk = step.next;
        }
        assert_eq!(seen, ids);
    }

    fn by_page(
        rows: &mut Vec<i64>,
        pages: u64,
        size: u32,
        mut between: impl FnMut(u64, &mut Vec<i64>),
    ) -> Result<Vec<i64>> {
        let (mut seen, mut walk) = (Vec::new(), Walk::default());
        loop {
            let ask = walk.ask_page();
            let Ask::Page { start, .. } = ask else { panic!("no offsets here") };
            let (ids, _) = page(rows, start, pages, USUAL);
            let total = rows.len() as u64;
            let shown = Shown {
                ids: &ids,
                more: Some(start + pages < total),
                total: Some(total),
                ..Shown::default()
            };
            let step = walk.step(ask, &shown, size)?;
            seen.extend(ids[step.fresh].iter().flatten());
            match step.next {
                Some(next) => walk = next,
                None => return Ok(seen),
            }
            assert!(walk.sent < 2000, "the walk does not end");
            between(walk.sent, rows);
        }
    }

    #[test]
    fn pages_by_number_are_read_whole_while_the_newest_come_first() {
        for count in [0, 1, 19, 20, 21, 40, 95] {
            let rows: Vec<i64> = (1..=count).rev().collect();
            for size in [1, 7, 20, 100] {
                assert_eq!(
                    by_page(&mut rows.clone(), 20, size, |_, _| {}).unwrap(),
                    rows,
                    "{count} by {size}"
                );
            }
        }
        for (gone, after) in [(1, 1), (5, 2), (30, 3)] {
            let mut rows: Vec<i64> = (1..=95).rev().collect();
            let seen = by_page(&mut rows, 20, 20, |sent, rows| {
                if sent == after {
                    rows.drain(..gone);
                } else {
                    rows.insert(0, 1000 + sent as i64);
                }
            })
            .unwrap();
            let old = rows.iter().filter(|row| **row < 1000);
            assert!(old.clone().all(|row| seen.contains(row)), "{gone} after {after}: {seen:?}");
        }
    }

    #[test]
    fn fewer_rows_than_the_vendor_counts_are_no_whole_list() {
        let ids = [Some(3), Some(2)];
        let shown = Shown { ids: &ids, more: Some(false), total: Some(5), ..Shown::default() };
        assert!(Walk::default().step(Ask::Page { number: 1, start: 0 }, &shown, 10).is_err());
    }
}

//! Walking a list to its proven end.
//!
//! Haravan's lists have page numbers and `since_id`, and promise no order (`order` may be ignored too, and the time of an
//! order does not rise with its id). So a walk that takes the largest id of a page as the place that was reached loses
//! whatever stands further down with a smaller one. This one relies on one thing only: that rows which nobody changes
//! keep their order. It counts the rows behind it, and every page begins at or before the last row that was read. If that
//! row stands where it should, nothing before it vanished or came; if not, it is looked for, page by page towards the
//! beginning; and if it is gone, the walk begins again. Rows may come twice then, and none is missed. The list is over when
//! nothing follows the last row and the page beyond it is empty.

use pos_core::{Error, ErrorKind, Result, Retry};
use serde::{Deserialize, Serialize};

use crate::profile::MAX_PAGE;

/// How many of the last rows are held on to.
const ANCHORS: usize = 4;
/// How far before the place they may stand.
const REACH: u64 = 8;
/// How often the walk begins again.
const MOST_STARTS: u32 = 3;
/// How many answers in a row may bring nothing new.
const MOST_BARREN: u32 = 12;

/// How far a walk has come. It is what a cursor holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// Rows behind.
    #[serde(rename = "p", default)]
    place: u64,
    /// The last of them that have an id: the id, and how many rows before the place it stood (1 is the last), nearest first.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    anchors: Vec<(i64, u64)>,
    /// The row at which they are looked for, after they were not where they should be.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    seek: Option<u64>,
    /// The next page must be empty.
    #[serde(rename = "z", default, skip_serializing_if = "std::ops::Not::not")]
    beyond: bool,
    /// Requests so far.
    #[serde(rename = "n", default)]
    pub(crate) sent: u64,
    /// Rows that were new since the walk last began.
    #[serde(rename = "c", default)]
    pub(crate) counted: u64,
    /// Answers in a row that brought nothing new.
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    barren: u32,
    /// How often it began again.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    starts: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Page number, from 1.
    pub(crate) page: u32,
    /// Rows a page.
    pub(crate) limit: u32,
}

impl Ask {
    fn of(row: u64, limit: u64) -> Self {
        let page = u32::try_from(row / limit + 1).unwrap_or(u32::MAX);
        Self { page, limit: u32::try_from(limit).unwrap_or(MAX_PAGE) }
    }

    /// The first row of the page.
    fn from(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The rows that are new.
    pub(crate) fresh: std::ops::Range<usize>,
    /// The walk after them; `None` at the end.
    pub(crate) next: Option<Walk>,
}

impl Walk {
    /// The page to ask for, with at most `size` new rows.
    pub(crate) fn ask(&self, size: u32) -> Ask {
        let (size, largest) = (u64::from(size.max(1)), u64::from(MAX_PAGE));
        if let Some(row) = self.seek {
            return Ask::of(row / largest * largest, largest);
        }
        if self.beyond {
            return Ask::of(self.place.next_multiple_of(largest), largest);
        }
        if self.place == 0 {
            return Ask::of(0, size.min(largest));
        }
        // Of all pages that hold the last row, the one with most after it.
        let gain = |row: u64, limit: u64| (row / limit * limit + limit).saturating_sub(self.place).min(size);
        let best =
            |row: u64| (1..=largest).max_by_key(|limit| (gain(row, *limit), std::cmp::Reverse(*limit)));
        let held = self.anchors.first().map_or(self.place, |(_, before)| self.place.saturating_sub(*before));
        let row =
            [held, self.place].into_iter().find(|row| best(*row).is_some_and(|limit| gain(*row, limit) > 0));
        let row = row.unwrap_or(self.place);
        let limit = best(row).unwrap_or(largest);
        Ask::of(row / limit * limit, limit)
    }

    /// Digests the answer: the ids of its rows in order, as far as they can be read.
    ///
    /// # Errors
    /// When the list cannot be followed: rows may be missing, and nobody can tell which.
    pub(crate) fn step(&self, ask: Ask, ids: &[Option<i64>], size: u32) -> Result<Step> {
        let rows = ids.len() as u64;
        let mut walk = Self { sent: self.sent + 1, seek: None, beyond: false, ..self.clone() };
        if ids.is_empty() && (self.beyond || ask.page == 1) {
            return Ok(step_end());
        }
        // Anchors that stood behind the last one that is there are gone; rows without an id behind it were read with it.
        let found = (0..ids.len()).rev().find_map(|at| {
            let (_, before) = self.anchors.iter().find(|(id, _)| ids[at] == Some(*id))?;
            let most = usize::try_from(before.saturating_sub(1)).unwrap_or_default();
            let nameless = ids[at + 1..].iter().take(most).take_while(|id| id.is_none());
            Some(at as u64 + 1 + nameless.count() as u64)
        });
        let start = match found {
            Some(start) => start,
            None if self.anchors.is_empty() => self.place.saturating_sub(ask.from()).min(rows),
            // Something follows what seemed to be the end: it is read with the last row before it, or never.
            None if self.beyond => return walk.nothing_new(),
            None if ask.from() > 0 => {
                walk.seek = Some(ask.from() - 1);
                // Looking towards the beginning ends by itself.
                let is_first = self.seek.is_none();
                return if is_first {
                    walk.nothing_new()
                } else {
                    Ok(Step { fresh: 0..0, next: Some(walk) })
                };
            }
            None => {
                walk = walk.again()?;
                0
            }
        };
        if start >= rows {
            walk.place = ask.from() + start;
            return match (self.beyond, rows >= u64::from(ask.limit)) {
                // The last page again.
                (true, _) => Ok(step_end()),
                (false, true) => walk.nothing_new(),
                (false, false) => {
                    walk.beyond = true;
                    walk.nothing_new()
                }
            };
        }
        let from = usize::try_from(start).unwrap_or(ids.len());
        let to = ids.len().min(from.saturating_add(size.max(1) as usize));
        walk.place = ask.from() + to as u64;
        let anchors: Vec<(i64, u64)> = (0..to)
            .rev()
            .map(|at| (ids[at], (to - at) as u64))
            .take_while(|(_, before)| *before <= REACH)
            .filter_map(|(id, before)| Some((id?, before)))
            .take(ANCHORS)
            .collect();
        walk.anchors = anchors;
        walk.counted += (to - from) as u64;
        walk.barren = 0;
        // A short page is the last one as a rule.
        walk.beyond = to == ids.len() && rows < u64::from(ask.limit);
        Ok(Step { fresh: from..to, next: Some(walk) })
    }

    /// The walk from the beginning.
    ///
    /// # Errors
    /// When it began too often.
    pub(crate) fn again(self) -> Result<Self> {
        if self.starts >= MOST_STARTS {
            return Err(lost(
                "the list does not hold still: rows may be missing, so it is not taken for read",
            ));
        }
        Ok(Self { sent: self.sent, starts: self.starts + 1, ..Self::default() })
    }

    fn nothing_new(mut self) -> Result<Step> {
        self.barren += 1;
        if self.barren > MOST_BARREN {
            return Err(lost("the pages of the list do not follow each other: rows may be missing"));
        }
        Ok(Step { fresh: 0..0, next: Some(self) })
    }

    /// Whether it can be a walk of ours: lists are shorter than this.
    pub(crate) fn is_sound(&self) -> bool {
        let most = 1 << 40;
        self.place < most && self.seek.is_none_or(|row| row < most) && self.counted < most
    }

    /// Whether it is the first request.
    pub(crate) fn is_new(&self) -> bool {
        self.sent == 0
    }
}

fn step_end() -> Step {
    Step { fresh: 0..0, next: None }
}

/// A list that cannot be read to its end now.
pub(crate) fn lost(what: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, what).with_retry(Retry::Backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a list behaves.
    #[derive(Clone, Copy, Default)]
    struct Habit {
        repeat: bool,
        no_pages: bool,
        fixed_limit: Option<usize>,
    }

    fn page(rows: &[i64], ask: Ask, habit: Habit) -> Vec<Option<i64>> {
        let limit = habit.fixed_limit.unwrap_or(ask.limit as usize);
        let from = if habit.no_pages { 0 } else { (ask.page as usize - 1) * limit };
        let mut page: Vec<i64> = rows.iter().skip(from).take(limit).copied().collect();
        if page.is_empty() && habit.repeat {
            page = rows[rows.len().saturating_sub(limit)..].to_vec();
        }
        page.into_iter().map(Some).collect()
    }

    fn read(
        rows: &mut Vec<i64>,
        size: u32,
        habit: Habit,
        mut between: impl FnMut(u64, &mut Vec<i64>),
    ) -> Result<Vec<i64>> {
        let mut seen = Vec::new();
        let mut walk = Walk::default();
        loop {
            assert!(walk.sent < 5000, "the walk does not end");
            let ask = walk.ask(size);
            assert!(ask.limit <= MAX_PAGE && ask.limit > 0);
            let ids = page(rows, ask, habit);
            let step = walk.step(ask, &ids, size)?;
            assert!(step.fresh.len() <= size as usize);
            seen.extend(ids[step.fresh].iter().flatten().copied());
            match step.next {
                Some(next) => walk = next,
                None => return Ok(seen),
            }
            between(walk.sent, rows);
        }
    }

    /// Some order that rises with nothing.
    fn shuffled(count: i64) -> Vec<i64> {
        let mut rows: Vec<i64> = (1..=count).collect();
        rows.sort_by_key(|id| (id * 7919) % 1009);
        rows
    }

    #[test]
    fn every_row_comes_once_whatever_the_order_and_the_size() {
        for count in [0, 1, 2, 9, 10, 11, 49, 50, 51, 99, 100, 101, 533] {
            for size in [1, 2, 10, 17, 23, 49, 50] {
                for repeat in [false, true] {
                    let mut rows = shuffled(count);
                    let habit = Habit { repeat, ..Habit::default() };
                    let seen = read(&mut rows, size, habit, |_, _| {}).unwrap();
                    assert_eq!(seen, rows, "{count} rows by {size}, repeat {repeat}");
                }
            }
        }
    }

    #[test]
    fn rows_that_vanish_hide_no_others() {
        for (deleted, after, size) in
            [(1, 1, 10), (3, 2, 10), (25, 3, 10), (1, 1, 50), (40, 1, 50), (60, 4, 50)]
        {
            let all = shuffled(300);
            let mut rows = all.clone();
            let seen = read(&mut rows, size, Habit::default(), |sent, rows| {
                if sent == after {
                    rows.drain(..deleted);
                }
            })
            .unwrap();
            assert!(rows.iter().all(|id| seen.contains(id)), "{deleted} after {after}");
            let mut once = seen.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{deleted} after {after}: some came twice");
        }
        // Also the very row that was held on to, every time, and all that there were.
        let mut rows = shuffled(300);
        let seen = read(&mut rows, 50, Habit::default(), |sent, rows| {
            if sent < 4 {
                rows.drain(20..60);
            }
        })
        .unwrap();
        assert!(rows.iter().all(|id| seen.contains(id)));
        let mut rows = shuffled(120);
        read(&mut rows, 50, Habit::default(), |_, rows| rows.clear()).unwrap();
    }

    #[test]
    fn rows_that_come_or_move_hide_no_others() {
        let all = shuffled(300);
        let mut rows = all.clone();
        let mut touched = Vec::new();
        let seen = read(&mut rows, 10, Habit::default(), |sent, rows| {
            if sent < 20 {
                touched.extend([rows.remove(200), rows.remove(3)]);
                rows.insert(0, 1000 + sent as i64);
                rows.insert(0, touched[touched.len() - 2]);
            }
        })
        .unwrap();
        // What changed is read by the next catch-up.
        let missing = all.iter().filter(|id| !seen.contains(id) && !touched.contains(id)).count();
        assert_eq!(missing, 0);
    }

    #[test]
    fn a_list_that_cannot_be_followed_is_no_list_that_was_read() {
        for habit in [
            Habit { no_pages: true, ..Habit::default() },
            Habit { fixed_limit: Some(50), ..Habit::default() },
            Habit { fixed_limit: Some(20), ..Habit::default() },
        ] {
            let outcome = read(&mut shuffled(333), 50, habit, |_, _| {});
            let error = outcome.unwrap_err();
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, Retry::Backoff));
        }
    }

    #[test]
    fn rows_without_an_id_cost_nothing() {
        let ids = |from: usize, to: usize| -> Vec<Option<i64>> {
            (from..to.min(130))
                .map(|at| (at % 9 != 8 && !(60..90).contains(&at)).then_some(at as i64))
                .collect()
        };
        let (mut walk, mut seen) = (Walk::default(), 0);
        loop {
            let ask = walk.ask(50);
            let page = ids(ask.from() as usize, ask.from() as usize + ask.limit as usize);
            let step = walk.step(ask, &page, 50).unwrap();
            seen += step.fresh.len();
            match step.next {
                Some(next) => walk = next,
                None => break,
            }
        }
        assert_eq!(seen, 130);
    }
}

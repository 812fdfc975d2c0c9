//! Walking a list to its proven end.
//!
//! A short page is not the last one: what the key may not read is left out of a page after it was cut. So a list is over when
//! the vendor's count says so, or, where a cache took the count away, with an empty page.
//!
//! **By id**, ascending: every page begins one row before the place that was reached. If it shows a row that was read before,
//! nothing slid past the place; if not, rows vanished (or the row is one that is not shown), and the walk steps back until it
//! sees one. A place that was checked so is not checked again.
//!
//! **By time of change**: rows move to the end while they are read. So every page is the first one of a window that begins with
//! the second at which the page before ended; only where a whole page is of one second, the next page of the window is
//! taken.

use pos_core::{Error, ErrorKind, Result, Retry};
use serde::{Deserialize, Serialize};

/// How far a walk by id has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ById {
    /// Rows of the vendor's before the page.
    #[serde(rename = "o", default)]
    pub(crate) offset: u64,
    /// The largest id so far.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    last: Option<i64>,
    /// Up to here it was made sure that nothing slid past.
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    proven: u64,
    /// A row that was read before is looked for.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    seeks: bool,
    /// Requests so far.
    #[serde(rename = "n", default)]
    sent: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a page means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step<W> {
    /// For every row: whether it is new.
    pub(crate) fresh: Vec<bool>,
    /// The walk after it; `None` at the end.
    pub(crate) next: Option<W>,
}

impl ById {
    /// Digests the answer to a request for `size` rows.
    ///
    /// # Errors
    /// When the list does not come by ascending id, or has no end.
    pub(crate) fn step(&self, ids: &[Option<i64>], size: u64, total: Option<u64>) -> Result<Step<Self>> {
        let known: Vec<i64> = ids.iter().flatten().copied().collect();
        if known.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(lost("the list does not come by id: a plugin may sort it"));
        }
        let mut walk = Self { sent: self.sent + 1, ..*self };
        if total.is_some_and(|total| walk.sent > 1000 + 8 * total.max(walk.offset) / size.max(1)) {
            return Err(lost("the list goes on far beyond what the vendor counts"));
        }
        let is_seen = known.first().zip(self.last).is_some_and(|(first, last)| *first <= last);
        let is_sure =
            self.offset == 0 || is_seen || self.last.is_none() || (!self.seeks && self.offset <= self.proven);
        if !is_sure {
            walk.proven = walk.proven.max(self.offset);
            walk.seeks = true;
            let from =
                if known.is_empty() { total.unwrap_or(self.offset).min(self.offset) } else { self.offset };
            walk.offset = from.saturating_sub(size.max(1)).min(self.offset - 1);
            return Ok(Step { fresh: vec![false; ids.len()], next: Some(walk) });
        }
        let fresh = ids.iter().map(|id| id.zip(self.last).is_none_or(|(id, last)| id > last)).collect();
        walk.last = known.last().copied().max(self.last);
        walk.seeks = false;
        walk.offset += (size - 1).max(1);
        let goes_on = match total {
            Some(total) => self.offset + size < total || is_beyond(self.offset, ids.len(), total),
            None => !ids.is_empty() || self.seeks,
        };
        Ok(Step { fresh, next: goes_on.then_some(walk) })
    }
}

/// How far a walk by time of change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ByTime {
    /// Only rows that changed after this second are asked for.
    #[serde(rename = "a")]
    pub(crate) after: i64,
    /// The page of these, from 1.
    #[serde(rename = "p")]
    pub(crate) page: u32,
}

impl ByTime {
    /// From this second on, itself included.
    pub(crate) fn from(second: i64) -> Self {
        Self { after: second.saturating_sub(1), page: 1 }
    }

    /// Digests the answer to a request for `size` rows, by the seconds at which its rows changed. `None` when they are not in
    /// the order of their change, or older than what was asked for: an old shop minds neither.
    pub(crate) fn step(&self, changed: &[Option<i64>], size: u64, total: Option<u64>) -> Option<Step<Self>> {
        let known: Vec<i64> = changed.iter().flatten().copied().collect();
        let is_in_order = known.windows(2).all(|pair| pair[0] <= pair[1]);
        if !is_in_order || known.first().is_some_and(|first| *first <= self.after) {
            return None;
        }
        let fresh = vec![true; changed.len()];
        let before = u64::from(self.page.saturating_sub(1)) * size;
        let goes_on = match total {
            Some(total) => before + size < total || is_beyond(before, changed.len(), total),
            None => !changed.is_empty(),
        };
        let next = match known.last() {
            _ if !goes_on => None,
            Some(last) if *last > self.after + 1 => Some(Self::from(*last)),
            _ => Some(Self { page: self.page + 1, ..*self }),
        };
        Some(Step { fresh, next })
    }
}

/// Whether a page goes beyond the vendor's count: then a cache keeps an old one, and it is not believed.
fn is_beyond(before: u64, rows: usize, total: u64) -> bool {
    rows > 0 && before + rows as u64 > total
}

/// A list that cannot be read to its end now.
pub(crate) fn lost(what: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, what).with_retry(Retry::Backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows with an id and the second of their change; negative ids are not shown.
    type Shop = Vec<(i64, i64)>;

    fn shown(rows: &[(i64, i64)], from: u64, size: u64) -> Vec<(i64, i64)> {
        let page = rows.iter().skip(from as usize).take(size as usize);
        page.copied().filter(|(id, _)| *id > 0).collect()
    }

    fn by_id(rows: &mut Shop, size: u64, counted: bool, mut between: impl FnMut(u64, &mut Shop)) -> Vec<i64> {
        let (mut seen, mut walk) = (Vec::new(), ById::default());
        loop {
            let page = shown(rows, walk.offset, size);
            let ids: Vec<Option<i64>> = page.iter().map(|(id, _)| Some(*id)).collect();
            let step = walk.step(&ids, size, counted.then_some(rows.len() as u64)).unwrap();
            seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(row, _)| row.0));
            match step.next {
                Some(next) => walk = next,
                None => return seen,
            }
            assert!(walk.sent < 2000, "the walk does not end");
            between(walk.sent, rows);
        }
    }

    #[test]
    fn every_row_comes_once_with_and_without_a_count_and_behind_rows_that_are_not_shown() {
        for count in [0, 1, 2, 9, 10, 11, 19, 20, 95] {
            for hidden in [&[][..], &[9][..], &[10, 11][..], &[8, 9, 10, 18, 19, 20, 94][..]] {
                let mut rows: Shop =
                    (1..=count).map(|id| (if hidden.contains(&id) { -id } else { id }, 0)).collect();
                let all: Vec<i64> = rows.iter().map(|row| row.0).filter(|id| *id > 0).collect();
                for (size, counted) in [(10, true), (10, false), (1, true), (3, true)] {
                    assert_eq!(
                        by_id(&mut rows, size, counted, |_, _| {}),
                        all,
                        "{count} by {size} {hidden:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn rows_that_vanish_hide_no_others() {
        for (gone, after) in [(1, 1), (5, 2), (25, 3), (60, 7), (70, 7)] {
            for counted in [true, false] {
                let mut rows: Shop = (1..=95).map(|id| (id, 0)).collect();
                let seen = by_id(&mut rows, 10, counted, |sent, rows| {
                    if sent == after {
                        rows.drain(..gone);
                    }
                });
                assert!(rows.iter().all(|row| seen.contains(&row.0)), "{gone} after {after}: {seen:?}");
            }
        }
    }

    #[test]
    fn a_whole_page_that_is_not_shown_ends_nothing_while_the_vendor_counts() {
        let mut rows: Shop = (1..=60).map(|id| (if (11..=40).contains(&id) { -id } else { id }, 0)).collect();
        assert_eq!(by_id(&mut rows, 10, true, |_, _| {}).len(), 30);
    }

    #[test]
    fn a_count_that_a_page_goes_beyond_is_not_believed() {
        let rows: Vec<i64> = (1..=45).collect();
        let (mut seen, mut walk) = (Vec::new(), Some(ById::default()));
        while let Some(place) = walk {
            let page: Vec<i64> = rows.iter().skip(place.offset as usize).take(10).copied().collect();
            let ids: Vec<Option<i64>> = page.iter().copied().map(Some).collect();
            let step = place.step(&ids, 10, Some(3)).unwrap();
            seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(id, _)| *id));
            walk = step.next;
        }
        assert_eq!(seen, rows);
    }

    #[test]
    fn a_list_in_another_order_is_no_list_that_was_read() {
        let ids = [Some(3), Some(1)];
        let error = ById::default().step(&ids, 10, Some(2)).unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, Retry::Backoff));
    }

    fn by_time(
        rows: &mut Shop,
        size: u64,
        counted: bool,
        mut between: impl FnMut(u64, &mut Shop),
    ) -> Vec<i64> {
        let (mut seen, mut walk, mut sent) = (Vec::new(), ByTime::from(0), 0);
        loop {
            rows.sort_by_key(|(id, at)| (*at, *id));
            let found: Shop = rows.iter().copied().filter(|(_, at)| *at > walk.after).collect();
            let page = shown(&found, u64::from(walk.page - 1) * size, size);
            let changed: Vec<Option<i64>> = page.iter().map(|(_, at)| Some(*at)).collect();
            let step = walk.step(&changed, size, counted.then_some(found.len() as u64)).unwrap();
            seen.extend(page.iter().map(|(id, _)| *id).filter(|id| !seen.contains(id)).collect::<Vec<_>>());
            match step.next {
                Some(next) => walk = next,
                None => return seen,
            }
            sent += 1;
            assert!(sent < 500, "the walk does not end");
            between(sent, rows);
        }
    }

    #[test]
    fn rows_that_move_to_the_end_while_they_are_read_hide_no_others() {
        for counted in [true, false] {
            for per_second in [1, 4, 30] {
                let mut rows: Shop = (1..=95).map(|id| (id, id / per_second)).collect();
                let seen = by_time(&mut rows, 10, counted, |_, _| {});
                assert_eq!(seen.len(), 95, "{per_second} a second");
            }
            let mut rows: Shop = (1..=95).map(|id| (id, id)).collect();
            let seen = by_time(&mut rows, 10, counted, |sent, rows| {
                if sent < 6 {
                    rows[usize::try_from(sent).unwrap()].1 = 100 + i64::try_from(sent).unwrap();
                }
            });
            assert_eq!(seen.len(), 95);
        }
    }

    #[test]
    fn a_shop_that_minds_neither_bound_nor_order_is_noticed() {
        assert_eq!(ByTime::from(10).step(&[Some(9)], 10, None), None);
        assert_eq!(ByTime::from(10).step(&[Some(12), Some(11)], 10, None), None);
        assert!(ByTime::from(10).step(&[Some(10), None, Some(10)], 10, Some(3)).unwrap().next.is_none());
    }
}

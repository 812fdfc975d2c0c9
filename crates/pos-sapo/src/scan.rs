//! Where a scan stands. Pure: what one page means for the next request.
//!
//! Sapo documents neither the order of its lists nor that of `since_id`, and ignores silently what it does not know. So a
//! scan starts with `since_id` and believes it only while every page is above the last id and ascending: then rows that
//! come and go hide no others. When a page is not, the scan goes on by page number.

use serde::{Deserialize, Serialize};

/// Where a scan stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scan {
    /// Which of the lists that make up the stream.
    #[serde(rename = "l", default, skip_serializing_if = "is_zero")]
    pub(crate) list: u8,
    /// Largest id seen, while the scan goes by ids.
    #[serde(rename = "i", default)]
    pub(crate) since: i64,
    /// Page number, from 1; 0 while the scan goes by ids.
    #[serde(rename = "p", default)]
    pub(crate) page: u32,
    /// Rows seen in this list.
    #[serde(rename = "n", default)]
    pub(crate) seen: u64,
    /// The list was read once already and is read again, because it has more rows than were seen.
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) again: bool,
    /// First id, last id and length of the page before.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<(i64, i64, usize)>,
    /// Which of the later lists showed their rows in the first list already, as bits.
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    pub(crate) shown: u8,
    /// Whether the list comes by time of change, newest first: 0 may be, 1 certainly, 2 certainly not.
    #[serde(rename = "o", default, skip_serializing_if = "is_zero")]
    pub(crate) order: u8,
    /// Rows in this list when it was begun, once asked.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &u8) -> bool {
    *value == 0
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
}

impl Scan {
    /// The start of a list; by ids, where the vendor knows `since_id`.
    pub(crate) fn start(list: u8, by_id: bool) -> Self {
        Self { list, page: u32::from(!by_id), ..Self::default() }
    }

    /// Whether anything of this list was read before.
    pub(crate) fn is_start(&self) -> bool {
        self.seen == 0 && self.before.is_none() && self.since == 0 && self.page <= 1
    }

    /// Digests one page: the ids of its rows where they can be read, the rows that a page has, and the total where the
    /// page says one. Answers which rows are new, and what comes next.
    pub(crate) fn step(&self, ids: &[Option<i64>], size: u64, total: Option<u64>) -> (Vec<bool>, After) {
        let known: Vec<i64> = ids.iter().copied().flatten().collect();
        let upwards = known.windows(2).all(|pair| pair[0] < pair[1]);
        let here = match (known.first(), known.last()) {
            (Some(first), Some(last)) => Some((*first, *last, ids.len())),
            _ => None,
        };
        let count = ids.len() as u64;
        if self.page == 0 {
            let above = known.first().is_none_or(|first| *first > self.since);
            if upwards && above {
                let since = known.last().copied().unwrap_or(self.since);
                let next = Self { since, seen: self.seen + count, before: here, ..self.clone() };
                let stuck = since == self.since;
                let after = if count < size || stuck { After::End(next) } else { After::More(next) };
                return (vec![true; ids.len()], after);
            }
            // `since_id` means nothing here. The first page came anyhow when this is the same one again.
            let page = if here.is_some() && here == self.before { 2 } else { 1 };
            let seen = if page == 2 { self.seen } else { 0 };
            let next = Self { since: 0, page, seen, ..self.clone() };
            return (vec![false; ids.len()], After::More(next));
        }
        if here.is_some() && here == self.before && self.page > 1 {
            return (vec![false; ids.len()], After::Repeated(self.clone()));
        }
        // Rows that slid onto this page come twice, which is harmless; to guess which ones would risk others.
        let next = Self { page: self.page + 1, seen: self.seen + count, before: here, ..self.clone() };
        let is_last = match total {
            Some(total) => u64::from(self.page).saturating_mul(size.max(1)) >= total,
            None => count < size,
        };
        let after = if is_last || ids.is_empty() { After::End(next) } else { After::More(next) };
        (vec![true; ids.len()], after)
    }

    /// Notes what a page shows of the order: `rows` are ids with times of change. Falling times prove nothing while the ids
    /// fall as well, because that is what a list by time of creation looks like.
    pub(crate) fn note_order(&mut self, rows: &[(i64, time::OffsetDateTime)]) {
        let falling = rows.windows(2).all(|pair| pair[0].1 >= pair[1].1);
        let by_id = rows.windows(2).all(|pair| pair[0].0 > pair[1].0);
        match (self.order, falling) {
            (_, false) => self.order = 2,
            (0, true) if !by_id && rows.len() > 1 => self.order = 1,
            _ => {}
        }
    }

    /// Whether rows may have been missed, given how many the list has at its end: more than were seen, or, since page
    /// numbers lose rows when earlier ones go, another number than at its beginning. A list is read twice at most.
    pub(crate) fn lacks(&self, count: u64) -> bool {
        let moved = self.page > 0 && self.total.is_some_and(|total| total != count);
        !self.again && (moved || count > self.seen)
    }

    /// The same list once more, by page number.
    pub(crate) fn once_more(&self) -> Self {
        Self { again: true, shown: self.shown, total: self.total, ..Self::start(self.list, false) }
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
    }

    /// Reads a list of a vendor with these habits; answers the ids that came out and how often the vendor was asked.
    fn scan(
        rows: &mut Vec<i64>,
        size: usize,
        habits: Habits,
        mut between: impl FnMut(usize, &mut Vec<i64>),
    ) -> Vec<i64> {
        let mut out = Vec::new();
        let mut scan = Scan::start(0, true);
        for request in 1..500 {
            let mut all = rows.clone();
            if habits.newest_first {
                all.reverse();
            }
            if scan.page == 0 && !habits.ignores_since {
                all.retain(|id| *id > scan.since);
            }
            let page = if habits.ignores_page { 1 } else { scan.page.max(1) as usize };
            let ids: Vec<Option<i64>> =
                all.iter().skip((page - 1) * size).take(size).map(|id| Some(*id)).collect();
            if request > 1 && scan.total.is_none() {
                scan.total = Some(rows.len() as u64);
            }
            let (fresh, after) = scan.step(&ids, size as u64, None);
            out.extend(ids.iter().zip(fresh).filter(|(_, fresh)| *fresh).filter_map(|(id, _)| *id));
            between(request, rows);
            scan = match after {
                After::More(next) => next,
                After::End(end) | After::Repeated(end) if end.lacks(rows.len() as u64) => end.once_more(),
                After::End(_) | After::Repeated(_) => return out,
            };
        }
        panic!("the scan does not end");
    }

    #[test]
    fn every_row_comes_whatever_the_vendor_ignores() {
        for newest_first in [false, true] {
            for ignores_since in [false, true] {
                for count in [0, 1, 2, 10, 11, 20, 95] {
                    let mut rows: Vec<i64> = (1..=count).collect();
                    let habits = Habits { newest_first, ignores_since, ignores_page: false };
                    let mut seen = scan(&mut rows, 10, habits, |_, _| {});
                    seen.sort_unstable();
                    assert_eq!(seen, rows, "newest first {newest_first}, ignores since_id {ignores_since}");
                }
            }
        }
    }

    #[test]
    fn pages_of_one_row_are_never_mistaken_for_the_end() {
        for newest_first in [false, true] {
            let mut rows: Vec<i64> = (1..=7).collect();
            let mut seen = scan(&mut rows, 1, Habits { newest_first, ..Habits::default() }, |_, _| {});
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen, rows, "newest first {newest_first}");
        }
    }

    #[test]
    fn rows_deleted_meanwhile_hide_no_others() {
        for newest_first in [false, true] {
            let mut rows: Vec<i64> = (1..=100).collect();
            let mut seen =
                scan(&mut rows, 10, Habits { newest_first, ..Habits::default() }, |request, rows| {
                    if request == 3 {
                        rows.drain(..5);
                        rows.truncate(90);
                    }
                });
            seen.sort_unstable();
            seen.dedup();
            seen.retain(|id| (6..=95).contains(id));
            assert_eq!(seen, (6..=95).collect::<Vec<_>>(), "newest first {newest_first}");
        }
    }

    #[test]
    fn a_vendor_that_ignores_page_numbers_too_ends_the_scan() {
        let mut rows: Vec<i64> = (1..=30).collect();
        let habits = Habits { newest_first: true, ignores_since: true, ignores_page: true };
        let mut seen = scan(&mut rows, 10, habits, |_, _| {});
        seen.dedup();
        assert!(seen.len() < 30, "the caller must see that rows are missing");
    }

    #[test]
    fn a_total_ends_a_list_without_another_request() {
        let scan = Scan { page: 2, ..Scan::default() };
        let (_, after) = scan.step(&[Some(3), Some(4)], 2, Some(4));
        assert!(matches!(after, After::End(_)));
        let (_, after) = scan.step(&[Some(3), Some(4)], 2, Some(5));
        assert!(matches!(after, After::More(_)));
    }
}

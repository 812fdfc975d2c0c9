//! Walking a list of numbered pages to its proven end.
//!
//! Rows vanish, come and move while a list is read, and the vendor knows pages by number alone. So every page is asked for in a
//! size of its own, chosen so that the page begins before the place that was reached: it then shows the row that was read last,
//! and what follows it is new. If it does not show it, the walk steps back until a page does, and begins again where none
//! does. No order is relied on: which members a list can be sorted by is not proven.
//!
//! A full page never ends a list, whatever is counted, and a short page below the count does not either: it is over when a
//! short page reaches the count, or shows the row that was read last and none after it.

use pos_core::{Error, ErrorKind, Result, Retry};
use serde::{Deserialize, Serialize};

use crate::profile::MAX_PAGE;

/// How many rows that were read are remembered: as many as a cursor has room for.
const KEPT: usize = 40;

/// How often a list is begun again.
const RESTARTS: u8 = 3;

/// How far a walk has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// The place that was reached: how many rows stand before it.
    #[serde(rename = "a", default)]
    at: u64,
    /// The last of them, oldest first, as numbers.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty", with = "digits")]
    last: Vec<u64>,
    /// How many rows were new.
    #[serde(rename = "f", default)]
    seen: u64,
    /// Requests so far.
    #[serde(rename = "n", default)]
    sent: u64,
    /// How often it was begun again.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    restarts: u8,
}

fn is_zero(count: &u8) -> bool {
    *count == 0
}

/// Numbers as one text of sixteen digits each, which is shorter than a list of them.
mod digits {
    use std::fmt::Write;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    const EACH: usize = 16;

    pub(super) fn serialize<S: Serializer>(numbers: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(numbers.len() * EACH);
        for number in numbers {
            let _ = write!(text, "{number:016x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = |each: &[u8]| {
            let digits = std::str::from_utf8(each).ok().filter(|digits| digits.len() == EACH)?;
            u64::from_str_radix(digits, 16).ok()
        };
        let numbers: Option<Vec<u64>> = text.as_bytes().chunks(EACH).map(number).collect();
        numbers.ok_or_else(|| D::Error::custom("expected numbers of sixteen digits"))
    }
}

/// A page to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Which page, from 1.
    pub(crate) page: u64,
    /// Rows a page.
    pub(crate) limit: u64,
}

impl Window {
    fn start(self) -> u64 {
        (self.page - 1) * self.limit
    }
}

/// What a page means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// For every row: whether it is new.
    pub(crate) fresh: Vec<bool>,
    /// The walk after it; `None` at the end.
    pub(crate) next: Option<Walk>,
}

/// An id as a number: the same one in every process.
pub(crate) fn number_of(id: &str) -> u64 {
    // FNV-1a.
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    id.bytes().map(|byte| byte.to_ascii_lowercase()).fold(0xcbf2_9ce4_8422_2325, fold)
}

impl Walk {
    /// The page that goes on from here with up to `size` new rows.
    pub(crate) fn window(&self, size: u64) -> Window {
        let Some(known) = self.at.checked_sub(1) else { return Window { page: 1, limit: size.max(1) } };
        let gain = |limit: u64| (known / limit * limit + limit - self.at).min(size.max(1));
        let best = (2..=u64::from(MAX_PAGE)).max_by_key(|limit| (gain(*limit), std::cmp::Reverse(*limit)));
        let limit = best.unwrap_or(2);
        Window { page: known / limit + 1, limit }
    }

    /// Digests the answer to a request for a window: its rows' ids as numbers, how many new rows are wanted, and how many the
    /// vendor counts.
    ///
    /// # Errors
    /// When the list has no end, or shows no row that was there before however often it is begun.
    pub(crate) fn step(
        &self,
        window: Window,
        ids: &[Option<u64>],
        size: u64,
        total: Option<u64>,
    ) -> Result<Step> {
        let mut walk = Self { sent: self.sent + 1, ..self.clone() };
        if walk.sent > 1000 + 8 * total.unwrap_or_default().max(self.seen) / size.max(1) {
            return Err(lost("the list goes on far beyond what the vendor counts"));
        }
        if ids.is_empty() && self.at == 0 {
            return match total {
                None | Some(0) => Ok(Step { fresh: Vec::new(), next: None }),
                Some(_) => Err(lost("the list is said to have rows, and shows none")),
            };
        }
        let is_known = |id: &Option<u64>| id.is_some_and(|id| self.last.contains(&id));
        let first = match ids.iter().rposition(is_known) {
            Some(known) => known + 1,
            None if self.last.is_empty() => 0,
            None => return walk.stepped_back(window, ids.len()),
        };
        let end = ids.len().min(first + usize::try_from(size.max(1)).unwrap_or(usize::MAX));
        walk.at = window.start() + end as u64;
        walk.seen += (end - first) as u64;
        walk.last.extend(ids[first..end].iter().flatten());
        walk.last.drain(..walk.last.len().saturating_sub(KEPT));
        let (is_full, is_repeat) = (ids.len() as u64 >= window.limit, first == end);
        let is_end = match total {
            _ if end < ids.len() || is_full => false,
            Some(total) if total <= walk.at => true,
            _ => is_repeat,
        };
        let fresh = (0..ids.len()).map(|at| (first..end).contains(&at)).collect();
        Ok(Step { fresh, next: (!is_end).then_some(walk) })
    }

    /// Nothing that was read is on this page: rows before it are gone, so that others slid into their place.
    fn stepped_back(mut self, window: Window, rows: usize) -> Result<Step> {
        self.at = window.start();
        if self.at == 0 {
            if self.restarts >= RESTARTS {
                return Err(lost("the list is another one every time it is asked for"));
            }
            self = Self { restarts: self.restarts + 1, sent: self.sent, ..Self::default() };
        }
        Ok(Step { fresh: vec![false; rows], next: Some(self) })
    }
}

/// A list that cannot be read to its end now.
pub(crate) fn lost(what: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, what).with_retry(Retry::Backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rows: &[u64], window: Window) -> Vec<u64> {
        let start = usize::try_from(window.start()).unwrap();
        rows.iter().skip(start).take(usize::try_from(window.limit).unwrap()).copied().collect()
    }

    /// Reads a list that changes between the steps; what the vendor counts is up to `count`.
    fn read(
        rows: &mut Vec<u64>,
        size: u64,
        count: impl Fn(usize) -> Option<u64>,
        mut between: impl FnMut(u64, &mut Vec<u64>),
    ) -> Vec<u64> {
        let (mut seen, mut walk) = (Vec::new(), Walk::default());
        loop {
            let window = walk.window(size);
            assert!(window.limit <= 100, "{window:?}");
            let page = shown(rows, window);
            let ids: Vec<Option<u64>> = page.iter().copied().map(Some).collect();
            let step = walk.step(window, &ids, size, count(rows.len())).unwrap();
            let fresh: Vec<u64> =
                page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(id, _)| *id).collect();
            assert!(fresh.len() as u64 <= size);
            seen.extend(fresh);
            let Some(next) = step.next else { return seen };
            walk = next;
            assert!(walk.sent < 3000, "the walk does not end");
            between(walk.sent, rows);
        }
    }

    #[test]
    fn every_row_comes_once_whatever_the_vendor_counts() {
        for length in [0, 1, 2, 9, 10, 11, 99, 100, 101, 250, 997] {
            for size in [1, 2, 7, 10, 17, 100] {
                let all: Vec<u64> = (1..=length).map(|row| row * 37 % 1009).collect();
                let told: [fn(usize) -> Option<u64>; 4] = [
                    |length| Some(length as u64),
                    |_| None,
                    |length| Some(length as u64 / 2),
                    |length| if length == 0 { Some(0) } else { Some(length as u64 + 3) },
                ];
                for (at, count) in told.into_iter().enumerate() {
                    let seen = read(&mut all.clone(), size, count, |_, _| {});
                    assert_eq!(seen, all, "{length} rows by {size}, counted by {at}");
                }
            }
        }
    }

    #[test]
    fn a_whole_list_takes_hardly_more_pages_than_it_has() {
        let mut rows: Vec<u64> = (1..=20_000).collect();
        let mut pages = 0;
        read(&mut rows, 100, |length| Some(length as u64), |sent, _| pages = sent);
        assert!(pages < 235, "{pages}");
    }

    #[test]
    fn rows_that_vanish_or_come_hide_no_others() {
        for size in [10, 30] {
            for (gone, after) in [(1, 1), (5, 2), (25, 3), (60, 7)] {
                let mut rows: Vec<u64> = (1..=200).collect();
                let seen = read(
                    &mut rows,
                    size,
                    |length| Some(length as u64),
                    |sent, rows| {
                        if sent == after {
                            rows.drain(..gone);
                        }
                    },
                );
                assert!(rows.iter().all(|row| seen.contains(row)), "{gone} after {after}");
                let mut once = seen.clone();
                once.sort_unstable();
                once.dedup();
                assert_eq!(once.len(), seen.len(), "{gone} after {after}: some came twice");
            }
            for come in [1, 9, 150] {
                let mut rows: Vec<u64> = (1000..1200).collect();
                let seen = read(
                    &mut rows,
                    size,
                    |length| Some(length as u64),
                    |sent, rows| {
                        if sent == 3 {
                            rows.splice(..0, 1..=come);
                        }
                    },
                );
                assert!((1000..1200).all(|row| seen.contains(&row)), "{come} came");
            }
        }
    }

    #[test]
    fn a_list_that_heeds_no_page_never_ends_well() {
        let ids: Vec<Option<u64>> = (1..=100).map(Some).collect();
        let mut walk = Walk::default();
        let error = loop {
            let window = walk.window(100);
            let page = &ids[..usize::try_from(window.limit).unwrap()];
            match walk.step(window, page, 100, Some(950)) {
                Ok(step) => walk = step.next.expect("it must not end well"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, Retry::Backoff));
        assert!(Walk::default().step(Walk::default().window(10), &[], 10, Some(4)).is_err());
    }

    #[test]
    fn a_place_is_short_and_comes_back_as_it_was() {
        let mut walk = Walk::default();
        for _ in 0..3 {
            let window = walk.window(100);
            let ids: Vec<Option<u64>> =
                (0..window.limit).map(|row| Some(u64::MAX - window.start() - row)).collect();
            walk = walk.step(window, &ids, 100, None).unwrap().next.unwrap();
        }
        let kept = serde_json::to_string(&walk).unwrap();
        assert!(kept.len() < 750 && walk.last.len() == KEPT, "{kept}");
        assert_eq!(serde_json::from_str::<Walk>(&kept).unwrap(), walk);
        for wrong in
            [r#"{"a":1,"l":"12"}"#, r#"{"a":1,"l":"gggggggggggggggg"}"#, r#"{"a":1,"l":"ééééééééé"}"#]
        {
            assert!(serde_json::from_str::<Walk>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_the_same_number_in_either_case() {
        assert_eq!(number_of("0F0E0D0C-AB"), number_of("0f0e0d0c-ab"));
        assert_ne!(number_of("a"), number_of("b"));
    }
}

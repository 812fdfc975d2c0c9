//! Walking a list to its proven end.
//!
//! Every list is walked by ascending id, each page behind the last id of the one before, over a lower bound that stays. Nothing
//! else is safe (M19b): offsets slip when rows change, a walk by time of change loses rows of one transaction, which all have one
//! stamp, because the server compares whole seconds and sorts by microseconds. A row that changes while the list is read keeps its
//! id, so it keeps its place; one that is made has a higher id. The end is an empty page: a short one proves nothing.

use pos_core::{Error, ErrorKind, Result, Retry};
use serde::{Deserialize, Serialize};

/// How far a list has come that goes over several models, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which model, from 0.
    #[serde(rename = "m", default)]
    pub(crate) model: usize,
    /// The largest id so far.
    #[serde(rename = "l", default)]
    pub(crate) last: i64,
}

impl Place {
    /// The beginning of the next model.
    pub(crate) fn after(self) -> Self {
        Self { model: self.model + 1, last: 0 }
    }
}

/// The last id of a page that came behind `last`; `None` for the empty page that is the end. Rows whose id cannot be read are
/// passed over.
///
/// # Errors
/// [`Decode`](ErrorKind::Decode) when no row of the page has an id: it is no list of records;
/// [`Unexpected`](ErrorKind::Unexpected) when the page is not in the order that was asked for, or shows ids that were passed already.
pub(crate) fn step(last: i64, ids: &[Option<i64>]) -> Result<Option<i64>> {
    let known: Vec<i64> = ids.iter().flatten().copied().collect();
    let is_ascending = known.windows(2).all(|pair| pair[0] < pair[1]);
    let is_behind = known.first().is_none_or(|first| *first > last);
    match known.last() {
        _ if ids.is_empty() => Ok(None),
        None => {
            let what = "no row of the answer has an id: it is no list of records";
            Err(Error::decode(what).with_retry(Retry::Backoff))
        }
        Some(end) if is_ascending && is_behind => Ok(Some(*end)),
        _ => {
            let what = "the list does not come by id, as it was asked for: a module may sort it";
            Err(Error::new(ErrorKind::Unexpected, what).with_retry(Retry::Backoff))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_with_an_empty_page_and_never_with_a_short_one() {
        assert_eq!(step(0, &[Some(3), None, Some(9)]).unwrap(), Some(9));
        assert_eq!(step(9, &[]).unwrap(), None);
    }

    #[test]
    fn a_list_in_another_order_or_a_page_that_comes_again_is_no_list_that_was_read() {
        for (last, ids) in [(0, &[Some(3), Some(2)][..]), (3, &[Some(3)]), (0, &[Some(3), Some(3)])] {
            let error = step(last, ids).unwrap_err();
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Unexpected, Retry::Backoff), "{ids:?}");
        }
        let error = step(0, &[None]).unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Decode, Retry::Backoff));
    }

    /// Rows with an id and the second of their change, and what happens between two pages.
    #[test]
    fn rows_that_change_appear_or_vanish_meanwhile_hide_no_others() {
        for size in [1, 3, 10] {
            let mut rows: Vec<(i64, u32)> = (1..=40).map(|id| (id, 100)).collect();
            let (mut last, mut seen, mut page) = (0, Vec::new(), 0);
            loop {
                let found: Vec<i64> = rows
                    .iter()
                    .filter(|row| row.0 > last && row.1 >= 100)
                    .map(|row| row.0)
                    .take(size)
                    .collect();
                seen.extend(&found);
                match step(last, &found.iter().copied().map(Some).collect::<Vec<_>>()).unwrap() {
                    Some(next) => last = next,
                    None => break,
                }
                page += 1;
                if page == 2 {
                    rows.retain(|row| row.0 != 1 && row.0 != 20);
                    rows.iter_mut().take(5).for_each(|row| row.1 = 200);
                    rows.push((41, 200));
                }
            }
            assert!(rows.iter().all(|row| seen.contains(&row.0)), "{size}: {seen:?}");
        }
    }
}

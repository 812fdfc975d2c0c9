//! Walking lists that change under the walker. Pure.

use serde::{Deserialize, Serialize};

use crate::answer::PageInfo;

/// More pages than any list here has: a scan that comes so far goes in circles.
pub(crate) const MAX_PAGES: u64 = 100_000;

/// How many ids of the last second a cursor remembers.
const REMEMBERED: usize = 20;

/// Orders, oldest first by a time of their own.
///
/// Page numbers lose a row whenever a row before it leaves the list, and orders leave a window when they change. So the next
/// request does not ask for the next page but for the first page from the second of the last row on; the rows of that second
/// that were seen already are told apart by id. Only where a whole page lies within one second, and where the vendor does not
/// keep the order that was asked for, pages are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimeScan {
    /// From this Unix second on.
    #[serde(rename = "f")]
    pub(crate) from: i64,
    /// Up to this one.
    #[serde(rename = "t")]
    pub(crate) to: i64,
    /// Page, from 1.
    #[serde(rename = "n")]
    pub(crate) page: u64,
    /// Rows at `from` that were seen.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seen: Vec<String>,
    /// The vendor does not keep the order: pages are counted to the end.
    #[serde(rename = "u", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unordered: bool,
}

/// What a page means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step<S> {
    /// For every row: whether it is new.
    pub(crate) fresh: Vec<bool>,
    /// The scan after this page; `None` at the end.
    pub(crate) next: Option<S>,
}

impl TimeScan {
    pub(crate) fn new(from: i64, to: i64) -> Self {
        Self { from, to: to.max(from), page: 1, ..Self::default() }
    }

    /// Digests one page: id and Unix second of every row.
    pub(crate) fn step(
        &self,
        rows: &[(Option<&str>, Option<i64>)],
        info: &PageInfo,
        size: u64,
    ) -> Step<Self> {
        let is_seen = |id: Option<&str>| id.is_some_and(|id| self.seen.iter().any(|seen| seen == id));
        let fresh: Vec<bool> = rows.iter().map(|(id, _)| !is_seen(*id)).collect();
        if info.is_last(rows.len(), (self.page, size)) || self.page >= MAX_PAGES {
            return Step { fresh, next: None };
        }
        let times: Vec<i64> = rows.iter().filter_map(|(_, at)| *at).collect();
        let ordered =
            !self.unordered && times.is_sorted() && times.first().is_none_or(|first| *first >= self.from);
        let last = times.last().copied().unwrap_or(self.from);
        let of_second = |second: i64| {
            rows.iter()
                .filter(move |(_, at)| at.is_none_or(|at| at >= second))
                .filter_map(|(id, _)| id.map(str::to_owned))
        };
        let mut next = self.clone();
        if ordered && last > self.from {
            (next.from, next.page) = (last, 1);
            let mut seen: Vec<String> = of_second(last).collect();
            if seen.len() > REMEMBERED {
                // Too many to remember: count pages from the start of that second, where the first ones come again.
                seen.drain(..seen.len() - REMEMBERED);
            }
            next.seen = seen;
        } else {
            next.page += 1;
            next.unordered = !ordered;
            next.seen.extend(of_second(self.from));
            let spare = next.seen.len().saturating_sub(REMEMBERED);
            next.seen.drain(..spare);
        }
        Step { fresh, next: Some(next) }
    }
}

/// Customers and products, whose order nobody can ask for: pages by number.
///
/// A total that falls between two pages means that rows left the list, so that others slid over a page boundary unseen: the
/// scan steps back as far as they can have slid. Rows that come twice by that are for the reader to recognise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageScan {
    /// Page, from 1.
    #[serde(rename = "n")]
    pub(crate) page: u64,
    /// Rows in the whole list, as the page before told.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// First and last id of the page before.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<(String, String)>,
}

impl PageScan {
    pub(crate) fn new() -> Self {
        Self { page: 1, ..Self::default() }
    }

    /// Digests one page.
    pub(crate) fn step(&self, ids: &[Option<&str>], info: &PageInfo, size: u64) -> Step<Self> {
        let size = info.size.unwrap_or(size).max(1);
        if let (Some(before), Some(now)) = (self.total, info.total)
            && now < before
            && self.page > 1
        {
            let page = self.page.saturating_sub((before - now).div_ceil(size)).max(1);
            let next = Self { page, total: Some(now), before: None };
            return Step { fresh: vec![false; ids.len()], next: Some(next) };
        }
        let edges = match (ids.first(), ids.last()) {
            (Some(Some(first)), Some(Some(last))) => Some(((*first).to_owned(), (*last).to_owned())),
            _ => None,
        };
        let is_repeated = edges.is_some() && edges == self.before;
        let last = is_repeated || info.is_last(ids.len(), (self.page, size)) || self.page >= MAX_PAGES;
        let next =
            (!last).then(|| Self { page: self.page + 1, total: info.total.or(self.total), before: edges });
        Step { fresh: vec![!is_repeated; ids.len()], next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vendor whose list is ordered by time.
    fn walk(
        rows: &mut Vec<(u32, i64)>,
        size: usize,
        mut between: impl FnMut(usize, &mut Vec<(u32, i64)>),
    ) -> Vec<u32> {
        let mut scan = Some(TimeScan::new(0, 1_000_000));
        let mut seen = Vec::new();
        for request in 1.. {
            let Some(now) = scan else { break };
            assert!(request < 2000, "the scan does not end");
            let mut list: Vec<(u32, i64)> =
                rows.iter().filter(|row| (now.from..=now.to).contains(&row.1)).copied().collect();
            list.sort_by_key(|row| (row.1, row.0));
            let pages = list.len().div_ceil(size) as u64;
            let page: Vec<_> = list.iter().skip((now.page as usize - 1) * size).take(size).collect();
            let ids: Vec<String> = page.iter().map(|row| row.0.to_string()).collect();
            let keys: Vec<_> =
                page.iter().zip(&ids).map(|(row, id)| (Some(id.as_str()), Some(row.1))).collect();
            let info = PageInfo {
                number: Some(now.page),
                size: Some(size as u64),
                pages: Some(pages),
                total: Some(list.len() as u64),
            };
            let step = now.step(&keys, &info, size as u64);
            seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(row, _)| row.0));
            scan = step.next;
            between(request, rows);
        }
        seen
    }

    #[test]
    fn every_order_comes_once_whatever_the_size_of_pages() {
        for size in [1, 2, 7, 10, 100] {
            for ties in [1, 2, 5] {
                let mut rows: Vec<(u32, i64)> = (0..60).map(|n| (n, i64::from(n / ties) + 5)).collect();
                let seen = walk(&mut rows, size, |_, _| {});
                assert_eq!(seen, (0..60).collect::<Vec<_>>(), "size {size}, ties {ties}");
            }
        }
    }

    #[test]
    fn orders_that_leave_the_window_hide_no_others() {
        let mut rows: Vec<(u32, i64)> = (0..60).map(|n| (n, i64::from(n) + 5)).collect();
        let seen = walk(&mut rows, 10, |request, rows| {
            if request == 2 {
                rows.drain(..15);
            }
        });
        assert_eq!(seen, (0..60).collect::<Vec<_>>());
    }

    #[test]
    fn a_bulk_change_within_one_second_is_read_to_its_end() {
        let mut rows: Vec<(u32, i64)> = (0..95).map(|n| (n, if n < 5 { 1 } else { 9 })).collect();
        let mut seen = walk(&mut rows, 10, |_, _| {});
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (0..95).collect::<Vec<_>>());
    }

    #[test]
    fn a_list_that_ignores_the_order_is_read_page_by_page() {
        let all: Vec<(u32, i64)> = (0..35).map(|n| (n, 100 - i64::from(n))).collect();
        let mut scan = Some(TimeScan::new(0, 1000));
        let mut seen = Vec::new();
        while let Some(now) = scan {
            let list: Vec<_> = all.iter().filter(|row| row.1 >= now.from).collect();
            let page: Vec<_> = list.iter().skip((now.page as usize - 1) * 10).take(10).collect();
            let ids: Vec<String> = page.iter().map(|row| row.0.to_string()).collect();
            let keys: Vec<_> =
                page.iter().zip(&ids).map(|(row, id)| (Some(id.as_str()), Some(row.1))).collect();
            let step = now.step(&keys, &PageInfo { pages: Some(4), ..PageInfo::default() }, 10);
            seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(row, _)| row.0));
            scan = step.next;
        }
        assert_eq!(seen, (0..35).collect::<Vec<_>>());
    }

    #[test]
    fn a_falling_total_steps_back() {
        let info = |total| PageInfo { number: None, size: Some(10), pages: Some(5), total: Some(total) };
        let scan = PageScan::new();
        let step = scan.step(&[Some("a"), Some("b")], &info(50), 10);
        let scan = step.next.unwrap();
        assert_eq!((scan.page, scan.total), (2, Some(50)));
        let step = scan.step(&[Some("c"), Some("d")], &info(48), 10);
        assert_eq!(step.fresh, [false, false]);
        assert_eq!(step.next.unwrap().page, 1);
        let far = PageScan { page: 5, total: Some(50), before: None };
        assert_eq!(far.step(&[], &info(29), 10).next.unwrap().page, 2);
    }

    #[test]
    fn a_repeated_page_ends_the_list() {
        let info = PageInfo { pages: Some(9), ..PageInfo::default() };
        let scan = PageScan::new().step(&[Some("a"), Some("b")], &info, 2).next.unwrap();
        let step = scan.step(&[Some("a"), Some("b")], &info, 2);
        assert_eq!((step.fresh, step.next), (vec![false, false], None));
    }

    #[test]
    fn an_empty_list_ends_whether_it_has_no_pages_or_one() {
        for pages in [None, Some(0), Some(1)] {
            let info = PageInfo { pages, ..PageInfo::default() };
            assert_eq!(PageScan::new().step(&[], &info, 10).next, None);
            assert_eq!(TimeScan::new(0, 9).step(&[], &info, 10).next, None);
        }
    }
}

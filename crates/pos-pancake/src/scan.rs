//! Walking lists that change under the walker, and proving that the walk saw them whole. Pure.

use pos_core::webhook::body_id;
use pos_core::{Error, Result, Retry};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Requests that a walk may take when the vendor does not say how many rows there are.
const MOST_STEPS: u64 = 100_000;

/// A count that search engines stop at: it may stand for more.
const CAPPED_COUNT: u64 = 10_000;

/// How many rows of a shared second a cursor remembers.
const REMEMBERED: usize = 24;

/// What stands beside the rows of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageInfo {
    pub(crate) number: Option<u64>,
    pub(crate) size: Option<u64>,
    pub(crate) pages: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl PageInfo {
    /// Whether the vendor says, or the length shows, that nothing follows this page; `asked` is the page and the size that
    /// were asked for.
    pub(crate) fn is_last(&self, rows: usize, asked: (u64, u64)) -> bool {
        let number = self.number.unwrap_or(asked.0);
        // A page other than the one asked for is the vendor's last one again.
        if rows == 0 || number < asked.0 {
            return true;
        }
        match self.pages {
            Some(pages) => number >= pages,
            None => (rows as u64) < self.size.unwrap_or(asked.1),
        }
    }

    /// Whether a first page with so many rows is the whole list.
    pub(crate) fn is_whole(&self, rows: usize, size: u64) -> bool {
        match self.total {
            Some(total) => rows as u64 >= total,
            None => self.is_last(rows, (1, size)),
        }
    }

    /// Whether more follow, as far as the answer tells.
    pub(crate) fn more(&self, rows: usize) -> Option<bool> {
        let number = self.number.unwrap_or(1);
        if rows == 0 {
            return Some(false);
        }
        if let Some(pages) = self.pages {
            return Some(number < pages);
        }
        match (self.size, self.total) {
            (Some(size), Some(total)) => Some(number.saturating_mul(size) < total),
            (Some(size), None) if (rows as u64) < size => Some(false),
            _ => None,
        }
    }

    /// Whether the answer tells anything of pages.
    pub(crate) fn is_paged(&self) -> bool {
        *self != Self::default()
    }
}

/// A row of a page: its id, and the time that the list goes by.
pub(crate) type Key<'a> = (Option<&'a str>, Option<OffsetDateTime>);

/// What a page means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step<S> {
    /// For every row: whether it is new.
    pub(crate) fresh: Vec<bool>,
    /// The walk after this page; `None` at the end.
    pub(crate) next: Option<S>,
}

impl<S> Step<S> {
    /// A page that is not used: it only told how to go on.
    fn skip(rows: usize, next: S) -> Self {
        Self { fresh: vec![false; rows], next: Some(next) }
    }
}

/// Why a walk by time cannot go on.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The vendor does not look at the window: only pages are left.
    Ignored,
    /// The list is not what it says.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn incomplete(told: u64, read: u64) -> Error {
    Error::decode(format!("the vendor counts {told} rows here and showed {read}: the list is not complete"))
        .with_retry(Retry::Backoff)
}

/// Bounds a walk: by the vendor's count where it tells one.
fn check_steps(steps: u64, total: Option<u64>, size: u64) -> Result<()> {
    let most = match total {
        Some(total) if total != CAPPED_COUNT => 1_000 + 8 * total.div_ceil(size.max(1)),
        _ => MOST_STEPS,
    };
    if steps < most {
        return Ok(());
    }
    Err(Error::decode("the vendor's list does not end").with_retry(Retry::Backoff))
}

/// A list that can be asked for by a time of its rows, latest first.
///
/// Page numbers lose a row whenever a row before it leaves the list, and rows leave a window when they change. So the next
/// request does not ask for the next page but for the first page up to the second of the last row; rows of that second that
/// were read already are told apart by id.
///
/// That needs rows from the latest to the earliest, which nobody promises. So every jump is checked: the vendor's count of
/// the rest must be what is left of its count before. When it is less, the part that was jumped over is counted again, and if
/// it holds more than was read, or a page is not in order at all, the window is cut into parts of which each fits a page:
/// they need no order, and each shows by its count that it is whole. Pages are counted only within a single second, and where
/// the vendor does not look at the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimeScan {
    /// From this Unix second on.
    #[serde(rename = "f")]
    pub(crate) from: i64,
    /// Up to this one; what is later was read.
    #[serde(rename = "t")]
    pub(crate) to: i64,
    #[serde(rename = "w", default)]
    walk: Walk,
    /// Rows at the upper end that were read, by a short hash of their ids.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    seen: Vec<String>,
    /// Requests so far.
    #[serde(rename = "n", default)]
    steps: u64,
}

/// How a [`TimeScan`] goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Walk {
    /// The start of what is left.
    #[default]
    #[serde(rename = "j")]
    Jump,
    /// The same, after a jump from `top`, over `read` rows: the rest must have `rows`.
    #[serde(rename = "o")]
    Owed { top: i64, read: u64, rows: u64 },
    /// How many rows lie between the jump's end and its start: no more than were read?
    #[serde(rename = "c")]
    Check { top: i64, read: u64 },
    /// A part of so many seconds.
    #[serde(rename = "p")]
    Part { width: i64 },
    /// The last second, page by page.
    #[serde(rename = "2")]
    Second { page: u64, read: u64, total: Option<u64>, orderly: bool },
}

/// The first whole second that is not before an instant.
pub(crate) fn second_from(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() + i64::from(at.nanosecond() > 0)
}

fn short(id: &str) -> String {
    body_id(id.as_bytes())[..12].to_owned()
}

/// The time of the last row, when the rows come latest first.
fn falls(rows: &[Key<'_>]) -> Option<OffsetDateTime> {
    let times: Vec<OffsetDateTime> = rows.iter().map(|(_, at)| *at).collect::<Option<_>>()?;
    if times.is_sorted_by(|one, next| one >= next) { times.last().copied() } else { None }
}

/// How many seconds hold a good part of a page, when `width` seconds hold `rows`.
fn narrowed(width: i64, rows: Option<u64>, size: u64) -> i64 {
    let part = match rows {
        Some(rows) => width as f64 * 0.7 * size as f64 / rows.max(1) as f64,
        None => width as f64 / 2.0,
    };
    (part as i64).clamp(1, (width / 2).max(1))
}

fn widened(width: i64, rows: usize, size: u64) -> i64 {
    let part = width.max(1) as f64 * 0.7 * size as f64 / rows.max(1) as f64;
    (part as i64).clamp(1, width.max(1).saturating_mul(8))
}

impl TimeScan {
    pub(crate) fn new(from: i64, to: i64) -> Self {
        Self { from, to: to.max(from), ..Self::default() }
    }

    /// The window, and the page of it, to ask for.
    pub(crate) fn ask(&self) -> (i64, i64, u64) {
        match self.walk {
            Walk::Jump | Walk::Owed { .. } => (self.from, self.to, 1),
            Walk::Check { top, .. } => (self.to.saturating_add(1), top, 1),
            Walk::Part { width } => (self.from.max(self.to.saturating_sub(width)), self.to, 1),
            Walk::Second { page, .. } => (self.from.max(self.to.saturating_sub(1)), self.to, page),
        }
    }

    fn is_seen(&self, id: Option<&str>) -> bool {
        !self.seen.is_empty() && id.is_some_and(|id| self.seen.contains(&short(id)))
    }

    /// The rows that a window up to this second may show again: whether it shows a row by its second or by its fraction is
    /// not known.
    fn shown_again(&self, rows: &[Key<'_>], to: i64) -> Vec<String> {
        let of_second = rows.iter().filter(|(_, at)| at.is_none_or(|at| at.unix_timestamp() <= to));
        let mut seen: Vec<String> = of_second.filter_map(|(id, _)| id.map(short)).collect();
        seen.drain(..seen.len().saturating_sub(REMEMBERED));
        seen
    }

    /// Digests one page.
    pub(crate) fn step(
        &self,
        rows: &[Key<'_>],
        info: &PageInfo,
        size: u64,
    ) -> std::result::Result<Step<Self>, Halt> {
        check_steps(self.steps, info.total, size)?;
        let (low, high, page) = self.ask();
        let outside = |at: OffsetDateTime| at.unix_timestamp() < low || at.unix_timestamp() > high;
        // A row that changed after the index saw it may show a later time than it was found by; not half of them.
        let strangers = rows.iter().filter(|(_, at)| at.is_some_and(outside)).count();
        if strangers > 0 && strangers * 2 >= rows.len() {
            return Err(Halt::Ignored);
        }
        let fresh = || rows.iter().map(|(id, _)| !self.is_seen(*id)).collect::<Vec<bool>>();
        let next = |walk: Walk| Self { walk, steps: self.steps + 1, ..self.clone() };
        let is_whole = page == 1 && info.is_whole(rows.len(), size);
        // What lies below a part that was read to its end.
        let below =
            |walk: Walk, seen: Vec<String>| (low > self.from).then(|| Self { to: low, seen, ..next(walk) });
        match self.walk {
            Walk::Owed { top, read, rows: owed }
                if info.total.is_some_and(|total| total < owed) && top > self.to =>
            {
                Ok(Step::skip(rows.len(), next(Walk::Check { top, read })))
            }
            Walk::Jump | Walk::Owed { .. } if is_whole => Ok(Step { fresh: fresh(), next: None }),
            Walk::Jump | Walk::Owed { .. } => match (falls(rows), info.total) {
                (Some(last), Some(total)) if second_from(last) < self.to => {
                    let to = second_from(last).max(self.from);
                    let surely_above =
                        rows.iter().filter(|(_, at)| at.is_some_and(|at| second_from(at) > to)).count()
                            as u64;
                    let above = rows.iter().filter(|(_, at)| at.is_some_and(|at| at.unix_timestamp() > to));
                    let walk = Walk::Owed {
                        top: self.to,
                        read: above.count() as u64,
                        rows: total.saturating_sub(surely_above),
                    };
                    let seen = self.shown_again(rows, to);
                    Ok(Step { fresh: fresh(), next: Some(Self { to, seen, ..next(walk) }) })
                }
                // All of one second.
                (Some(_), Some(_)) => {
                    let walk = Walk::Second { page: 1, read: 0, total: None, orderly: true };
                    Ok(Step::skip(rows.len(), next(walk)))
                }
                _ => {
                    let width = narrowed(self.to - self.from, info.total, size);
                    Ok(Step::skip(rows.len(), next(Walk::Part { width })))
                }
            },
            Walk::Check { top, read } => {
                if info.total.is_some_and(|total| total <= read) {
                    return Ok(Step::skip(rows.len(), next(Walk::Jump)));
                }
                // There are rows that the jump left out: the order was none.
                let width = narrowed(top - self.from, info.total, size).min((top - self.to).max(1));
                let again = Self { to: top, seen: Vec::new(), ..next(Walk::Part { width }) };
                Ok(Step::skip(rows.len(), again))
            }
            Walk::Part { width } if is_whole => {
                let walk = Walk::Part { width: widened(width, rows.len(), size) };
                Ok(Step { fresh: fresh(), next: below(walk, self.shown_again(rows, low)) })
            }
            Walk::Part { .. } if high - low <= 1 => {
                let walk = Walk::Second { page: 1, read: 0, total: None, orderly: false };
                Ok(Step::skip(rows.len(), next(walk)))
            }
            Walk::Part { .. } => {
                let width = narrowed(high - low, info.total, size);
                Ok(Step::skip(rows.len(), next(Walk::Part { width })))
            }
            Walk::Second { total: Some(before), orderly, .. }
                if info.total.is_some_and(|total| total < before) =>
            {
                // Rows left, and others slid over a page boundary: from the start.
                let walk = Walk::Second { page: 1, read: 0, total: None, orderly };
                Ok(Step::skip(rows.len(), next(walk)))
            }
            Walk::Second { page, read, orderly, .. } => {
                let read = read + rows.len() as u64;
                let is_last = match info.total {
                    Some(total) => read >= total,
                    None => info.is_last(rows.len(), (page, size)),
                };
                let mut seen = self.seen.clone();
                seen.extend(self.shown_again(rows, low));
                seen.drain(..seen.len().saturating_sub(REMEMBERED));
                if is_last {
                    let walk = if orderly { Walk::Jump } else { Walk::Part { width: 1 } };
                    return Ok(Step { fresh: fresh(), next: below(walk, seen) });
                }
                // The page is the last one all the same, or the one before again.
                if rows.is_empty() || info.number.is_some_and(|number| number < page) {
                    return Err(incomplete(info.total.unwrap_or_default(), read).into());
                }
                let walk = Walk::Second { page: page + 1, read, total: info.total, orderly };
                Ok(Step { fresh: fresh(), next: Some(Self { seen, ..next(walk) }) })
            }
        }
    }
}

/// A list that cannot be asked for by time, or whose vendor does not look at the time: pages by number.
///
/// A total that falls between two pages means that rows left the list, so that others slid over a page boundary unseen: the
/// scan steps back as far as they can have slid. Rows that come twice by that are for the reader to recognise. A list that
/// ends before its count is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageScan {
    /// Page, from 1.
    #[serde(rename = "n")]
    pub(crate) page: u64,
    /// Rows on the pages before.
    #[serde(rename = "r", default)]
    read: u64,
    /// Rows in the whole list, as the page before told.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// First and last id of the page before.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    before: Option<(String, String)>,
    /// Requests so far.
    #[serde(rename = "s", default)]
    steps: u64,
}

impl PageScan {
    pub(crate) fn new() -> Self {
        Self { page: 1, ..Self::default() }
    }

    /// Digests one page.
    pub(crate) fn step(&self, ids: &[Option<&str>], info: &PageInfo, size: u64) -> Result<Step<Self>> {
        check_steps(self.steps, info.total, size)?;
        let size = info.size.unwrap_or(size).max(1);
        let steps = self.steps + 1;
        if let (Some(before), Some(now)) = (self.total, info.total)
            && now < before
            && self.page > 1
        {
            let page = self.page.saturating_sub((before - now).div_ceil(size)).max(1);
            let read = self.read.min((page - 1).saturating_mul(size));
            return Ok(Step::skip(ids.len(), Self { page, read, total: Some(now), before: None, steps }));
        }
        let edges = match (ids.first(), ids.last()) {
            (Some(Some(first)), Some(Some(last))) => Some((short(first), short(last))),
            _ => None,
        };
        let is_repeated = edges.is_some() && edges == self.before;
        let read = if is_repeated { self.read } else { self.read + ids.len() as u64 };
        let fresh = vec![!is_repeated; ids.len()];
        if !is_repeated && !info.is_last(ids.len(), (self.page, size)) {
            let total = info.total.or(self.total);
            return Ok(Step {
                fresh,
                next: Some(Self { page: self.page + 1, read, total, before: edges, steps }),
            });
        }
        match (info.total, info.pages) {
            (Some(total), _) if read < total => Err(incomplete(total, read)),
            // Pages follow, and what came is the page before.
            (None, Some(pages)) if is_repeated && self.page < pages => {
                Err(incomplete(pages.saturating_mul(size), read))
            }
            _ => Ok(Step { fresh, next: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Id and milliseconds.
    type Rows = Vec<(u32, i64)>;

    /// How a vendor sorts what lies in the window.
    #[derive(Clone, Copy, Debug)]
    enum Order {
        LatestFirst,
        EarliestFirst,
        ById,
        Scattered,
    }

    struct Vendor {
        rows: Rows,
        order: Order,
        /// A row with a fraction lies within its second, and not behind it.
        by_second: bool,
        tells_totals: bool,
        requests: usize,
    }

    impl Vendor {
        fn new(rows: Rows, order: Order) -> Self {
            Self { rows, order, by_second: false, tells_totals: true, requests: 0 }
        }

        fn window(&self, from: i64, to: i64) -> Rows {
            let is_in = |ms: i64| {
                let second = ms.div_euclid(1000);
                let up_to = if self.by_second { second } else { -(-ms).div_euclid(1000) };
                second >= from && up_to <= to
            };
            let mut rows: Rows = self.rows.iter().filter(|row| is_in(row.1)).copied().collect();
            match self.order {
                Order::LatestFirst => rows.sort_by_key(|row| std::cmp::Reverse((row.1, row.0))),
                Order::EarliestFirst => rows.sort_by_key(|row| (row.1, row.0)),
                Order::ById => rows.sort(),
                Order::Scattered => rows.sort_by_key(|row| row.0.wrapping_mul(2_654_435_761) >> 7),
            }
            rows
        }

        fn walk(
            &mut self,
            size: usize,
            mut between: impl FnMut(usize, &mut Rows),
        ) -> std::result::Result<Vec<u32>, Halt> {
            let mut scan = Some(TimeScan::new(0, 1_000_000));
            let mut seen = Vec::new();
            while let Some(now) = scan {
                self.requests += 1;
                assert!(self.requests < 5000, "the scan does not end");
                let (from, to, number) = now.ask();
                let list = self.window(from, to);
                let page: Rows = list.iter().skip((number as usize - 1) * size).take(size).copied().collect();
                let ids: Vec<String> = page.iter().map(|row| row.0.to_string()).collect();
                let at =
                    |ms: i64| OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap();
                let keys: Vec<_> =
                    page.iter().zip(&ids).map(|(row, id)| (Some(id.as_str()), Some(at(row.1)))).collect();
                let info = PageInfo {
                    number: Some(number),
                    size: Some(size as u64),
                    pages: self.tells_totals.then(|| list.len().div_ceil(size) as u64),
                    total: self.tells_totals.then_some(list.len() as u64),
                };
                let step = now.step(&keys, &info, size as u64)?;
                let text = serde_json::to_string(&step.next).unwrap();
                assert!(text.len() < 600, "{text}");
                seen.extend(page.iter().zip(&step.fresh).filter(|(_, fresh)| **fresh).map(|(row, _)| row.0));
                scan = serde_json::from_str(&text).unwrap();
                between(self.requests, &mut self.rows);
            }
            Ok(seen)
        }
    }

    fn distinct(seen: &[u32]) -> Vec<u32> {
        seen.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    #[test]
    fn every_row_comes_once_whatever_the_size_of_pages() {
        for by_second in [false, true] {
            for size in [1, 2, 7, 10, 100] {
                for ties in [1, 2, 5] {
                    for step in [1000, 400, 1] {
                        let rows = (0..60).map(|n| (n, 5000 + i64::from(n / ties) * step)).collect();
                        let mut vendor = Vendor { by_second, ..Vendor::new(rows, Order::LatestFirst) };
                        let mut seen = vendor.walk(size, |_, _| {}).unwrap();
                        seen.sort_unstable();
                        let what = format!("{by_second}, size {size}, ties {ties}, step {step}");
                        assert_eq!(distinct(&seen), (0..60).collect::<Vec<_>>(), "{what}");
                        if ties == 1 && step == 1000 {
                            assert_eq!(seen.len(), 60, "{what}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_list_in_order_costs_a_request_a_page() {
        let rows = (0..1000).map(|n| (n, i64::from(n) * 60_000)).collect();
        let mut vendor = Vendor::new(rows, Order::LatestFirst);
        assert_eq!(vendor.walk(100, |_, _| {}).unwrap().len(), 1000);
        assert!(vendor.requests <= 12, "{}", vendor.requests);
    }

    #[test]
    fn rows_that_leave_the_window_hide_no_others() {
        for order in [Order::LatestFirst, Order::EarliestFirst, Order::Scattered] {
            let rows = (0..60).map(|n| (n, i64::from(n) * 1000 + 5000)).collect();
            let mut vendor = Vendor::new(rows, order);
            let seen = vendor
                .walk(10, |request, rows| {
                    if request == 2 {
                        rows.retain(|row| row.0 < 45);
                    }
                })
                .unwrap();
            let kept: Vec<u32> = distinct(&seen).into_iter().filter(|id| *id < 45).collect();
            assert_eq!(kept, (0..45).collect::<Vec<_>>(), "{order:?}");
            if matches!(order, Order::LatestFirst) {
                assert_eq!(distinct(&seen).len(), seen.len());
            }
        }
    }

    #[test]
    fn a_bulk_change_within_one_second_is_read_to_its_end() {
        for order in [Order::LatestFirst, Order::ById] {
            let rows = (0..95).map(|n| (n, if n < 5 { 1000 } else { 9000 })).collect();
            let seen = Vendor::new(rows, order).walk(10, |_, _| {}).unwrap();
            assert_eq!(distinct(&seen), (0..95).collect::<Vec<_>>(), "{order:?}");
        }
    }

    #[test]
    fn no_order_loses_a_row() {
        for order in [Order::EarliestFirst, Order::ById, Order::Scattered] {
            for tells_totals in [true, false] {
                // Backdated: ids and times have nothing to do with each other.
                let rows = (0..180).map(|n: u32| (n, i64::from(n * 7919 % 180) * 37_000)).collect();
                let mut vendor = Vendor { tells_totals, ..Vendor::new(rows, order) };
                let seen = vendor.walk(10, |_, _| {}).unwrap();
                assert_eq!(distinct(&seen), (0..180).collect::<Vec<_>>(), "{order:?} {tells_totals}");
            }
        }
    }

    #[test]
    fn one_sorted_page_proves_nothing() {
        // The first page falls; what follows is later than its last row.
        let mut rows: Rows = (0..20).map(|n| (n, 900_000 - i64::from(n) * 1000)).collect();
        rows.extend((20..80).map(|n| (n, 950_000 - i64::from(n) * 10)));
        let seen = Vendor::new(rows, Order::ById).walk(10, |_, _| {}).unwrap();
        assert_eq!(distinct(&seen), (0..80).collect::<Vec<_>>());
    }

    #[test]
    fn a_vendor_that_ignores_the_window_is_found_out() {
        let scan = TimeScan::new(100, 200);
        let late = OffsetDateTime::from_unix_timestamp(500).unwrap();
        let info = PageInfo { total: Some(50), ..PageInfo::default() };
        assert!(matches!(scan.step(&[(Some("1"), Some(late))], &info, 10), Err(Halt::Ignored)));
    }

    #[test]
    fn a_count_that_is_not_reached_is_an_error() {
        // Ten rows of one second are counted, six are shown.
        let mut scan = TimeScan::new(0, 10);
        let at = OffsetDateTime::from_unix_timestamp(5).unwrap();
        let ids: Vec<String> = (0..6).map(|n| n.to_string()).collect();
        let rows: Vec<_> = ids.iter().map(|id| (Some(id.as_str()), Some(at))).collect();
        let outcome = (0..40).find_map(|_| {
            let (from, to, page) = scan.ask();
            let is_in = (from..=to).contains(&5);
            let info = PageInfo {
                number: Some(page),
                total: Some(if is_in { 10 } else { 0 }),
                ..PageInfo::default()
            };
            let shown = if is_in && page == 1 { &rows[..] } else { &[] };
            match scan.step(shown, &info, 6) {
                Ok(step) => match step.next {
                    Some(next) => {
                        scan = next;
                        None
                    }
                    None => Some(Ok(())),
                },
                Err(error) => Some(Err(error)),
            }
        });
        assert!(outcome.unwrap().is_err());
    }

    #[test]
    fn an_endless_list_is_ended() {
        let mut scan = TimeScan::new(0, i64::from(u32::MAX));
        let mut steps = 0_u64;
        loop {
            let (_, to, _) = scan.ask();
            let at = |second: i64| OffsetDateTime::from_unix_timestamp(second).unwrap();
            let ids = [format!("{steps}a"), format!("{steps}b")];
            let rows = [(Some(ids[0].as_str()), Some(at(to))), (Some(ids[1].as_str()), Some(at(to - 1)))];
            let info = PageInfo { total: Some(100), ..PageInfo::default() };
            match scan.step(&rows, &info, 2) {
                Ok(step) => scan = step.next.unwrap(),
                Err(_) => break,
            }
            steps += 1;
            assert!(steps < 10_000);
        }
    }

    fn info(number: Option<u64>, pages: Option<u64>, total: Option<u64>) -> PageInfo {
        PageInfo { number, size: Some(2), pages, total }
    }

    #[test]
    fn a_falling_total_steps_back() {
        let ten = |total| PageInfo { number: None, size: Some(10), pages: Some(5), total: Some(total) };
        let scan = PageScan::new();
        let step = scan.step(&[Some("a"), Some("b")], &ten(50), 10).unwrap();
        let scan = step.next.unwrap();
        assert_eq!((scan.page, scan.total), (2, Some(50)));
        let step = scan.step(&[Some("c"), Some("d")], &ten(48), 10).unwrap();
        assert_eq!(step.fresh, [false, false]);
        assert_eq!(step.next.unwrap().page, 1);
        let far = PageScan { page: 5, total: Some(50), ..PageScan::new() };
        assert_eq!(far.step(&[], &ten(29), 10).unwrap().next.unwrap().page, 2);
    }

    #[test]
    fn a_repeated_page_ends_the_list_only_where_all_of_it_was_read() {
        let page = [Some("a"), Some("b")];
        let second = |info: &PageInfo| PageScan::new().step(&page, info, 2).unwrap().next.unwrap();
        // The vendor says itself that it is the last one again.
        let told = info(Some(1), Some(1), Some(2));
        assert_eq!(PageScan::new().step(&page, &told, 2).unwrap().next, None);
        let untold = info(None, None, None);
        let step = second(&untold).step(&page, &untold, 2).unwrap();
        assert_eq!((step.fresh, step.next), (vec![false, false], None));
        for more in [info(None, Some(9), None), info(None, Some(9), Some(18)), info(None, None, Some(18))] {
            assert!(second(&more).step(&page, &more, 2).is_err(), "{more:?}");
        }
    }

    #[test]
    fn a_list_that_ends_before_its_count_is_an_error() {
        let scan = PageScan::new().step(&[Some("a"), Some("b")], &info(None, Some(2), Some(4)), 2).unwrap();
        let scan = scan.next.unwrap();
        assert!(scan.step(&[Some("c")], &info(None, Some(2), Some(4)), 2).is_err());
        assert!(scan.step(&[], &info(None, Some(2), Some(4)), 2).is_err());
        assert_eq!(scan.step(&[Some("c"), Some("d")], &info(None, Some(2), Some(4)), 2).unwrap().next, None);
    }

    #[test]
    fn an_empty_list_ends_whether_it_has_no_pages_or_one() {
        for pages in [None, Some(0), Some(1)] {
            let info = PageInfo { pages, ..PageInfo::default() };
            assert_eq!(PageScan::new().step(&[], &info, 10).unwrap().next, None);
            assert_eq!(TimeScan::new(0, 9).step(&[], &info, 10).unwrap().next, None);
        }
    }
}

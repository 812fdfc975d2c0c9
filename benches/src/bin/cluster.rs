//! Groups the rows of a file that are one person.
//!
//! ```text
//! cluster rows.tsv groups.tsv [--rules default|flat] [--threads 1|2] [--explain]
//! ```
//!
//! Input: tab-separated with a header that names the columns `row_id vendor vendor_id name phone email updated_at` in any
//! order; others are ignored. There is no quoting. Output: `row_id group_id`, in the order of the input; `group_id` is
//! the smallest `row_id` of the group (by number when every one is a number, else by text). One account per vendor.
//!
//! `default` are the rules of the library; `flat` has the keys, the junk rules and the limit of holders, and otherwise
//! plain connected components.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use benches::rules_of_shops;
use pos_core::identity::{ClusterRow, Clustering, Clusters, Guard, IdentityRules, SubjectKind};

const USAGE: &str = "usage: cluster rows.tsv groups.tsv [--rules default|flat] [--threads 1|2] [--explain]";

struct Options {
    input: String,
    output: String,
    rules: IdentityRules,
    threads: usize,
    explain: bool,
}

fn options() -> Option<Options> {
    let mut files = Vec::new();
    let mut rules = rules_of_shops();
    let mut threads = 1;
    let mut explain = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (argument, None),
        };
        match name.as_str() {
            "--rules" => {
                rules = match value.or_else(|| arguments.next())?.as_str() {
                    "default" => rules_of_shops(),
                    "flat" => IdentityRules { email: rules_of_shops().email, ..IdentityRules::flat() },
                    _ => return None,
                }
            }
            "--threads" => {
                threads = value.or_else(|| arguments.next())?.parse().ok().filter(|n| (1..=2).contains(n))?
            }
            "--explain" => explain = true,
            _ if name.starts_with("--") => return None,
            _ => files.push(name),
        }
    }
    let [input, output] = <[String; 2]>::try_from(files).ok()?;
    Some(Options { input, output, rules, threads, explain })
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::from(2)
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn run(options: &Options) -> Result<(), Failure> {
    let start = Instant::now();
    let (clustering, ids) = read(options)?;
    let rows = clustering.len();
    let read = start.elapsed();
    let clusters = clustering.finish_on(options.threads, |_| ControlFlow::Continue(()))?;
    let grouped = start.elapsed();
    write(&options.output, &clusters, &ids)?;
    let total = start.elapsed();
    eprintln!(
        "{rows} rows, {} records, {} groups, {} joins; {:.3} s ({:.3} reading, {:.3} grouping, {:.3} writing), \
         {:.0} rows/s, peak memory {:.1} MiB",
        clusters.records(),
        clusters.groups(),
        clusters.join_count(),
        total.as_secs_f64(),
        read.as_secs_f64(),
        (grouped - read).as_secs_f64(),
        (total - grouped).as_secs_f64(),
        rows as f64 / total.as_secs_f64(),
        peak_memory().unwrap_or(0.0),
    );
    if options.explain {
        for (class, count) in clusters.shared_count() {
            eprintln!("shared keys ({class:?}): {count}");
        }
        let mut reasons = std::collections::BTreeMap::new();
        for ignored in clusters.ignored() {
            *reasons.entry(ignored.reason).or_insert(0usize) += 1;
        }
        for (reason, count) in reasons {
            eprintln!("not joined ({}): {count}", reason.as_str());
        }
    }
    Ok(())
}

/// The most memory that the process held, in MiB, where the system tells.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

// ---- reading ------------------------------------------------------------------------------------------------

/// Where the columns stand.
#[derive(Copy, Clone)]
struct Columns([usize; 6]);

const NAMES: [&str; 6] = ["row_id", "vendor", "vendor_id", "phone", "email", "updated_at"];

fn columns(header: &str) -> Result<Columns, Failure> {
    let header = header.trim_start_matches('\u{feff}');
    let names: Vec<&str> = header.split('\t').map(str::trim).collect();
    let mut columns = [0; 6];
    for (slot, name) in columns.iter_mut().zip(NAMES) {
        *slot = names
            .iter()
            .position(|known| *known == name)
            .ok_or_else(|| format!("no column {name} in the header"))?;
    }
    Ok(Columns(columns))
}

/// The ids of the rows: numbers as long as all are.
enum RowIds {
    Numbers(Vec<u64>),
    Texts { bytes: Vec<u8>, ends: Vec<usize> },
}

impl RowIds {
    fn push(&mut self, id: &[u8]) {
        if let Self::Numbers(numbers) = self {
            match number(id) {
                Some(number) => {
                    numbers.push(number);
                    return;
                }
                None => {
                    let mut texts = Self::Texts { bytes: Vec::new(), ends: Vec::new() };
                    for number in numbers.iter() {
                        texts.push(number.to_string().as_bytes());
                    }
                    *self = texts;
                }
            }
        }
        if let Self::Texts { bytes, ends } = self {
            bytes.extend_from_slice(id);
            ends.push(bytes.len());
        }
    }

    fn append(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Numbers(numbers), Self::Numbers(more)) => numbers.extend(more),
            (_, other) => {
                for row in 0..other.len() {
                    let mut text = Vec::new();
                    other.write(row, &mut text);
                    self.push(&text);
                }
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts { ends, .. } => ends.len(),
        }
    }

    fn text(&self, row: usize) -> &[u8] {
        match self {
            Self::Numbers(_) => &[],
            Self::Texts { bytes, ends } => {
                let start = row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
                ends.get(row).and_then(|&end| bytes.get(start..end)).unwrap_or_default()
            }
        }
    }

    fn less(&self, a: usize, b: usize) -> bool {
        match self {
            Self::Numbers(numbers) => numbers.get(a) < numbers.get(b),
            Self::Texts { .. } => self.text(a) < self.text(b),
        }
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Numbers(numbers) => {
                let mut digits = [0u8; 20];
                let mut rest = numbers.get(row).copied().unwrap_or(0);
                let mut at = digits.len();
                while at == digits.len() || rest > 0 {
                    at -= 1;
                    if let Some(slot) = digits.get_mut(at) {
                        *slot = b'0' + (rest % 10) as u8;
                    }
                    rest /= 10;
                }
                out.extend_from_slice(digits.get(at..).unwrap_or_default());
            }
            Self::Texts { .. } => out.extend_from_slice(self.text(row)),
        }
    }
}

/// A number in the form in which numbers are printed.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 || text.len() > 1 && text.first() == Some(&b'0') {
        return None;
    }
    text.iter().try_fold(0u64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// Nanoseconds since 1970, from RFC 3339 with or without its parts after the day, or from seconds or milliseconds.
/// What is none of them counts as unknown, which is later than everything.
fn instant(text: &[u8]) -> i64 {
    parse_instant(text).unwrap_or(i64::MAX)
}

fn parse_instant(text: &[u8]) -> Option<i64> {
    let digits = |from: usize, len: usize| -> Option<i64> {
        text.get(from..from + len)?
            .iter()
            .try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    if text.len() < 10 || text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        let value = std::str::from_utf8(text).ok()?.trim().parse::<f64>().ok()?;
        let seconds = if value.abs() >= 1e11 { value / 1e3 } else { value };
        return Some((seconds * 1e9) as i64);
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970, by Howard Hinnant's algorithm.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let mut seconds = days * 86_400;
    let mut nanos = 0;
    if matches!(text.get(10), Some(b'T' | b't' | b' ')) {
        seconds += digits(11, 2)? * 3600 + digits(14, 2)? * 60;
        let mut at = 16;
        if text.get(16) == Some(&b':') {
            seconds += digits(17, 2)?;
            at = 19;
            if text.get(19) == Some(&b'.') {
                at = 20;
                let mut unit = 100_000_000;
                while let Some(byte) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
                    nanos += i64::from(byte - b'0') * unit;
                    unit /= 10;
                    at += 1;
                }
            }
        }
        if let Some(sign @ (b'+' | b'-')) = text.get(at) {
            let minutes = if text.get(at + 3) == Some(&b':') { digits(at + 4, 2) } else { digits(at + 3, 2) };
            let offset = digits(at + 1, 2)? * 3600 + minutes.unwrap_or(0) * 60;
            seconds += if *sign == b'+' { -offset } else { offset };
        }
    }
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

fn read(options: &Options) -> Result<(Clustering, RowIds), Failure> {
    let failure = |error: std::io::Error| format!("{}: {error}", options.input);
    let mut file = BufReader::with_capacity(1 << 18, File::open(&options.input).map_err(failure)?);
    let mut header = Vec::new();
    file.read_until(b'\n', &mut header).map_err(failure)?;
    let columns = columns(String::from_utf8_lossy(&header).trim_end_matches(['\n', '\r']))?;
    if options.threads == 1 {
        return part(file, columns, &options.rules, u64::MAX);
    }
    // Two readers, each with its half of the file. A line belongs to the half in which it starts.
    let length = std::fs::metadata(&options.input).map_err(failure)?.len();
    let start = header.len() as u64;
    let middle = start + length.saturating_sub(start) / 2;
    std::thread::scope(|scope| {
        let second = scope.spawn(move || -> Result<_, Failure> {
            use std::io::{Seek, SeekFrom};
            let mut file = BufReader::with_capacity(1 << 18, File::open(&options.input)?);
            file.seek(SeekFrom::Start(middle.saturating_sub(1)))?;
            let mut rest = Vec::new();
            file.read_until(b'\n', &mut rest)?;
            part(file, columns, &options.rules, u64::MAX)
        });
        let (mut clustering, mut ids) = part(file, columns, &options.rules, middle.saturating_sub(start))?;
        let (more, more_ids) = second.join().map_err(|_| "a reader failed")??;
        clustering.append(more);
        ids.append(more_ids);
        Ok((clustering, ids))
    })
}

/// Reads lines as long as they start before `limit` bytes.
fn part(
    mut file: impl BufRead,
    columns: Columns,
    rules: &IdentityRules,
    limit: u64,
) -> Result<(Clustering, RowIds), Failure> {
    let mut clustering = Clustering::new(rules.clone())?;
    let guarded: Vec<&String> = rules.guarded_vendors.iter().collect();
    let mut ids = RowIds::Numbers(Vec::new());
    let mut line = Vec::new();
    let mut at = 0;
    let mut fields = vec![(0usize, 0usize); columns.0.iter().max().map_or(0, |last| last + 1)];
    while at < limit {
        line.clear();
        let read = file.read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        at += read as u64;
        while let Some(b'\n' | b'\r') = line.last() {
            line.pop();
        }
        if line.is_empty() {
            continue;
        }
        let count = split(&line, &mut fields);
        let field = |column: usize| -> &[u8] {
            let index = columns.0.get(column).copied().unwrap_or(usize::MAX);
            if index >= count {
                return &[];
            }
            fields.get(index).and_then(|&(start, end)| line.get(start..end)).unwrap_or_default()
        };
        ids.push(field(0));
        let (vendor, id) = (text(field(1)), text(field(2)));
        let (phone, email) = (text(field(3)), text(field(4)));
        let guard = guarded.iter().any(|name| name.as_str() == vendor).then_some(&Guard::Account);
        let row = ClusterRow {
            vendor: &vendor,
            account: "",
            kind: SubjectKind::Customer,
            id: id.trim(),
            customer: None,
            created_at: None,
            phones: &[&phone],
            emails: &[&email],
            guard,
        };
        clustering.push_at(&row, instant(field(5)));
    }
    Ok((clustering, ids))
}

/// Cuts a line at its tabs, as far as there are slots. Eight bytes at a time: this is a tenth of all the work.
fn split(line: &[u8], fields: &mut [(usize, usize)]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (mut start, mut count) = (0, 0);
    let mut cut = |position: usize| {
        if let Some(slot) = fields.get_mut(count) {
            *slot = (start, position);
            count += 1;
        }
        start = position + 1;
    };
    let mut base = 0;
    let mut words = line.chunks_exact(8);
    for word in words.by_ref() {
        let word = word.try_into().map_or(0, u64::from_le_bytes) ^ (ONES * u64::from(b'\t'));
        // The lowest set bit marks the first zero byte; bits above it may be wrong, so each is checked.
        let mut zeros = word.wrapping_sub(ONES) & !word & HIGH;
        while zeros != 0 {
            let position = base + (zeros.trailing_zeros() / 8) as usize;
            if line.get(position) == Some(&b'\t') {
                cut(position);
            }
            zeros &= zeros - 1;
        }
        base += 8;
    }
    for (position, byte) in words.remainder().iter().enumerate() {
        if *byte == b'\t' {
            cut(base + position);
        }
    }
    cut(line.len());
    count
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

// ---- writing ------------------------------------------------------------------------------------------------

fn write(path: &str, clusters: &Clusters, ids: &RowIds) -> Result<(), Failure> {
    let mut smallest: Vec<u32> = vec![u32::MAX; clusters.numbers()];
    for row in 0..clusters.rows() {
        let group = clusters.group_of(row).unwrap_or(0) as usize;
        if let Some(slot) = smallest.get_mut(group)
            && (*slot == u32::MAX || ids.less(row, *slot as usize))
        {
            *slot = row as u32;
        }
    }
    let mut out =
        BufWriter::with_capacity(1 << 18, File::create(path).map_err(|error| format!("{path}: {error}"))?);
    out.write_all(b"row_id\tgroup_id\n")?;
    let mut line = Vec::new();
    for row in 0..clusters.rows() {
        let group = clusters.group_of(row).unwrap_or(0) as usize;
        line.clear();
        ids.write(row, &mut line);
        line.push(b'\t');
        ids.write(smallest.get(group).map_or(row, |&row| row as usize), &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    out.flush()?;
    Ok(())
}

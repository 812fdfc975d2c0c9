//! Measures identity: nanoseconds a number beside the `phonenumber` crate, rows a second, one incoming record, and the
//! quality of the groups as the guards are switched on one by one.
//!
//! ```text
//! identity [--rows 1000000] [--quality-rows 1000000] [--json]
//! identity --generate rows.tsv [--rows 1000000]     (input for `cluster`, with the person as a last column)
//! ```

#[path = "../identity/mod.rs"]
mod identity;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use benches::rules_of_shops;
use identity::{Labelled, Quality, Random, cluster, generate, quality, written};
use pos_core::Account;
use pos_core::identity::{
    E164, IdentityResolver, IdentityRules, Key, PhoneRules, Subject, SubjectId, for_each_phone, read_emails,
    read_phone, read_phones,
};

/// The standard one ends the program where nobody reads on (`… --help | head -3`); here the words are lost and nothing else.
macro_rules! println {
    ($($what:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($what)*);
    }};
}

#[derive(serde::Serialize)]
struct Report {
    phone_numbers: usize,
    phone_ns: f64,
    phonenumber_crate_ns: f64,
    email_ns: f64,
    rows: usize,
    batch_seconds: f64,
    batch_rows_per_second: f64,
    online_records: usize,
    online_us_mean: f64,
    online_us_median: f64,
    online_us_p99: f64,
    worst_text: Worst,
    shared_key_growth: f64,
    quality: Vec<Line>,
}

/// The slowest field of a mebibyte that is one short text again and again.
#[derive(serde::Serialize)]
struct Worst {
    unit: &'static str,
    milliseconds: f64,
}

#[derive(serde::Serialize)]
struct Line {
    guards: &'static str,
    #[serde(flatten)]
    quality: Quality,
}

fn main() -> ExitCode {
    let mut rows = 1_000_000usize;
    let mut quality_rows = 1_000_000usize;
    let mut json = false;
    let mut file = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse::<usize>().ok());
        let known = match argument.as_str() {
            "--rows" => number().map(|number| rows = number),
            "--quality-rows" => number().map(|number| quality_rows = number),
            "--generate" => arguments.next().map(|path| file = Some(path)),
            "--json" => {
                json = true;
                Some(())
            }
            _ => None,
        };
        if known.is_none() {
            eprintln!("usage: identity [--rows N] [--quality-rows N] [--json] [--generate FILE]");
            return ExitCode::from(2);
        }
    }
    if let Some(path) = file {
        if let Err(error) = write_rows(&path, rows) {
            eprintln!("identity: {path}: {error}");
            return ExitCode::from(2);
        }
        return ExitCode::SUCCESS;
    }
    let report = measure(rows, quality_rows);
    if json {
        match serde_json::to_string_pretty(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("identity: {error}");
                return ExitCode::FAILURE;
            }
        }
        return ExitCode::SUCCESS;
    }
    println!("phones      {:>9.1} ns a number over {} noisy fields", report.phone_ns, report.phone_numbers);
    println!(
        "            {:>9.1} ns with the phonenumber crate 0.3.10 (parse and check)",
        report.phonenumber_crate_ns
    );
    println!("e-mails     {:>9.1} ns an address", report.email_ns);
    println!(
        "batch       {:>9.3} s for {} rows in memory, {:.0} rows/s",
        report.batch_seconds, report.rows, report.batch_rows_per_second
    );
    println!(
        "one record  {:>9.2} us mean, {:.2} us median, {:.2} us at 99 % ({} records)",
        report.online_us_mean, report.online_us_median, report.online_us_p99, report.online_records
    );
    println!(
        "hostile     {:>9.3} ms for the slowest mebibyte of one text ({:?}); ten times the holders of one key take {:.1} times as long",
        report.worst_text.milliseconds, report.worst_text.unit, report.shared_key_growth
    );
    println!("\nquality on {quality_rows} labelled rows\n");
    println!("| guards | precision | recall | exact F1 | biggest | groups |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for Line { guards, quality } in &report.quality {
        println!(
            "| {guards} | {:.3} | {:.3} | {:.3} | {} | {} |",
            quality.precision, quality.recall, quality.exact_f1, quality.biggest, quality.groups
        );
    }
    ExitCode::SUCCESS
}

fn write_rows(path: &str, rows: usize) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(out, "row_id\tvendor\tvendor_id\tname\tphone\temail\tupdated_at\tperson")?;
    for (at, row) in generate(rows, 1).iter().enumerate() {
        let Labelled { person, vendor, id, name, phone, email, .. } = row;
        let time =
            time::OffsetDateTime::from_unix_timestamp(row.at).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        let time = time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        writeln!(out, "{}\t{vendor}\t{id}\t{name}\t{phone}\t{email}\t{time}\t{person}", at + 1)?;
    }
    out.flush()
}

/// Texts one after another, as a file has them: strings all over the heap would measure the memory.
struct Column {
    text: String,
    ends: Vec<usize>,
}

impl Column {
    fn new<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        let mut column = Self { text: String::new(), ends: Vec::new() };
        for field in fields.filter(|field| !field.is_empty()) {
            column.text.push_str(field);
            column.ends.push(column.text.len());
        }
        column
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.text.get(start..end).unwrap_or_default())
    }
}

fn measure(rows: usize, quality_rows: usize) -> Report {
    let mut random = Random::new(5);
    let people = generate(rows, 1);

    // Numbers: the noisy set that the batch reads, without the empty fields.
    let fields = Column::new(people.iter().map(|row| row.phone.as_str()));
    let rules = PhoneRules::default();
    let time = |f: &mut dyn FnMut()| {
        // The best of five: the others say how busy the machine is.
        (0..5)
            .map(|_| {
                let start = Instant::now();
                f();
                start.elapsed().as_secs_f64()
            })
            .fold(f64::INFINITY, f64::min)
    };
    let phone_seconds = time(&mut || {
        for field in fields.iter() {
            for_each_phone(field, &rules, |phone| {
                black_box(phone);
            });
        }
    });
    let sample: Vec<&str> = fields.iter().take(20_000).collect();
    let country = "VN".parse::<phonenumber::country::Id>().ok();
    let _ = phonenumber::parse(country, "0912000123");
    let start = Instant::now();
    for field in &sample {
        black_box(phonenumber::parse(country, field).is_ok_and(|number| number.is_valid()));
    }
    let crate_seconds = start.elapsed().as_secs_f64();

    let emails = Column::new(people.iter().map(|row| row.email.as_str()));
    let email_rules = rules_of_shops().email;
    let email_seconds = time(&mut || {
        for field in emails.iter() {
            pos_core::identity::for_each_email_key(field, &email_rules, |key| {
                black_box(key);
            });
        }
    });

    let rules = rules_of_shops();
    let start = Instant::now();
    let clusters = cluster(&people, &rules);
    let batch_seconds = start.elapsed().as_secs_f64();
    drop(clusters);

    // One record after another into a resolver that holds many.
    let warm = people.len().min(200_000);
    let subjects: Vec<Subject> =
        people.iter().take(warm + warm / 4).map(|row| subject(row, &rules)).collect();
    let mut micros = Vec::new();
    if let Ok(mut resolver) = IdentityResolver::new(rules) {
        for (at, subject) in subjects.into_iter().enumerate() {
            let start = Instant::now();
            black_box(resolver.upsert(subject));
            if at >= warm {
                micros.push(start.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    micros.sort_by(f64::total_cmp);
    let online = |part: f64| micros.get((micros.len() as f64 * part) as usize).copied().unwrap_or(0.0);
    black_box(written(&mut random, "0912000123"));

    let worst_text = worst_text();
    let shared_key_growth = one_key(100_000) / one_key(10_000);

    let people = generate(quality_rows, 2);
    let mut lines = Vec::new();
    let mut rules = IdentityRules { email: rules_of_shops().email, ..IdentityRules::flat() };
    rules.max_key_holders = u32::MAX;
    for (guards, change) in [
        ("junk rules only", (|_| ()) as fn(&mut IdentityRules)),
        ("+ at most 20 holders of a key", |rules| rules.max_key_holders = 20),
        ("+ one id of a guarded account (Haravan)", |rules| {
            rules.guarded_vendors = rules_of_shops().guarded_vendors
        }),
        ("+ at most 50 records in a group", |rules| rules.max_group = 50),
    ] {
        change(&mut rules);
        if let Some(clusters) = cluster(&people, &rules) {
            lines.push(Line { guards, quality: quality(&people, &clusters) });
        }
    }
    Report {
        phone_numbers: fields.len(),
        phone_ns: phone_seconds * 1e9 / fields.len() as f64,
        phonenumber_crate_ns: crate_seconds * 1e9 / sample.len() as f64,
        email_ns: email_seconds * 1e9 / emails.len() as f64,
        rows,
        batch_seconds,
        batch_rows_per_second: rows as f64 / batch_seconds,
        online_records: micros.len(),
        online_us_mean: micros.iter().sum::<f64>() / micros.len().max(1) as f64,
        online_us_median: online(0.5),
        online_us_p99: online(0.99),
        worst_text,
        shared_key_growth,
        quality: lines,
    }
}

/// Fields as only an attacker writes them: what is read of them is bounded.
fn worst_text() -> Worst {
    let (phones, emails) = (PhoneRules::default(), rules_of_shops().email);
    let units =
        ["0", "+84", "0912000123/", "1+", "\u{202e}1", "a", "@", "a@b.vn;", "<", "\"", "a.", "xn--a@b.", "*"];
    let mut worst = Worst { unit: "", milliseconds: 0.0 };
    for unit in units {
        let text = unit.repeat(1_048_576 / unit.len());
        let start = Instant::now();
        black_box(read_phones(&text, &phones));
        black_box(read_emails(&text, &emails));
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        if milliseconds >= worst.milliseconds {
            worst = Worst { unit, milliseconds };
        }
    }
    worst
}

/// Seconds for so many records that come and partly go again, all with one phone.
fn one_key(records: u64) -> f64 {
    let shop = Account::new("sapo", "shop");
    let start = Instant::now();
    if let (Some(phone), Ok(mut resolver)) =
        (E164::new(84_912_000_123).map(Key::Phone), IdentityResolver::new(IdentityRules::default()))
    {
        for id in 0..records {
            let mut subject = Subject::new(SubjectId::customer(&shop, &id.to_string()));
            subject.keys.push(phone.clone());
            black_box(resolver.upsert(subject));
        }
        for id in 0..records / 10 {
            black_box(resolver.remove(&SubjectId::customer(&shop, &(id * 7).to_string())));
        }
    }
    start.elapsed().as_secs_f64()
}

fn subject(row: &Labelled, rules: &IdentityRules) -> Subject {
    let mut subject = Subject::new(SubjectId::customer(&Account::new(row.vendor, "shop"), &row.id));
    subject.created_at = time::OffsetDateTime::from_unix_timestamp(row.at).ok();
    subject.name = Some(row.name.clone());
    subject.keys.extend(
        read_phone(&row.phone, &rules.phone).filter(|phone| phone.is_key).map(|phone| Key::Phone(phone.e164)),
    );
    let emails = read_emails(&row.email, &rules.email).emails;
    subject.keys.extend(emails.into_iter().filter_map(|email| email.key).map(Key::Email));
    subject.guard = rules.guard(row.vendor, None);
    subject
}

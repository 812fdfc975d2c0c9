//! What the measurements share: timing, tables, memory.

use std::time::{Duration, Instant};

use pos_core::identity::IdentityRules;
use serde::Serialize;

/// One figure beside its floor.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The measured time, in seconds.
    pub seconds: f64,
    /// The time of the floor, in seconds.
    pub floor_seconds: f64,
    /// What the floor is.
    pub floor: String,
    /// seconds / floor_seconds.
    pub ratio: f64,
    /// The ratio that the project aims at.
    pub aim: f64,
    /// Peak memory of the measured process, in MiB, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_mib: Option<f64>,
    /// Where the processor time went, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// The times are no times but ratios.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_ratio: bool,
}

/// Seconds of processor time, of a measured process and of the one that served it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cpu {
    /// Of the measured process.
    pub own: f64,
    /// Of the one that served it.
    pub other: f64,
    /// Of the floor's process.
    pub floor: f64,
    /// Of the one that served the floor.
    pub floor_other: f64,
}

impl Figure {
    /// A figure beside its floor.
    pub fn new(what: &str, seconds: f64, floor: &str, floor_seconds: f64, aim: f64) -> Self {
        Self {
            what: what.to_owned(),
            seconds,
            floor_seconds,
            floor: floor.to_owned(),
            ratio: seconds / floor_seconds,
            aim,
            peak_mib: None,
            cpu: None,
            is_ratio: false,
        }
    }

    /// One ratio beside another one, where times stand otherwise.
    pub fn ratios(what: &str, ratio: f64, floor: &str, floor_ratio: f64, aim: f64) -> Self {
        Self { is_ratio: true, ..Self::new(what, ratio, floor, floor_ratio, aim) }
    }
}

/// A time as people read it.
pub fn shown(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} us", s * 1e6),
        s => format!("{:.0} ns", s * 1e9),
    }
}

/// Prints figures as a table.
pub fn print(figures: &[Figure]) {
    println!(
        "{:<58} {:>10} {:>10} {:>7} {:>6} {:>9}  floor",
        "what", "time", "floor", "ratio", "aim", "peak"
    );
    for figure in figures {
        let time = |of| if figure.is_ratio { format!("{of:.2}") } else { shown(of) };
        let peak = figure.peak_mib.map_or(String::new(), |mib| format!("{mib:.0} MiB"));
        let cpu = figure.cpu.map_or(String::new(), |cpu| {
            let Cpu { own, other, floor, floor_other } = cpu;
            format!("; CPU {own:.1} + {other:.1} s, floor {floor:.1} + {floor_other:.1} s")
        });
        println!(
            "{:<58} {:>10} {:>10} {:>7.2} {:>6.2} {:>9}  {}{cpu}",
            figure.what,
            time(figure.seconds),
            time(figure.floor_seconds),
            figure.ratio,
            figure.aim,
            peak,
            figure.floor
        );
    }
}

/// The median time of one call of each, taken in turn so that both see the same machine: at least 15 rounds and a
/// second each.
pub fn in_turn(mut measured: impl FnMut(), mut floor: impl FnMut()) -> (f64, f64) {
    let calls = |work: &mut dyn FnMut()| {
        work();
        let start = Instant::now();
        let mut calls = 0u32;
        while start.elapsed() < Duration::from_millis(20) {
            work();
            calls += 1;
        }
        calls.max(1)
    };
    let (measured_calls, floor_calls) = (calls(&mut measured), calls(&mut floor));
    let round = |work: &mut dyn FnMut(), calls: u32| {
        let start = Instant::now();
        for _ in 0..calls {
            work();
        }
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..51 {
        times.0.push(round(&mut measured, measured_calls));
        times.1.push(round(&mut floor, floor_calls));
    }
    (median(&mut times.0), median(&mut times.1))
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Processor time that a process has used so far, in seconds; `None` where the system does not tell.
pub fn cpu_seconds(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything, user and system time are the 12th and 13th field, in 1/100 s.
    let ticks = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    Some(ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// Peak memory of this process in MiB; `None` where the system does not tell.
pub fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The default rules of identity with what one of the vendors says of its customers: rows that come without a connected
/// shop have nobody else to say it.
pub fn rules_of_shops() -> IdentityRules {
    let mut rules = IdentityRules::default();
    rules.guarded_vendors.insert("haravan".to_owned());
    rules.email.block([
        "guest@haravan.com",
        "khachhang@haravan.com",
        "guest+#@haravan.com",
        "#.phone@haravan.com",
    ]);
    rules
}

//! What the programs share on their way in and out: options, what is wrong with them, and how a program ends.

use std::process::ExitCode;

use pos_core::lenient::{VIETNAM, parse_instant};
use time::{Date, Month, OffsetDateTime};

/// Why a program ends without having done its work.
#[derive(Debug)]
pub enum Failure {
    /// It was called wrongly: exit status 2.
    Usage(String),
    /// It could not: exit status 1.
    Failed(String),
    /// Somebody stopped it: exit status 130, as shells expect after Ctrl-C.
    Stopped(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What a step of a program comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

/// A call that is wrong.
///
/// # Errors
/// Always.
pub fn usage<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Failure::Usage(what.into()))
}

/// Says how a program ended, and with which exit status.
pub fn end(program: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(what)) => {
            eprintln!("{program}: {what}\n\n`{program} --help` says everything.");
            ExitCode::from(2)
        }
        Err(Failure::Failed(what)) => {
            eprintln!("{program}: {what}");
            ExitCode::FAILURE
        }
        Err(Failure::Stopped(what)) => {
            eprintln!("{program}: {what}");
            ExitCode::from(130)
        }
    }
}

/// Whether somebody asks for help.
pub fn asks_for_help(words: &[String]) -> bool {
    words.iter().any(|word| word == "--help" || word == "-h")
}

/// What was probably meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = 1 + word.chars().count() / 3;
    let distances = known.into_iter().map(|candidate| (distance(word, candidate), candidate));
    distances.min().filter(|(distance, _)| *distance <= most).map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, taken out, replaced or swapped to come from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) =
        (from.to_lowercase().chars().collect(), to.to_lowercase().chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut next = vec![row; to.len() + 1];
        for column in 1..=to.len() {
            let same = from[row - 1] == to[column - 1];
            let mut least =
                (last[column - 1] + usize::from(!same)).min(last[column] + 1).min(next[column - 1] + 1);
            let swapped =
                row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
            if swapped {
                least = least.min(before[column - 2] + 1);
            }
            next[column] = least;
        }
        before = std::mem::replace(&mut last, next);
    }
    last[to.len()]
}

/// `…; did you mean customers?`, or nothing.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default()
}

/// The words after a program's name, one option at a time.
#[derive(Debug)]
pub struct Words {
    words: std::vec::IntoIter<String>,
    known: &'static [&'static str],
}

impl Words {
    /// Words, and the options that may stand among them.
    pub fn new(words: Vec<String>, known: &'static [&'static str]) -> Self {
        Self { words: words.into_iter(), known }
    }

    /// The next word; `--option=value` comes as two.
    pub fn word(&mut self) -> Option<String> {
        let word = self.words.next()?;
        match word.split_once('=').filter(|(option, _)| option.starts_with("--")) {
            Some((option, value)) => {
                let (option, value) = (option.to_owned(), value.to_owned());
                let rest: Vec<String> = std::iter::once(value).chain(self.words.by_ref()).collect();
                self.words = rest.into_iter();
                Some(option)
            }
            None => Some(word),
        }
    }

    /// The value of an option.
    ///
    /// # Errors
    /// When there is none; `what` says what it is.
    pub fn value(&mut self, option: &str, what: &str) -> Outcome<String> {
        match self.words.next() {
            Some(value) if self.known.contains(&value.as_str()) => {
                usage(format!("{option} needs {what}, and {value} is the next option"))
            }
            Some(value) => Ok(value),
            None => usage(format!("{option} needs {what}")),
        }
    }

    /// The value of an option that is one of a few words.
    ///
    /// # Errors
    /// When it is another.
    pub fn one_of(&mut self, option: &str, what: &str, words: &[&'static str]) -> Outcome<&'static str> {
        let value = self.value(option, what)?;
        match words.iter().find(|word| **word == value) {
            Some(word) => Ok(word),
            None => {
                let hint = hint(&value, words.iter().copied());
                usage(format!("{option}: `{value}` is not {what}{hint}\nIt is one of {}.", words.join(", ")))
            }
        }
    }

    /// Complains about a word that is no option.
    ///
    /// # Errors
    /// Always.
    pub fn unknown<T>(&self, word: &str) -> Outcome<T> {
        let known = self.known.join(", ");
        if !word.starts_with('-') {
            return usage(format!("`{word}` has no option before it\nThe options are {known}."));
        }
        let hint = hint(word, self.known.iter().copied());
        usage(format!("there is no option {word}{hint}\nThe options are {known}."))
    }
}

/// An instant that an option names.
///
/// # Errors
/// When it is written in another form; days and months that stand the other way round are not guessed.
pub fn instant(option: &str, text: &str) -> Outcome<OffsetDateTime> {
    if let Ok(Some(instant)) = parse_instant(text, VIETNAM) {
        return Ok(instant);
    }
    let example = as_written_in_viet_nam(text).unwrap_or_else(|| "2026-11-01".to_owned());
    usage(format!(
        "{option}: `{text}` is not a date in the form year-month-day\nWrite {example}, or with a time of day \
         {example}T08:30 (Viet Nam's time unless an offset follows: {example}T08:30+00:00)."
    ))
}

/// `1/11/2026` as `2026-11-01`.
fn as_written_in_viet_nam(text: &str) -> Option<String> {
    let mut parts = text.split(['/', '.', '-']);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    (parts.next().is_none() && date.year() > 1900).then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: std::fmt::Debug>(outcome: Outcome<T>) -> String {
        match outcome {
            Err(Failure::Usage(what)) => what,
            other => format!("not a wrong call: {other:?}"),
        }
    }

    #[test]
    fn the_nearest_word_is_named_and_a_far_one_is_not() {
        let known = ["customers", "orders", "invoices", "unit_price"];
        assert_eq!(nearest("custmers", known), Some("customers"));
        assert_eq!(nearest("Ordres", known), Some("orders"));
        assert_eq!(nearest("unitPrice", known), Some("unit_price"));
        assert_eq!(nearest("weather", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn a_date_in_another_form_is_refused_with_the_option_and_the_form() {
        let what = said(instant("--since", "01/11/2026"));
        assert!(what.contains("--since") && what.contains("2026-11-01"), "{what}");
        let what = said(instant("--since", "yesterday"));
        assert!(what.contains("--since") && what.contains("year-month-day"), "{what}");
        let at = instant("--since", "2026-11-01").unwrap();
        assert_eq!(at, time::macros::datetime!(2026-10-31 17:00 UTC));
    }

    #[test]
    fn a_wrong_option_is_named_with_the_right_one() {
        let known = &["--db", "--since"];
        let mut words = Words::new(vec!["--sinc".into(), "--db".into()], known);
        let word = words.word().unwrap();
        let what = said::<()>(words.unknown(&word));
        assert!(what.contains("--sinc") && what.contains("did you mean --since?"), "{what}");
        assert_eq!(words.word().as_deref(), Some("--db"));
        assert_eq!(said(words.value("--db", "a file")), "--db needs a file");
        let mut words = Words::new(vec!["--db=x.db".into(), "--since".into()], known);
        assert_eq!(
            (words.word().as_deref(), words.value("--db", "a file").ok()),
            (Some("--db"), Some("x.db".into()))
        );
        let mut words = Words::new(vec!["--db".into(), "--since".into()], known);
        words.word();
        assert_eq!(said(words.value("--db", "a file")), "--db needs a file, and --since is the next option");
    }
}

//! Domains: what a search asks for, in prefix notation.

use std::cmp::Ordering;

use serde_json::Value;

use super::refusal::{Refusal, instant};
use super::schema::{Field, Kind, Model, model};
use super::{JSON2, Row, State};

/// A condition, or several.
pub(super) enum Expr {
    Leaf(Leaf),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
}

/// One condition: a field, or one behind references, against a value.
pub(super) struct Leaf {
    pub(super) steps: Vec<&'static Field>,
    pub(super) op: Op,
    pub(super) value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Is,
    Not,
    In,
    NotIn,
    Above,
    From,
    Below,
    To,
    Like,
    NotLike,
    ILike,
    NotILike,
    IsILike,
}

fn op(text: &str) -> Option<Op> {
    Some(match text {
        "=" => Op::Is,
        "!=" | "<>" => Op::Not,
        "in" => Op::In,
        "not in" => Op::NotIn,
        ">" => Op::Above,
        ">=" => Op::From,
        "<" => Op::Below,
        "<=" => Op::To,
        "like" => Op::Like,
        "not like" => Op::NotLike,
        "ilike" => Op::ILike,
        "not ilike" => Op::NotILike,
        "=ilike" => Op::IsILike,
        _ => return None,
    })
}

/// A whole domain: conditions that all have to hold.
pub(super) struct Domain {
    pub(super) all: Vec<Expr>,
    /// Whether it names `active`, so that archived rows are not hidden.
    pub(super) names_active: bool,
}

/// What a domain is read with: the version, and which models the user may not read.
pub(super) struct Reader<'a> {
    pub(super) version: u32,
    pub(super) is_closed: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    pub(super) fn domain(&self, of: &'static Model, domain: &Value) -> Result<Domain, Refusal> {
        let Some(items) = domain.as_array() else {
            return Err(Refusal::value("Domain() invalid item in domain: it must be a list"));
        };
        let mut read = Domain { all: Vec::new(), names_active: false };
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let one = self.expr(of, &mut rest, &mut read.names_active, 0)?;
            read.all.push(one);
        }
        Ok(read)
    }

    fn expr(
        &self,
        of: &'static Model,
        rest: &mut &[Value],
        names_active: &mut bool,
        depth: usize,
    ) -> Result<Expr, Refusal> {
        let Some((first, behind)) = rest.split_first().filter(|_| depth < 200) else {
            return Err(Refusal::value("Domain() malformed: an operator without its operands"));
        };
        *rest = behind;
        let mut next = || self.expr(of, rest, names_active, depth + 1).map(Box::new);
        Ok(match first.as_str() {
            Some("!") => Expr::Not(next()?),
            Some("&") => Expr::And(next()?, next()?),
            Some("|") => Expr::Or(next()?, next()?),
            Some(other) => return Err(Refusal::value(format!("Domain() invalid item in domain: {other}"))),
            None => Expr::Leaf(self.leaf(of, first, names_active)?),
        })
    }

    fn leaf(&self, of: &'static Model, item: &Value, names_active: &mut bool) -> Result<Leaf, Refusal> {
        let malformed = || Refusal::value(format!("Domain() invalid item in domain: {item}"));
        let Some([path, sign, value]) = item.as_array().map(Vec::as_slice) else { return Err(malformed()) };
        let path = path.as_str().ok_or_else(malformed)?;
        let op = sign.as_str().and_then(op).ok_or_else(malformed)?;
        *names_active |= path == "active";
        let (mut steps, mut at) = (Vec::new(), of);
        for name in path.split('.') {
            let field = at.field(name, self.version).ok_or_else(|| Refusal::field(name, at.name))?;
            if !field.stored {
                let what = format!("Cannot convert {}.{name} to SQL because it is not stored", at.name);
                return Err(Refusal::value(what));
            }
            steps.push(field);
            if let Kind::One(to) | Kind::Many(to) | Kind::Lines(to, _) = field.kind {
                at = model(to).ok_or_else(malformed)?;
                if (self.is_closed)(at.name) && path.contains('.') {
                    return Err(Refusal::access(at.name));
                }
            }
        }
        let is_list = value.is_array();
        if is_list != matches!(op, Op::In | Op::NotIn) {
            return Err(malformed());
        }
        let value = match steps.last().map(|field| field.kind) {
            Some(Kind::Time) => self.time(value, op)?,
            _ => value.clone(),
        };
        Ok(Leaf { steps, op, value })
    }

    /// An instant as text that can be compared: a fraction is cut, what is short is filled up, a day alone is the whole day.
    fn time(&self, value: &Value, op: Op) -> Result<Value, Refusal> {
        let Some(text) = value.as_str() else { return Ok(value.clone()) };
        if text.ends_with('Z') && self.version >= JSON2 {
            let what = format!("expecting only datetimes with no timezone: '{text}'");
            return Err(Refusal::value(what));
        }
        let text = text.trim_end_matches('Z').replace('T', " ");
        let whole = text.split('.').next().unwrap_or_default();
        let is_time = whole.len() >= 10 && whole.as_bytes()[4] == b'-' && whole.as_bytes()[7] == b'-';
        if !is_time || !whole.is_ascii() {
            return Err(Refusal::value(format!("time data '{text}' does not match format")));
        }
        let ends = matches!(op, Op::Above | Op::To);
        let fill = if ends && whole.len() == 10 { " 23:59:59" } else { " 00:00:00" };
        Ok(format!("{whole}{}", fill.get(whole.len().min(19) - 10..).unwrap_or_default()).into())
    }
}

/// Whether a pattern with `%` and `_` fits a text, anywhere in it unless it is to fit the whole.
pub(super) fn is_like(text: &str, pattern: &str, is_whole: bool) -> bool {
    let pattern = if is_whole { pattern.to_owned() } else { format!("%{pattern}%") };
    let text: Vec<char> = text.chars().collect();
    let parts: Vec<Vec<char>> = pattern.split('%').map(|part| part.chars().collect()).collect();
    let fits = |part: &[char], at: usize| {
        text.get(at..at + part.len())
            .is_some_and(|found| part.iter().zip(found).all(|(one, other)| *one == '_' || one == other))
    };
    let [first, middle @ .., last] = parts.as_slice() else {
        return parts.first().is_none_or(|part| part.len() == text.len() && fits(part, 0));
    };
    // What stands between two signs is taken where it comes first: later is never better.
    let mut at = first.len();
    let begins = fits(first, 0);
    let all = middle.iter().all(|part| match (at..=text.len()).find(|from| fits(part, *from)) {
        Some(from) => {
            at = from + part.len();
            true
        }
        None => false,
    });
    begins && all && text.len() >= at + last.len() && fits(last, text.len() - last.len())
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || value == ""
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

impl Expr {
    pub(super) fn holds(&self, state: &State, id: i64, row: &Row) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.holds(state, &leaf.steps, id, row),
            Self::And(one, other) => one.holds(state, id, row) && other.holds(state, id, row),
            Self::Or(one, other) => one.holds(state, id, row) || other.holds(state, id, row),
            Self::Not(one) => !one.holds(state, id, row),
        }
    }
}

impl Leaf {
    fn holds(&self, state: &State, steps: &[&'static Field], id: i64, row: &Row) -> bool {
        let Some((field, rest)) = steps.split_first() else { return false };
        if rest.is_empty() {
            return self.compares(state, field, id, row);
        }
        let behind = |model: &str, to: i64| {
            state.row(model, to).is_some_and(|other| other.committed && self.holds(state, rest, to, other))
        };
        match field.kind {
            Kind::One(model) => row.one(field.name).is_some_and(|to| behind(model, to)),
            Kind::Many(model) | Kind::Lines(model, _) => {
                row.many(field.name).into_iter().any(|to| behind(model, to))
            }
            _ => false,
        }
    }

    fn compares(&self, state: &State, field: &Field, id: i64, row: &Row) -> bool {
        match (field.name, field.kind) {
            ("id", _) => self.against_number(id as f64),
            ("write_date", _) => self.against_text(&instant(row.changed, state.version >= JSON2)),
            ("create_date", _) => self.against_text(&instant(row.created, state.version >= JSON2)),
            (name, Kind::Whole | Kind::Float) => self.against_number(row.amount(name)),
            (name, Kind::Flag) => self.against_flag(row.flag(name)),
            (name, Kind::One(to)) => self.against_one(state, to, row.one(name)),
            (name, Kind::Many(_) | Kind::Lines(..)) => self.against_many(&row.many(name)),
            (name, _) => self.against_text(row.text(name)),
        }
    }

    fn in_list(&self, is_it: impl Fn(&Value) -> bool) -> bool {
        self.value.as_array().is_some_and(|items| items.iter().any(is_it))
    }

    fn ordered(&self, ordering: Option<Ordering>) -> bool {
        match (self.op, ordering) {
            (Op::Is, Some(found)) => found.is_eq(),
            (Op::Not, found) => found != Some(Ordering::Equal),
            (Op::Above, Some(found)) => found.is_gt(),
            (Op::From, Some(found)) => found.is_ge(),
            (Op::Below, Some(found)) => found.is_lt(),
            (Op::To, Some(found)) => found.is_le(),
            _ => false,
        }
    }

    fn against_number(&self, known: f64) -> bool {
        let is_it = |value: &Value| number(value) == Some(known) || (is_empty(value) && known == 0.0);
        match self.op {
            Op::In => self.in_list(is_it),
            Op::NotIn => !self.in_list(is_it),
            Op::Is if is_empty(&self.value) => known == 0.0,
            _ => self.ordered(number(&self.value).and_then(|value| known.partial_cmp(&value))),
        }
    }

    fn against_flag(&self, known: bool) -> bool {
        let is_it = |value: &Value| (value == &Value::Bool(true)) == known;
        match self.op {
            Op::In => self.in_list(is_it),
            Op::NotIn => !self.in_list(is_it),
            Op::Is => is_it(&self.value),
            Op::Not => !is_it(&self.value),
            _ => false,
        }
    }

    fn against_text(&self, known: &str) -> bool {
        let is_it =
            |value: &Value| if is_empty(value) { known.is_empty() } else { value.as_str() == Some(known) };
        // The database folds ASCII letters alone.
        let folds = matches!(self.op, Op::ILike | Op::NotILike | Op::IsILike);
        let text = self.value.as_str().unwrap_or_default();
        let like = || match folds {
            true => is_like(&known.to_ascii_lowercase(), &text.to_ascii_lowercase(), self.op == Op::IsILike),
            false => is_like(known, text, false),
        };
        match self.op {
            Op::Is => is_it(&self.value),
            Op::Not => !is_it(&self.value),
            Op::In => self.in_list(is_it),
            Op::NotIn => !self.in_list(is_it),
            Op::Like | Op::ILike | Op::IsILike => !known.is_empty() && like(),
            Op::NotLike | Op::NotILike => known.is_empty() || !like(),
            _ => !known.is_empty() && self.ordered(self.value.as_str().map(|value| known.cmp(value))),
        }
    }

    /// A number is an id; a text searches names.
    fn against_one(&self, state: &State, model: &'static str, known: Option<i64>) -> bool {
        let is_it = |value: &Value| match (value, known) {
            (Value::String(name), Some(id)) => state.label(model, id) == *name,
            (value, Some(id)) => value.as_i64() == Some(id),
            (value, None) => is_empty(value),
        };
        match self.op {
            Op::Is => is_it(&self.value),
            Op::Not => !is_it(&self.value),
            Op::In => self.in_list(is_it),
            Op::NotIn => !self.in_list(is_it),
            _ => known.is_some_and(|id| self.against_text(&state.label(model, id))),
        }
    }

    fn against_many(&self, known: &[i64]) -> bool {
        let is_it = |value: &Value| match value.as_i64() {
            Some(id) => known.contains(&id),
            None => is_empty(value) && known.is_empty(),
        };
        match self.op {
            Op::Is => is_it(&self.value),
            Op::Not => !is_it(&self.value),
            Op::In => self.in_list(is_it),
            Op::NotIn => !self.in_list(is_it),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_hold_anywhere_and_a_percent_is_whatever() {
        assert!(is_like("0912 345 678", "9%1%2%3%4%5%6%7%8", false));
        assert!(!is_like("0912 345 679", "9%1%2%3%4%5%6%7%8", false));
        assert!(is_like("abc", "a_c", true) && !is_like("abcd", "a_c", true));
    }
}

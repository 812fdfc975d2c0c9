//! Searching tables and showing rows.

use std::cmp::Ordering;
use std::io::Write;

use serde_json::{Value, json};

use super::domain::{Domain, Expr, Leaf, Op};
use super::refusal::{Refusal, instant};
use super::schema::{Field, Kind, Model};
use super::{JSON2, Row, SandboxOptions, State};

/// Whom a call is made for, and how it wants to see things.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Archived rows are hidden.
    pub(super) hides_archived: bool,
    /// Only these companies.
    pub(super) companies: Option<Vec<i64>>,
    pub(super) salesman: bool,
    pub(super) closed_invoices: bool,
    pub(super) closed_orders: bool,
}

impl Caller {
    /// What the user may do, and what the context of a call says.
    pub(super) fn of(options: &SandboxOptions, state: &State, context: &Value) -> Result<Self, Refusal> {
        if let Some(code) = context.get("lang").and_then(Value::as_str)
            && !options.languages.contains(&code)
        {
            return Err(Refusal::user(format!("Invalid language code: {code}")));
        }
        let companies = context.get("allowed_company_ids").and_then(Value::as_array);
        let companies: Option<Vec<i64>> = companies
            .map(|ids| ids.iter().filter_map(Value::as_i64).collect())
            .filter(|ids: &Vec<_>| !ids.is_empty());
        if companies.iter().flatten().any(|id| state.row("res.company", *id).is_none()) {
            let what = "Access to unauthorized or invalid companies.";
            return Err(Refusal::new(403, "odoo.exceptions.AccessError", what));
        }
        Ok(Self {
            hides_archived: context.get("active_test") != Some(&Value::Bool(false)),
            companies,
            salesman: options.salesman,
            closed_invoices: options.closed_invoices,
            closed_orders: options.closed_orders,
        })
    }

    /// Whether the user may not read a model at all.
    pub(super) fn is_refused(&self, model: &str) -> bool {
        let is_order = model.starts_with("sale.order") || model.starts_with("pos.");
        (self.closed_invoices && model.starts_with("account.move")) || (self.closed_orders && is_order)
    }

    /// Whether a rule lets the user see a row.
    pub(super) fn sees(&self, state: &State, model: &'static str, id: i64, row: &Row) -> bool {
        let is_of_company = || match (&self.companies, row.one("company_id")) {
            (Some(companies), Some(company)) => companies.contains(&company),
            _ => true,
        };
        row.committed && !state.hidden.contains(&(model, id)) && is_of_company()
    }
}

/// Which rows, in which order.
#[derive(Default)]
pub(super) struct Page {
    pub(super) order: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

impl State {
    /// The name by which others show a record.
    pub(super) fn label(&self, model: &'static str, id: i64) -> String {
        let Some(row) = self.row(model, id) else { return String::new() };
        let name = row.text("name");
        match model {
            "res.partner" => {
                let own = match (name, row.text("type")) {
                    ("", "delivery") => "Delivery Address",
                    ("", "invoice") => "Invoice Address",
                    ("", "other") => "Other Address",
                    _ => name,
                };
                match row.one("parent_id").and_then(|parent| self.row(model, parent)) {
                    Some(parent) if !row.flag("is_company") => format!("{}, {own}", parent.text("name")),
                    _ => own.to_owned(),
                }
            }
            "product.product" => match row.text("default_code") {
                "" => name.to_owned(),
                code => format!("[{code}] {name}"),
            },
            "product.category" => row.text("complete_name").to_owned(),
            "res.country.state" => format!("{name} (VN)"),
            _ => name.to_owned(),
        }
    }

    /// The value of a field. References are shown with their labels, unless bare ids are wanted.
    pub(super) fn value(
        &self,
        model: &'static str,
        id: i64,
        row: &Row,
        field: &Field,
        is_bare: bool,
    ) -> Value {
        let is_whole = !is_bare;
        match (field.name, field.kind) {
            ("id", _) => id.into(),
            ("create_date", _) => instant(row.created, is_whole).into(),
            ("write_date", _) => instant(row.changed, is_whole).into(),
            ("company_type", _) => if row.flag("is_company") { "company" } else { "person" }.into(),
            // Without its library the server shows what was typed.
            ("phone_sanitized", _) => text_or_false(row.text("phone")),
            ("email_normalized", _) => {
                let first = row.text("email").split([',', ';']).next().unwrap_or_default();
                text_or_false(&first.trim().to_lowercase())
            }
            ("qty_available", _) => {
                let quants = row.many("stock_quant_ids");
                let on_hand = quants.into_iter().filter_map(|quant| self.row("stock.quant", quant));
                json!(
                    on_hand
                        .filter(|quant| self.is_internal(quant))
                        .map(|quant| quant.amount("quantity"))
                        .sum::<f64>()
                )
            }
            ("child_ids", _) => {
                let lives = |id: &i64| self.row(model, *id).is_some_and(|child| !child.is_archived());
                row.many("child_ids").into_iter().filter(lives).collect()
            }
            (_, Kind::Label) => text_or_false(&self.label(model, id)),
            (name, Kind::One(to)) => match row.one(name) {
                Some(to_id) if !is_bare => json!([to_id, self.label(to, to_id)]),
                Some(to_id) => to_id.into(),
                None => false.into(),
            },
            (name, Kind::Many(_) | Kind::Lines(..)) => row.many(name).into(),
            (name, Kind::Whole) => row.one(name).unwrap_or(0).into(),
            (name, Kind::Float) => json!(row.amount(name)),
            (name, Kind::Flag) => row.flag(name).into(),
            (name, Kind::Text | Kind::Time) => match row.json.get(name) {
                Some(Value::Null) | None => false.into(),
                Some(kept) => kept.clone(),
            },
        }
    }

    fn is_internal(&self, quant: &Row) -> bool {
        let place = quant.one("location_id").and_then(|place| self.row("stock.location", place));
        place.is_some_and(|place| place.text("usage") == "internal")
    }

    /// The ids that a domain holds, as far as the caller sees them.
    pub(super) fn search(
        &self,
        model: &'static Model,
        domain: &Domain,
        page: &Page,
        caller: &Caller,
    ) -> Result<Vec<i64>, Refusal> {
        let hides_archived = caller.hides_archived && !domain.names_active;
        let passes = |id: i64, row: &Row| {
            caller.sees(self, model.name, id, row)
                && !(hides_archived && row.is_archived())
                && domain.all.iter().all(|one| one.holds(self, id, row))
        };
        let keys = self.order(model, page.order.as_deref())?;
        let is_by_id = matches!(keys.as_slice(), [(field, false)] if field.name == "id");
        let most = page.limit.unwrap_or(usize::MAX).saturating_add(page.offset);
        let most = if is_by_id { most } else { usize::MAX };
        let mut found: Vec<i64> = match self.candidates(model, domain) {
            Candidates::Behind(last) => {
                let rows = self.tables.get(model.name).into_iter();
                let rows = rows.flat_map(|table| table.range(last.saturating_add(1)..));
                rows.filter(|(id, row)| passes(**id, row)).map(|(id, _)| *id).take(most).collect()
            }
            Candidates::These(ids) => ids
                .into_iter()
                .filter(|id| self.row(model.name, *id).is_some_and(|row| passes(*id, row)))
                .take(most)
                .collect(),
        };
        if !is_by_id {
            // Nothing breaks a tie: rows of one stamp come now so, now so.
            let shuffled = |id: i64| (id ^ self.ticks).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64);
            found.sort_by(|one, other| {
                let by_keys = keys.iter().map(|(field, falls)| {
                    let ordering = self.compare(model.name, field, *one, *other);
                    if *falls { ordering.reverse() } else { ordering }
                });
                let first = by_keys.into_iter().find(|ordering| ordering.is_ne());
                first.unwrap_or_else(|| shuffled(*one).cmp(&shuffled(*other)))
            });
        }
        Ok(found.into_iter().skip(page.offset).take(page.limit.unwrap_or(usize::MAX)).collect())
    }

    fn order(
        &self,
        model: &'static Model,
        order: Option<&str>,
    ) -> Result<Vec<(&'static Field, bool)>, Refusal> {
        let usual = if model.name == "res.partner" { "name" } else { "id" };
        let order = order.filter(|order| !order.trim().is_empty()).unwrap_or(usual);
        let keys = order.split(',').map(|part| {
            let mut words = part.split_whitespace();
            let name = words.next().unwrap_or_default();
            let field = model.field(name, self.version).ok_or_else(|| Refusal::field(name, model.name))?;
            if !field.stored {
                let what = format!("Cannot convert {}.{name} to SQL because it is not stored", model.name);
                return Err(Refusal::value(what));
            }
            Ok((field, words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"))))
        });
        keys.collect()
    }

    /// By what is stored: times to the microsecond.
    fn compare(&self, model: &str, field: &Field, one: i64, other: i64) -> Ordering {
        let (Some(first), Some(second)) = (self.row(model, one), self.row(model, other)) else {
            return Ordering::Equal;
        };
        match (field.name, field.kind) {
            ("id", _) => one.cmp(&other),
            ("write_date", _) => first.changed.cmp(&second.changed),
            ("create_date", _) => first.created.cmp(&second.created),
            (name, Kind::Whole | Kind::Float) => first.amount(name).total_cmp(&second.amount(name)),
            (name, Kind::One(_)) => first.one(name).cmp(&second.one(name)),
            (name, _) => first.text(name).cmp(second.text(name)),
        }
    }

    /// Where to look, so that a page of a long list does not cost the whole of it.
    fn candidates(&self, model: &'static Model, domain: &Domain) -> Candidates {
        let mut behind = 0;
        for one in &domain.all {
            let Expr::Leaf(Leaf { steps, op, value }) = one else { continue };
            let [field] = steps.as_slice() else { continue };
            let ids = match (op, value) {
                (Op::In, Value::Array(items)) => items.iter().filter_map(Value::as_i64).collect(),
                (Op::Is, Value::Number(id)) => id.as_i64().into_iter().collect::<Vec<_>>(),
                (Op::Above, Value::Number(id)) if field.name == "id" => {
                    behind = behind.max(id.as_i64().unwrap_or(0));
                    continue;
                }
                _ => continue,
            };
            let side = model.sides.iter().find(|(side, ..)| *side == field.name);
            let mut found: Vec<i64> = match side {
                _ if field.name == "id" => ids,
                Some((_, owner, shown)) => {
                    let owners = ids.into_iter().filter_map(|id| self.row(owner, id));
                    owners.flat_map(|owner| owner.many(shown)).collect()
                }
                None => continue,
            };
            found.sort_unstable();
            found.dedup();
            return Candidates::These(found);
        }
        Candidates::Behind(behind)
    }

    /// Rows as JSON. One of them may be broken.
    pub(super) fn shown(
        &self,
        model: &'static Model,
        ids: &[i64],
        fields: &[&'static Field],
        is_bare: bool,
        (broken, blanks): (Option<usize>, bool),
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(ids.len() * fields.len() * 24 + 2);
        out.push(b'[');
        for (at, id) in ids.iter().enumerate() {
            let Some(row) = self.row(model.name, *id) else { continue };
            out.extend_from_slice(if at > 0 { b",{" } else { b"{" });
            let broken = (broken == Some(at)).then(|| breakable(model.name));
            for (nth, field) in fields.iter().enumerate() {
                let value = match field.name {
                    name if broken == Some(name) => json!({ "amount": ["nhiều"] }),
                    "id" | "write_date" => self.value(model.name, *id, row, field, false),
                    _ => {
                        // Bare references, but times as always.
                        let is_time = field.kind == Kind::Time;
                        self.value(model.name, *id, row, field, is_bare && !is_time)
                    }
                };
                let is_blank =
                    blanks && id % 3 == 1 && field.kind == Kind::Text && value == Value::Bool(false);
                let value = if is_blank { "".into() } else { value };
                let comma = if nth > 0 { "," } else { "" };
                drop(write!(out, "{comma}\"{}\":{value}", field.name));
            }
            out.push(b'}');
        }
        out.push(b']');
        out
    }

    /// The fields of an answer: those that are named. All of them are not for everybody.
    pub(super) fn fields_of(
        &self,
        model: &'static Model,
        named: &Value,
        caller: &Caller,
    ) -> Result<Vec<&'static Field>, Refusal> {
        let has = |field: &&Field| field.is_in(self.version);
        let Some(names) = named.as_array().filter(|names| !names.is_empty()) else {
            let all: Vec<_> = model.fields.iter().filter(has).collect();
            return match caller.salesman && all.iter().any(|field| field.restricted) {
                true => Err(Refusal::access(model.name)),
                false => Ok(all),
            };
        };
        let mut fields = vec![&model.fields[0]];
        for name in names {
            let name = name.as_str().unwrap_or_default();
            let field = model.field(name, self.version).ok_or_else(|| Refusal::field(name, model.name))?;
            if field.restricted && caller.salesman {
                return Err(Refusal::access(model.name));
            }
            if name != "id" && !fields.iter().any(|known| known.name == name) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    /// Whether times are compared to the second.
    pub(super) fn is_newer(&self) -> bool {
        self.version >= JSON2
    }
}

enum Candidates {
    Behind(i64),
    These(Vec<i64>),
}

fn text_or_false(text: &str) -> Value {
    if text.is_empty() { false.into() } else { text.into() }
}

/// The field that a broken record is broken in: an amount, or a name where there is none.
fn breakable(model: &str) -> &'static str {
    match model {
        "sale.order" | "pos.order" => "amount_total",
        "product.product" => "lst_price",
        _ => "name",
    }
}

//! What people in the shop do.

use pos_core::record::Stream;
use serde_json::{Map, Value, json};

use super::hooks::{What, tell};
use super::schema::known;
use super::till::{self, CASH, Piece, Slip};
use super::{Row, Sandbox, State, books, place, write};
use crate::server::object;

/// An order of one piece of the first product at the first till.
fn sell(state: &mut State, buyer: Option<i64>) -> Option<i64> {
    let (product, row) = state.rows("product.product").next()?;
    let price = row.amount("lst_price");
    let (id, now) = (state.take_id("pos.order"), state.stamp());
    let piece = Piece { product, quantity: 1.0, price, percent: 0.0, net: price, of: None };
    let slip = Slip {
        id,
        buyer,
        config: 1,
        company: 1,
        method: Some(CASH),
        state: "paid",
        pieces: vec![piece],
        of: None,
        placed: now,
        changed: now,
    };
    till::ring_up(state, slip);
    tell(state, "pos.order", id, What::Made);
    Some(id)
}

impl Sandbox {
    /// Writes to a record, as `write` does.
    pub fn update(&self, stream: Stream, id: &str, vals: Map<String, Value>) -> bool {
        let Some((model, id)) = place(stream, id) else { return false };
        write::write(&mut self.inner.state(), known(model), id, &vals).is_ok()
    }

    /// Makes a record of a model, as `create` does.
    pub fn create(&self, model: &'static str, vals: Value) -> Option<i64> {
        write::create(&mut self.inner.state(), known(model), &object(vals)).ok()
    }

    /// Gives a customer another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        self.update(Stream::Customers, id, object(json!({ "name": name })))
    }

    /// Gives a customer another phone number.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        self.update(Stream::Customers, id, object(json!({ "phone": phone })))
    }

    /// Hides a customer from everybody who does not ask for archived ones; or shows it again.
    pub fn archive_customer(&self, id: &str, archived: bool) -> bool {
        let is_other = self
            .record(Stream::Customers, id)
            .is_some_and(|row| (row.get("active") == Some(&Value::Bool(false))) != archived);
        is_other && self.update(Stream::Customers, id, object(json!({ "active": !archived })))
    }

    /// Deletes a customer for good where nothing refers to it, else archives it, as the server advises.
    pub fn delete_customer(&self, id: &str) -> bool {
        self.delete(Stream::Customers, id) || self.archive_customer(id, true)
    }

    /// Brings an archived customer back.
    pub fn restore_customer(&self, id: &str) -> bool {
        self.archive_customer(id, false)
    }

    /// Deletes a record for good, where the server lets one.
    pub fn delete(&self, stream: Stream, id: &str) -> bool {
        let Some((model, number)) = place(stream, id) else { return false };
        let mut state = self.inner.state();
        let is_gone = write::unlink(&mut state, known(model), number).is_ok();
        if is_gone && matches!(stream, Stream::Customers | Stream::Orders) {
            state.gone.push((stream, id.to_owned()));
        }
        is_gone
    }

    /// Merges a customer into another one: it is deleted, its orders go over without moving, and so does its external id.
    pub fn merge_customers(&self, from: &str, into: &str) -> bool {
        let mut state = self.inner.state();
        let (Some((model, source)), Some((_, survivor))) =
            (place(Stream::Customers, from), place(Stream::Customers, into))
        else {
            return false;
        };
        let (Some(gone), Some(_)) = (state.row(model, source).cloned(), state.row(model, survivor)) else {
            return false;
        };
        if source == survivor {
            return false;
        }
        for name in ["phone", "mobile", "email", "street", "city", "state_id", "country_id", "comment", "vat"]
        {
            let has = state
                .row(model, survivor)
                .is_some_and(|row| row.json.get(name).is_some_and(|own| !own.is_null()));
            if let Some(value) = gone.json.get(name).filter(|_| !has).cloned() {
                state.set(model, survivor, name, value);
            }
        }
        for table in ["sale.order", "pos.order", "account.move", "res.users"] {
            for name in ["partner_id", "partner_invoice_id", "partner_shipping_id"] {
                let of = |row: &Row| row.one(name) == Some(source);
                let ids: Vec<i64> = state.rows(table).filter(|(_, row)| of(row)).map(|(id, _)| id).collect();
                ids.into_iter().for_each(|id| state.set(table, id, name, survivor.into()));
            }
        }
        for child in gone.many("child_ids") {
            state.set(model, child, "parent_id", survivor.into());
            state.moved(model, child);
        }
        for to in state.external.values_mut().filter(|to| **to == (model, source)) {
            to.1 = survivor;
        }
        let before = state.row(model, survivor).cloned();
        state.moved(model, survivor);
        state.take_out(model, source);
        state.gone.push((Stream::Customers, from.to_owned()));
        tell(&mut state, model, source, What::Gone(&gone));
        if let Some(before) = before {
            tell(&mut state, model, survivor, What::Written(&before));
        }
        true
    }

    /// A new sale order of one piece of the first product, confirmed. Answers its id; an empty text where there is no such customer.
    pub fn create_order(&self, customer: &str) -> String {
        let mut state = self.inner.state();
        let Some((_, buyer)) = place(Stream::Customers, customer) else { return String::new() };
        let Some((product, _)) = state.rows("product.product").next() else { return String::new() };
        let vals = json!({ "partner_id": buyer, "state": "sale", "order_line": [[0, 0, { "product_id": product }]] });
        let made = write::create(&mut state, known("sale.order"), &object(vals));
        made.map(|id| id.to_string()).unwrap_or_default()
    }

    /// Somebody buys one piece of the first product at a till. Answers the id of the order.
    pub fn sell(&self, customer: Option<&str>) -> Option<String> {
        let buyer = customer.and_then(|id| place(Stream::Customers, id)).map(|(_, id)| id);
        sell(&mut self.inner.state(), buyer).map(|id| format!("pos.order,{id}"))
    }

    /// The rest of a sale order's money comes in; answers false where nothing is owed.
    pub fn pay_order(&self, id: &str) -> bool {
        matches!(place(Stream::Orders, id), Some(("sale.order", id)) if books::pay(&mut self.inner.state(), id))
    }

    /// So much of a paid sale order's money goes back.
    pub fn refund_order(&self, id: &str, amount: i64) -> bool {
        let Some(("sale.order", id)) = place(Stream::Orders, id) else { return false };
        let mut state = self.inner.state();
        let Some(row) = state.row("sale.order", id) else { return false };
        let (paid, back) = books::settled(&state, row);
        let is_paid = paid >= row.amount("amount_total") && row.text("state") != "cancel";
        let fits = amount > 0 && back + amount as f64 <= paid;
        // What was paid online has no invoice that could be credited.
        let has_invoice = !books::posted(&state, row, "out_invoice").is_empty();
        if is_paid && fits && has_invoice {
            books::credit(&mut state, id, amount as f64);
        }
        is_paid && fits && has_invoice
    }

    /// Cancels an order that is not locked, a till's only while it is rung up.
    pub fn cancel_order(&self, id: &str) -> bool {
        let Some((model, id)) = place(Stream::Orders, id) else { return false };
        let mut state = self.inner.state();
        let stands = state.row(model, id).map(|row| row.text("state").to_owned()).unwrap_or_default();
        match model {
            "sale.order" => stands != "cancel" && write::press(&mut state, "action_cancel", id).is_ok(),
            _ if stands == "draft" => {
                write::write(&mut state, known("pos.order"), id, &object(json!({ "state": "cancel" })))
                    .is_ok()
            }
            _ => false,
        }
    }

    /// Everything comes back: of a till's order as a refund, of a paid sale order as a credit note.
    pub fn return_order(&self, id: &str) -> bool {
        match place(Stream::Orders, id) {
            Some(("pos.order", id)) => self.take_back(id, true),
            Some(("sale.order", number)) => {
                let total =
                    self.inner.state().row("sale.order", number).map(|row| row.amount("amount_total"));
                self.refund_order(id, total.unwrap_or_default() as i64)
            }
            _ => false,
        }
    }

    /// The goods of the first line come back to a till.
    pub fn return_part(&self, id: &str) -> bool {
        matches!(place(Stream::Orders, id), Some(("pos.order", id)) if self.take_back(id, false))
    }

    fn take_back(&self, id: i64, is_whole: bool) -> bool {
        let mut state = self.inner.state();
        let back = till::take_back(&mut state, id, is_whole, None);
        if let Some(back) = back {
            tell(&mut state, "pos.order", back, What::Made);
        }
        back.is_some()
    }

    /// Deletes an order, where it is still open or was cancelled.
    pub fn delete_order(&self, id: &str) -> bool {
        self.delete(Stream::Orders, id)
    }

    /// Makes a quotation of a cancelled order again.
    pub fn restore_order(&self, id: &str) -> bool {
        let Some(("sale.order", id)) = place(Stream::Orders, id) else { return false };
        let mut state = self.inner.state();
        let is_cancelled = state.row("sale.order", id).is_some_and(|row| row.text("state") == "cancel");
        is_cancelled && write::press(&mut state, "action_draft", id).is_ok()
    }

    /// Goods of a product come in or go out: the product itself does not move.
    pub fn move_stock(&self, product: &str, pieces: i64) -> bool {
        let Some((model, id)) = place(Stream::Products, product) else { return false };
        let mut state = self.inner.state();
        let quant = state.row(model, id).and_then(|row| row.many("stock_quant_ids").first().copied());
        let Some(quant) = quant else { return false };
        let on_hand = state.row("stock.quant", quant).map_or(0.0, |row| row.amount("quantity"));
        let vals = object(json!({ "quantity": on_hand + pieces as f64 }));
        write::write(&mut state, known("stock.quant"), quant, &vals).is_ok()
    }

    /// An import begins: its customers are stamped now, and nobody sees them before [`commit`](Self::commit).
    pub fn begin_import(&self, names: &[&str]) -> Vec<String> {
        let mut state = self.inner.state();
        let mut ids = Vec::new();
        for name in names {
            let Ok(id) = write::create(&mut state, known("res.partner"), &object(json!({ "name": name })))
            else {
                continue;
            };
            if let Some(row) = state.table("res.partner").get_mut(&id) {
                row.committed = false;
            }
            ids.push(id.to_string());
        }
        ids
    }

    /// Imports end: what they wrote is seen, with the stamps of when they began.
    pub fn commit(&self) {
        let mut state = self.inner.state();
        state.tables.values_mut().flat_map(|table| table.values_mut()).for_each(|row| row.committed = true);
    }
}

/// A new record of a stream.
pub(super) fn insert(state: &mut State, stream: Stream) -> Option<String> {
    let buyer = state.rows("res.partner").find(|(_, row)| state.is_customer(row)).map(|(id, _)| id);
    let product = state.rows("product.product").next().map(|(id, _)| id)?;
    let mut make = |model: &'static str, vals: Value| {
        write::create(state, known(model), &object(vals)).ok().map(|id| id.to_string())
    };
    match stream {
        Stream::Customers => make("res.partner", json!({ "name": "Khách Mới Mẫu", "phone": "0912 000 999" })),
        Stream::Products => make("product.product", json!({ "name": "Hàng mới", "list_price": 50_000 })),
        Stream::Orders => make(
            "sale.order",
            json!({ "partner_id": buyer?, "order_line": [[0, 0, { "product_id": product }]] }),
        ),
        Stream::Returns => {
            let sold = sell(state, buyer)?;
            till::take_back(state, sold, true, None).map(|id| format!("pos.order,{id}"))
        }
        _ => None,
    }
}

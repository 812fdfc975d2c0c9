//! What people in the shop do.

use pos_core::record::Stream;
use serde_json::{Map, Value};

use super::{Kind, Sandbox, render, write};
use crate::contract::number;
use crate::server::text;

impl Sandbox {
    fn edit(&self, kind: Kind, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.inner.state().change(kind, number(id), change)
    }

    /// Gives a customer another name: on the profile, and on the address as the checkout does.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        let name = render::tidy(name);
        let (last, first) = name.rsplit_once(' ').unwrap_or((&name, ""));
        self.edit(Kind::Customers, id, |row| {
            let put = |row: &mut Map<String, Value>| {
                row.insert("first_name".into(), first.into());
                row.insert("last_name".into(), last.into());
            };
            put(row);
            row.get_mut("billing").and_then(Value::as_object_mut).into_iter().for_each(put);
        })
    }

    /// Gives a customer another phone number.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        self.edit(Kind::Customers, id, |row| row["billing"]["phone"] = phone.into())
    }

    /// Deletes a customer for good.
    pub fn delete_customer(&self, id: &str) -> bool {
        self.delete(Stream::Customers, number(id))
    }

    /// There is no way back.
    pub fn restore_customer(&self, _id: &str) -> bool {
        false
    }

    /// Puts a new order of one piece of the sixteenth product into the shop.
    pub fn create_order(&self, customer: &str) -> String {
        let product = self.id(Stream::Products, 16);
        self.add_order(Some(number(customer)), product).map_or_else(String::new, |id| id.to_string())
    }

    /// Puts a new order of one piece of a product into the shop, of a customer or a guest.
    pub fn add_order(&self, customer: Option<i64>, product: i64) -> Option<i64> {
        let mut state = self.inner.state();
        let billing =
            customer.and_then(|id| Some(state.table(Kind::Customers).get(&id)?.json["billing"].clone()));
        let mut sent = Map::new();
        sent.insert("line_items".into(), serde_json::json!([{ "product_id": product, "quantity": 1 }]));
        sent.insert("customer_id".into(), customer.filter(|_| billing.is_some()).unwrap_or(0).into());
        sent.insert("payment_method".into(), "cod".into());
        sent.insert("status".into(), "processing".into());
        sent.extend(billing.map(|billing| ("billing".to_owned(), billing)));
        write::new_order(&self.inner, &mut state, &sent).ok()
    }

    /// The money for an order comes in; answers false where it did already, or nothing is owed.
    pub fn pay_order(&self, id: &str) -> bool {
        let mut state = self.inner.state();
        let now = state.now_ms();
        let row = state.table(Kind::Orders).get(&number(id));
        let is_owed = row.is_some_and(|row| {
            row.json["date_paid_gmt"].is_null()
                && !matches!(row.status(), "cancelled" | "refunded" | "trash")
                && !render::is_draft(row.status())
        });
        is_owed && state.change(Kind::Orders, number(id), |row| write::pay(row, now))
    }

    /// Gives part of a paid order's money back.
    pub fn refund_order(&self, id: &str, amount: i64) -> bool {
        self.give_back(id, Some((amount, 0)))
    }

    /// A piece of the first line comes back, and its money goes.
    pub fn return_part(&self, id: &str) -> bool {
        let row = self.row(Stream::Orders, number(id));
        let price = row.map_or(0, |row| render::dong(&row["line_items"][0]["price"]));
        self.give_back(id, Some((price, 1)))
    }

    /// Everything goes back: the order is refunded.
    pub fn return_order(&self, id: &str) -> bool {
        self.give_back(id, None)
    }

    fn give_back(&self, id: &str, amount: Option<(i64, i64)>) -> bool {
        let mut state = self.inner.state();
        let row = state.table(Kind::Orders).get(&number(id));
        let is_paid = row.is_some_and(|row| {
            !row.json["date_paid_gmt"].is_null()
                && !matches!(row.status(), "cancelled" | "refunded" | "trash")
        });
        is_paid && write::give_back(&mut state, number(id), amount).is_some()
    }

    /// Deletes a refund. Before 11.2 nobody is told, and the order's time of change stays.
    pub fn delete_refund(&self, id: i64) -> bool {
        let mut state = self.inner.state();
        let Some(refund) = state.table(Kind::Refunds).remove(&id) else { return false };
        let drop_it = |row: &mut Map<String, Value>| {
            if let Some(all) = row.get_mut("refunds").and_then(Value::as_array_mut) {
                all.retain(|one| one["id"] != id);
            }
        };
        if state.version >= (11, 2) {
            return state.change(Kind::Orders, refund.parent, drop_it);
        }
        state.table(Kind::Orders).get_mut(&refund.parent).is_some_and(|row| {
            drop_it(&mut row.json);
            true
        })
    }

    /// Cancels an order.
    pub fn cancel_order(&self, id: &str) -> bool {
        let row = self.row(Stream::Orders, number(id));
        let is_open =
            row.is_some_and(|row| !matches!(text(&row, "status"), "cancelled" | "refunded" | "trash"));
        is_open && self.edit(Kind::Orders, id, |row| drop(row.insert("status".into(), "cancelled".into())))
    }

    /// Puts an order into the trash.
    pub fn delete_order(&self, id: &str) -> bool {
        self.delete(Stream::Orders, number(id))
    }

    /// Takes an order out of the trash.
    pub fn restore_order(&self, id: &str) -> bool {
        self.restore(Stream::Orders, number(id))
    }

    /// Changes an order as its screen does when only a line is edited: its time of change stays, and nobody is told.
    pub fn edit_in_silence(&self, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        let mut state = self.inner.state();
        let Some(row) = state.table(Kind::Orders).get_mut(&number(id)) else { return false };
        change(&mut row.json);
        true
    }
}

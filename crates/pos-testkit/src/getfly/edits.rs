//! What people in the company do.

use pos_core::record::Stream;

use super::render::amount;
use super::{Kind, Sandbox, render, write};
use crate::contract::number;
use crate::server::text;

impl Sandbox {
    /// Gives a customer another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        self.update(Stream::Customers, number(id), |row| drop(row.insert("account_name".into(), name.into())))
    }

    /// Gives a customer another phone number.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        self.update(Stream::Customers, number(id), |row| {
            drop(row.insert("phone_office".into(), phone.into()))
        })
    }

    /// Deletes a customer; its code stays taken.
    pub fn delete_customer(&self, id: &str) -> bool {
        self.delete(Stream::Customers, number(id))
    }

    /// Brings a deleted customer back.
    pub fn restore_customer(&self, id: &str) -> bool {
        self.restore(Stream::Customers, number(id))
    }

    /// A new order of one piece of the first product, of a customer. Answers its id; an empty text where there is no such customer.
    pub fn create_order(&self, customer: &str) -> String {
        let mut state = self.inner.state();
        let buyer = state.table(Kind::Accounts).get(&number(customer)).map(|row| row.json.clone());
        let product = state.table(Kind::Products).values().next().map(|row| row.json.clone());
        let (Some(buyer), Some(product)) = (buyer, product) else { return String::new() };
        let (id, now) = (state.take_id(Kind::Orders), state.now_ms());
        let mut row = render::bare_order(id);
        row.insert("order_date".into(), render::day(now).into());
        render::snapshot(&mut row, &buyer);
        write::add_piece(&mut row, &product);
        state.put(Kind::Orders, id, row);
        id.to_string()
    }

    /// The rest of an order's money comes in; answers false where nothing is owed.
    pub fn pay_order(&self, id: &str) -> bool {
        let mut state = self.inner.state();
        let Some(row) = state.table(Kind::Orders).get(&number(id)) else { return false };
        let owed = amount(&row.json, "real_amount") - amount(&row.json, "f_amount");
        let is_open = row.json.get("status") != Some(&5.into());
        is_open && owed > 0 && write::pay(&mut state, number(id), owed, None)
    }

    /// Somebody approves an order that waits for it.
    pub fn approve_order(&self, id: &str) -> bool {
        let is_open = self.row(Stream::Orders, number(id)).is_some_and(|row| row["status"] == 1);
        is_open && self.update(Stream::Orders, number(id), |row| render::set_status(row, 2))
    }

    /// Cancels an order.
    pub fn cancel_order(&self, id: &str) -> bool {
        let is_open = self.row(Stream::Orders, number(id)).is_some_and(|row| row["status"] != 5);
        is_open && self.update(Stream::Orders, number(id), |row| render::set_status(row, 5))
    }

    /// How money that goes back is shown is not established.
    pub fn refund_order(&self, _id: &str, _amount: i64) -> bool {
        false
    }

    /// How goods that come back are shown is not established.
    pub fn return_order(&self, _id: &str) -> bool {
        false
    }

    /// How goods that come back are shown is not established.
    pub fn return_part(&self, _id: &str) -> bool {
        false
    }

    /// Deletes an order, which no feed and no webhook tells.
    pub fn delete_order(&self, id: &str) -> bool {
        self.delete(Stream::Orders, number(id))
    }

    /// Brings a deleted order back.
    pub fn restore_order(&self, id: &str) -> bool {
        self.restore(Stream::Orders, number(id))
    }

    /// The ids of customers who were deleted and can be restored.
    pub fn deleted_customers(&self) -> Vec<i64> {
        let state = self.inner.state();
        let gone = state.gone.iter().filter(|((kind, _), gone)| *kind == Kind::Accounts && !gone.for_good);
        gone.map(|((_, id), _)| *id).collect()
    }

    /// The code of a customer or an order, deleted ones included.
    pub fn code(&self, stream: Stream, id: i64) -> Option<String> {
        let kind = Kind::of(stream)?;
        let mut state = self.inner.state();
        let row = state.table(kind).get(&id).cloned();
        let row = row.or_else(|| state.gone.get(&(kind, id)).map(|gone| gone.row.clone()))?;
        Some(text(&row.json, render::code_of(kind)).to_owned())
    }
}

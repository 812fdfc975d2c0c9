//! What people do in the shop.

use pos_core::record::Stream;

use super::{Kind, Sandbox, State, rows, write};
use crate::server::text;

impl Sandbox {
    fn edit_invoice(&self, id: &str, status: i64, from: &[i64]) -> bool {
        let mut state = self.inner.state();
        let now = state.table(Kind::Invoices).get(id).and_then(|row| row.json["PaymentStatus"].as_i64());
        let may = now.is_some_and(|now| from.contains(&now));
        may && state.change(Kind::Invoices, id, |row| rows::stand(row, status))
    }

    /// Gives a customer another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        self.update(Stream::Customers, id, |row| drop(row.insert("Name".into(), name.into())))
    }

    /// Gives a customer another phone number.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        self.update(Stream::Customers, id, |row| {
            let fresh = rows::customer(text(row, "Id"), text(row, "Code"), text(row, "Name"), phone);
            for name in ["Tel", "NormalizedTel", "StandardTel"] {
                row.insert(name.into(), fresh.get(name).cloned().unwrap_or_default());
            }
        })
    }

    /// Deletes a customer.
    pub fn delete_customer(&self, id: &str) -> bool {
        self.delete(Stream::Customers, id)
    }

    /// Puts a new customer into the shop, and answers the id.
    pub fn add_customer(&self, name: &str, phone: &str) -> String {
        write::new_customer(&mut self.inner.state(), name, phone)
    }

    /// Puts a new unpaid invoice into the shop, of a customer or of nobody, and answers its id.
    pub fn add_invoice(&self, customer: Option<&str>) -> String {
        write::new_invoice(&mut self.inner.state(), customer)
    }

    /// Puts a new order into the shop, of a customer or of nobody, and answers its id.
    pub fn add_order(&self, customer: Option<&str>) -> String {
        write::new_order(&mut self.inner.state(), customer)
    }

    /// A cashier makes an invoice of an order; answers its id. It is the only way in which an order is seen.
    pub fn invoice_order(&self, order: &str) -> Option<String> {
        let mut state = self.inner.state();
        let order = state.table(Kind::Orders).get(order)?.json.clone();
        Some(write::invoice_of(&mut state, &order))
    }

    /// The money for an invoice comes in.
    pub fn pay_invoice(&self, id: &str) -> bool {
        self.edit_invoice(id, 3, &[1, 2, 10])
    }

    /// An invoice is sold on credit.
    pub fn lend_invoice(&self, id: &str) -> bool {
        self.edit_invoice(id, 2, &[1])
    }

    /// An invoice goes its way: it waits, is carried, arrives, and its money is waited for.
    pub fn carry_invoice(&self, id: &str) -> bool {
        [(5, 1), (6, 5), (10, 6)].into_iter().any(|(to, from)| self.edit_invoice(id, to, &[from]))
    }

    /// A delivery fails.
    pub fn fail_invoice(&self, id: &str) -> bool {
        self.edit_invoice(id, 7, &[6])
    }

    /// What was carried comes back to the sender.
    pub fn return_invoice(&self, id: &str) -> bool {
        self.edit_invoice(id, 9, &[6, 7])
    }

    /// Cancels an invoice.
    pub fn cancel_invoice(&self, id: &str) -> bool {
        self.edit_invoice(id, 4, &[1, 2, 3, 5, 6, 7, 8, 10])
    }

    /// Deletes an invoice, unless goods of it came back.
    pub fn delete_invoice(&self, id: &str) -> bool {
        let mut state = self.inner.state();
        let invoices = state.table(Kind::Invoices);
        let Some(number) = invoices.get(id).map(|row| text(&row.json, "InvoiceNumber").to_owned()) else {
            return false;
        };
        let has_returns = invoices.values().any(|row| text(&row.json, "ReturnExchangeRefNo") == number);
        !has_returns && state.delete(Kind::Invoices, id)
    }
}

/// Adds any record.
pub(super) fn insert(state: &mut State, kind: Kind) -> Option<String> {
    match kind {
        Kind::Customers => Some(write::new_customer(state, "Khách Mới Mẫu", "")),
        Kind::Invoices => Some(write::new_invoice(state, None)),
        Kind::Orders => Some(write::new_order(state, None)),
        Kind::Items => {
            let serial = state.take_serial();
            let id = rows::item_id(serial);
            let code =
                if serial.is_multiple_of(2) { format!("SP{serial:06}") } else { format!("0-{serial:06}") };
            state.put(kind, id.clone(), rows::item(&id, &code, "Hàng mới", 10_000));
            Some(id)
        }
        Kind::Branches | Kind::Categories | Kind::Levels => None,
    }
}

//! What people in the shop do. Each stamps the time of the change as the vendor would, and is told by webhook where the vendor
//! has an event for it.

use pos_core::record::Stream;
use serde_json::{Value, json};

use super::{Event, Sandbox, order_type, truth};
use crate::contract::number;

impl Sandbox {
    /// Gives a customer another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        self.update(Stream::Customers, number(id), |row| row["name"] = name.into())
    }

    /// Gives a customer another phone number.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        self.update(Stream::Customers, number(id), |row| row["mobile"] = phone.into())
    }

    /// Deletes a customer: the vendor reports that nowhere.
    pub fn delete_customer(&self, id: &str) -> bool {
        self.delete(Stream::Customers, number(id))
    }

    /// The vendor knows no way back.
    pub fn restore_customer(&self, _id: &str) -> bool {
        false
    }

    /// The rest is paid by transfer, and the goods are handed over.
    pub fn pay_order(&self, id: &str) -> bool {
        self.update_order(id, |row| {
            let rest = truth::total(row) - truth::prepaid(row);
            let transfer = truth::dong(&row["payment"]["transfer"]["amount"]) + rest.max(0);
            row["payment"]["transfer"] = json!({ "amount": transfer });
            row["payment"]["codAmount"] = 0.into();
            row["info"]["status"] = 60.into();
        })
    }

    /// The vendor tells no refunds of orders.
    pub fn refund_order(&self, _id: &str, _amount: i64) -> bool {
        false
    }

    /// Calls an order off.
    pub fn cancel_order(&self, id: &str) -> bool {
        self.set_status(id, 63)
    }

    /// The carrier brings all of an order back.
    pub fn return_order(&self, id: &str) -> bool {
        self.set_status(id, 72)
    }

    /// One piece of the first line comes back: a return of its own, type 16. Answers its id.
    pub fn return_part(&self, id: &str) -> Option<String> {
        let order = self
            .row(Stream::Orders, number(id))
            .filter(|row| !matches!(order_type(row), 10 | 14 | 15 | 16))?;
        let mut line = order["products"].get(0).cloned()?;
        let quantity = truth::amount(&line["quantity"]);
        let one = (truth::line_total(&line) / quantity).round() as i64;
        for (name, value) in [("quantity", 1), ("discount", 0), ("discountAmount", 0), ("totalAmount", one)] {
            line[name] = value.into();
        }
        for name in ["price", "priceAfterVAT"] {
            line[name] = one.into();
        }
        let mut state = self.inner.state();
        let back = self.inner.new_order(&mut state, 16);
        if let Some(row) = state.tables.of(Stream::Orders).get_mut(&back) {
            row.json["info"]["status"] = 60.into();
            row.json["info"]["returnFromId"] = number(id).into();
            row.json["info"]["depotId"] = order["info"]["depotId"].clone();
            row.json["shippingAddress"] = order["shippingAddress"].clone();
            row.json["products"] = json!([line]);
        }
        drop(state);
        self.inner.tell(&Event::PartialReturn(back));
        Some(back.to_string())
    }

    /// Deletes an order, or a return that is one.
    pub fn delete_order(&self, id: &str) -> bool {
        self.delete(Stream::Orders, number(id))
    }

    /// The vendor knows no way back.
    pub fn restore_order(&self, _id: &str) -> bool {
        false
    }

    /// A new customer. Answers its id.
    pub fn create_customer(&self, name: &str, phone: &str) -> String {
        let mut state = self.inner.state();
        self.inner.new_customer(&mut state, &json!({ "name": name, "mobile": phone })).to_string()
    }

    /// A new order of a customer, unpaid. Answers its id.
    pub fn create_order(&self, customer: &str) -> Option<String> {
        self.write_order(customer, 1)
    }

    /// A quotation for a customer: no sale yet. Answers its id.
    pub fn quote(&self, customer: &str) -> Option<String> {
        self.write_order(customer, 10)
    }

    /// A quotation becomes a sale under the same number.
    pub fn accept_quotation(&self, id: &str) -> bool {
        let is_one = self.row(Stream::Orders, number(id)).is_some_and(|row| order_type(&row) == 10);
        is_one && self.update(Stream::Orders, number(id), |row| row["info"]["type"] = 1.into())
    }

    fn write_order(&self, customer: &str, kind: i64) -> Option<String> {
        let buyer = self.row(Stream::Customers, number(customer))?;
        let product = self.id(Stream::Products, 4);
        let mut state = self.inner.state();
        let id = self.inner.new_order(&mut state, kind);
        if let Some(row) = state.tables.of(Stream::Orders).get_mut(&id) {
            row.json["shippingAddress"] = json!({ "id": buyer["id"], "name": buyer["name"], "mobile": buyer["mobile"], "email": buyer["email"] });
            row.json["products"] = json!([{ "productId": product, "quantity": 1, "price": 200_000, "priceAfterVAT": 200_000,
                "discount": 0, "discountAmount": 0, "totalAmount": 200_000 }]);
            row.json["payment"]["codAmount"] = 200_000.into();
        }
        drop(state);
        self.inner.tell(&Event::OrderAdded(id));
        Some(id.to_string())
    }

    fn set_status(&self, id: &str, status: i64) -> bool {
        self.update_order(id, |row| row["info"]["status"] = status.into())
    }

    /// Only sales are changed so.
    fn update_order(&self, id: &str, change: impl FnOnce(&mut Value)) -> bool {
        let is_sale = |row: Value| !matches!(order_type(&row), 10 | 14 | 15 | 16);
        self.row(Stream::Orders, number(id)).is_some_and(is_sale)
            && self.update(Stream::Orders, number(id), change)
    }
}

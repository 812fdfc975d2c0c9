//! What people in the shop do: each stamps the time of the change as the vendor would, and is told by webhook.

use pos_core::record::Stream;
use serde_json::{Value, json};

use super::render::{self, set_status};
use super::truth::sums;
use super::unkind::{amount, minor};
use super::{Sandbox, routes};

impl Sandbox {
    /// A new customer. Answers its id.
    pub fn add_customer(&self, name: &str, phone: &str) -> String {
        let mut state = self.inner.state();
        let now = state.now_ms();
        let mut fields = serde_json::Map::new();
        fields.insert("name".into(), name.into());
        fields.insert("phone_numbers".into(), json!([phone]));
        routes::add_customer(&self.inner, &mut state, fields, now)
    }

    /// Gives a customer another name.
    pub fn rename_customer(&self, id: &str, name: &str) -> bool {
        self.update(Stream::Customers, id, |row| drop(row.insert("name".into(), name.into())))
    }

    /// Gives a customer another phone number instead of all that it has.
    pub fn change_phone(&self, id: &str, phone: &str) -> bool {
        self.update(Stream::Customers, id, |row| drop(row.insert("phone_numbers".into(), json!([phone]))))
    }

    /// The vendor knows no deletion of a customer.
    pub fn delete_customer(&self, _id: &str) -> bool {
        false
    }

    /// The vendor knows no deletion of a customer.
    pub fn restore_customer(&self, _id: &str) -> bool {
        false
    }

    /// The rest is paid in cash, and the goods are handed over.
    pub fn pay_order(&self, id: &str) -> bool {
        self.update(Stream::Orders, id, |row| {
            let (total, paid, _) = sums(row);
            let cash = amount(row, "cash") + (total - paid).max(0);
            for (name, value) in [("cash", cash), ("cod", 0), ("money_to_collect", 0)] {
                row.insert(name.into(), value.into());
            }
            set_status(row, 3);
        })
    }

    /// The vendor tells no refunds.
    pub fn refund_order(&self, _id: &str, _amount: i64) -> bool {
        false
    }

    /// Cancels an order.
    pub fn cancel_order(&self, id: &str) -> bool {
        self.set_status(id, 6)
    }

    /// All of an order comes back.
    pub fn return_order(&self, id: &str) -> bool {
        self.set_status(id, 5)
    }

    /// One piece of an order comes back.
    pub fn return_part(&self, id: &str) -> bool {
        self.update(Stream::Orders, id, |row| {
            let item = row.get_mut("items").and_then(|items| items.get_mut(0)).and_then(Value::as_object_mut);
            if let Some(item) = item {
                let back = (amount(item, "returned_count") + 1).min(amount(item, "quantity"));
                item.insert("returned_count".into(), back.into());
                set_status(row, 15);
            }
        })
    }

    /// Puts an order into the bin.
    pub fn delete_order(&self, id: &str) -> bool {
        self.set_status(id, 7)
    }

    /// Takes an order out of the bin.
    pub fn restore_order(&self, id: &str) -> bool {
        let is_there = self.row(Stream::Orders, id).is_some_and(|row| row["status"] == 7);
        is_there && self.set_status(id, 3)
    }

    /// Makes an order older than it is, as the vendor does with orders from an older system.
    pub fn backdate(&self, id: &str, by: time::Duration) -> bool {
        let mut state = self.inner.state();
        let Some(row) = state.table(Stream::Orders).get_mut(id) else { return false };
        let mut body = render::body(self.inner.shop(), Stream::Orders, row);
        row.created_ms -= i64::try_from(by.whole_milliseconds()).unwrap_or_default();
        body.insert("inserted_at".into(), render::utc(row.created_ms, true).into());
        row.body = Some(body);
        true
    }

    /// A new order of a customer, unpaid. Answers its number.
    pub fn create_order(&self, customer: &str) -> Option<String> {
        let buyer = self.row(Stream::Customers, customer)?;
        let price = 200_000 * minor(&self.inner.options.currency);
        let mut body = render::blank_order();
        body.insert("bill_full_name".into(), buyer["name"].clone());
        body.insert(
            "bill_phone_number".into(),
            buyer["phone_numbers"].get(0).cloned().unwrap_or(Value::Null),
        );
        body.insert("customer".into(), Value::Object(buyer));
        for name in ["total_price", "total_price_after_sub_discount", "cod", "money_to_collect"] {
            body.insert(name.into(), price.into());
        }
        let item = json!({
            "id": 12_990_000_000_u64, "product_id": render::product_key(0), "variation_id": render::variation_key(0),
            "quantity": 1, "discount_each_product": 0, "total_discount": 0, "returned_count": 0,
            "variation_info": {"name": "Hàng Mẫu", "retail_price": price, "fields": null},
        });
        body.insert("items".into(), json!([item]));
        let mut state = self.inner.state();
        let now = state.now_ms();
        Some(routes::add_order(&self.inner, &mut state, body, now, None))
    }
}

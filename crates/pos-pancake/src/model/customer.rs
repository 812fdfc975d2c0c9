//! Customers.

use pos_core::record::{Money, Quantity};
use serde_json::Value;
use time::{Date, OffsetDateTime};

use super::Tag;

wire! {
    /// A customer: `/shops/{id}/customers`, and embedded in orders.
    Customer keyed(id) shows(id, customer_id, shop_id, is_block, inserted_at, updated_at) {
        /// The shop's customer record: the key, and the filter `customer_id` of orders (C:5).
        id: Option<String> = "pos_core::lenient::text",
        /// A second uuid, always another than `id` (L); what it means is not documented, one client keys by it (?).
        customer_id: Option<String> = "pos_core::lenient::text",
        /// The shop.
        shop_id: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Numbers as people write them; `[]` for a walk-in.
        phone_numbers: Vec<String> = "super::read::texts",
        /// E-mail addresses; usually `[]`.
        emails: Vec<String> = "super::read::texts",
        /// `male`, `female` (Dq); mostly null. `other`, `1` and `2` were seen by one client.
        gender: Option<String> = "super::read::text_if_any",
        /// Birthday (Dq), also as `DD/MM/YYYY` (C:1).
        date_of_birth: Option<Date> = "super::read::birthday",
        /// Facebook's page-scoped id (C:2).
        fb_id: Option<String> = "pos_core::lenient::text",
        /// Orders in all.
        order_count: Option<i64> = "pos_core::lenient::integer",
        /// Orders that succeeded.
        succeed_order_count: Option<i64> = "pos_core::lenient::integer",
        /// Orders that came back.
        returned_order_count: Option<i64> = "pos_core::lenient::integer",
        /// Spent in a lifetime.
        purchased_amount: Option<Money> = "super::read::money",
        /// Points now; whole or not (D).
        reward_point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Points used.
        used_reward_point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// What the customer owes.
        current_debts: Option<Money> = "super::read::money",
        /// The code that the customer refers others with.
        referral_code: Option<String> = "super::read::text_if_any",
        /// Level: null in captures, a text or an object elsewhere (?).
        level: Option<Value> = "super::read::any",
        /// Tags.
        tags: Vec<Tag> = "super::read::tags",
        /// Notes (C:1).
        notes: Vec<CustomerNote> = "super::read::objects",
        /// Sources of the customer's orders.
        order_sources: Vec<String> = "super::read::texts",
        /// Whether the shop blocked the customer.
        is_block: Option<bool> = "super::read::flag_if_any",
        /// The member of staff who looks after the customer.
        assigned_user_id: Option<String> = "super::read::text_if_any",
        /// Currency of the amounts; the shop's when null.
        currency: Option<String> = "super::read::text_if_any",
        /// When the last order was placed.
        last_order_at: Option<OffsetDateTime> = "super::read::instant",
        /// Created.
        inserted_at: Option<OffsetDateTime> = "super::read::instant",
        /// Changed.
        updated_at: Option<OffsetDateTime> = "super::read::instant",
        /// Addresses; one reading of the specification drops the plural.
        #[serde(alias = "shop_customer_address")]
        shop_customer_addresses: Vec<CustomerAddress> = "super::read::objects",
    }
}

wire! {
    /// An address of a customer.
    CustomerAddress shows(id) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Who lives there.
        full_name: Option<String> = "pos_core::lenient::text",
        /// The number to call there.
        phone_number: Option<String> = "pos_core::lenient::text",
        /// House and street.
        address: Option<String> = "pos_core::lenient::text",
        /// Everything in one line.
        full_address: Option<String> = "pos_core::lenient::text",
        /// Calling code of the country: a number here, a text on orders (L).
        country_code: Option<String> = "pos_core::lenient::text",
        /// Province.
        province_id: Option<String> = "pos_core::lenient::text",
        /// District.
        district_id: Option<String> = "pos_core::lenient::text",
        /// Ward.
        commune_id: Option<String> = "pos_core::lenient::text",
        /// Postal code.
        post_code: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// A note on a customer (C:1).
    CustomerNote keyed(id) shows(id, created_at) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// The words.
        message: Option<String> = "pos_core::lenient::text",
        /// Created: Unix seconds, unlike every other time.
        created_at: Option<OffsetDateTime> = "super::read::instant",
        /// Changed: Unix seconds.
        updated_at: Option<OffsetDateTime> = "super::read::instant",
        /// The order that it is about.
        order_id: Option<String> = "super::read::text_if_any",
    }
}

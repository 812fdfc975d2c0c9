//! Customers.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

use crate::model::Named;
use crate::wire::{block, count, date, id, int, money, named, text, time};

wire! {
    /// A customer: `customer/list`.
    Customer(id, kind, updated_at) {
        /// The key; may be a single digit (D).
        id: Option<String> = "id",
        /// 1 retail, 2 wholesale, 3 agent.
        #[serde(rename = "type")]
        kind: Option<i64> = "int",
        /// Name.
        name: Option<String> = "text",
        /// Phone number: the key by which the shop knows the customer (D).
        mobile: Option<String> = "text",
        /// The shop's code.
        code: Option<String> = "text",
        /// 1 male, 2 female; others are unknown.
        gender: Option<i64> = "int",
        /// House and street, or the whole address.
        address: Option<String> = "text",
        /// E-mail address.
        email: Option<String> = "text",
        /// Birthday.
        birthday: Option<Date> = "date",
        /// First purchase.
        started_date: Option<Date> = "date",
        /// Points now.
        points: Option<Quantity> = "count",
        /// Who takes care of the customer.
        sale_name: Option<String> = "text",
        /// Tax code.
        tax_code: Option<String> = "text",
        /// Places in the old division of three levels.
        locations: Place = "block",
        /// Places in the division of two levels.
        location: Place = "block",
        /// The firm.
        business: Company = "block",
        /// Loyalty tier.
        level: Option<Named> = "named",
        /// Customer group.
        group: Option<Named> = "named",
        /// Spent in all.
        total_amount: Option<Money> = "money",
        /// How many purchases; not documented (U).
        frequency_bought: Option<i64> = "int",
        /// Changed.
        updated_at: Option<OffsetDateTime> = "time",
    }
}

wire! {
    /// Ids of places.
    Place(city_id, district_id, ward_id) {
        /// Province.
        city_id: Option<String> = "id",
        /// District.
        district_id: Option<String> = "id",
        /// Ward.
        ward_id: Option<String> = "id",
    }
}

wire! {
    /// A firm.
    Company() {
        /// Name.
        name: Option<String> = "text",
        /// Address.
        address: Option<String> = "text",
    }
}

wire! {
    /// What `customer/add` answers for each customer.
    CustomerAdded(id) {
        /// The key.
        id: Option<String> = "id",
        /// Phone number as sent.
        mobile: Option<String> = "text",
    }
}

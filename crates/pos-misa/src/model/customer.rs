//! Customers in the vendor's three spellings, member levels, points.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

wire! {
    /// A customer: `customers/paging`, `customers/customerbyinfo`, `customers/search-lomas-info`, the answer to a new one, and
    /// inside of orders. Each of these has names of its own.
    Customer shows(id, customer_id, original_id, code, customer_code, member_level_id) {
        /// The key in lists (C:2); a number of the loyalty program in its search (C:1).
        id: Option<String> = "super::read::id",
        /// The key in `customerbyinfo` (C:1).
        #[serde(rename = "CustomerID", alias = "CustomerId")]
        customer_id: Option<String> = "super::read::id",
        /// The key in the loyalty search and in lists of points (C:1).
        original_id: Option<String> = "super::read::id",
        /// The shop's code, `KH000001` (C:2).
        code: Option<String> = "pos_core::lenient::text",
        /// The same in `customerbyinfo` (C:1).
        customer_code: Option<String> = "pos_core::lenient::text",
        /// Name (C:2).
        name: Option<String> = "pos_core::lenient::text",
        /// The same in `customerbyinfo` (C:1).
        customer_name: Option<String> = "pos_core::lenient::text",
        /// The same in the loyalty search (C:1).
        full_name: Option<String> = "pos_core::lenient::text",
        /// Number as typed (C:2).
        tel: Option<String> = "pos_core::lenient::text",
        /// With the code of the country and without a plus: `84985000111` (C:2).
        normalized_tel: Option<String> = "pos_core::lenient::text",
        /// `0985000111` (C:2).
        standard_tel: Option<String> = "pos_core::lenient::text",
        /// House and street (C:2).
        addr: Option<String> = "pos_core::lenient::text",
        /// All in one line (C:1).
        address: Option<String> = "pos_core::lenient::text",
        /// House and street in the loyalty search (C:1).
        street: Option<String> = "pos_core::lenient::text",
        /// E-mail address (C:2).
        email: Option<String> = "pos_core::lenient::text",
        /// 0 male, 1 female; others are not known (C:1).
        gender: Option<i64> = "pos_core::lenient::loose_integer",
        /// Birthday (C:2).
        birthday: Option<Date> = "super::read::birthday",
        /// Note (C:2).
        description: Option<String> = "pos_core::lenient::text",
        /// The same in the loyalty search (C:1).
        note: Option<String> = "pos_core::lenient::text",
        /// Number of an identity card (C:2).
        identify_number: Option<String> = "pos_core::lenient::text",
        /// Province: its name, or its code (C:2).
        province_addr: Option<String> = "pos_core::lenient::text",
        /// Province in the loyalty search (C:1).
        province_name: Option<String> = "pos_core::lenient::text",
        /// District (C:2).
        district_addr: Option<String> = "pos_core::lenient::text",
        /// District in the loyalty search (C:1).
        district_name: Option<String> = "pos_core::lenient::text",
        /// Ward (C:2).
        commune_addr: Option<String> = "pos_core::lenient::text",
        /// Ward in the loyalty search (C:1).
        ward_name: Option<String> = "pos_core::lenient::text",
        /// Customer group (C:2).
        #[serde(rename = "CustomerCategoryID", alias = "CustomerCategoryId")]
        customer_category_id: Option<String> = "super::read::id",
        /// Its name (C:2).
        customer_category_name: Option<String> = "pos_core::lenient::text",
        /// Number of the card (C:2).
        membership_code: Option<String> = "pos_core::lenient::text",
        /// The same in the loyalty search (C:1).
        hard_card_code: Option<String> = "pos_core::lenient::text",
        /// Member level (C:2).
        #[serde(rename = "MemberLevelID", alias = "MemberLevelId")]
        member_level_id: Option<String> = "super::read::id",
        /// Its name (C:2).
        member_level_name: Option<String> = "pos_core::lenient::text",
        /// The same in the two searches (C:1).
        card_name: Option<String> = "pos_core::lenient::text",
        /// Points in `customerbyinfo` (C:1).
        point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Points in the loyalty search and in lists of points (C:1).
        total_point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Spent, in the loyalty search (C:1).
        total_amount: Option<Money> = "pos_core::lenient::loose_money",
        /// Firm, in the loyalty search (C:1).
        company_name: Option<String> = "pos_core::lenient::text",
        /// Its tax code (C:1).
        tax_code: Option<String> = "pos_core::lenient::text",
        /// In one client's list of members only; what it means is not known (?).
        last_sync_date: Option<OffsetDateTime> = "super::read::instant",
    }
}

wire! {
    /// A member level: `customers/get-all-member-level` (C:1).
    MemberLevel shows(member_level_id) {
        /// The key.
        #[serde(rename = "MemberLevelID", alias = "MemberLevelId")]
        member_level_id: Option<String> = "super::read::id",
        /// Name.
        member_level_name: Option<String> = "pos_core::lenient::text",
        /// Description.
        description: Option<String> = "pos_core::lenient::text",
    }
}

wire! {
    /// The points of a customer: `customers/point-paging` (C:1).
    Points shows(original_id, total_point) {
        /// The customer.
        original_id: Option<String> = "super::read::id",
        /// Points now.
        total_point: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Name.
        full_name: Option<String> = "pos_core::lenient::text",
        /// Number.
        tel: Option<String> = "pos_core::lenient::text",
    }
}

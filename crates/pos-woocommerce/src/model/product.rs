//! Products, their variations, categories.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

pos_core::wire! {
    /// A product: `/products`.
    Product shows(id, kind, status, date_modified_gmt) {
        @key {
            /// The key (D).
            id
        }
        /// Name; may hold HTML entities (D).
        name: Option<String> = "super::text",
        /// `simple`, `variable`, `grouped`, `external`, or a plugin's; `variation` by id and in webhooks only (D).
        #[serde(rename = "type")]
        kind: Option<String> = "super::text",
        /// `publish`, `draft`, `pending`, `private`, `future`, `trash` (D).
        status: Option<String> = "super::text",
        /// Unique and optional (D).
        sku: Option<String> = "super::text",
        /// Bar code, since 9.2 (?).
        global_unique_id: Option<String> = "super::text",
        /// The price now; the lowest one of a variable product (D).
        price: Option<Money> = "super::money",
        /// Without the sale; blank on a variable product (D).
        regular_price: Option<Money> = "super::money",
        /// On sale (D).
        sale_price: Option<Money> = "super::loose_money",
        /// `true`, `false`; `parent` on variations (D).
        manage_stock: Option<String> = "super::text",
        /// In stock, where stock is managed (D).
        stock_quantity: Option<Quantity> = "super::loose_quantity",
        /// `instock`, `outofstock`, `onbackorder` (D).
        stock_status: Option<String> = "super::text",
        /// Where it belongs (D).
        categories: Vec<Label> = "super::many",
        /// Pictures (D).
        images: Vec<Image> = "super::many",
        /// What it comes in (D).
        attributes: Vec<Attribute> = "super::many",
        /// Ids of its variations (D).
        variations: Vec<i64> = "super::many",
        /// The product of a variation (D).
        parent_id: Option<i64> = "super::link",
        /// Created (D).
        date_created_gmt: Option<OffsetDateTime> = "super::instant",
        /// Changed; stock changes by orders do not move it (C:3).
        date_modified_gmt: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A variation: `/products/{id}/variations`.
    Variation shows(id, status, price) {
        @key {
            /// The key (D).
            id
        }
        /// Its attributes as one text, in newer versions (D).
        name: Option<String> = "super::text",
        /// `publish` or `private` (D).
        status: Option<String> = "super::text",
        /// Stock keeping unit (D).
        sku: Option<String> = "super::text",
        /// Bar code (?).
        global_unique_id: Option<String> = "super::text",
        /// The price now (D).
        price: Option<Money> = "super::money",
        /// Without the sale (D).
        regular_price: Option<Money> = "super::money",
        /// `true`, `false` or `parent` (D).
        manage_stock: Option<String> = "super::text",
        /// In stock, where it is managed (D).
        stock_quantity: Option<Quantity> = "super::loose_quantity",
        /// What is chosen; a missing option means any (D).
        attributes: Vec<Attribute> = "super::many",
        /// The product, in newer versions (D).
        parent_id: Option<i64> = "super::link",
    }
}

pos_core::wire! {
    /// An attribute: of a product with all options, of a variation with the one chosen.
    Attribute shows(id) {
        /// 0 for one of this product alone (D).
        id: Option<i64> = "super::link",
        /// Name (D).
        name: Option<String> = "super::text",
        /// The one chosen (D).
        option: Option<String> = "super::text",
        /// All of them (D).
        options: Vec<String> = "super::many",
    }
}

pos_core::wire! {
    /// A category as a product shows it.
    Label shows(id) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// Name (D).
        name: Option<String> = "super::text",
    }
}

pos_core::wire! {
    /// A picture.
    Image shows(id) {
        /// The key (D).
        id: Option<i64> = "super::link",
        /// Its address (D).
        src: Option<String> = "super::text",
    }
}

pos_core::wire! {
    /// A category: `/products/categories`.
    Category shows(id, parent) {
        @key {
            /// The key (D).
            id
        }
        /// Name (D).
        name: Option<String> = "super::text",
        /// The one above (D).
        parent: Option<i64> = "super::link",
    }
}

//! Products, their stock and categories.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use super::Link;

pos_core::wire! {
    /// A product that is sold by itself, a variant of its template: `product.product`.
    Product shows(id, active, write_date) {
        @key {
            /// The key.
            id
        }
        /// Name, without the attributes.
        name: Option<String> = "super::text",
        /// `[code] name (attributes)`.
        display_name: Option<String> = "super::text",
        /// Stock keeping unit; not unique (M19b).
        default_code: Option<String> = "super::text",
        /// Bar code; unique (M19b).
        barcode: Option<String> = "super::text",
        /// Price of the template.
        list_price: Option<Money> = "super::money",
        /// Price with the surcharges of its attributes.
        lst_price: Option<Money> = "super::money",
        /// Cost, by company: 0 when read under another one (M19b).
        standard_price: Option<Money> = "super::loose_money",
        /// `consu`, `service`, `combo` and others.
        #[serde(rename = "type")]
        kind: Option<String> = "super::text",
        /// Category; none is legal in 19 (M19).
        categ_id: Option<Link> = "super::link",
        /// Unit.
        uom_id: Option<Link> = "super::link",
        /// Whether it is not archived.
        active: Option<bool> = "super::flag",
        /// Its template.
        product_tmpl_id: Option<Link> = "super::link",
        /// Ids of what was chosen.
        product_template_attribute_value_ids: Vec<i64> = "super::many",
        /// Currency of the prices.
        currency_id: Option<Link> = "super::link",
        /// Whether it is sold.
        sale_ok: Option<bool> = "super::flag",
        /// Whether tills sell it.
        available_in_pos: Option<bool> = "super::flag",
        /// Ids of its taxes.
        taxes_id: Vec<i64> = "super::many",
        /// On hand in all warehouses, where stock is kept.
        qty_available: Option<Quantity> = "super::loose_quantity",
        /// Created.
        create_date: Option<OffsetDateTime> = "super::instant",
        /// Changed; stock does not move it (M19b).
        write_date: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// How much of a product lies somewhere: `stock.quant`.
    Quant shows(id) {
        @key {
            /// The key.
            id
        }
        /// Product.
        product_id: Option<Link> = "super::link",
        /// Warehouse of the location.
        warehouse_id: Option<Link> = "super::link",
        /// Where.
        location_id: Option<Link> = "super::link",
        /// On the shelf.
        quantity: Option<Quantity> = "super::loose_quantity",
        /// Promised.
        reserved_quantity: Option<Quantity> = "super::loose_quantity",
    }
}

pos_core::wire! {
    /// A category of products: `product.category`.
    Category shows(id, parent_id) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// Name with those above before it.
        complete_name: Option<String> = "super::text",
        /// The one above.
        parent_id: Option<Link> = "super::link",
    }
}

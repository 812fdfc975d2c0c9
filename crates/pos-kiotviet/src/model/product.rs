//! Products.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

wire! {
    /// A product or service: `/products`. Variants and other units are products of their own.
    Product shows(id, code, kind, is_active, modified_date) {
        @key {
            /// The key.
            id
        }
        /// Stock keeping unit; `{DEL}` is appended when it is deleted.
        code: Option<String> = "pos_core::lenient::text",
        /// Bar code, at most 16 characters.
        bar_code: Option<String> = "pos_core::lenient::text",
        /// The code that variants share (W).
        master_code: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Name with attributes and unit.
        full_name: Option<String> = "pos_core::lenient::text",
        /// 1 combo, 2 goods, 3 service (D).
        #[serde(rename = "type")]
        kind: Option<i64> = "pos_core::lenient::integer",
        /// Category.
        category_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        category_name: Option<String> = "pos_core::lenient::text",
        /// Brand.
        trade_mark_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        trade_mark_name: Option<String> = "pos_core::lenient::text",
        /// Whether there are variants.
        has_variants: Option<bool> = "pos_core::lenient::flag",
        /// The product whose variant this is.
        master_product_id: Option<i64> = "pos_core::lenient::integer",
        /// What tells this variant from the others.
        attributes: Vec<Attribute> = "crate::model::read::many",
        /// Unit of sale.
        unit: Option<String> = "pos_core::lenient::text",
        /// The product of the basic unit.
        master_unit_id: Option<i64> = "pos_core::lenient::integer",
        /// How many basic units this one is.
        conversion_value: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Other units of it, which are products of their own.
        units: Vec<ProductUnit> = "crate::model::read::many",
        /// Price.
        base_price: Option<Money> = "pos_core::lenient::money",
        /// Weight.
        weight: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// HTML.
        description: Option<String> = "pos_core::lenient::text",
        /// Whether it is in business.
        is_active: Option<bool> = "pos_core::lenient::flag",
        /// Whether it may be sold by itself.
        allows_sale: Option<bool> = "pos_core::lenient::flag",
        /// Whether it earns points.
        is_reward_point: Option<bool> = "pos_core::lenient::flag",
        /// Whether it has serial numbers.
        is_lot_serial_control: Option<bool> = "pos_core::lenient::flag",
        /// Whether it has batches.
        is_batch_expire_control: Option<bool> = "pos_core::lenient::flag",
        /// `khau_tru` or `truc_tiep`; newer.
        tax_type: Option<String> = "pos_core::lenient::text",
        /// Rate; newer.
        tax_rate: Option<String> = "pos_core::lenient::text",
        /// Direct rate; newer.
        tax_rate_direct: Option<String> = "pos_core::lenient::text",
        /// Stock by branch; with `includeInventory`.
        inventories: Vec<Inventory> = "crate::model::read::many",
        /// Other prices; with `includePricebook`.
        price_books: Vec<PriceBookPrice> = "crate::model::read::many",
        /// Addresses of pictures: texts on the wire (W), objects `{"Image": …}` in the documentation.
        images: Vec<String> = "crate::model::read::images",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed.
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// What tells a variant from the others.
    Attribute shows(product_id, attribute_name, attribute_value) {
        /// The product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Such as `MÀU SẮC`.
        attribute_name: Option<String> = "pos_core::lenient::text",
        /// Such as `Trắng`.
        attribute_value: Option<String> = "pos_core::lenient::text",
    }
}

wire! {
    /// Another unit of a product.
    ProductUnit shows(id, code, unit) {
        /// The product of that unit.
        id: Option<i64> = "pos_core::lenient::integer",
        /// Its stock keeping unit.
        code: Option<String> = "pos_core::lenient::text",
        /// Its name.
        name: Option<String> = "pos_core::lenient::text",
        /// Its name with attributes and unit.
        full_name: Option<String> = "pos_core::lenient::text",
        /// The unit.
        unit: Option<String> = "pos_core::lenient::text",
        /// How many basic units it is.
        conversion_value: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Price.
        base_price: Option<Money> = "pos_core::lenient::loose_money",
    }
}

wire! {
    /// How much of a product a branch has. Deleted branches may be listed (C:1).
    Inventory shows(product_id, branch_id, on_hand, reserved) {
        /// The product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Its stock keeping unit.
        product_code: Option<String> = "pos_core::lenient::text",
        /// Its name.
        product_name: Option<String> = "pos_core::lenient::text",
        /// The branch.
        branch_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        branch_name: Option<String> = "pos_core::lenient::text",
        /// What one piece cost.
        cost: Option<Money> = "pos_core::lenient::money",
        /// On the shelf.
        on_hand: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Promised to orders; what can be sold is `on_hand` − `reserved` (V).
        reserved: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Promised in fact.
        actual_reserved: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Lowest stock wanted; `minQuality` in the documentation.
        #[serde(alias = "minQuality")]
        min_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Highest stock wanted; `maxQuality` in the documentation.
        #[serde(alias = "maxQuality")]
        max_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// On its way in.
        on_order: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Whether the branch sells it.
        is_active: Option<bool> = "pos_core::lenient::flag",
    }
}

wire! {
    /// The price of a product in a price book.
    PriceBookPrice shows(price_book_id, product_id, price) {
        /// The price book.
        price_book_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        price_book_name: Option<String> = "pos_core::lenient::text",
        /// The product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Whether it is in use.
        is_active: Option<bool> = "pos_core::lenient::flag",
        /// From.
        start_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Until.
        end_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Price.
        price: Option<Money> = "pos_core::lenient::loose_money",
    }
}

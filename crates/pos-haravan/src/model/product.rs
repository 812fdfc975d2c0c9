//! Products, variants and stock.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

pos_core::wire! {
    /// A product: `/products`.
    Product shows(id, published_at, created_at, updated_at) {
        @key {
            /// The key (D).
            id
        }
        /// Name (S).
        title: Option<String> = "pos_core::lenient::text",
        /// Name in addresses (S).
        handle: Option<String> = "pos_core::lenient::text",
        /// Description (S).
        body_html: Option<String> = "pos_core::lenient::text",
        /// Maker (S).
        vendor: Option<String> = "pos_core::lenient::text",
        /// Nearest to a category (S).
        product_type: Option<String> = "pos_core::lenient::text",
        /// Tags, joined by commas (S).
        tags: Option<String> = "super::tags",
        /// Null: hidden (D).
        published_at: Option<OffsetDateTime> = "super::instant",
        /// `web`, `pos`, `global` (D).
        published_scope: Option<String> = "pos_core::lenient::text",
        /// Pictures (S).
        images: Vec<Image> = "super::many",
        /// Attributes (S).
        options: Vec<ProductOption> = "super::many",
        /// Forms that are sold by themselves, at most 100 (D).
        variants: Vec<Variant> = "super::many",
        /// Created (S).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A form of a product that is sold by itself.
    Variant shows(id, product_id, price, inventory_quantity) {
        /// The key (D).
        id: Option<i64> = "pos_core::lenient::integer",
        /// The product (S).
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Name; `Default Title` for the only one (S).
        title: Option<String> = "pos_core::lenient::text",
        /// Stock keeping unit (S).
        sku: Option<String> = "pos_core::lenient::text",
        /// Bar code (S).
        barcode: Option<String> = "pos_core::lenient::text",
        /// Price (S).
        price: Option<Money> = "pos_core::lenient::money",
        /// Price before a sale (S).
        compare_at_price: Option<Money> = "pos_core::lenient::loose_money",
        /// Over all branches; may be below zero (S).
        inventory_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// `haravan` when stock is counted (S).
        inventory_management: Option<String> = "pos_core::lenient::text",
        /// `deny` or `continue` (D).
        inventory_policy: Option<String> = "pos_core::lenient::text",
        /// Weight (S).
        grams: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// First attribute (S).
        option1: Option<String> = "pos_core::lenient::text",
        /// Second attribute (S).
        option2: Option<String> = "pos_core::lenient::text",
        /// Third attribute (S).
        option3: Option<String> = "pos_core::lenient::text",
        /// Place among the variants (S).
        position: Option<i64> = "pos_core::lenient::integer",
        /// Its picture (S).
        image_id: Option<i64> = "pos_core::lenient::integer",
        /// Units of sale; newer (S).
        variant_units: Vec<VariantUnit> = "super::many",
        /// Created (S).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A unit of sale of a variant.
    VariantUnit shows(price) {
        /// Name (S).
        unit: Option<String> = "pos_core::lenient::text",
        /// How many base units (S).
        ratio: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Whether it is the base unit (S).
        base: Option<bool> = "pos_core::lenient::flag",
        /// Whether it is sold (S).
        sellable: Option<bool> = "pos_core::lenient::flag",
        /// Price (S).
        price: Option<Money> = "pos_core::lenient::loose_money",
    }
}

pos_core::wire! {
    /// A picture.
    Image shows(id, position) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// Address (S).
        src: Option<String> = "pos_core::lenient::text",
        /// Place among the pictures (S).
        position: Option<i64> = "pos_core::lenient::integer",
        /// Created; without a zone, taken as UTC (S)(?).
        created_at: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// An attribute of a product's variants.
    ProductOption shows(id, position) {
        /// The key (S).
        id: Option<i64> = "pos_core::lenient::integer",
        /// Name (S).
        name: Option<String> = "pos_core::lenient::text",
        /// Place (S).
        position: Option<i64> = "pos_core::lenient::integer",
    }
}

pos_core::wire! {
    /// Stock of a variant at a branch: `/inventory_locations`.
    InventoryLevel shows(id, loc_id, variant_id, qty_onhand) {
        @key {
            /// The key (S).
            id
        }
        /// Branch (S).
        loc_id: Option<i64> = "pos_core::lenient::integer",
        /// Product (S).
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Variant (S).
        variant_id: Option<i64> = "pos_core::lenient::integer",
        /// On the shelf; may be below zero (S).
        qty_onhand: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Promised to orders; the vendor spells it so (S).
        #[serde(alias = "qty_committed")]
        qty_commited: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// On its way in (S).
        qty_incoming: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Free to sell (S).
        qty_available: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Changed (S).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

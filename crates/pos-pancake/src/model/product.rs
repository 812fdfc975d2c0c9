//! Products and variations.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use super::Tag;

wire! {
    /// A product with its variations: `/shops/{id}/products`.
    Product keyed(id) shows(id, custom_id, removed, inserted_at) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// The vendor's running number.
        display_id: Option<String> = "super::read::text_if_any",
        /// Stock keeping unit.
        custom_id: Option<String> = "super::read::text_if_any",
        /// Picture.
        image: Option<String> = "super::read::text_if_any",
        /// Categories.
        categories: Vec<Category> = "super::read::objects",
        /// Tags.
        tags: Vec<Tag> = "super::read::tags",
        /// Whether it was removed.
        #[serde(alias = "is_removed")]
        removed: Option<bool> = "super::read::flag_if_any",
        /// Whether it is hidden.
        is_hidden: Option<bool> = "super::read::flag_if_any",
        /// Whether it is locked.
        is_locked: Option<bool> = "super::read::flag_if_any",
        /// The variations.
        variations: Vec<Variation> = "super::read::objects",
        /// Currency of the prices. Not seen on the wire: the connector fills in the shop's.
        currency: Option<String> = "super::read::text_if_any",
        /// Created.
        inserted_at: Option<OffsetDateTime> = "super::read::instant",
        /// Changed; not seen on products, only on variations (L).
        updated_at: Option<OffsetDateTime> = "super::read::instant",
    }
}

wire! {
    /// A form of a product that is sold by itself: inside a product, or a row of `/shops/{id}/products/variations`.
    Variation keyed(id) shows(id, product_id, display_id, updated_at) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Its product.
        product_id: Option<String> = "super::read::text_if_any",
        /// Stock keeping unit.
        display_id: Option<String> = "super::read::text_if_any",
        /// Stock keeping unit of the shop's own.
        custom_id: Option<String> = "super::read::text_if_any",
        /// Bar code.
        barcode: Option<String> = "super::read::text_if_any",
        /// The attributes.
        fields: Vec<Attribute> = "super::read::objects",
        /// Pictures.
        images: Vec<String> = "super::read::texts",
        /// Price.
        retail_price: Option<Money> = "super::read::money",
        /// Price less the running discount.
        retail_price_after_discount: Option<Money> = "pos_core::lenient::loose_money",
        /// What the last one cost the shop.
        last_imported_price: Option<Money> = "pos_core::lenient::loose_money",
        /// What one cost the shop on average; written as `1.25e5` (L).
        average_imported_price: Option<Money> = "pos_core::lenient::loose_money",
        /// How many can be sold; may be below zero.
        remain_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Whether it is hidden.
        is_hidden: Option<bool> = "super::read::flag_if_any",
        /// Whether it is locked.
        is_locked: Option<bool> = "super::read::flag_if_any",
        /// Whether it was removed.
        is_removed: Option<bool> = "super::read::flag_if_any",
        /// Stock by warehouse.
        variations_warehouses: Vec<WarehouseStock> = "super::read::objects",
        /// The product, in the flat list.
        product: Option<Box<EmbeddedProduct>> = "super::read::embedded",
        /// Currency of the prices. Not seen on the wire: the connector fills in the shop's.
        currency: Option<String> = "super::read::text_if_any",
        /// Created.
        inserted_at: Option<OffsetDateTime> = "super::read::instant",
        /// Changed.
        updated_at: Option<OffsetDateTime> = "super::read::instant",
    }
}

wire! {
    /// The product of a variation, without its variations.
    EmbeddedProduct shows(id, display_id) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Stock keeping unit here, a running number on products (L).
        display_id: Option<String> = "super::read::text_if_any",
        /// Picture.
        image: Option<String> = "super::read::text_if_any",
        /// Categories.
        categories: Vec<Category> = "super::read::objects",
    }
}

wire! {
    /// An attribute of a variation (colour: black).
    Attribute shows(id, name) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// What.
        name: Option<String> = "super::read::text_if_any",
        /// Which.
        value: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// How many of a variation a warehouse has; also a webhook of its own.
    WarehouseStock shows(variation_id, warehouse_id) {
        /// The variation, in webhooks.
        variation_id: Option<String> = "super::read::text_if_any",
        /// The warehouse.
        warehouse_id: Option<String> = "super::read::text_if_any",
        /// How many can be sold.
        remain_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// How many are on the shelf.
        actual_remain_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// How many were brought in, in all (?).
        total_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// The order that changed it, in webhooks (C:2).
        order_id: Option<String> = "super::read::text_if_any",
        /// The shop, in webhooks; absent in some (?).
        shop_id: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// A category. Seen on products only; the shape of `/categories` is not established.
    Category keyed(id) shows(id, name) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// Name.
        #[serde(alias = "text")]
        name: Option<String> = "super::read::text_if_any",
        /// The category above it.
        parent_id: Option<String> = "super::read::text_if_any",
    }
}

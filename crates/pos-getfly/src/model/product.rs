//! Products and services.

use pos_core::record::Money;
use time::OffsetDateTime;

pos_core::wire! {
    /// A product: `/products`.
    Product shows(id, product_code, updated_at) {
        @key {
            /// The key; `product_id` in v3 (D).
            #[serde(alias = "product_id")]
            id
        }
        /// Code (D).
        product_code: Option<String> = "pos_core::lenient::text",
        /// Name (D).
        product_name: Option<String> = "pos_core::lenient::text",
        /// Category; there is no list of them (D).
        category_id: Option<i64> = "super::link",
        /// Where it comes from (D).
        origin_id: Option<i64> = "super::link",
        /// Unit (D).
        unit_id: Option<i64> = "super::link",
        /// Maker (D).
        manufacturer_id: Option<i64> = "super::link",
        /// Whether it is a service (D).
        services: Option<bool> = "pos_core::lenient::flag",
        /// What is asked for it (D).
        cover_price: Option<Money> = "pos_core::lenient::money",
        /// On sale (D).
        saleoff_price: Option<Money> = "pos_core::lenient::loose_money",
        /// For resellers (D).
        price_wholesale: Option<Money> = "pos_core::lenient::loose_money",
        /// On the web (D).
        price_online: Option<Money> = "pos_core::lenient::loose_money",
        /// What it cost on average (D).
        price_average_in: Option<Money> = "pos_core::lenient::loose_money",
        /// Free text (D).
        short_description: Option<String> = "pos_core::lenient::text",
        /// More of it (D).
        description: Option<String> = "pos_core::lenient::text",
        /// The first picture (D).
        featured_image: Option<String> = "pos_core::lenient::text",
        /// More of them; their form is not documented (D)(?).
        images: Vec<String> = "super::texts",
        /// The company's own fields (D).
        custom_fields: serde_json::Value = "super::any",
        /// Created; a day only in v3 (D).
        created_at: Option<OffsetDateTime> = "super::instant",
        /// Changed; a day only in v3 (D).
        updated_at: Option<OffsetDateTime> = "super::instant",
    }
}

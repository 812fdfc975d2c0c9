//! Products and stock.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use crate::model::Named;
use crate::wire::{HasId, block, count, figure, id, int, keyed, many, money, named, text, texts, time};

wire! {
    /// A product: `product/list`, and the other shape of `product/detail` and of webhooks.
    Product(id, parent_id, code, status, updated_at) {
        /// The key.
        id: Option<String> = "id",
        /// -1 stands alone, -2 has variants, above zero the product that this is a variant of.
        parent_id: Option<i64> = "int",
        /// Stock keeping unit.
        code: Option<String> = "text",
        /// Bar code.
        barcode: Option<String> = "text",
        /// Name with attributes.
        name: Option<String> = "text",
        /// 1 new, 2 on sale, 3 stopped, 4 out of stock; a text in details (D).
        status: Option<String> = "text",
        /// Category.
        category_id: Option<String> = "id",
        /// Details: category.
        category: Option<Named> = "named",
        /// Prices.
        prices: Prices = "block",
        /// Details: tax in percent.
        vat: Option<Quantity> = "count",
        /// Pictures.
        images: Images = "block",
        /// Brand.
        brand_id: Option<String> = "id",
        /// Details: brand.
        brand: Option<Named> = "named",
        /// 1 goods, 2 voucher, 6 service, 9 combo, and others; an object in details.
        #[serde(rename = "type")]
        kind: Option<Named> = "named",
        /// Units.
        units: Units = "block",
        /// Stock.
        inventory: Inventory = "block",
        /// Details: variants.
        childs: Vec<Product> = "many",
        /// Changed; stock does not count (D).
        updated_at: Option<OffsetDateTime> = "time",
        /// Created.
        created_at: Option<OffsetDateTime> = "time",
    }
}

wire! {
    /// Prices of a product.
    Prices() {
        /// Retail.
        retail: Option<Money> = "money",
        /// Wholesale.
        wholesale: Option<Money> = "figure",
        /// What suppliers ask.
        import: Option<Money> = "money",
        /// Average cost.
        avg_cost: Option<Money> = "money",
        /// Before a reduction.
        old: Option<Money> = "figure",
        /// Tax on the retail price in percent.
        retail_vat: Option<Quantity> = "count",
    }
}

wire! {
    /// Pictures.
    Images() {
        /// The first one.
        avatar: Option<String> = "text",
        /// The others.
        others: Vec<String> = "texts",
    }
}

wire! {
    /// Units of sale.
    Units() {
        /// The unit that is counted in.
        name: Option<String> = "text",
    }
}

wire! {
    /// Stock of a product.
    Inventory() {
        /// On the shelf.
        remain: Option<Quantity> = "count",
        /// On the way to customers.
        shipping: Option<Quantity> = "count",
        /// Damaged; 2.0 says `damage`.
        #[serde(alias = "damage")]
        damaged: Option<Quantity> = "count",
        /// Promised to orders.
        holding: Option<Quantity> = "count",
        /// On the way between depots; the spelling is the vendor's.
        transfering: Option<Quantity> = "count",
        /// What can be sold.
        available: Option<Quantity> = "count",
        /// By depot: a list, or an object keyed by id.
        depots: Vec<DepotStock> = "keyed",
    }
}

wire! {
    /// Stock of a product at one depot.
    DepotStock(id) {
        /// The depot.
        id: Option<String> = "id",
        /// On the shelf.
        remain: Option<Quantity> = "count",
        /// On the way to customers.
        shipping: Option<Quantity> = "count",
        /// Damaged; 2.0 says `damage`.
        #[serde(alias = "damage")]
        damaged: Option<Quantity> = "count",
        /// Promised to orders.
        holding: Option<Quantity> = "count",
        /// What can be sold.
        available: Option<Quantity> = "count",
    }
}

impl HasId for DepotStock {
    fn id_or(&mut self, key: String) {
        self.id.get_or_insert(key);
    }
}

wire! {
    /// Stock of a product by itself: `product/inventory`.
    InventoryRow(product_id) {
        /// The product.
        product_id: Option<String> = "id",
        /// Bar code.
        barcode: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// Prices.
        prices: Prices = "block",
        /// Stock.
        inventory: Inventory = "block",
    }
}

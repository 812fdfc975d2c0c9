//! Products with their variants and stock.

use pos_core::record::{Money, Quantity};

wire! {
    /// A product: `inventoryitems/pagingwithdetail` (C:7). Its variants have the same shape.
    Product shows(id, parent_id, code, item_type, is_item, inactive) {
        /// The key (C:7).
        id: Option<String> = "super::read::id",
        /// The product of a variant (C:7).
        parent_id: Option<String> = "super::read::id",
        /// Stock keeping unit (C:7).
        code: Option<String> = "pos_core::lenient::text",
        /// Name (C:7).
        name: Option<String> = "pos_core::lenient::text",
        /// 1 goods, 2 combo (C:1).
        item_type: Option<i64> = "pos_core::lenient::loose_integer",
        /// Bar code (C:7).
        barcode: Option<String> = "pos_core::lenient::text",
        /// Price (C:7).
        selling_price: Option<Money> = "pos_core::lenient::money",
        /// What it cost (C:7).
        cost_price: Option<Money> = "pos_core::lenient::money",
        /// What it cost on average (C:4).
        avg_unit_price: Option<Money> = "pos_core::lenient::loose_money",
        /// Colour (C:7).
        color: Option<String> = "pos_core::lenient::text",
        /// Size (C:7).
        size: Option<String> = "pos_core::lenient::text",
        /// Material (C:4).
        material: Option<String> = "pos_core::lenient::text",
        /// Description (C:7).
        description: Option<String> = "pos_core::lenient::text",
        /// False of a product that is sold as one of its variants (C:7).
        is_item: Option<bool> = "pos_core::lenient::flag",
        /// No more on sale (C:7).
        inactive: Option<bool> = "pos_core::lenient::flag",
        /// Unit (C:7).
        unit_id: Option<String> = "super::read::id",
        /// Its name (C:7).
        unit_name: Option<String> = "pos_core::lenient::text",
        /// Address of a picture (C:7).
        picture: Option<String> = "pos_core::lenient::text",
        /// Addresses of more (C:2).
        list_picture_url: Vec<String> = "super::read::texts",
        /// Category (C:7).
        item_category_id: Option<String> = "super::read::id",
        /// Its name (C:7).
        item_category_name: Option<String> = "pos_core::lenient::text",
        /// The variants (C:7).
        list_detail: Vec<Product> = "super::read::many",
        /// Stock by branch (C:7).
        inventories: Vec<Stock> = "super::read::many",
    }
}

wire! {
    /// How much of a product a branch has (C:7).
    Stock shows(product_id, branch_id, on_hand, ordered) {
        /// Product or variant.
        product_id: Option<String> = "super::read::id",
        /// Its code.
        product_code: Option<String> = "pos_core::lenient::text",
        /// Its name.
        product_name: Option<String> = "pos_core::lenient::text",
        /// Branch.
        branch_id: Option<String> = "super::read::id",
        /// Its name.
        branch_name: Option<String> = "pos_core::lenient::text",
        /// On the shelf.
        on_hand: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Promised to orders; whose orders is not said (?).
        ordered: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Price there.
        selling_price: Option<Money> = "pos_core::lenient::loose_money",
    }
}

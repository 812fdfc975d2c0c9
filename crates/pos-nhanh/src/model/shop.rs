//! Depots, staff, categories, tags, and the small object that names a thing.

use time::OffsetDateTime;

use crate::wire::{block, id, int, many, text, time};

wire! {
    /// A thing with id, code and name: staff, level, group, source, category, brand.
    Named(id, code) {
        /// Id.
        id: Option<String> = "id",
        /// Code.
        code: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
    }
}

wire! {
    /// A shop or warehouse: `business/depot`.
    Depot(id, code) {
        /// The key.
        id: Option<String> = "id",
        /// Code; absent in 2.0.
        code: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// Phone number.
        mobile: Option<String> = "text",
        /// Address in the old division of three levels.
        location: DepotPlace = "block",
        /// Address in the division of two levels since July 2025.
        #[serde(rename = "locationV2")]
        location_v2: DepotPlace = "block",
        /// 2.0: province.
        city_id: Option<String> = "id",
        /// 2.0: its name.
        city_name: Option<String> = "text",
        /// 2.0: district.
        district_id: Option<String> = "id",
        /// 2.0: its name.
        district_name: Option<String> = "text",
        /// 2.0: ward.
        ward_id: Option<String> = "id",
        /// 2.0: its name.
        ward_name: Option<String> = "text",
        /// 2.0: house and street.
        address: Option<String> = "text",
    }
}

wire! {
    /// Where a depot is.
    DepotPlace(city_id, district_id, ward_id) {
        /// Province.
        city_id: Option<String> = "id",
        /// Its name.
        city_name: Option<String> = "text",
        /// District; only in the old division.
        district_id: Option<String> = "id",
        /// Its name.
        district_name: Option<String> = "text",
        /// Ward.
        ward_id: Option<String> = "id",
        /// Its name.
        ward_name: Option<String> = "text",
        /// House and street.
        address: Option<String> = "text",
    }
}

wire! {
    /// A member of staff: `business/user`. The list of depots is empty, or absent in 2.0, for those who see all (D).
    User(id, username) {
        /// The key.
        id: Option<String> = "id",
        /// Login name.
        username: Option<String> = "text",
        /// Name.
        full_name: Option<String> = "text",
        /// E-mail address.
        email: Option<String> = "text",
        /// Phone number.
        mobile: Option<String> = "text",
        /// Role.
        role_name: Option<String> = "text",
    }
}

wire! {
    /// A product category: `product/category`, flat in 3.0, nested in 2.0.
    Category(id, parent_id, code) {
        /// The key.
        id: Option<String> = "id",
        /// The category above it; 0 is none.
        parent_id: Option<String> = "id",
        /// Code.
        code: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// Place in lists.
        order: Option<i64> = "int",
        /// 1 in use, 2 not (D).
        status: Option<i64> = "int",
        /// 2.0: the categories below it.
        childs: Vec<Category> = "many",
    }
}

wire! {
    /// A tag of an order, a bill or a customer: `order/tags`, `customer/tags`.
    Tag(id, status) {
        /// The key; a text on orders (D).
        id: Option<String> = "id",
        /// Name.
        name: Option<String> = "text",
        /// 1 in use, 2 not.
        status: Option<i64> = "int",
        /// Colour of the letters.
        text_color: Option<String> = "text",
        /// Colour behind them.
        bg_color: Option<String> = "text",
        /// Created.
        created_at: Option<OffsetDateTime> = "time",
    }
}

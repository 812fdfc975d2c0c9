//! Branches, categories, places.

wire! {
    /// A branch: `branchs/all`, as the vendor spells it (C:4).
    Branch shows(id, code, is_base_depot, is_chain_branch) {
        /// The key.
        id: Option<String> = "super::read::id",
        /// Code.
        code: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// The main store room.
        is_base_depot: Option<bool> = "pos_core::lenient::flag",
        /// One of the chain.
        is_chain_branch: Option<bool> = "pos_core::lenient::flag",
        /// Province, as a code.
        province_addr: Option<String> = "pos_core::lenient::text",
        /// District, as a code.
        district_addr: Option<String> = "pos_core::lenient::text",
        /// Ward, as a code.
        commune_addr: Option<String> = "pos_core::lenient::text",
        /// Address in one line.
        address: Option<String> = "pos_core::lenient::text",
        /// No more in use (?).
        inactive: Option<bool> = "pos_core::lenient::flag",
    }
}

wire! {
    /// A category: `categories/list` (C:4).
    Category shows(id, parent_id, code, inactive) {
        /// The key.
        id: Option<String> = "super::read::id",
        /// The one above.
        parent_id: Option<String> = "super::read::id",
        /// Code.
        code: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Its place.
        sort_order: Option<i64> = "pos_core::lenient::loose_integer",
        /// No more in use.
        inactive: Option<bool> = "pos_core::lenient::flag",
    }
}

wire! {
    /// A province, district or ward: `locations/bykindandparentid` (C:2).
    Location shows(id) {
        /// The code, `VN101`.
        id: Option<String> = "super::read::id",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
    }
}

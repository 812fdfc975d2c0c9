//! Shops, warehouses, staff and small lists.

use pos_core::kit::Keyed;
use pos_core::record::clean_opt;
use serde_json::Value;
use time::OffsetDateTime;

wire! {
    /// A shop: `/shops`, `/shops/{id}`.
    Shop shows(id) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Picture.
        avatar_url: Option<String> = "super::read::text_if_any",
        /// The pages that sell for it.
        pages: Vec<FacebookPage> = "super::read::objects",
        /// Where webhooks go. Written by `PUT /shops/{id}` (Dq); whether a read shows it is not established (?).
        webhook_url: Option<String> = "super::read::text_if_any",
        /// Whether webhooks are sent (?).
        webhook_enable: Option<bool> = "super::read::flag_if_any",
    }
}

impl Shop {
    /// The key; samples of `/shops` without one carry it on their pages.
    pub fn key(&self) -> Option<&str> {
        self.id.as_deref().or_else(|| self.pages.iter().find_map(|page| page.shop_id.as_deref()))
    }
}

impl Keyed for Shop {
    type Key = String;
    fn key(&self) -> Option<String> {
        clean_opt(Self::key(self))
    }
}

wire! {
    /// A page that sells for a shop.
    FacebookPage shows(id, platform, shop_id) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// `facebook` and others.
        platform: Option<String> = "super::read::text_if_any",
        /// The shop.
        shop_id: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// A warehouse, which is a branch: `/shops/{id}/warehouses`.
    Warehouse keyed(id) shows(id, custom_id, allow_create_order) {
        /// The key.
        id: Option<String> = "pos_core::lenient::text",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// The shop's own code.
        custom_id: Option<String> = "super::read::text_if_any",
        /// Phone number.
        phone_number: Option<String> = "super::read::text_if_any",
        /// House and street.
        address: Option<String> = "super::read::text_if_any",
        /// Everything in one line.
        full_address: Option<String> = "super::read::text_if_any",
        /// Calling code of the country.
        country_code: Option<String> = "super::read::text_if_any",
        /// Province.
        province_id: Option<String> = "super::read::text_if_any",
        /// District.
        district_id: Option<String> = "super::read::text_if_any",
        /// Ward.
        commune_id: Option<String> = "super::read::text_if_any",
        /// Whether orders may be made for it.
        allow_create_order: Option<bool> = "super::read::flag_if_any",
        /// Settings; `new_id_address` holds the codes of the division of July 2025 (C:1).
        settings: Option<Value> = "super::read::any",
    }
}

impl Warehouse {
    /// Province and ward in the division of July 2025.
    pub(crate) fn new_places(&self) -> (Option<String>, Option<String>) {
        let of = |name: &str| {
            let code = self.settings.as_ref()?.get("new_id_address")?.get(name)?;
            code.as_str().map(str::to_owned)
        };
        (of("new_province_id"), of("new_commune_id"))
    }
}

wire! {
    /// A member of staff: `/shops/{id}/users`.
    ///
    /// Every row carries that person's own API key on the wire (C:3). It is dropped while reading, wherever it stands.
    User shows(user_id, role, is_active) {
        /// The row; nothing refers to it.
        id: Option<String> = "super::read::text_if_any",
        /// The person: what `assigning_seller_id` refers to.
        user_id: Option<String> = "super::read::text_if_any",
        /// The person.
        user: Option<Person> = "super::read::object",
        /// Department.
        department: Option<Department> = "super::read::object",
        /// Role, by number.
        role: Option<i64> = "pos_core::lenient::integer",
        /// Whether the person works there.
        is_active: Option<bool> = "super::read::flag_if_any",
        /// Created.
        inserted_at: Option<OffsetDateTime> = "super::read::instant",
    }
}

impl Keyed for User {
    type Key = String;
    const IDS: &'static [&'static str] = &["user_id"];
    /// The person's: the row's own `id` is nobody's reference.
    fn key(&self) -> Option<String> {
        clean_opt(self.user_id.as_deref().or_else(|| self.user.as_ref()?.id.as_deref()))
    }
}

wire! {
    /// A person of the staff.
    Person shows(id) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// Name.
        name: Option<String> = "super::read::text_if_any",
        /// E-mail address.
        email: Option<String> = "super::read::text_if_any",
        /// Phone number.
        phone_number: Option<String> = "super::read::text_if_any",
        /// Facebook id.
        fb_id: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// A department of the staff.
    Department shows(id) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// Name.
        name: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// Where orders come from: `/shops/{id}/order_source`.
    OrderSource keyed(id) shows(id, name) {
        /// The key; whether it is always a number is a guess (?).
        id: Option<String> = "super::read::text_if_any",
        /// Name.
        name: Option<String> = "super::read::text_if_any",
        /// The source above it.
        parent_id: Option<String> = "super::read::text_if_any",
        /// The shop that made it; null for the vendor's own.
        shop_id: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// A carrier: `/shops/{id}/partners`.
    Partner keyed(id) shows(id, name) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// Name.
        name: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// A province, district or ward: `/geo/*`.
    Place keyed(id) shows(id, name) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// Name.
        name: Option<String> = "super::read::text_if_any",
        /// Name without diacritics.
        name_en: Option<String> = "super::read::text_if_any",
        /// The key in the division of July 2025 (`84_VN101`).
        new_id: Option<String> = "super::read::text_if_any",
        /// Calling code of the country.
        country_code: Option<String> = "super::read::text_if_any",
        /// The district; null under the new division (L).
        district_id: Option<String> = "super::read::text_if_any",
    }
}

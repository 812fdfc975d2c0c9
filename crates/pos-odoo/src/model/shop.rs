//! Branches and staff.

use super::Link;

pos_core::wire! {
    /// A company of a group: `res.company`.
    Company shows(id, active) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// Its own partner, which is no customer.
        partner_id: Option<Link> = "super::link",
        /// Currency of its books.
        currency_id: Option<Link> = "super::link",
        /// Phone.
        phone: Option<String> = "super::text",
        /// E-mail.
        email: Option<String> = "super::text",
        /// House and street.
        street: Option<String> = "super::text",
        /// More of it.
        street2: Option<String> = "super::text",
        /// Town.
        city: Option<String> = "super::text",
        /// Province.
        state_id: Option<Link> = "super::link",
        /// Country.
        country_id: Option<Link> = "super::link",
        /// Whether it is not archived (newer versions).
        active: Option<bool> = "super::flag",
    }
}

pos_core::wire! {
    /// A warehouse, which is a shop as far as stock goes: `stock.warehouse`.
    Warehouse shows(id, code, active) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// Short name.
        code: Option<String> = "super::text",
        /// Whose it is.
        company_id: Option<Link> = "super::link",
        /// Its address.
        partner_id: Option<Link> = "super::link",
        /// Whether it is not archived.
        active: Option<bool> = "super::flag",
    }
}

pos_core::wire! {
    /// A till: `pos.config`.
    PosConfig shows(id, active) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// Whose it is.
        company_id: Option<Link> = "super::link",
        /// Whether it is not archived.
        active: Option<bool> = "super::flag",
    }
}

pos_core::wire! {
    /// A user: `res.users`.
    User shows(id, active, share) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// Login, often an e-mail address.
        login: Option<String> = "super::text",
        /// E-mail.
        email: Option<String> = "super::text",
        /// The partner that stands for the user, and is no customer.
        partner_id: Option<Link> = "super::link",
        /// Whether it is not archived.
        active: Option<bool> = "super::flag",
        /// Whether it is somebody from outside: a customer with a login.
        share: Option<bool> = "super::flag",
    }
}

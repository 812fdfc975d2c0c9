//! Customers, companies, contacts and addresses: one model.

use time::OffsetDateTime;

use super::Link;

pos_core::wire! {
    /// A partner: `res.partner`. Persons, firms, their addresses, the users and the own companies stand in one table (M19).
    Partner shows(id, kind, active, write_date) {
        @key {
            /// The key.
            id
        }
        /// Name; none is legal for an address (M19).
        name: Option<String> = "super::text",
        /// Name with the company before it.
        display_name: Option<String> = "super::text",
        /// The same, since 19 (M19).
        complete_name: Option<String> = "super::text",
        /// Phone as typed.
        phone: Option<String> = "super::text",
        /// Second number; gone in 19 (M14, M19).
        mobile: Option<String> = "super::text",
        /// The number as E.164, or an echo of what was typed where the server lacks a library (M19b): not read.
        phone_sanitized: Option<String> = "super::text",
        /// E-mail as typed.
        email: Option<String> = "super::text",
        /// The first address in it, in lower case.
        email_normalized: Option<String> = "super::text",
        /// Whether it is a firm.
        is_company: Option<bool> = "super::flag",
        /// `person` or `company`; not stored, so never asked for in a domain (M19b).
        company_type: Option<String> = "super::text",
        /// The firm or person it belongs to.
        parent_id: Option<Link> = "super::link",
        /// What belongs to it and is not archived (M19b).
        child_ids: Vec<i64> = "super::many",
        /// The firm at the top.
        commercial_partner_id: Option<Link> = "super::link",
        /// `contact`, `invoice`, `delivery`, `other`, and `private` on 14 (M14, M19).
        #[serde(rename = "type")]
        kind: Option<String> = "super::text",
        /// Rises when an invoice is posted, and not before (M19b): says nothing.
        customer_rank: Option<i64> = "super::integer",
        /// Likewise.
        supplier_rank: Option<i64> = "super::integer",
        /// House and street.
        street: Option<String> = "super::text",
        /// More of it.
        street2: Option<String> = "super::text",
        /// Town.
        city: Option<String> = "super::text",
        /// Province; any country's is taken (M19b).
        state_id: Option<Link> = "super::link",
        /// Postal code.
        zip: Option<String> = "super::text",
        /// Country.
        country_id: Option<Link> = "super::link",
        /// Tax code; the vendor copies the firm's to everybody in it (M19).
        vat: Option<String> = "super::text",
        /// The shop's code; not unique (M19).
        #[serde(rename = "ref")]
        reference: Option<String> = "super::text",
        /// Card number; unique, by company (M19b).
        barcode: Option<String> = "super::text",
        /// Ids of its tags.
        category_id: Vec<i64> = "super::many",
        /// Note as HTML.
        comment: Option<String> = "super::text",
        /// Whether it is not archived.
        active: Option<bool> = "super::flag",
        /// The company that sees it alone.
        company_id: Option<Link> = "super::link",
        /// Who looks after it.
        user_id: Option<Link> = "super::link",
        /// Language (`vi_VN`).
        lang: Option<String> = "super::text",
        /// Time zone.
        tz: Option<String> = "super::text",
        /// Price list.
        property_product_pricelist: Option<Link> = "super::link",
        /// Created.
        create_date: Option<OffsetDateTime> = "super::instant",
        /// Changed; any field of a parent moves its children, too (M19b).
        write_date: Option<OffsetDateTime> = "super::instant",
    }
}

pos_core::wire! {
    /// A tag of partners: `res.partner.category`.
    Tag shows(id, active) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// The one above.
        parent_id: Option<Link> = "super::link",
        /// Whether it is not archived.
        active: Option<bool> = "super::flag",
    }
}

pos_core::wire! {
    /// A province: `res.country.state`. Viet Nam has 34 since 2025 (M19b).
    State shows(id, code) {
        @key {
            /// The key.
            id
        }
        /// Name.
        name: Option<String> = "super::text",
        /// `VN-HN` and the like.
        code: Option<String> = "super::text",
        /// Country.
        country_id: Option<Link> = "super::link",
    }
}

pos_core::wire! {
    /// A country: `res.country`.
    Country shows(id, code) {
        @key {
            /// The key.
            id
        }
        /// Name, in the language of the call.
        name: Option<String> = "super::text",
        /// Two letters.
        code: Option<String> = "super::text",
    }
}

//! What we write into the shop and know again there.

/// The custom field of an order that holds our own reference.
pub(crate) const REFERENCE: &str = "crm_order_ref";

/// The tag of our orders, for people.
pub(crate) const TAG: &str = "crm-sync";

/// The system of Haravan's place codes.
pub(crate) const PLACES: &str = "haravan";

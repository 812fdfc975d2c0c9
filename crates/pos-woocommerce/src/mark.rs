//! What we write into the shop and know again there.

/// The meta key of an order that holds our own reference.
pub(crate) const ORDER: &str = "crm_order_id";

/// The same of a customer.
pub(crate) const CONTACT: &str = "crm_contact_id";

/// Where our orders come from, for the shop's own lists.
pub(crate) const SOURCE: &str = "crm";

/// The system of the place codes that the checkout plugins of Viet Nam write.
pub(crate) const PLACES: &str = "woocommerce";

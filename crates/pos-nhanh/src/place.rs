//! The vendor's ids of places.

use pos_core::record::PlaceCodes;

/// The system of the vendor's ids of places in the division of three levels.
pub(crate) const PLACES_V1: &str = "nhanh:v1";
/// The system of its ids of places in the division of two levels since July 2025.
pub(crate) const PLACES_V2: &str = "nhanh:v2";

/// The ids of one place.
pub(crate) fn codes(city: &Option<String>, district: &Option<String>, ward: &Option<String>) -> PlaceCodes {
    PlaceCodes::new(city.as_deref(), district.as_deref(), ward.as_deref())
}

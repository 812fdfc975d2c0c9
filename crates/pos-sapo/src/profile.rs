//! What the machinery has to know of the vendor.

use pos_core::Vendor;
use pos_core::http::Limit;
use pos_core::kit::Profile;

/// The short name of the vendor.
pub const VENDOR: Vendor = PROFILE.vendor();

/// The name of the vendor for people.
pub const DISPLAY_NAME: &str = PROFILE.display_name;

/// The web flavour: a bucket that tells how full it is, under the new name or the old one (D). Every store has a host of its
/// own.
pub(crate) const PROFILE: Profile = Profile {
    limits: &[Limit::Bucket { capacity: 40, per_second: 2.0 }],
    used: &["x-sapo-api-call-limit", "x-bizweb-api-call-limit"],
    ..Profile::new("sapo", "Sapo")
};

/// The POS flavour, whose limit is not known.
pub(crate) const POS: Profile =
    Profile { limits: &[Limit::Bucket { capacity: 40, per_second: 1.0 }], ..PROFILE };

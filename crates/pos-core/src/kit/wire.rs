//! What travels: structs that are read, and bodies that are written.

use std::fmt::Display;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Declares one vendor struct: what `Debug` may show, the key without which a row is no record, then the optional fields with
/// the lenient reader of each. Attributes stand on the struct (`#[serde(rename_all = "camelCase")]`); `extra("…")` names
/// another reader for what else came.
///
/// ```
/// pos_core::wire! {
///     /// A customer.
///     Customer shows(id) {
///         @key {
///             /// The key.
///             id
///         }
///         /// Name.
///         name: Option<String> = "pos_core::lenient::text",
///     }
/// }
///
/// let customer: Customer = serde_json::from_str(r#"{"id": "7", "name": "Lan", "level": 2}"#).unwrap();
/// assert_eq!((customer.id, customer.name.as_deref(), customer.extra.len()), (7, Some("Lan"), 1));
/// assert_eq!(format!("{customer:?}"), "Customer { id: 7, .. }");
/// assert!(serde_json::from_str::<Customer>(r#"{"name": "Lan"}"#).is_err());
/// ```
#[macro_export]
macro_rules! wire {
    (
        $(#[$meta:meta])*
        $name:ident shows($($shown:ident),* $(,)?) $(extra($extra:literal))? {
            $(@key { $(#[$key_meta:meta])* $key:ident })?
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $how:literal,)*
        }
    ) => {
        #[derive(Clone, Default, PartialEq, serde::Deserialize)]
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$key_meta])*
                #[serde(deserialize_with = "pos_core::lenient::required_integer")]
                pub $key: i64,
            )?
            $(
                $(#[$field_meta])*
                #[serde(default, deserialize_with = $how)]
                pub $field: $type,
            )*
            /// What else came.
            #[serde(flatten $(, deserialize_with = $extra)?)]
            pub extra: $crate::record::Extra,
        }

        $crate::debug_only!($name { $($shown),* });
    };
}

/// Declares readers of members: what a vendor writes for nothing is absent, whatever reads the rest. A path says what is nothing;
/// [`is_nothing`](crate::kit::is_nothing) is what most of them mean by it.
///
/// ```
/// use pos_core::{Money, kit, lenient};
/// use serde::Deserialize;
///
/// pos_core::readers! { kit::is_nothing =>
///     money: Money = lenient::money;
/// }
///
/// #[derive(Deserialize)]
/// struct Order {
///     #[serde(default, deserialize_with = "money")]
///     total: Option<Money>,
/// }
///
/// let total = |json: &str| serde_json::from_str::<Order>(json).map(|order| order.total);
/// assert_eq!(total(r#"{"total": false}"#).unwrap(), None);
/// assert_eq!(total(r#"{"total": 120.5}"#).unwrap(), Some("120.5".parse().unwrap()));
/// assert!(total(r#"{"total": "nothing"}"#).is_err());
/// ```
#[macro_export]
macro_rules! readers {
    ($is_blank:path => $($name:ident: $type:ty = $how:path;)*) => {$(
        fn $name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            let raw = <Box<serde_json::value::RawValue> as serde::Deserialize>::deserialize(deserializer)?;
            if $is_blank(&raw) { Ok(None) } else { $how(&*raw).map_err(serde::de::Error::custom) }
        }
    )*};
}

/// Says of structs of [`wire!`](crate::wire) with an `id` that this is their key.
#[macro_export]
macro_rules! keyed {
    ($($name:ident),* $(,)?) => {$(
        impl $crate::kit::Keyed for $name {
            type Key = i64;
            fn key(&self) -> Option<i64> {
                self.id.into()
            }
        }
    )*};
}

/// Declares what is written: members that are left out when they are [blank](crate::kit::Blank), and behind `+ always` those
/// that are always there. `= "…"` names the writer of a member.
///
/// ```
/// use pos_core::Money;
///
/// pos_core::body! {
///     /// A line.
///     LineWrite shows(price) {
///         /// Name.
///         name: Option<String>,
///         /// Price of one.
///         price: Option<Money> = "pos_core::kit::bare_opt",
///     } + always {
///         /// A gift.
///         is_gift: bool,
///     }
/// }
///
/// let mut line = LineWrite::default();
/// line.price = Some("12000.5".parse().unwrap());
/// assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"price":12000.5,"is_gift":false}"#);
/// ```
#[macro_export]
macro_rules! body {
    ($(
        $(#[$meta:meta])*
        $name:ident shows($($shown:ident),* $(,)?) {
            $($(#[$field_meta:meta])* $field:ident: $type:ty $(= $how:literal)?,)*
        } $(+ always {
            $($(#[$always_meta:meta])* $always:ident: $always_type:ty $(= $always_how:literal)?,)*
        })?
    )*) => {$(
        #[derive(Clone, Default, PartialEq, serde::Serialize)]
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "pos_core::kit::Blank::is_blank" $(, serialize_with = $how)?)]
                pub $field: $type,
            )*
            $($(
                $(#[$always_meta])*
                $(#[serde(serialize_with = $always_how)])?
                pub $always: $always_type,
            )*)?
        }

        $crate::debug_only!($name { $($shown),* });
    )*};
}

/// What is left out of a body when it says nothing.
pub trait Blank {
    /// Whether it says nothing.
    fn is_blank(&self) -> bool;
}

impl<T> Blank for Option<T> {
    fn is_blank(&self) -> bool {
        self.is_none()
    }
}

impl<T> Blank for Vec<T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// Writes a decimal as a bare JSON number, digit for digit.
///
/// # Errors
/// When it is written as no number.
pub fn bare<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

/// The same where there is one, else `null`.
///
/// # Errors
/// When it is written as no number.
pub fn bare_opt<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => bare(value, serializer),
        None => serializer.serialize_none(),
    }
}

//! What Odoo sends, field by field.
//!
//! Sources are marked in the field docs: (M14) and (M19) measured on a server of that version, (D) vendor documentation, (?)
//! unproven. Modules add fields, and versions drop them, so every field but the id is optional. Whatever is empty comes as
//! `false`, and a text also as `""`; both read as absent, as `null` does. Times are UTC without a zone. A reference to another
//! record is `[id, label]`, and a bare id in webhooks. Read rows with [`pos_core::page::read_row`]: then a member that cannot be
//! read costs itself, unless it is the id or an amount. What this crate does not know is kept in `extra`. `Debug` shows ids and
//! states only.

use std::fmt;
use std::marker::PhantomData;

use pos_core::kit::is_nothing;
use pos_core::lenient;
use pos_core::record::{Money, Quantity};
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use time::{Date, OffsetDateTime, UtcOffset};

/// A scalar as the vendor writes it. `Other` is a list or an object.
enum Scalar {
    Nothing,
    Yes,
    Int(i64),
    Float(f64),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, a boolean or null")
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }
            fn visit_bool<E>(self, told: bool) -> Result<Scalar, E> {
                Ok(if told { Scalar::Yes } else { Scalar::Nothing })
            }
            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Int(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(i64::try_from(number).map_or(Scalar::Other, Scalar::Int))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(if text.trim_start().is_empty() { Scalar::Nothing } else { Scalar::Text(text.to_owned()) })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A text; numbers are texts, too, because nobody loses anything by it.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => Ok(None),
        Scalar::Text(text) => Ok(Some(text)),
        Scalar::Int(number) => Ok(Some(number.to_string())),
        Scalar::Float(number) => Ok(Some(number.to_string())),
        Scalar::Yes | Scalar::Other => Err(D::Error::custom("expected a text")),
    }
}

/// A whole number; an empty one is `false`.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => Ok(None),
        Scalar::Int(number) => Ok(Some(number)),
        Scalar::Text(text) => text.trim().parse().map(Some).map_err(D::Error::custom),
        _ => Err(D::Error::custom("expected a whole number")),
    }
}

/// A boolean: here `false` is an answer.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    lenient::flag(deserializer)
}

/// An instant in UTC; what is none is absent.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = text(deserializer)?;
    Ok(text.and_then(|text| lenient::parse_instant(&text, UtcOffset::UTC).ok().flatten()))
}

/// A day.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    lenient::date(deserializer)
}

// An amount that is not there is `false`.
pos_core::readers! { is_nothing =>
    money: Money = lenient::money;
    loose_money: Money = lenient::loose_money;
    quantity: Quantity = lenient::quantity;
    loose_quantity: Quantity = lenient::loose_quantity;
}

/// A reference to another record (many2one): `[17, "Lan"]`, or 17 alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its id, above zero.
    pub id: i64,
    /// Its name as the vendor shows it; the one of a contact has its company before it.
    pub label: Option<String>,
}

pos_core::debug_only!(Link { id });

/// A reference; `false` is none.
fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Link>, D::Error> {
    struct Pair;
    impl<'de> Visitor<'de> for Pair {
        type Value = Option<Link>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id, or an id and a name")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E: serde::de::Error>(self, told: bool) -> Result<Self::Value, E> {
            if told { Err(E::custom("expected a reference")) } else { Ok(None) }
        }
        fn visit_i64<E>(self, id: i64) -> Result<Self::Value, E> {
            Ok((id > 0).then_some(Link { id, label: None }))
        }
        fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<Self::Value, E> {
            self.visit_i64(i64::try_from(id).unwrap_or_default())
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.trim().is_empty() {
                return Ok(None);
            }
            text.trim().parse().map_err(E::custom).and_then(|id| self.visit_i64(id))
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let id = match seq.next_element::<Scalar>()? {
                Some(Scalar::Int(id)) => id,
                _ => 0,
            };
            let label = match seq.next_element::<Scalar>()? {
                Some(Scalar::Text(label)) => Some(label),
                _ => None,
            };
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok((id > 0).then_some(Link { id, label }))
        }
    }
    deserializer.deserialize_any(Pair)
}

/// A list; `false` is an empty one, and absent tells apart from empty.
fn maybe_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    struct Items<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
        type Value = Option<Vec<T>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E: serde::de::Error>(self, told: bool) -> Result<Self::Value, E> {
            if told { Err(E::custom("expected a list")) } else { Ok(Some(Vec::new())) }
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element::<Option<T>>()? {
                items.extend(item);
            }
            Ok(Some(items))
        }
    }
    deserializer.deserialize_any(Items(PhantomData))
}

/// The same, where nothing is nobody.
fn many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    maybe_many(deserializer).map(Option::unwrap_or_default)
}

/// A wire struct that is a model of the vendor's.
pub trait Model: pos_core::kit::Keyed<Key = i64> {
    /// Its name (`res.partner`).
    const MODEL: &'static str;
    /// The names of requests for a list of it and for some of it.
    const LIST: &'static str;
    /// The same by ids.
    const READ: &'static str;
    /// The fields that are asked for, as far as the server has them.
    const FIELDS: &'static [&'static str];
}

/// Declares the models of wire structs.
macro_rules! models {
    ($($name:ident = $model:literal [$($field:literal),* $(,)?];)*) => {
        pos_core::keyed!($($name),*);
        $(impl Model for $name {
            const MODEL: &'static str = $model;
            const LIST: &'static str = concat!($model, "/search_read");
            const READ: &'static str = concat!($model, "/read");
            const FIELDS: &'static [&'static str] = &[$($field),*];
        })*
    };
}

mod order;
mod partner;
mod product;
mod shop;

pub use order::{Move, PosLine, PosMethod, PosOrder, PosPayment, SaleLine, SaleOrder};
pub use partner::{Country, Partner, State, Tag};
pub use product::{Category, Product, Quant};
pub use shop::{Company, PosConfig, User, Warehouse};

models! {
    Partner = "res.partner" [
        "name", "display_name", "phone", "mobile", "email", "is_company", "parent_id", "child_ids", "type", "street",
        "street2", "city", "state_id", "zip", "country_id", "vat", "ref", "category_id", "comment", "active", "company_id",
        "create_date", "write_date",
    ];
    Tag = "res.partner.category" ["name", "parent_id", "active"];
    State = "res.country.state" ["name", "code", "country_id"];
    Country = "res.country" ["name", "code"];
    SaleOrder = "sale.order" [
        "name", "state", "locked", "partner_id", "partner_shipping_id", "date_order", "amount_untaxed", "amount_tax",
        "amount_total", "amount_paid", "currency_id", "invoice_status", "delivery_status", "client_order_ref", "origin",
        "note", "order_line", "user_id", "team_id", "company_id", "warehouse_id", "invoice_ids", "create_date", "write_date",
    ];
    SaleLine = "sale.order.line" [
        "order_id", "sequence", "display_type", "product_id", "name", "product_uom_qty", "price_unit", "discount",
        "price_subtotal", "price_tax", "price_total", "qty_delivered", "qty_invoiced",
    ];
    Move = "account.move" [
        "name", "move_type", "state", "payment_state", "amount_total", "amount_residual", "reversed_entry_id", "write_date",
    ];
    PosOrder = "pos.order" [
        "name", "pos_reference", "state", "partner_id", "config_id", "session_id", "date_order", "amount_total",
        "amount_tax", "amount_paid", "amount_return", "currency_id", "lines", "payment_ids", "is_refund",
        "refunded_order_id", "user_id", "company_id", "email", "mobile", "tracking_number", "uuid", "general_customer_note",
        "note", "create_date", "write_date",
    ];
    PosLine = "pos.order.line" [
        "order_id", "product_id", "full_product_name", "qty", "price_unit", "discount", "price_subtotal",
        "price_subtotal_incl", "customer_note", "refunded_orderline_id",
    ];
    PosPayment = "pos.payment" ["pos_order_id", "payment_method_id", "amount", "payment_date", "is_change"];
    PosMethod = "pos.payment.method" ["name", "type"];
    Product = "product.product" [
        "name", "display_name", "default_code", "barcode", "lst_price", "list_price", "standard_price", "type", "categ_id",
        "uom_id", "active", "product_tmpl_id", "currency_id", "sale_ok", "qty_available", "create_date", "write_date",
    ];
    Quant = "stock.quant" ["product_id", "warehouse_id", "location_id", "quantity", "reserved_quantity"];
    Category = "product.category" ["name", "complete_name", "parent_id"];
    Company = "res.company" ["name", "partner_id", "currency_id", "phone", "email", "street", "street2", "city", "state_id", "country_id", "active"];
    Warehouse = "stock.warehouse" ["name", "code", "company_id", "partner_id", "active"];
    PosConfig = "pos.config" ["name", "company_id", "active"];
    User = "res.users" ["name", "login", "email", "partner_id", "active", "share"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_blank_and_null_say_nothing_and_a_flag_keeps_its_answer() {
        let row = r#"{"id":7,"name":false,"phone":"","email":null,"parent_id":false,"is_company":false,"child_ids":false,
                      "write_date":false,"state_id":[12,"Hà Nội (VN)"],"country_id":241,"category_id":[1,null,2]}"#;
        let partner: Partner = serde_json::from_str(row).unwrap();
        assert_eq!((&partner.name, &partner.phone, &partner.email), (&None, &None, &None));
        assert_eq!((partner.parent_id, partner.is_company, partner.write_date), (None, Some(false), None));
        let state = partner.state_id.unwrap();
        assert_eq!((state.id, state.label.as_deref()), (12, Some("Hà Nội (VN)")));
        assert_eq!(partner.country_id, Some(Link { id: 241, label: None }));
        assert_eq!((partner.child_ids, partner.category_id), (Vec::new(), vec![1, 2]));
    }

    #[test]
    fn amounts_keep_their_digits_and_false_is_none() {
        let read = |amount: &str| {
            serde_json::from_str::<SaleOrder>(&format!(r#"{{"id":1,"amount_total":{amount}}}"#))
                .map(|order| order.amount_total)
        };
        assert_eq!(read("113850.58").unwrap().unwrap().to_string(), "113850.58");
        assert_eq!(read("345000.0").unwrap().unwrap().to_string(), "345000");
        assert_eq!(read("false").unwrap(), None);
        assert!(read("\"x\"").is_err() && read("true").is_err());
    }
}

//! What KiotViet sends, field by field.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (V) the vendor's own plugin, (C:n) n other clients,
//! (W) seen in real answers, (?) unproven. Every
//! field but the key is optional, because the vendor leaves out what is null; `""` reads as absent; numbers may be
//! texts and ids may be either; REST dates are Viet Nam wall time without an offset, webhook dates carry one. Fields that
//! this crate does not know are kept in `extra`. `Debug` shows ids, codes and states only.

/// Declares one vendor struct: the key without which a row is no record, then the optional fields with the lenient
/// reader of each.
macro_rules! wire {
    (
        $(#[$meta:meta])*
        $name:ident shows($($shown:ident),* $(,)?) {
            $(@key { $(#[$key_meta:meta])* $key:ident })?
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $how:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
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
            #[serde(flatten)]
            pub extra: pos_core::record::Extra,
        }

        pos_core::debug_only!($name { $($shown),* });

        $(
            impl pos_core::kit::Keyed for $name {
                type Key = i64;
                const IDS: &'static [&'static str] = &["id", "categoryId"];
                fn key(&self) -> Option<i64> {
                    Some(self.$key)
                }
                /// Rows of 0 and below carry sums (D).
                fn is_real(key: &i64) -> bool {
                    *key > 0
                }
            }
        )?
    };
}

mod customer;
mod document;
mod product;
mod read;
mod shop;
mod write;

pub use customer::{Customer, CustomerGroup, CustomerGroupDetail};
pub use document::{
    BatchExpire, Delivery, DeliveryPartner, Invoice, Line, LineTax, Order, Payment, Return, SaleChannel,
    Surcharge,
};
pub use product::{Attribute, Inventory, PriceBookPrice, Product, ProductUnit};
pub use shop::{BankAccount, Branch, Category, Hook, Settings, User};
pub use write::{
    CustomerWrite, DeliveryWrite, HookWrite, InvoiceWrite, LineWrite, OrderCustomerWrite, OrderWrite,
    PaymentWrite, PaymentWritten, SurchargeWrite,
};

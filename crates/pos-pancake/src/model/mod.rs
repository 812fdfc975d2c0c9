//! What Pancake sends, field by field.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (Dq) the vendor's OpenAPI text as others quote it, (C:n) n
//! other clients, (L) measured against the live API, (?) unproven. Every field is optional; `""` reads as absent; numbers may
//! be texts, and ids may be either; times without a zone are UTC. Amounts are here as they came: in minor units where the
//! currency is not the dong. Fields that this crate does not know are kept in `extra`. `Debug` shows ids, codes and states
//! only.

/// Declares one vendor struct: fields with the lenient reader of each, and the field that is the key of a row of its own.
macro_rules! wire {
    (
        $(#[$meta:meta])*
        $name:ident $(keyed($key:ident))? shows($($shown:ident),* $(,)?) { $($fields:tt)* }
    ) => {
        pos_core::wire! {
            // Keys and tokens that the vendor leaks are dropped.
            $(#[$meta])*
            $name shows($($shown),*) extra("crate::model::read::extra") { $($fields)* }
        }

        $(
            impl pos_core::kit::Keyed for $name {
                type Key = String;
                fn key(&self) -> Option<String> {
                    pos_core::record::clean_opt(self.$key.as_deref())
                }
            }
        )?
    };
}

mod customer;
mod order;
mod product;
pub(crate) mod read;
mod shop;
mod write;

pub use customer::{Customer, CustomerAddress, CustomerNote};
pub use order::{
    Line, Order, Partner, PartnerUpdate, PrepaidByPoint, PurchasePayment, ShippingAddress, StatusChange,
    VariationInfo, WarehouseInfo,
};
pub use product::{Attribute, Category, EmbeddedProduct, Product, Variation, WarehouseStock};
pub use read::Tag;
pub use shop::{
    Department, FacebookPage, OrderSource, Partner as Carrier, Person, Place, Shop, User, Warehouse,
};
pub(crate) use write::FlatCustomerWrite;
pub use write::{AddressWrite, CustomerWrite, HookWrite, LineWrite, OrderWrite, VariationInfoWrite};

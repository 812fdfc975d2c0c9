//! What KiotViet sends, field by field.
//!
//! Sources are marked in the field docs: (D) vendor documentation, (V) the vendor's own plugin, (C:n) n other clients,
//! (W) seen in real answers, (?) unproven. Every
//! field but the key is optional, because the vendor leaves out what is null; `""` reads as absent; numbers may be
//! texts and ids may be either; REST dates are Viet Nam wall time without an offset, webhook dates carry one. Fields that
//! this crate does not know are kept in `extra`. `Debug` shows ids, codes and states only.

/// One vendor struct in the vendor's letter case.
macro_rules! wire {
    ($(#[$meta:meta])* $name:ident shows($($shown:ident),* $(,)?) $fields:tt) => {
        pos_core::wire! {
            $(#[$meta])*
            #[serde(rename_all = "camelCase")]
            $name shows($($shown),*) $fields
        }
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

/// Says of structs that they are rows, and which member is the key.
macro_rules! rows {
    ($($name:ident by $key:ident),* $(,)?) => {$(
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
    )*};
}

rows! {
    Customer by id,
    CustomerGroup by id,
    Order by id,
    Invoice by id,
    Return by id,
    SaleChannel by id,
    Product by id,
    Branch by id,
    User by id,
    Category by category_id,
    BankAccount by id,
    Hook by id,
}

//! What Nhanh.vn sends, field by field.
//!
//! The shapes of API 3.0; those of 2.0 are in [`v2`]. Sources are marked in the field docs: `(D)` vendor documentation,
//! `(C)` seen in clients in production, `(U)` seen once, `(?)` unproven. Nothing but the key is required; `null`, `""`,
//! `[]` and `{}` are absent; numbers may be texts; ids are texts and zero is none; instants are Unix seconds. Fields that
//! this crate does not know are kept in `extra`. `Debug` shows ids, codes and states only.

/// Declares one vendor struct: what `Debug` may show, then the optional fields with the lenient reader of each.
macro_rules! wire {
    ($(#[$meta:meta])* $name:ident($($shown:ident),* $(,)?) { $($fields:tt)* }) => {
        pos_core::wire! {
            #[serde(rename_all = "camelCase")]
            $(#[$meta])*
            $name shows($($shown),*) { $($fields)* }
        }
    };
}

mod bill;
mod customer;
mod order;
mod product;
mod shop;
pub mod v2;
mod write;

pub use bill::{Bill, BillCoupon, BillCreated, BillCustomer, BillLine, BillPayment, BillRelated};
pub use customer::{Company, Customer, CustomerAdded, Place};
pub use order::{
    Deleted, Money3, Order, OrderCarrier, OrderChannel, OrderContact, OrderInfo, OrderLine, OrderLog,
    OrderPayment, OrderSource, OrderWritten, OriginalOrder, PartialDelivery, StatusChange, UsedPoints, Vat,
};
pub use product::{DepotStock, Images, Inventory, InventoryRow, Prices, Product, Units};
pub use shop::{Category, Depot, DepotPlace, Named, Tag, User};
pub use write::{
    CarrierWrite, ChannelWrite, ContactWrite, CustomerWrite, EditStatus, InfoEdit, InfoWrite, NewStatus,
    OrderEdit, OrderLineWrite, OrderWrite, PaymentEdit, PaymentWrite, PlaceWrite,
};

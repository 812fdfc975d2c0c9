//! What MISA eShop sends, field by field.
//!
//! Sources are marked in the field docs: (D) the one page of the vendor's documentation that could be read, (D~) what a client
//! says of that documentation, (C:n) n other clients, (?) unproven. Every field is optional; `""` reads as absent, and so does
//! the empty date of .NET; numbers may be texts; times without a zone are Viet Nam's. Ids are in lower case, whatever case they
//! came in. Fields that this crate does not know are kept in `extra`. `Debug` shows ids, numbers and states only.

/// Declares one vendor struct in the vendor's spelling of names.
macro_rules! wire {
    ($(#[$meta:meta])* $name:ident shows($($shown:ident),* $(,)?) { $($fields:tt)* }) => {
        pos_core::wire! {
            $(#[$meta])*
            #[serde(rename_all = "PascalCase")]
            $name shows($($shown),*) { $($fields)* }
        }
    };
}

mod customer;
mod invoice;
mod order;
mod product;
mod read;
mod shop;
mod write;

pub use customer::{Customer, MemberLevel, Points};
pub use invoice::{Invoice, InvoiceLine};
pub use order::{Order, OrderDelivery, OrderLine};
pub use product::{Product, Stock};
pub use shop::{Branch, Category, Location};
pub use write::{
    BranchParams, CustomerWrite, DeliveryWrite, ListParams, OrderLineWrite, OrderWrite, PartyWrite,
};
pub(crate) use write::{utc, vietnam};

use pos_core::kit::Keyed;

macro_rules! keyed {
    ($($name:ident: [$($id:literal),*] = |$row:ident| $key:expr;)*) => {$(
        impl Keyed for $name {
            type Key = String;

            const IDS: &'static [&'static str] = &[$($id),*];

            fn key(&self) -> Option<String> {
                let $row = self;
                $key
            }
        }
    )*};
}

keyed! {
    // The loyalty search has a number of its own in `Id`.
    Customer: ["OriginalId", "CustomerID", "Id"]
        = |row| row.original_id.clone().or_else(|| row.customer_id.clone()).or_else(|| row.id.clone());
    MemberLevel: ["MemberLevelID"] = |row| row.member_level_id.clone();
    Points: ["OriginalId"] = |row| row.original_id.clone();
    // A detail does not tell its id: by itself it is known by its number.
    Invoice: ["InvoiceId", "RefID"] = |row| {
        let number = || row.invoice_number.clone().filter(|_| row.details.is_some());
        row.invoice_id.clone().or_else(number)
    };
    Order: ["OrderId"] = |row| row.order_id.clone();
    Product: ["Id"] = |row| row.id.clone();
    Branch: ["Id"] = |row| row.id.clone();
    Category: ["Id"] = |row| row.id.clone();
    Location: ["Id"] = |row| row.id.clone();
}

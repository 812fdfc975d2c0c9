//! What a shop says about itself, by an arithmetic of its own: for tests that compare a CRM with it.

use pos_core::record::Stream;
use rust_decimal::Decimal;

/// What a document is and what it should count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentTruth {
    /// Orders, invoices or returns.
    pub stream: Stream,
    /// Its id, which another stream may have too.
    pub id: String,
    /// Whether the shop has it; one that is cancelled or failed may count as gone here.
    pub alive: bool,
    /// The customer record that it hangs on.
    pub buyer: Option<String>,
    /// What it adds to the revenue of its buyer; below zero for a return.
    pub revenue: Decimal,
    /// Whether it counts as an order.
    pub counts: bool,
}

/// Who a customer is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomerTruth {
    /// The id.
    pub id: String,
    /// Whether the shop has it.
    pub alive: bool,
    /// The name as written.
    pub name: Option<String>,
    /// The first number as written.
    pub phone: Option<String>,
}

pos_core::debug_only!(CustomerTruth { id, alive });

/// Everything that is true in a shop now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Truth {
    /// Documents.
    pub documents: Vec<DocumentTruth>,
    /// Customers.
    pub customers: Vec<CustomerTruth>,
}

impl Truth {
    /// What all documents count.
    pub fn revenue(&self) -> Decimal {
        self.documents.iter().map(|document| document.revenue).sum()
    }
}

//! Bills: sales over the counter and goods brought back there.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

use crate::model::{Money3, Named, Tag, UsedPoints, Vat};
use crate::wire::{
    block, count, date, figure, goods, id, int, money, named, object, quantity, tags, text, time,
};

wire! {
    /// A stock document: `bill/retail` (sales over the counter and returns) and `bill/list` (all kinds).
    Bill(id, order_id, kind, mode, depot_id, date, created_at) {
        /// The key.
        id: Option<String> = "id",
        /// The order that it belongs to.
        order_id: Option<String> = "id",
        /// The depot.
        depot_id: Option<String> = "id",
        /// The day in the stock book.
        date: Option<Date> = "date",
        /// 1 goods come in, 2 goods go out.
        #[serde(rename = "type")]
        kind: Option<i64> = "int",
        /// 2 retail, 6 wholesale, and others; only in `bill/list`.
        mode: Option<i64> = "int",
        /// What it refers to.
        related: BillRelated = "block",
        /// The customer; all blank for a walk-in.
        customer: BillCustomer = "block",
        /// The seller.
        sale: Option<Named> = "named",
        /// The goods.
        products: Vec<BillLine> = "goods",
        /// The money.
        payment: BillPayment = "block",
        /// Note.
        description: Option<String> = "text",
        /// The source of the customer.
        customer_source: Option<Named> = "named",
        /// Tags; with `dataOptions`.
        tags: Vec<Tag> = "tags",
        /// `bill/list`: who wrote it and when.
        created: Option<BillCreated> = "object",
        /// `bill/retail`: who wrote it.
        created_by_id: Option<String> = "id",
        /// `bill/retail`: when.
        created_at: Option<OffsetDateTime> = "time",
    }
}

wire! {
    /// What a bill refers to.
    BillRelated(kind, bill_id) {
        /// 6: it takes back what the other bill sold.
        #[serde(rename = "type")]
        kind: Option<i64> = "int",
        /// The other bill.
        bill_id: Option<String> = "id",
        /// The bill above it.
        parent_id: Option<String> = "id",
    }
}

wire! {
    /// The customer on a bill; there is no e-mail (D).
    BillCustomer(id) {
        /// The customer's id.
        id: Option<String> = "id",
        /// Name.
        name: Option<String> = "text",
        /// Phone number.
        mobile: Option<String> = "text",
        /// Address.
        address: Option<String> = "text",
    }
}

wire! {
    /// One line of goods.
    BillLine(imex_id, id, code, quantity) {
        /// The line.
        imex_id: Option<String> = "id",
        /// The product.
        id: Option<String> = "id",
        /// Stock keeping unit.
        code: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// How many.
        quantity: Option<Quantity> = "quantity",
        /// Price of one.
        price: Option<Money> = "money",
        /// Discount; on one piece, as on orders (?).
        discount: Option<Money> = "money",
        /// Tax.
        vat: Option<Vat> = "object",
        /// What the line comes to.
        amount: Option<Money> = "money",
    }
}

wire! {
    /// The money of a bill.
    BillPayment() {
        /// What the bill comes to.
        amount: Option<Money> = "money",
        /// What the customer handed over.
        customer_amount: Option<Money> = "figure",
        /// Discount.
        discount: Option<Money> = "money",
        /// Points earned.
        points: Option<Quantity> = "count",
        /// Points used.
        used_points: UsedPoints = "block",
        /// By bank transfer.
        transfer: Money3 = "block",
        /// In cash.
        cash: Money3 = "block",
        /// In instalments.
        installment: Money3 = "block",
        /// By card.
        credit: Money3 = "block",
        /// With a coupon.
        coupon: BillCoupon = "block",
        /// What the shop keeps of a return.
        return_fee: Option<Money> = "figure",
        /// What was given back.
        return_amount: Option<Money> = "money",
    }
}

wire! {
    /// A coupon that a bill was paid with.
    BillCoupon(code) {
        /// Its code.
        code: Option<String> = "text",
        /// What it is good for.
        value: Option<String> = "text",
        /// What it paid of this bill.
        amount: Option<Money> = "money",
    }
}

wire! {
    /// Who wrote a bill and when.
    BillCreated(id, created_at) {
        /// Who.
        id: Option<String> = "id",
        /// The name.
        name: Option<String> = "text",
        /// When.
        created_at: Option<OffsetDateTime> = "time",
    }
}

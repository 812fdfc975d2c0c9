//! Orders, invoices, returns and what hangs on them.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

wire! {
    /// A request to buy (đặt hàng): `/orders`. It reserves stock; money may be prepaid.
    Order shows(id, code, status, branch_id, customer_id, total, purchase_date, modified_date) {
        @key {
            /// The key.
            id
        }
        /// `DH000123`; marketplaces write `DHSPE_…` (W).
        code: Option<String> = "pos_core::lenient::text",
        /// When the buyer ordered.
        purchase_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The branch that sells.
        branch_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        branch_name: Option<String> = "pos_core::lenient::text",
        /// The seller; may be missing while the name is there (W).
        sold_by_id: Option<i64> = "pos_core::lenient::integer",
        /// The seller's name.
        sold_by_name: Option<String> = "pos_core::lenient::text",
        /// The customer; absent for a walk-in. There is no phone on a document (W).
        customer_id: Option<i64> = "pos_core::lenient::integer",
        /// The customer's code.
        customer_code: Option<String> = "pos_core::lenient::text",
        /// The customer's name.
        customer_name: Option<String> = "pos_core::lenient::text",
        /// What the customer must pay, after discounts and with surcharges.
        total: Option<Money> = "pos_core::lenient::money",
        /// What was paid; can exceed the total.
        total_payment: Option<Money> = "pos_core::lenient::money",
        /// Discount of the document as money.
        discount: Option<Money> = "pos_core::lenient::money",
        /// Discount of the document in percent.
        discount_ratio: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// 1 to 6, see the vendor page.
        status: Option<i64> = "pos_core::lenient::integer",
        /// The label of the status, Vietnamese.
        status_value: Option<String> = "pos_core::lenient::text",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// Cash on delivery.
        using_cod: Option<bool> = "pos_core::lenient::flag",
        /// The sales channel.
        sale_channel_id: Option<i64> = "pos_core::lenient::integer",
        /// The sales channel as an object, when asked for.
        #[serde(alias = "SaleChannel")]
        sale_channel: Option<SaleChannel> = "crate::model::read::decoration",
        /// Tax.
        total_tax: Option<Money> = "pos_core::lenient::money",
        /// Absent direct, 0 before tax, 1 after tax (D).
        pricing_mode: Option<i64> = "pos_core::lenient::integer",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed.
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The goods. The documentation draws an object; the wire has a list (W).
        order_details: Vec<Line> = "crate::model::read::many",
        /// Delivery; with `includeOrderDelivery`.
        order_delivery: Option<Delivery> = "crate::model::read::object",
        /// Payments; with `includePayment`.
        payments: Vec<Payment> = "crate::model::read::many",
        /// Surcharges, which are part of the total.
        invoice_order_surcharges: Vec<Surcharge> = "crate::model::read::many",
    }
}

wire! {
    /// A sale (hóa đơn): `/invoices`. It moves stock and counts as revenue.
    Invoice shows(id, code, status, branch_id, customer_id, order_id, total, purchase_date, modified_date) {
        @key {
            /// The key.
            id
        }
        /// `W…` (W).
        uuid: Option<String> = "pos_core::lenient::text",
        /// `HD000123`; marketplaces write `HDSPE_…`, an edited sale is written again as `….01` (W).
        code: Option<String> = "pos_core::lenient::text",
        /// When it was sold.
        purchase_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The branch that sells.
        branch_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        branch_name: Option<String> = "pos_core::lenient::text",
        /// The seller.
        sold_by_id: Option<i64> = "pos_core::lenient::integer",
        /// The seller's name.
        sold_by_name: Option<String> = "pos_core::lenient::text",
        /// The customer; absent for a walk-in.
        customer_id: Option<i64> = "pos_core::lenient::integer",
        /// The customer's code.
        customer_code: Option<String> = "pos_core::lenient::text",
        /// The customer's name.
        customer_name: Option<String> = "pos_core::lenient::text",
        /// The order that it settles (C:2).
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// The code of that order; `""` when there is none (W).
        order_code: Option<String> = "pos_core::lenient::text",
        /// What the customer must pay.
        total: Option<Money> = "pos_core::lenient::money",
        /// What was paid.
        total_payment: Option<Money> = "pos_core::lenient::money",
        /// Discount of the document as money; absent when zero in some rows (W).
        discount: Option<Money> = "pos_core::lenient::money",
        /// Discount of the document in percent.
        discount_ratio: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// 1, 2, 3 or 5: other numbers than those of orders.
        status: Option<i64> = "pos_core::lenient::integer",
        /// The label of the status, Vietnamese.
        status_value: Option<String> = "pos_core::lenient::text",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// Cash on delivery.
        using_cod: Option<bool> = "pos_core::lenient::flag",
        /// The sales channel.
        sale_channel_id: Option<i64> = "pos_core::lenient::integer",
        /// The sales channel as an object; with `SaleChannel=true`.
        #[serde(alias = "SaleChannel")]
        sale_channel: Option<SaleChannel> = "crate::model::read::decoration",
        /// Tax.
        total_tax: Option<Money> = "pos_core::lenient::money",
        /// Absent direct, 0 before tax, 1 after tax (D).
        pricing_mode: Option<i64> = "pos_core::lenient::integer",
        /// The shop; missing in older rows (W).
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed; missing in older rows (W).
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The goods.
        invoice_details: Vec<Line> = "crate::model::read::many",
        /// Delivery; with `includeInvoiceDelivery`.
        #[serde(alias = "deliveryDetail")]
        invoice_delivery: Option<Delivery> = "crate::model::read::object",
        /// Payments; with `includePayment`.
        payments: Vec<Payment> = "crate::model::read::many",
        /// Surcharges, which are part of the total.
        invoice_order_surcharges: Vec<Surcharge> = "crate::model::read::many",
    }
}

wire! {
    /// Goods brought back: `/returns`.
    Return shows(id, code, status, branch_id, customer_id, invoice_id, return_total, return_date) {
        @key {
            /// The key.
            id
        }
        /// The number that people see.
        code: Option<String> = "pos_core::lenient::text",
        /// The invoice that it takes back.
        invoice_id: Option<i64> = "pos_core::lenient::integer",
        /// When.
        return_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The branch that takes it.
        branch_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        branch_name: Option<String> = "pos_core::lenient::text",
        /// Who took it.
        received_by_id: Option<i64> = "pos_core::lenient::integer",
        /// Who sold it.
        sold_by_name: Option<String> = "pos_core::lenient::text",
        /// The customer.
        customer_id: Option<i64> = "pos_core::lenient::integer",
        /// The customer's code.
        customer_code: Option<String> = "pos_core::lenient::text",
        /// The customer's name.
        customer_name: Option<String> = "pos_core::lenient::text",
        /// What the goods are taken back for.
        return_total: Option<Money> = "pos_core::lenient::money",
        /// Discount that is taken back with them.
        return_discount: Option<Money> = "pos_core::lenient::money",
        /// What the shop keeps for its trouble.
        return_fee: Option<Money> = "pos_core::lenient::loose_money",
        /// What was given back.
        total_payment: Option<Money> = "pos_core::lenient::money",
        /// 1 done, 2 cancelled (C:1).
        status: Option<i64> = "pos_core::lenient::integer",
        /// The label of the status, Vietnamese.
        status_value: Option<String> = "pos_core::lenient::text",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// Payments to the customer.
        payments: Vec<Payment> = "crate::model::read::many",
        /// The goods.
        return_details: Vec<Line> = "crate::model::read::many",
        /// The shop.
        retailer_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Changed.
        modified_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// A line of an order, invoice or return.
    Line shows(product_id, product_code, quantity, price, discount, sub_total) {
        /// Product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Stock keeping unit; `{DEL}` is appended when the product is deleted (W).
        product_code: Option<String> = "pos_core::lenient::text",
        /// Name with attributes and unit.
        product_name: Option<String> = "pos_core::lenient::text",
        /// Category; food and beverage only (C:1).
        category_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name; food and beverage only (C:1).
        category_name: Option<String> = "pos_core::lenient::text",
        /// How many; fractions are possible.
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Price of one, before discount.
        price: Option<Money> = "pos_core::lenient::money",
        /// Discount of ONE piece (W).
        discount: Option<Money> = "pos_core::lenient::money",
        /// Discount in percent.
        discount_ratio: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// What the line costs; invoices and returns only (W).
        sub_total: Option<Money> = "pos_core::lenient::money",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// Orders: false for a further row of the same product.
        is_master: Option<bool> = "pos_core::lenient::flag",
        /// Whether it earns points (W).
        use_point: Option<bool> = "pos_core::lenient::flag",
        /// How many came back (W).
        return_quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Serial numbers, separated by commas.
        serial_numbers: Option<String> = "crate::model::read::texts",
        /// Batch and expiry.
        product_batch_expire: Option<BatchExpire> = "crate::model::read::object",
        /// Taxes of the line; named `orderDetailTaxs` or `invoiceDetailTaxs`.
        #[serde(alias = "orderDetailTaxs", alias = "invoiceDetailTaxs")]
        taxes: Vec<LineTax> = "crate::model::read::many",
    }
}

wire! {
    /// Tax on a line. Orders say `taxName` and `taxValue`, invoices `name` and `value`.
    LineTax shows(id, tax_id, detail_tax) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// The line.
        detail_id: Option<i64> = "pos_core::lenient::integer",
        /// Which tax: 1 0 %, 2 5 %, 3 8 %, 4 10 %, 5 exempt, 12 undeclared; direct 6 to 9 and 64 to 66 (D).
        tax_id: Option<i64> = "pos_core::lenient::integer",
        /// How much.
        detail_tax: Option<Money> = "pos_core::lenient::money",
        /// Its name.
        #[serde(alias = "taxName")]
        name: Option<String> = "pos_core::lenient::text",
        /// Its rate.
        #[serde(alias = "taxValue")]
        value: Option<Quantity> = "pos_core::lenient::loose_quantity",
    }
}

wire! {
    /// A batch of a product.
    BatchExpire shows(id, product_id) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// The product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// The batch.
        batch_name: Option<String> = "pos_core::lenient::text",
        /// Batch and date for people.
        full_name_virgule: Option<String> = "pos_core::lenient::text",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Expires.
        expire_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// How a document's goods travel.
    Delivery shows(delivery_code, status, status_value, price, price_cod_payment) {
        /// Waybill number.
        delivery_code: Option<String> = "pos_core::lenient::text",
        /// Not documented; 1 is the ordinary one (?).
        #[serde(rename = "type")]
        kind: Option<i64> = "pos_core::lenient::integer",
        /// 1 to 12; invoices only.
        status: Option<i64> = "pos_core::lenient::integer",
        /// Its label, Vietnamese.
        status_value: Option<String> = "pos_core::lenient::text",
        /// What the carrier costs.
        price: Option<Money> = "pos_core::lenient::money",
        /// Who receives.
        receiver: Option<String> = "pos_core::lenient::text",
        /// The number to call.
        contact_number: Option<String> = "crate::model::read::texts",
        /// House and street, or the whole address.
        address: Option<String> = "pos_core::lenient::text",
        /// The vendor's id of the location.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// `Province - District`.
        location_name: Option<String> = "pos_core::lenient::text",
        /// Ward.
        ward_name: Option<String> = "pos_core::lenient::text",
        /// Whether the carrier collects money.
        using_price_cod: Option<bool> = "pos_core::lenient::flag",
        /// How much it collects.
        price_cod_payment: Option<Money> = "pos_core::lenient::money",
        /// Weight.
        weight: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Length.
        length: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Width.
        width: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Height.
        height: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// The carrier.
        partner_delivery_id: Option<i64> = "pos_core::lenient::integer",
        /// When it should arrive.
        expected_delivery: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// The carrier as an object.
        partner_delivery: Option<DeliveryPartner> = "crate::model::read::object",
    }
}

wire! {
    /// A carrier.
    DeliveryPartner shows(code) {
        /// Its code.
        code: Option<String> = "pos_core::lenient::text",
        /// Its name.
        name: Option<String> = "pos_core::lenient::text",
        /// Its address.
        address: Option<String> = "pos_core::lenient::text",
        /// Its number.
        contact_number: Option<String> = "pos_core::lenient::text",
        /// Its e-mail.
        email: Option<String> = "pos_core::lenient::text",
    }
}

wire! {
    /// A payment on a document.
    Payment shows(id, code, amount, method, status) {
        /// The key; a text in one answer of the documentation.
        id: Option<String> = "pos_core::lenient::text",
        /// The number of the slip.
        code: Option<String> = "pos_core::lenient::text",
        /// How much.
        amount: Option<Money> = "pos_core::lenient::money",
        /// `Cash`, `Card`, `Transfer`, `Voucher` in any letter case, and others (?).
        method: Option<String> = "pos_core::lenient::text",
        /// 0 paid, 1 cancelled (?).
        status: Option<i64> = "pos_core::lenient::integer",
        /// Its label, Vietnamese.
        status_value: Option<String> = "pos_core::lenient::text",
        /// When.
        trans_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
        /// Bank and number of the account that took it.
        bank_account: Option<String> = "pos_core::lenient::text",
        /// That account.
        account_id: Option<i64> = "pos_core::lenient::integer",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
    }
}

wire! {
    /// A surcharge on a document; it is part of the total. Nothing but its free name says what it is for.
    Surcharge shows(id, surcharge_id, price) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// The invoice.
        invoice_id: Option<i64> = "pos_core::lenient::integer",
        /// The kind of surcharge, as the shop set it up.
        surcharge_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        surcharge_name: Option<String> = "pos_core::lenient::text",
        /// As set up.
        sur_value: Option<Money> = "pos_core::lenient::loose_money",
        /// As charged.
        price: Option<Money> = "pos_core::lenient::loose_money",
        /// Created.
        created_date: Option<OffsetDateTime> = "pos_core::lenient::instant_vietnam",
    }
}

wire! {
    /// A sales channel: `/salechannel`, and on invoices with PascalCase keys (W).
    SaleChannel shows(id, name, is_active) {
        @key {
            /// The key.
            #[serde(alias = "Id")]
            id
        }
        /// Name.
        #[serde(alias = "Name")]
        name: Option<String> = "pos_core::lenient::text",
        /// Whether it is in use; `IsActivate` on invoices.
        #[serde(alias = "IsActivate", alias = "isActivate")]
        is_active: Option<bool> = "pos_core::lenient::flag",
        /// A picture.
        img: Option<String> = "pos_core::lenient::text",
        /// Whether the shop may not delete it.
        #[serde(alias = "IsNotDelete")]
        is_not_delete: Option<bool> = "pos_core::lenient::flag",
        /// Place in lists.
        #[serde(alias = "Position")]
        position: Option<i64> = "pos_core::lenient::integer",
        /// The shop.
        #[serde(alias = "RetailerId")]
        retailer_id: Option<i64> = "pos_core::lenient::integer",
    }
}

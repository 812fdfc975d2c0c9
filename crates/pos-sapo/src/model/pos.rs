//! The POS flavour (`*.mysapogo.com`): Sapo POS, Sapo GO, Omni v2.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

wire! {
    /// A postal address.
    Address shows(id) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// What it is for.
        label: Option<String> = "pos_core::lenient::text",
        /// Who lives there.
        full_name: Option<String> = "pos_core::lenient::text",
        /// Given name.
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family name.
        last_name: Option<String> = "pos_core::lenient::text",
        /// Number.
        phone_number: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// House and street.
        address1: Option<String> = "pos_core::lenient::text",
        /// More of it.
        address2: Option<String> = "pos_core::lenient::text",
        /// Ward.
        ward: Option<String> = "pos_core::lenient::text",
        /// District.
        district: Option<String> = "pos_core::lenient::text",
        /// Province.
        city: Option<String> = "pos_core::lenient::text",
        /// Country.
        country: Option<String> = "pos_core::lenient::text",
        /// Postal code.
        #[serde(alias = "zip")]
        zip_code: Option<String> = "pos_core::lenient::text",
        /// All of it.
        full_address: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// What a customer bought in all (C:2).
    SaleStats shows(order_purchases) {
        /// How much.
        total_sales: Option<Money> = "pos_core::lenient::money",
        /// How many orders.
        order_purchases: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// How many pieces came back.
        returned_item_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// How many pieces stayed.
        net_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// The last order.
        last_order_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
    }
}
wire! {
    /// A customer: `/customers` (D).
    Customer @id (created_on, modified_on) shows(id, code, status, created_on, modified_on) {
        /// The shop.
        tenant_id: Option<i64> = "pos_core::lenient::integer",
        /// `CUZN...`, or what the shop typed.
        code: Option<String> = "pos_core::lenient::text",
        /// One field: a name, a nickname, or a phone number (C:1 live).
        name: Option<String> = "pos_core::lenient::text",
        /// As typed; may hold several numbers (C:1).
        phone_number: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// `male`, `female`, `other`.
        sex: Option<String> = "pos_core::lenient::text",
        /// Birthday; the documentation of requests says `birthday` (?).
        #[serde(alias = "birthday")]
        dob: Option<Date> = "pos_core::lenient::date",
        /// Note.
        description: Option<String> = "pos_core::lenient::text",
        /// Tax code.
        tax_number: Option<String> = "pos_core::lenient::text",
        /// Fax.
        fax: Option<String> = "pos_core::lenient::text",
        /// Website.
        website: Option<String> = "pos_core::lenient::text",
        /// Group.
        customer_group_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        group_name: Option<String> = "pos_core::lenient::text",
        /// Who is in charge.
        assignee_id: Option<i64> = "pos_core::lenient::integer",
        /// Branch.
        default_location_id: Option<i64> = "pos_core::lenient::integer",
        /// Tags.
        tags: Vec<String> = "crate::model::tags",
        /// Addresses.
        addresses: Vec<Address> = "crate::model::rows",
        /// What was bought in all.
        sale_order: Option<SaleStats> = "crate::model::object",
        /// `active`, `deleted` (?).
        status: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A customer group: `/customer_groups` (D).
    CustomerGroup @id (created_on, modified_on) shows(id, code, status) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Name for people, when there is one.
        name_translate: Option<String> = "pos_core::lenient::text",
        /// `BANLE` (retail), `BANBUON` (wholesale), `VIP`, or the shop's own.
        code: Option<String> = "pos_core::lenient::text",
        /// `active`, `deleted`.
        status: Option<String> = "pos_core::lenient::text",
        /// Built in.
        is_default: Option<bool> = "pos_core::lenient::flag",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// How many customers.
        count_customer: Option<i64> = "pos_core::lenient::integer",
    }
}
wire! {
    /// A line of an order, or of a return (D).
    Line shows(id, variant_id, sku, quantity) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// In a return: the line of the order that came back (D).
        order_line_item_id: Option<i64> = "pos_core::lenient::integer",
        /// Product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Variant.
        variant_id: Option<i64> = "pos_core::lenient::integer",
        /// Name of the product.
        product_name: Option<String> = "pos_core::lenient::text",
        /// Name of the variant.
        variant_name: Option<String> = "pos_core::lenient::text",
        /// Its options.
        variant_options: Option<String> = "pos_core::lenient::text",
        /// Stock keeping unit.
        sku: Option<String> = "pos_core::lenient::text",
        /// Bar code.
        barcode: Option<String> = "pos_core::lenient::text",
        /// Unit.
        unit: Option<String> = "pos_core::lenient::text",
        /// Price of one.
        price: Option<Money> = "pos_core::lenient::money",
        /// How many; fractions are possible (D).
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// What the line comes to.
        line_amount: Option<Money> = "pos_core::lenient::money",
        /// Discount in percent.
        discount_rate: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Discount of one.
        discount_value: Option<Money> = "pos_core::lenient::loose_money",
        /// Discount of the line.
        discount_amount: Option<Money> = "pos_core::lenient::money",
        /// Tax of the line.
        tax_amount: Option<Money> = "pos_core::lenient::money",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A payment (D).
    Prepayment shows(id, source, status, amount) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// How.
        payment_method_id: Option<i64> = "pos_core::lenient::integer",
        /// How much.
        amount: Option<Money> = "pos_core::lenient::money",
        /// How much of it counts.
        paid_amount: Option<Money> = "pos_core::lenient::money",
        /// How much went back.
        returned_amount: Option<Money> = "pos_core::lenient::loose_money",
        /// `customer_prepaid`, `cod_transfer`.
        source: Option<String> = "pos_core::lenient::text",
        /// `active`, `cancelled`.
        status: Option<String> = "pos_core::lenient::text",
        /// When.
        paid_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Reference.
        reference: Option<String> = "pos_core::lenient::text",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// How a shipment travels.
    Shipment shows(tracking_code, cod_amount) {
        /// Waybill.
        tracking_code: Option<String> = "pos_core::lenient::text",
        /// What the carrier collects.
        cod_amount: Option<Money> = "pos_core::lenient::money",
        /// What the carrier costs.
        freight_amount: Option<Money> = "pos_core::lenient::money",
        /// Carrier.
        delivery_service_provider_id: Option<i64> = "pos_core::lenient::integer",
        /// Its service.
        service_name: Option<String> = "pos_core::lenient::text",
        /// JSON inside a text (C:1).
        detail: Option<String> = "pos_core::lenient::text",
        /// Where it is.
        pushing_status: Option<String> = "pos_core::lenient::text",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A shipment (D).
    Fulfillment shows(id, code, status, composite_fulfillment_status) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// `FU...`.
        code: Option<String> = "pos_core::lenient::text",
        /// Its order.
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// `packed`, `fulfilled`, `received`, `cancelled`, `cancelling` (C:1).
        status: Option<String> = "pos_core::lenient::text",
        /// `packed`, `packed_cancelled`, `fulfilled`, `fulfilled_cancelling`, `fulfilled_cancelled`, `received`, `retry_delivery` (D).
        composite_fulfillment_status: Option<String> = "pos_core::lenient::text",
        /// Money.
        payment_status: Option<String> = "pos_core::lenient::text",
        /// `pickup`, `courier`, ...
        delivery_type: Option<String> = "pos_core::lenient::text",
        /// Packed.
        packed_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Sent.
        shipped_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Arrived.
        received_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Called off.
        cancel_date: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Branch.
        stock_location_id: Option<i64> = "pos_core::lenient::integer",
        /// The customer.
        partner_id: Option<i64> = "pos_core::lenient::integer",
        /// What it comes to.
        total: Option<Money> = "pos_core::lenient::loose_money",
        /// Money that was paid with it (C:1).
        payments: Vec<Prepayment> = "crate::model::rows",
        /// How it travels.
        shipment: Option<Shipment> = "crate::model::object",
    }
}
wire! {
    /// Goods that came back (D).
    OrderReturn @id (created_on, modified_on) shows(id, code, order_id, status, refund_status) {
        /// `SR...`.
        code: Option<String> = "pos_core::lenient::text",
        /// Its order.
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// The order's code (D).
        order_code: Option<String> = "pos_core::lenient::text",
        /// Customer.
        customer_id: Option<i64> = "pos_core::lenient::integer",
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// `returning`, `returned`; it can be called off (D).
        status: Option<String> = "pos_core::lenient::text",
        /// `unpaid`, `partial`, `paid`.
        refund_status: Option<String> = "pos_core::lenient::text",
        /// What the goods were taken back for.
        total_amount: Option<Money> = "pos_core::lenient::money",
        /// Goods.
        line_items: Vec<Line> = "crate::model::rows",
        /// Money that went back.
        refunds: Vec<ReturnRefund> = "crate::model::rows",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// Money that went back with a return.
    ReturnRefund shows(id, amount, status) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// How much.
        amount: Option<Money> = "pos_core::lenient::money",
        /// `active` (D), else it did not happen.
        status: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// An order: `/orders` (D)(C:1 live).
    Order @id (created_on, modified_on) shows(id, code, status, payment_status, fulfillment_status, modified_on) {
        /// The shop.
        tenant_id: Option<i64> = "pos_core::lenient::integer",
        /// `SON...`, or what a client set.
        code: Option<String> = "pos_core::lenient::text",
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// Who made it.
        account_id: Option<i64> = "pos_core::lenient::integer",
        /// Who is in charge.
        assignee_id: Option<i64> = "pos_core::lenient::integer",
        /// Customer.
        customer_id: Option<i64> = "pos_core::lenient::integer",
        /// The customer; may be absent.
        customer_data: Option<Customer> = "crate::model::inside",
        /// Who pays.
        billing_address: Option<Address> = "crate::model::object",
        /// Who receives.
        shipping_address: Option<Address> = "crate::model::object",
        /// E-mail on the order.
        email: Option<String> = "pos_core::lenient::text",
        /// Number on the order.
        phone_number: Option<String> = "pos_core::lenient::text",
        /// A marketplace's number.
        reference_number: Option<String> = "pos_core::lenient::text",
        /// Its address.
        reference_url: Option<String> = "pos_core::lenient::text",
        /// Channel (`Sàn TMĐT - Shopee`).
        channel: Option<String> = "pos_core::lenient::text",
        /// Source.
        source_id: Option<i64> = "pos_core::lenient::integer",
        /// Price list.
        price_list_id: Option<i64> = "pos_core::lenient::integer",
        /// `exclusive` seen.
        tax_treatment: Option<String> = "pos_core::lenient::text",
        /// `draft`, `finalized`, `completed`, `finished`, `cancelled` (D).
        status: Option<String> = "pos_core::lenient::text",
        /// `unpacked`, `partial`, `packed`.
        packed_status: Option<String> = "pos_core::lenient::text",
        /// `unshipped`, `partial`, `shipped`.
        fulfillment_status: Option<String> = "pos_core::lenient::text",
        /// `unreceived`, `partial`, `received`.
        received_status: Option<String> = "pos_core::lenient::text",
        /// `unpaid`, `partial`, `paid`.
        payment_status: Option<String> = "pos_core::lenient::text",
        /// `unreturned`, `partial`, `returned`.
        return_status: Option<String> = "pos_core::lenient::text",
        /// What the buyer owes.
        total: Option<Money> = "pos_core::lenient::money",
        /// Discount.
        total_discount: Option<Money> = "pos_core::lenient::money",
        /// Tax.
        total_tax: Option<Money> = "pos_core::lenient::money",
        /// Discount on the whole order.
        order_discount_amount: Option<Money> = "pos_core::lenient::money",
        /// What the buyer pays for delivery: a number, an object or nothing (?).
        delivery_fee: Option<Money> = "crate::model::fee",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// Tags.
        tags: Vec<String> = "crate::model::tags",
        /// Goods.
        order_line_items: Option<Vec<Line>> = "crate::model::list_if_any",
        /// Payments.
        prepayments: Option<Vec<Prepayment>> = "crate::model::list_if_any",
        /// Shipments.
        fulfillments: Vec<Fulfillment> = "crate::model::rows",
        /// What came back.
        order_returns: Vec<OrderReturn> = "crate::model::rows",
        /// Why it was called off.
        reason_cancel_id: Option<i64> = "pos_core::lenient::integer",
        /// Placed.
        issued_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Accepted.
        finalized_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Closed by hand.
        finished_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Done.
        completed_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Called off.
        cancelled_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
    }
}
wire! {
    /// Stock of a variant at a branch (D).
    Inventory shows(location_id, on_hand) {
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// Variant.
        variant_id: Option<i64> = "pos_core::lenient::integer",
        /// On the shelf.
        on_hand: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// To sell.
        available: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Promised to orders.
        committed: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// On its way in.
        incoming: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// On its way out.
        onway: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Average cost.
        mac: Option<Money> = "pos_core::lenient::loose_money",
    }
}
wire! {
    /// A price in a price list (D).
    VariantPrice shows(price_list_id, value) {
        /// The price.
        value: Option<Money> = "pos_core::lenient::loose_money",
        /// The list.
        price_list_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        name: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A picture; its members are not documented (?).
    Image shows(id) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// Its address.
        #[serde(alias = "src", alias = "path")]
        full_path: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A variant of a product (D).
    Variant @id (created_on, modified_on) shows(id, product_id, sku, status) {
        /// Its product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Stock keeping unit.
        sku: Option<String> = "pos_core::lenient::text",
        /// Bar code.
        barcode: Option<String> = "pos_core::lenient::text",
        /// Unit.
        unit: Option<String> = "pos_core::lenient::text",
        /// First option.
        opt1: Option<String> = "pos_core::lenient::text",
        /// Second option.
        opt2: Option<String> = "pos_core::lenient::text",
        /// Third option.
        opt3: Option<String> = "pos_core::lenient::text",
        /// Retail price.
        variant_retail_price: Option<Money> = "pos_core::lenient::money",
        /// Wholesale price.
        variant_whole_price: Option<Money> = "pos_core::lenient::loose_money",
        /// Purchase price.
        variant_import_price: Option<Money> = "pos_core::lenient::money",
        /// Prices by list.
        variant_prices: Vec<VariantPrice> = "crate::model::rows",
        /// Stock by branch.
        inventories: Vec<Inventory> = "crate::model::rows",
        /// Pictures.
        images: Vec<Image> = "crate::model::rows",
        /// On sale.
        sellable: Option<bool> = "pos_core::lenient::flag",
        /// `active`, ...
        status: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A product: `/products` (D).
    Product @id (created_on, modified_on) shows(id, status, modified_on) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// `active`, ...
        status: Option<String> = "pos_core::lenient::text",
        /// Category.
        category_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        category: Option<String> = "pos_core::lenient::text",
        /// Its code.
        category_code: Option<String> = "pos_core::lenient::text",
        /// Brand; 0 or absent for none.
        brand_id: Option<i64> = "pos_core::lenient::integer",
        /// Description.
        description: Option<String> = "pos_core::lenient::text",
        /// Picture.
        image_path: Option<String> = "pos_core::lenient::text",
        /// Tags: a text here.
        tags: Vec<String> = "crate::model::tags",
        /// Variants.
        variants: Vec<Variant> = "crate::model::rows",
    }
}
wire! {
    /// A branch: `/locations` (D).
    Location @id shows(id, code) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Code.
        code: Option<String> = "pos_core::lenient::text",
        /// House and street.
        address1: Option<String> = "pos_core::lenient::text",
        /// Ward; not documented (?).
        ward: Option<String> = "pos_core::lenient::text",
        /// District; not documented (?).
        district: Option<String> = "pos_core::lenient::text",
        /// Province.
        city: Option<String> = "pos_core::lenient::text",
        /// Number; not documented (?).
        phone_number: Option<String> = "pos_core::lenient::text",
        /// E-mail; not documented (?).
        email: Option<String> = "pos_core::lenient::text",
        /// The main branch.
        is_primary: Option<bool> = "pos_core::lenient::flag",
        /// Status; not documented (?).
        status: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A category: `/categories`; its members are not documented (?).
    Category @id shows(id, code) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Code.
        code: Option<String> = "pos_core::lenient::text",
        /// The one above.
        parent_id: Option<i64> = "pos_core::lenient::integer",
    }
}
wire! {
    /// Where orders come from: `/order_sources` (C:1).
    OrderSource @id shows(id, status) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// `default`, `active`.
        status: Option<String> = "pos_core::lenient::text",
        /// Built in.
        init: Option<bool> = "pos_core::lenient::flag",
    }
}
wire! {
    /// A member of staff: `/accounts`; its members are not documented (?).
    Staff @id shows(id) {
        /// Name.
        #[serde(alias = "name")]
        full_name: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// Number.
        phone_number: Option<String> = "pos_core::lenient::text",
        /// Status.
        status: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A change of anything: `/logs`; not documented (C:1).
    LogEntry @id shows(id, root_id) {
        /// What to read again.
        uri: Option<String> = "pos_core::lenient::text",
        /// The object.
        root_id: Option<i64> = "pos_core::lenient::integer",
    }
}

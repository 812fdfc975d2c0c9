//! The web flavour (`*.mysapo.net`): Sapo Web, Omnichannel v3, OmniAI.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

wire! {
    /// A postal address.
    Address shows(id, default) {
        /// The key; absent on addresses of orders (C:1 live).
        id: Option<i64> = "pos_core::lenient::integer",
        /// House and street, or the whole address.
        address1: Option<String> = "pos_core::lenient::text",
        /// More of it.
        address2: Option<String> = "pos_core::lenient::text",
        /// City; Sapo fills it from the province.
        city: Option<String> = "pos_core::lenient::text",
        /// Firm.
        company: Option<String> = "pos_core::lenient::text",
        /// Country by name (`Vietnam`).
        country: Option<String> = "pos_core::lenient::text",
        /// `VN`; the documentation's sample has `VNM` (D).
        country_code: Option<String> = "pos_core::lenient::text",
        /// Province.
        province: Option<String> = "pos_core::lenient::text",
        /// Its code: digits as text (C:1 live).
        province_code: Option<String> = "pos_core::lenient::text",
        /// District.
        district: Option<String> = "pos_core::lenient::text",
        /// Its code.
        district_code: Option<String> = "pos_core::lenient::text",
        /// Ward.
        ward: Option<String> = "pos_core::lenient::text",
        /// Its code.
        ward_code: Option<String> = "pos_core::lenient::text",
        /// Given name, or the whole name (C:1 live).
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family and middle name.
        last_name: Option<String> = "pos_core::lenient::text",
        /// Whole name; on orders, and in the documentation (D).
        name: Option<String> = "pos_core::lenient::text",
        /// Number as typed (`0981...`) (C:1 live).
        phone: Option<String> = "pos_core::lenient::text",
        /// Postal code.
        #[serde(alias = "zip_code")]
        zip: Option<String> = "pos_core::lenient::text",
        /// Whether it is the default one.
        #[serde(alias = "primary")]
        default: Option<bool> = "pos_core::lenient::flag",
    }
}
wire! {
    /// A customer: `/customers` (D).
    Customer @id (created_on, modified_on) shows(id, state, created_on, modified_on) {
        /// E-mail; absent when there is none (C:1 live).
        email: Option<String> = "pos_core::lenient::text",
        /// Number; Sapo normalises it to `+84...` (C:1 live).
        phone: Option<String> = "pos_core::lenient::text",
        /// Given name, or the whole name (C:1 live).
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family and middle name (C:1).
        last_name: Option<String> = "pos_core::lenient::text",
        /// `male`, `female`, `other` in any letter case.
        gender: Option<String> = "pos_core::lenient::text",
        /// Birthday (D).
        dob: Option<Date> = "pos_core::lenient::date",
        /// `disabled` (no login; normal), `enabled`, `invited`, `decline` (D); no mark of deletion.
        state: Option<String> = "pos_core::lenient::text",
        /// Whether advertising is allowed.
        accepts_marketing: Option<bool> = "pos_core::lenient::flag",
        /// True even without an e-mail (C:1 live): means nothing.
        verified_email: Option<bool> = "pos_core::lenient::flag",
        /// Number of orders; advisory, it was 0 inside an order of that customer (C:1 live).
        orders_count: Option<i64> = "pos_core::lenient::integer",
        /// What was spent.
        total_spent: Option<Money> = "pos_core::lenient::money",
        /// The last order.
        last_order_id: Option<i64> = "pos_core::lenient::integer",
        /// Its name.
        last_order_name: Option<String> = "pos_core::lenient::text",
        /// Tags.
        tags: Vec<String> = "crate::model::tags",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// Firm; in one SDK only (?).
        company: Option<String> = "pos_core::lenient::text",
        /// Code; in one SDK only (?).
        code: Option<String> = "pos_core::lenient::text",
        /// Addresses; may be missing inside an order.
        addresses: Vec<Address> = "crate::model::rows",
        /// Copy of the default one.
        default_address: Option<Address> = "crate::model::object",
    }
}
wire! {
    /// A member of staff: `/users`, and on orders (C:1).
    Staff @id shows(id) {
        /// Given name.
        first_name: Option<String> = "pos_core::lenient::text",
        /// Family name.
        last_name: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// Number.
        phone: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A tax.
    TaxLine shows(title, price) {
        /// Its name.
        title: Option<String> = "pos_core::lenient::text",
        /// How much.
        price: Option<Money> = "pos_core::lenient::money",
        /// Its rate.
        rate: Option<Quantity> = "pos_core::lenient::loose_quantity",
    }
}
wire! {
    /// A line of an order (C:1 live).
    LineItem shows(id, variant_id, sku, quantity) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// Product; may be absent.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Variant; may be absent.
        variant_id: Option<i64> = "pos_core::lenient::integer",
        /// Stock item.
        inventory_item_id: Option<i64> = "pos_core::lenient::integer",
        /// Name of the product.
        title: Option<String> = "pos_core::lenient::text",
        /// Name of the variant; `Default Title` when there is none.
        variant_title: Option<String> = "pos_core::lenient::text",
        /// Both.
        name: Option<String> = "pos_core::lenient::text",
        /// Stock keeping unit.
        sku: Option<String> = "pos_core::lenient::text",
        /// Maker.
        vendor: Option<String> = "pos_core::lenient::text",
        /// How many.
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// How many after edits and refunds.
        current_quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Price of one, before discount.
        price: Option<Money> = "pos_core::lenient::money",
        /// Discount of the line.
        total_discount: Option<Money> = "pos_core::lenient::money",
        /// Price of one, after discount.
        discounted_unit_price: Option<Money> = "pos_core::lenient::money",
        /// The line after discount.
        discounted_total: Option<Money> = "pos_core::lenient::loose_money",
        /// The line before discount.
        original_total: Option<Money> = "pos_core::lenient::loose_money",
        /// `fulfilled`, `partial` or absent.
        fulfillment_status: Option<String> = "pos_core::lenient::text",
        /// Taxes.
        tax_lines: Vec<TaxLine> = "crate::model::rows",
        /// Unit.
        unit: Option<String> = "pos_core::lenient::text",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// Taken off the order.
        deleted: Option<bool> = "pos_core::lenient::flag",
    }
}
wire! {
    /// Who carries a shipment.
    TrackingInfo shows(carrier, tracking_number) {
        /// Code of the carrier.
        carrier: Option<String> = "pos_core::lenient::text",
        /// Its name.
        carrier_name: Option<String> = "pos_core::lenient::text",
        /// Its name.
        tracking_company: Option<String> = "pos_core::lenient::text",
        /// Waybill.
        tracking_number: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A shipment (C:1 live).
    Fulfillment (created_on, modified_on) shows(id, order_id, status, shipment_status) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// `#1042-F1`.
        name: Option<String> = "pos_core::lenient::text",
        /// Its order.
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// `pending`, `success`, `cancelled`, `error`, `failure` (D), `open` (C:2).
        status: Option<String> = "pos_core::lenient::text",
        /// Where it is; `pending` seen.
        shipment_status: Option<String> = "pos_core::lenient::text",
        /// How.
        delivery_method: Option<String> = "pos_core::lenient::text",
        /// Carrier.
        tracking_company: Option<String> = "pos_core::lenient::text",
        /// Waybill.
        tracking_number: Option<String> = "pos_core::lenient::text",
        /// Carrier and waybill.
        tracking_info: Option<TrackingInfo> = "crate::model::object",
        /// How many pieces.
        total_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Arrived.
        delivered_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Called off.
        cancelled_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
    }
}
wire! {
    /// A movement of money: `/orders/{id}/transactions` (C:1 live). Paid is the sum of successful sales and captures.
    Transaction @id shows(id, order_id, kind, status, amount) {
        /// Its order.
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// What it refers to.
        parent_id: Option<i64> = "pos_core::lenient::integer",
        /// Its refund.
        refund_id: Option<i64> = "pos_core::lenient::integer",
        /// `authorization`, `capture`, `sale`, `void`, `refund` (D).
        kind: Option<String> = "pos_core::lenient::text",
        /// `pending`, `failure`, `success`, `error` (D).
        status: Option<String> = "pos_core::lenient::text",
        /// How much.
        amount: Option<Money> = "pos_core::lenient::money",
        /// Currency.
        currency: Option<String> = "pos_core::lenient::text",
        /// How.
        gateway: Option<String> = "pos_core::lenient::text",
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// When; really spelled with `_at` (C:1 live).
        processed_at: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// A test.
        test: Option<bool> = "pos_core::lenient::flag",
    }
}
wire! {
    /// Goods of a refund.
    RefundLine shows(id, line_item_id, quantity) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// The line of the order.
        line_item_id: Option<i64> = "pos_core::lenient::integer",
        /// How many.
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// What they came to.
        subtotal: Option<Money> = "pos_core::lenient::money",
        /// Tax on them.
        total_tax: Option<Money> = "pos_core::lenient::money",
        /// The line.
        line_item: Option<LineItem> = "crate::model::object",
    }
}
wire! {
    /// A difference that a refund leaves.
    OrderAdjustment shows(id, kind, amount) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// `refund_discrepancy`, ...
        kind: Option<String> = "pos_core::lenient::text",
        /// Why.
        reason: Option<String> = "pos_core::lenient::text",
        /// How much; below zero.
        amount: Option<Money> = "pos_core::lenient::loose_money",
    }
}
wire! {
    /// A refund: `/orders/{id}/refunds` (C:1 live).
    Refund @id shows(id, order_id, return_id) {
        /// Its order.
        order_id: Option<i64> = "pos_core::lenient::integer",
        /// Its return.
        return_id: Option<i64> = "pos_core::lenient::integer",
        /// Created.
        created_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// When; really spelled with `_at` (C:1 live).
        processed_at: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Whether the goods went back on the shelf.
        restock: Option<bool> = "pos_core::lenient::flag",
        /// Who did it.
        user_id: Option<i64> = "pos_core::lenient::integer",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// Money.
        transactions: Vec<Transaction> = "crate::model::rows",
        /// Goods.
        refund_line_items: Vec<RefundLine> = "crate::model::rows",
        /// Differences.
        order_adjustments: Vec<OrderAdjustment> = "crate::model::rows",
        /// What was given back.
        total_refunded: Option<Money> = "pos_core::lenient::money",
    }
}
wire! {
    /// What the buyer pays for delivery.
    ShippingLine shows(id, code, price) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// Name.
        title: Option<String> = "pos_core::lenient::text",
        /// Code.
        code: Option<String> = "pos_core::lenient::text",
        /// How much.
        price: Option<Money> = "pos_core::lenient::money",
        /// Source.
        source: Option<String> = "pos_core::lenient::text",
        /// Carrier.
        carrier_name: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A named remark on an order.
    NoteAttribute shows(name) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Value.
        value: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A discount on an order.
    DiscountCode shows(amount, kind) {
        /// Code.
        code: Option<String> = "pos_core::lenient::text",
        /// How much.
        amount: Option<Money> = "pos_core::lenient::loose_money",
        /// `percentage`, `fixed_amount`, `shipping` (D).
        #[serde(rename = "type")]
        kind: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// An order: `/orders` (D)(C:1 live).
    Order @id (created_on, modified_on) shows(id, name, status, financial_status, fulfillment_status, modified_on) {
        /// `#1042`.
        name: Option<String> = "pos_core::lenient::text",
        /// Sequence; some clients saw a text (?).
        number: Option<String> = "pos_core::lenient::text",
        /// Number for people; some clients saw a text (?).
        order_number: Option<String> = "pos_core::lenient::text",
        /// `open`, `closed`, `cancelled` (D).
        status: Option<String> = "pos_core::lenient::text",
        /// `pending`, `authorized`, `partially_paid`, `paid`, `partially_refunded`, `refunded`, `voided` (D).
        financial_status: Option<String> = "pos_core::lenient::text",
        /// Absent (nothing sent), `partial`, `fulfilled` (D)(C:1 live).
        fulfillment_status: Option<String> = "pos_core::lenient::text",
        /// `no_return` seen.
        return_status: Option<String> = "pos_core::lenient::text",
        /// `customer`, `fraud`, `inventory`, `other` (D), `declined` (C:2).
        cancel_reason: Option<String> = "pos_core::lenient::text",
        /// Accepted.
        confirmed_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Placed.
        processed_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Called off.
        cancelled_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Archived.
        closed_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Done.
        completed_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Arrived.
        delivered_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// E-mail on the order.
        email: Option<String> = "pos_core::lenient::text",
        /// Number on the order.
        phone: Option<String> = "pos_core::lenient::text",
        /// Buyer; absent for guests and removed customers.
        customer: Option<Customer> = "crate::model::inside",
        /// Who pays.
        billing_address: Option<Address> = "crate::model::object",
        /// Who receives.
        shipping_address: Option<Address> = "crate::model::object",
        /// Currency.
        currency: Option<String> = "pos_core::lenient::text",
        /// Goods less discount and with shipping.
        total_price: Option<Money> = "pos_core::lenient::money",
        /// Discount.
        total_discounts: Option<Money> = "pos_core::lenient::money",
        /// `total_price` after edits and refunds (C:1 live).
        current_total_price: Option<Money> = "pos_core::lenient::money",
        /// Goods before discount.
        total_line_items_price: Option<Money> = "pos_core::lenient::money",
        /// Goods after discount.
        subtotal_price: Option<Money> = "pos_core::lenient::money",
        /// The same, in the other spelling.
        sub_total_price: Option<Money> = "pos_core::lenient::money",
        /// Tax.
        total_tax: Option<Money> = "pos_core::lenient::money",
        /// What the buyer pays for delivery.
        total_shipping_price: Option<Money> = "pos_core::lenient::money",
        /// What came in.
        total_received: Option<Money> = "pos_core::lenient::money",
        /// What came in less what went back.
        net_payment: Option<Money> = "pos_core::lenient::money",
        /// What is owed.
        unpaid_amount: Option<Money> = "pos_core::lenient::money",
        /// What is owed.
        total_outstanding: Option<Money> = "pos_core::lenient::money",
        /// What went back.
        total_refunded: Option<Money> = "pos_core::lenient::money",
        /// How much of it was shipping (C:1 live).
        total_refunded_shipping: Option<Money> = "pos_core::lenient::money",
        /// Channel: `web`, `pos`, `facebook`, ...; for private apps the id of the app.
        source_name: Option<String> = "pos_core::lenient::text",
        /// Where it comes from (`bizweb_draft_order`).
        source: Option<String> = "pos_core::lenient::text",
        /// How it was paid; from stored transactions.
        gateway: Option<String> = "pos_core::lenient::text",
        /// The same as a list.
        payment_gateway_names: Vec<String> = "crate::model::rows",
        /// Outside reference, at most 32 characters (C:1 live).
        reference: Option<String> = "pos_core::lenient::text",
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// Who made it.
        user_id: Option<i64> = "pos_core::lenient::integer",
        /// Who is in charge.
        assignee_id: Option<i64> = "pos_core::lenient::integer",
        /// Who made it.
        user: Option<Staff> = "crate::model::object",
        /// Who is in charge.
        assignee: Option<Staff> = "crate::model::object",
        /// Tags.
        tags: Vec<String> = "crate::model::tags",
        /// Note.
        note: Option<String> = "pos_core::lenient::text",
        /// Named remarks.
        note_attributes: Vec<NoteAttribute> = "crate::model::rows",
        /// Discounts.
        discount_codes: Vec<DiscountCode> = "crate::model::rows",
        /// Goods; missing in some answers by id (?).
        line_items: Option<Vec<LineItem>> = "crate::model::list_if_any",
        /// Delivery charges.
        shipping_lines: Vec<ShippingLine> = "crate::model::rows",
        /// Shipments.
        fulfillments: Vec<Fulfillment> = "crate::model::rows",
        /// Refunds.
        refunds: Vec<Refund> = "crate::model::rows",
        /// A test order.
        test: Option<bool> = "pos_core::lenient::flag",
    }
}
wire! {
    /// A picture.
    Image shows(id) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// Its address.
        src: Option<String> = "pos_core::lenient::text",
        /// Place.
        position: Option<i64> = "pos_core::lenient::integer",
    }
}
wire! {
    /// A variant of a product: `/variants` (D)(C:1 live).
    Variant @id (created_on, modified_on) shows(id, product_id, sku) {
        /// Its product.
        product_id: Option<i64> = "pos_core::lenient::integer",
        /// Stock item.
        inventory_item_id: Option<i64> = "pos_core::lenient::integer",
        /// Name; `Default Title` when the product has no variants.
        title: Option<String> = "pos_core::lenient::text",
        /// Stock keeping unit.
        sku: Option<String> = "pos_core::lenient::text",
        /// Bar code.
        barcode: Option<String> = "pos_core::lenient::text",
        /// Price.
        price: Option<Money> = "pos_core::lenient::money",
        /// Price before a reduction; 0 when there is none.
        compare_at_price: Option<Money> = "pos_core::lenient::loose_money",
        /// First option.
        option1: Option<String> = "pos_core::lenient::text",
        /// Second option.
        option2: Option<String> = "pos_core::lenient::text",
        /// Third option.
        option3: Option<String> = "pos_core::lenient::text",
        /// Available to sell; can be below zero (C:1 live).
        inventory_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// `bizweb`, `sapo` (?) or absent.
        inventory_management: Option<String> = "pos_core::lenient::text",
        /// Unit.
        unit: Option<String> = "pos_core::lenient::text",
        /// `normal` or `combo`.
        #[serde(rename = "type")]
        kind: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// A product: `/products` (D)(C:1 live).
    Product @id (created_on, modified_on) shows(id, alias, status, modified_on) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Slug.
        alias: Option<String> = "pos_core::lenient::text",
        /// Maker.
        vendor: Option<String> = "pos_core::lenient::text",
        /// Type, in the shop's words.
        product_type: Option<String> = "pos_core::lenient::text",
        /// `active`, `draft`, `inactive` (?).
        status: Option<String> = "pos_core::lenient::text",
        /// Tags.
        tags: Vec<String> = "crate::model::tags",
        /// Description in HTML.
        content: Option<String> = "pos_core::lenient::text",
        /// Shown since; absent when hidden.
        published_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
        /// Variants, at most 100.
        variants: Vec<Variant> = "crate::model::rows",
        /// Pictures.
        images: Vec<Image> = "crate::model::rows",
    }
}
wire! {
    /// Stock of an item at a branch: `/inventory_levels` (C:3 live).
    InventoryLevel shows(inventory_item_id, location_id, on_hand) {
        /// Stock item.
        inventory_item_id: Option<i64> = "pos_core::lenient::integer",
        /// Variant.
        variant_id: Option<i64> = "pos_core::lenient::integer",
        /// Branch.
        location_id: Option<i64> = "pos_core::lenient::integer",
        /// On the shelf.
        on_hand: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// To sell.
        available: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Promised to orders.
        committed: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// On its way in.
        incoming: Option<Quantity> = "pos_core::lenient::loose_quantity",
    }
}
wire! {
    /// A branch: `/locations`; undocumented but stable, needs its own permission (C:4 live).
    Location @id (created_on, modified_on) shows(id, active) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Code; not seen on this flavour.
        code: Option<String> = "pos_core::lenient::text",
        /// House and street.
        address1: Option<String> = "pos_core::lenient::text",
        /// More of it.
        address2: Option<String> = "pos_core::lenient::text",
        /// City.
        city: Option<String> = "pos_core::lenient::text",
        /// Province.
        province: Option<String> = "pos_core::lenient::text",
        /// Country.
        country: Option<String> = "pos_core::lenient::text",
        /// Postal code.
        zip: Option<String> = "pos_core::lenient::text",
        /// Number.
        phone: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// In use.
        active: Option<bool> = "pos_core::lenient::flag",
    }
}
wire! {
    /// A category: `/custom_collections` and `/smart_collections` (D).
    Collection @id (created_on, modified_on) shows(id, alias) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// Slug.
        alias: Option<String> = "pos_core::lenient::text",
    }
}
wire! {
    /// Something that happened in the shop: `/events`; its members are those of one older client library (C:1).
    Event @id shows(id, subject_type, subject_id, verb, created_on) {
        /// What it happened to.
        subject_id: Option<i64> = "pos_core::lenient::integer",
        /// `Product`, `Order`, ...
        subject_type: Option<String> = "pos_core::lenient::text",
        /// `create`, `destroy`, ...
        verb: Option<String> = "pos_core::lenient::text",
        /// When.
        created_on: Option<OffsetDateTime> = "pos_core::lenient::instant_utc",
    }
}
wire! {
    /// The shop: `/store`; private apps get 403 for `/shop` (C:3).
    StoreInfo (created_on, modified_on) shows(id, bizweb_domain, plan_name) {
        /// The key.
        id: Option<i64> = "pos_core::lenient::integer",
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// E-mail.
        email: Option<String> = "pos_core::lenient::text",
        /// Number.
        phone: Option<String> = "pos_core::lenient::text",
        /// Its own domain.
        domain: Option<String> = "pos_core::lenient::text",
        /// Its older host.
        bizweb_domain: Option<String> = "pos_core::lenient::text",
        /// Currency.
        currency: Option<String> = "pos_core::lenient::text",
        /// Time zone by its Windows name.
        timezone: Option<String> = "pos_core::lenient::text",
        /// Plan.
        plan_name: Option<String> = "pos_core::lenient::text",
        /// Plan, for people.
        plan_display_name: Option<String> = "pos_core::lenient::text",
        /// Owner.
        store_owner: Option<String> = "pos_core::lenient::text",
    }
}

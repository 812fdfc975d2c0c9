//! Orders and what hangs on them.

use pos_core::kit::Keyed;
use pos_core::record::{Money, Quantity, clean_opt};
use time::OffsetDateTime;

use super::{Attribute, Customer, Person, Tag};

wire! {
    /// An order: `/shops/{id}/orders`. There is no other sales document.
    Order shows(id, system_id, shop_id, status, status_name, total_price_after_sub_discount, inserted_at, updated_at) {
        /// Mostly the same number as `system_id`; a text for orders that an older system or an API client named (L).
        id: Option<String> = "pos_core::lenient::text",
        /// The shop's running number: with the shop, the key (L).
        system_id: Option<i64> = "super::read::number",
        /// The number that people see; null in live answers (C:2).
        display_id: Option<String> = "super::read::text_if_any",
        /// The creator's own id; only in details, or in lists that ask for it (C:2).
        custom_id: Option<String> = "super::read::text_if_any",
        /// The number at Shopee, TikTok or Lazada.
        marketplace_id: Option<String> = "super::read::text_if_any",
        /// The shop.
        shop_id: Option<String> = "pos_core::lenient::text",
        /// One of 17 codes; see the vendor page.
        status: Option<i64> = "pos_core::lenient::integer",
        /// The vendor's word for it. `pending` is code 9, which is no new order (L).
        status_name: Option<String> = "super::read::text_if_any",
        /// A finer status of the shop's own.
        sub_status: Option<i64> = "pos_core::lenient::integer",
        /// Buyer.
        bill_full_name: Option<String> = "pos_core::lenient::text",
        /// The buyer's number; masked on some marketplace orders (C:1).
        bill_phone_number: Option<String> = "pos_core::lenient::text",
        /// The buyer's e-mail address.
        bill_email: Option<String> = "pos_core::lenient::text",
        /// The customer record that the order hangs on; null for a counter sale.
        customer: Option<Box<Customer>> = "super::read::embedded",
        /// Recipient.
        shipping_address: Option<ShippingAddress> = "super::read::object",
        /// The goods at list price (L).
        total_price: Option<Money> = "super::read::money",
        /// Discount on the order; whether it holds the lines' too is not proven (?).
        total_discount: Option<Money> = "super::read::money",
        /// The grand total: goods less discount and, in the live capture, plus delivery (L).
        total_price_after_sub_discount: Option<Money> = "super::read::money",
        /// Delivery, charged to the buyer.
        shipping_fee: Option<Money> = "super::read::money",
        /// Whether delivery is free.
        is_free_shipping: Option<bool> = "super::read::flag_if_any",
        /// Whether the buyer pays the carrier.
        customer_pay_fee: Option<bool> = "super::read::flag_if_any",
        /// What the carrier charges the shop.
        partner_fee: Option<Money> = "pos_core::lenient::loose_money",
        /// Surcharge.
        surcharge: Option<Money> = "super::read::money",
        /// Tax.
        tax: Option<Money> = "super::read::money",
        /// Cash to collect.
        cod: Option<Money> = "super::read::money",
        /// Cash to collect.
        money_to_collect: Option<Money> = "super::read::money",
        /// Paid beforehand.
        prepaid: Option<Money> = "super::read::money",
        /// Paid by transfer.
        transfer_money: Option<Money> = "super::read::money",
        /// Paid in cash.
        cash: Option<Money> = "super::read::money",
        /// Paid by card.
        charged_by_card: Option<Money> = "super::read::money",
        /// Paid by MoMo.
        charged_by_momo: Option<Money> = "super::read::money",
        /// Paid by QR code.
        charged_by_qrpay: Option<Money> = "super::read::money",
        /// Paid in points.
        prepaid_by_point: Option<PrepaidByPoint> = "super::read::object",
        /// Payments through a gateway, the failed ones too.
        payment_purchase_histories: Vec<PurchasePayment> = "super::read::objects",
        /// Currency; the shop's when null.
        order_currency: Option<String> = "super::read::text_if_any",
        /// The goods.
        items: Vec<Line> = "super::read::objects",
        /// The warehouse that sells.
        warehouse_id: Option<String> = "pos_core::lenient::text",
        /// The warehouse as it was.
        warehouse_info: Option<WarehouseInfo> = "super::read::object",
        /// Carrier; null until it is handed over.
        partner: Option<Partner> = "super::read::object",
        /// Handed over the counter.
        received_at_shop: Option<bool> = "super::read::flag_if_any",
        /// The seller.
        assigning_seller_id: Option<String> = "super::read::text_if_any",
        /// The seller.
        assigning_seller: Option<Person> = "super::read::object",
        /// Where the order came from, by id.
        order_sources: Option<String> = "super::read::text_if_any",
        /// Where the order came from; may be `""`.
        order_sources_name: Option<String> = "super::read::text_if_any",
        /// The page that sold.
        page_id: Option<String> = "super::read::text_if_any",
        /// Its name.
        account_name: Option<String> = "super::read::text_if_any",
        /// `<page id>_<page-scoped id of the buyer>` (L).
        conversation_id: Option<String> = "super::read::text_if_any",
        /// Internal note.
        note: Option<String> = "super::read::text_if_any",
        /// Note for the label.
        note_print: Option<String> = "super::read::text_if_any",
        /// Tags.
        tags: Vec<Tag> = "super::read::tags",
        /// Why it came back.
        returned_reason_name: Option<String> = "super::read::text_if_any",
        /// Every status that it had.
        status_history: Vec<StatusChange> = "super::read::objects",
        /// Handed to the carrier.
        time_send_partner: Option<OffsetDateTime> = "super::read::instant",
        /// Created.
        inserted_at: Option<OffsetDateTime> = "super::read::instant",
        /// Changed.
        updated_at: Option<OffsetDateTime> = "super::read::instant",
    }
}

impl Keyed for Order {
    type Key = String;
    const IDS: &'static [&'static str] = &["system_id", "id"];
    /// The key within the shop: `system_id`, which never collides (L).
    fn key(&self) -> Option<String> {
        self.system_id.map(|id| id.to_string()).or_else(|| clean_opt(self.id.as_deref()))
    }
}

wire! {
    /// A change of status. Its `editor_id` can be the API key (C:1): it is in `extra` only.
    StatusChange shows(status, old_status, updated_at) {
        /// To.
        status: Option<i64> = "pos_core::lenient::integer",
        /// From.
        old_status: Option<i64> = "pos_core::lenient::integer",
        /// When.
        updated_at: Option<OffsetDateTime> = "super::read::instant",
        /// Who, by name.
        name: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// What was paid in points.
    PrepaidByPoint shows(money, point) {
        /// Worth.
        money: Option<Money> = "super::read::money",
        /// Points.
        point: Option<Quantity> = "pos_core::lenient::loose_quantity",
    }
}

wire! {
    /// A try to pay through a gateway.
    PurchasePayment shows(id, kind, amount, result_code, date) {
        /// The key.
        id: Option<String> = "super::read::text_if_any",
        /// Which gateway: `onepay`.
        #[serde(rename = "type")]
        kind: Option<String> = "super::read::text_if_any",
        /// How much.
        amount: Option<Money> = "super::read::money",
        /// The gateway's word: zeros are success. What else there is, is not established (?).
        result_code: Option<String> = "super::read::text_if_any",
        /// When.
        date: Option<OffsetDateTime> = "super::read::instant",
    }
}

impl PurchasePayment {
    /// Whether the money came in: only what the gateway calls a success.
    pub fn succeeded(&self) -> bool {
        let code = self.result_code.as_deref().map(str::trim).unwrap_or_default();
        !code.is_empty() && code.bytes().all(|digit| digit == b'0')
    }
}

wire! {
    /// The warehouse on an order.
    WarehouseInfo shows(custom_id) {
        /// Name.
        name: Option<String> = "pos_core::lenient::text",
        /// The shop's own code.
        custom_id: Option<String> = "super::read::text_if_any",
        /// Phone number.
        phone_number: Option<String> = "super::read::text_if_any",
        /// Address in one line.
        full_address: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// Where an order goes. Two generations of Vietnamese addresses stand side by side: three levels, and since July 2025
    /// two.
    ShippingAddress shows(province_id, district_id, commune_id) {
        /// Recipient.
        full_name: Option<String> = "pos_core::lenient::text",
        /// The recipient's number.
        phone_number: Option<String> = "pos_core::lenient::text",
        /// House and street.
        address: Option<String> = "pos_core::lenient::text",
        /// Everything in one line.
        full_address: Option<String> = "pos_core::lenient::text",
        /// Everything in one line, two levels.
        new_full_address: Option<String> = "super::read::text_if_any",
        /// Province.
        province_id: Option<String> = "pos_core::lenient::text",
        /// Province.
        province_name: Option<String> = "pos_core::lenient::text",
        /// District.
        district_id: Option<String> = "pos_core::lenient::text",
        /// District.
        district_name: Option<String> = "pos_core::lenient::text",
        /// Ward.
        commune_id: Option<String> = "pos_core::lenient::text",
        /// Ward.
        commune_name: Option<String> = "pos_core::lenient::text",
        /// Ward, with the vendor's slip of the pen (L).
        commnue_name: Option<String> = "pos_core::lenient::text",
        /// Province, two levels.
        new_province_id: Option<String> = "super::read::text_if_any",
        /// Ward, two levels.
        new_commune_id: Option<String> = "super::read::text_if_any",
        /// Calling code of the country: a text here, a number on customers (L).
        country_code: Option<String> = "pos_core::lenient::text",
        /// Postal code.
        post_code: Option<String> = "super::read::text_if_any",
    }
}

wire! {
    /// The carrier's side of an order.
    Partner shows(partner_id, partner_status, extend_code) {
        /// The carrier, by the number that `/partners` gives it.
        partner_id: Option<String> = "super::read::text_if_any",
        /// Its name.
        partner_name: Option<String> = "super::read::text_if_any",
        /// Where the goods are; an open list (C:1).
        partner_status: Option<String> = "super::read::text_if_any",
        /// The carrier's tracking number.
        extend_code: Option<String> = "super::read::text_if_any",
        /// Viettel Post's number.
        order_number_vtp: Option<String> = "super::read::text_if_any",
        /// Cash to collect.
        cod: Option<Money> = "pos_core::lenient::loose_money",
        /// What the carrier charges.
        total_fee: Option<Money> = "pos_core::lenient::loose_money",
        /// Fetched.
        picked_up_at: Option<OffsetDateTime> = "super::read::instant",
        /// First tried.
        first_delivery_at: Option<OffsetDateTime> = "super::read::instant",
        /// When the collected cash was settled.
        paid_at: Option<OffsetDateTime> = "super::read::instant",
        /// What the carrier told.
        extend_update: Vec<PartnerUpdate> = "super::read::objects",
        /// Changed.
        updated_at: Option<OffsetDateTime> = "super::read::instant",
    }
}

wire! {
    /// One thing that the carrier told.
    PartnerUpdate shows(key, update_at) {
        /// Its name.
        key: Option<String> = "super::read::text_if_any",
        /// Its words.
        status: Option<String> = "super::read::text_if_any",
        /// Where.
        location: Option<String> = "super::read::text_if_any",
        /// When.
        update_at: Option<OffsetDateTime> = "super::read::instant",
    }
}

wire! {
    /// One line of goods.
    Line shows(id, product_id, variation_id, quantity) {
        /// The key; larger than 32 bits.
        id: Option<String> = "super::read::text_if_any",
        /// The product; missing on one-off lines (?).
        product_id: Option<String> = "super::read::text_if_any",
        /// The variation.
        variation_id: Option<String> = "super::read::text_if_any",
        /// How many.
        quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// Discount on one: money, or percent if `is_discount_percent`.
        discount_each_product: Option<Money> = "super::read::money",
        /// Whether the discount is in percent.
        is_discount_percent: Option<bool> = "super::read::flag_if_any",
        /// Discount on the line.
        total_discount: Option<Money> = "super::read::money",
        /// A gift.
        is_bonus_product: Option<bool> = "super::read::flag_if_any",
        /// How many came back.
        returned_count: Option<Quantity> = "pos_core::lenient::quantity",
        /// How many came back, in another place.
        return_quantity: Option<Quantity> = "pos_core::lenient::quantity",
        /// How many are on the way back.
        returning_quantity: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// Note.
        note: Option<String> = "super::read::text_if_any",
        /// Note on the product.
        note_product: Option<String> = "super::read::text_if_any",
        /// The goods as they were when the order was placed.
        variation_info: Option<VariationInfo> = "super::read::object",
    }
}

wire! {
    /// The goods of a line.
    VariationInfo shows(display_id) {
        /// Name.
        name: Option<String> = "super::read::text_if_any",
        /// Stock keeping unit.
        display_id: Option<String> = "super::read::text_if_any",
        /// The product's own.
        product_display_id: Option<String> = "super::read::text_if_any",
        /// Bar code.
        barcode: Option<String> = "super::read::text_if_any",
        /// Price of one.
        retail_price: Option<Money> = "super::read::money",
        /// Tax in percent.
        tax_rate: Option<Quantity> = "pos_core::lenient::loose_quantity",
        /// The attributes in words.
        detail: Option<String> = "super::read::text_if_any",
        /// The attributes; can be null (L).
        fields: Vec<Attribute> = "super::read::objects",
        /// Pictures.
        images: Vec<String> = "super::read::texts",
    }
}

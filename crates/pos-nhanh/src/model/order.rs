//! Orders.

use pos_core::record::{Money, Quantity};
use time::OffsetDateTime;

use crate::model::{Named, Tag};
use crate::wire::{block, count, figure, goods, id, int, money, named, object, quantity, tags, text, time};

wire! {
    /// An order: `order/list`, and the webhooks of version 3, which name some members otherwise.
    Order(info) {
        /// What it is and where it stands.
        info: OrderInfo = "block",
        /// Where it came from.
        channel: OrderChannel = "block",
        /// The customer: the vendor knows no receiver beside the buyer (D).
        shipping_address: OrderContact = "block",
        /// The goods.
        products: Vec<OrderLine> = "goods",
        /// The carrier.
        carrier: OrderCarrier = "block",
        /// The money.
        payment: OrderPayment = "block",
        /// Webhook `orderPartialReturn`: the order that goods came back from.
        original_order: Option<OriginalOrder> = "object",
    }
}

wire! {
    /// What an order is and where it stands.
    OrderInfo(id, kind, status, depot_id, created_at, updated_at) {
        /// The key.
        id: Option<String> = "id",
        /// The depot that sells.
        depot_id: Option<String> = "id",
        /// The depot that the carrier fetches from.
        pickup_depot_id: Option<String> = "id",
        /// 1 home delivery, 2 at the counter, 14 goods brought back, 16 some brought back, and others, see the vendor page.
        #[serde(rename = "type")]
        kind: Option<i64> = "int",
        /// The order that this one belongs to.
        original_order_id: Option<String> = "id",
        /// The order whose goods came back.
        return_from_id: Option<String> = "id",
        /// The return of this order (?).
        id_return: Option<String> = "id",
        /// Who wrote it.
        created_by_id: Option<String> = "id",
        /// The name.
        created_by_name: Option<String> = "text",
        /// Webhooks: who wrote it.
        created_by: Option<Named> = "named",
        /// The seller.
        sale_id: Option<String> = "id",
        /// The name.
        sale_name: Option<String> = "text",
        /// Webhooks: the seller.
        sale: Option<Named> = "named",
        /// Created.
        created_at: Option<OffsetDateTime> = "time",
        /// Changed.
        updated_at: Option<OffsetDateTime> = "time",
        /// Confirmed.
        confirmed_at: Option<OffsetDateTime> = "time",
        /// Packed.
        packed_at: Option<OffsetDateTime> = "time",
        /// The customer's note.
        description: Option<String> = "text",
        /// The shop's note.
        private_description: Option<String> = "text",
        /// Number among the orders of the day.
        order_index: Option<i64> = "int",
        /// A number such as 54, see the vendor page.
        status: Option<String> = "text",
        /// Why it was called off, a number.
        reason: Option<String> = "text",
        /// Where the buyer can follow it.
        tracking_url: Option<String> = "text",
        /// Tags.
        tags: Vec<Tag> = "tags",
    }
}

wire! {
    /// Where an order came from.
    OrderChannel(app_order_id, sale_channel) {
        /// The id in the app that made it, or a marketplace's number.
        app_order_id: Option<String> = "text",
        /// A number such as 42, see the vendor page.
        sale_channel: Option<String> = "id",
        /// The source by its name in lists, with an id in webhooks.
        traffic_source: Option<Named> = "named",
        /// The shop at the marketplace.
        shop_id: Option<String> = "id",
        /// Its name.
        shop_name: Option<String> = "text",
        /// Webhooks: the shop at the marketplace.
        app_shop_id: Option<String> = "id",
        /// Webhooks: its name.
        app_shop_name: Option<String> = "text",
        /// Facebook page, conversation and advert, each by id.
        page_id: Option<String> = "id",
        /// Website.
        domain: Option<String> = "text",
    }
}

wire! {
    /// The customer on an order.
    OrderContact(id) {
        /// The customer's id: a number in lists, a text in webhooks (D).
        id: Option<String> = "id",
        /// The shop's code.
        code: Option<String> = "text",
        /// Name; marketplaces may hide it (?).
        name: Option<String> = "text",
        /// Phone number; marketplaces may hide it (?).
        mobile: Option<String> = "text",
        /// E-mail address.
        email: Option<String> = "text",
        /// House and street.
        address: Option<String> = "text",
        /// The places in words; not in the documentation (U).
        location: Option<String> = "text",
        /// Province.
        city_id: Option<String> = "id",
        /// District.
        district_id: Option<String> = "id",
        /// Ward.
        ward_id: Option<String> = "id",
        /// Which division the ids are of: `v1` three levels, `v2` two; absent in older lists, whose ids are of three.
        location_version: Option<String> = "text",
        /// Firm.
        company_name: Option<String> = "text",
        /// Its address.
        company_address: Option<String> = "text",
        /// Its tax code.
        tax_code: Option<String> = "text",
    }
}

wire! {
    /// One line of goods.
    OrderLine(product_id, id, order_product_id, code, quantity) {
        /// The product; webhooks and older answers say `id`.
        product_id: Option<String> = "id",
        /// The product, see `product_id`.
        id: Option<String> = "id",
        /// The line.
        order_product_id: Option<String> = "id",
        /// Stock keeping unit.
        code: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// How many.
        quantity: Option<Quantity> = "quantity",
        /// Price of one, before tax.
        price: Option<Money> = "money",
        /// Price of one in the catalogue.
        original_price: Option<Money> = "figure",
        /// 1 the catalogue price includes tax, 2 it does not.
        price_vat_mode: Option<i64> = "int",
        /// Price of one with tax.
        #[serde(rename = "priceAfterVAT")]
        price_after_vat: Option<Money> = "money",
        /// Discount on one.
        discount: Option<Money> = "money",
        /// Discount on the line.
        discount_amount: Option<Money> = "money",
        /// Average cost of one.
        avg_cost: Option<Money> = "figure",
        /// Tax in percent; below zero for special rates (D).
        vat_percent: Option<Quantity> = "count",
        /// Webhooks: tax; a bare percentage in older answers.
        vat: Option<Vat> = "crate::model::order::vat",
        /// What became of a delivery in parts.
        partial_delivery: Option<PartialDelivery> = "object",
        /// What the line comes to with tax and after discount; since 2026-07-30 (D).
        total_amount: Option<Money> = "money",
    }
}

wire! {
    /// Tax.
    Vat(percent) {
        /// In percent.
        #[serde(alias = "value")]
        percent: Option<Quantity> = "count",
        /// As money.
        amount: Option<Money> = "money",
        /// Tax code on the document.
        tax_code: Option<String> = "text",
    }
}

/// Tax as an object, or as the bare percentage of older answers.
fn vat<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vat>, D::Error> {
    use serde::Deserialize;
    let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    if raw.get().starts_with(['{', '[']) {
        return object(&mut reader).map_err(serde::de::Error::custom);
    }
    let percent = count(&mut reader).unwrap_or_default();
    Ok(percent.map(|percent| Vat { percent: Some(percent), ..Vat::default() }))
}

wire! {
    /// What became of a line that was delivered in parts.
    PartialDelivery() {
        /// Delivered.
        delivered_quantity: Option<Quantity> = "count",
        /// Brought back.
        return_quantity: Option<Quantity> = "count",
        /// Lost.
        lost_quantity: Option<Quantity> = "count",
    }
}

wire! {
    /// How an order travels.
    OrderCarrier(id, carrier_code) {
        /// The carrier.
        id: Option<String> = "id",
        /// Its name.
        name: Option<String> = "text",
        /// The service.
        service: Option<Named> = "named",
        /// Waybill number.
        carrier_code: Option<String> = "text",
        /// When it should arrive, or did (?).
        delivery_at: Option<OffsetDateTime> = "time",
        /// What the carrier costs the shop.
        ship_fee: Option<Money> = "money",
        /// What collecting the money costs the shop.
        cod_fee: Option<Money> = "figure",
        /// What the buyer pays for delivery.
        customer_ship_fee: Option<Money> = "money",
        /// What the way back costs the shop.
        return_fee: Option<Money> = "figure",
    }
}

wire! {
    /// The money of an order.
    OrderPayment() {
        /// Points that the buyer paid with.
        used_points: UsedPoints = "block",
        /// Tax on the order.
        vat: Option<Vat> = "object",
        /// Discount on the order; it is spread over the lines and part of their totals (D).
        discount: Money3 = "block",
        /// Coupon; only noted.
        coupon_code: Option<String> = "text",
        /// Paid in advance.
        deposit: Money3 = "block",
        /// Paid by bank transfer.
        transfer: Money3 = "block",
        /// Paid by card or instalments.
        credit: Money3 = "block",
        /// What is collected from the buyer; taken to be net of what was paid (?). Not in webhooks.
        cod_amount: Option<Money> = "money",
        /// What the carrier pays out.
        business_payment: Option<Money> = "figure",
    }
}

wire! {
    /// An amount with the account that it went to.
    Money3(account_id) {
        /// How much.
        amount: Option<Money> = "money",
        /// In percent, of discounts.
        percent: Option<Quantity> = "count",
        /// `cash` or `percent`, of discounts in webhooks.
        #[serde(rename = "type")]
        kind: Option<String> = "text",
        /// The account.
        account_id: Option<String> = "id",
        /// Transaction code.
        code: Option<String> = "text",
        /// Name of the account.
        name: Option<String> = "text",
    }
}

wire! {
    /// Points used.
    UsedPoints() {
        /// How many.
        points: Option<Quantity> = "count",
        /// What they are worth.
        amount: Option<Money> = "money",
    }
}

wire! {
    /// The order that goods came back from.
    OriginalOrder(id) {
        /// The key.
        id: Option<String> = "id",
        /// Where it came from.
        channel: OrderChannel = "block",
    }
}

wire! {
    /// An order or a bill that is gone: `order/deleted`, `bill/deleted`.
    Deleted(id, created_at) {
        /// The key of what is gone.
        id: Option<String> = "id",
        /// When it was deleted.
        created_at: Option<OffsetDateTime> = "time",
        /// Who deleted it.
        created_by_id: Option<String> = "id",
    }
}

wire! {
    /// One step in the life of an order: `order/history`.
    OrderLog(log_id, order_id, step, created_at) {
        /// The key.
        log_id: Option<String> = "id",
        /// The order.
        order_id: Option<String> = "id",
        /// What happened, a number that no table explains.
        step: Option<i64> = "int",
        /// The change of status.
        status: StatusChange = "block",
        /// When.
        created_at: Option<OffsetDateTime> = "time",
        /// Who.
        created_by_id: Option<String> = "id",
        /// The name.
        created_by: Option<String> = "text",
    }
}

wire! {
    /// A change of status.
    StatusChange(old, new) {
        /// From.
        old: Option<String> = "text",
        /// To.
        new: Option<String> = "text",
    }
}

wire! {
    /// A source of orders: `order/source`.
    OrderSource(id, status) {
        /// The key.
        id: Option<String> = "id",
        /// Name.
        name: Option<String> = "text",
        /// 1 in use, 2 not.
        status: Option<i64> = "int",
        /// Created.
        created_at: Option<OffsetDateTime> = "time",
    }
}

wire! {
    /// What `order/add` and `order/edit` answer; 2.0 says `orderId`.
    OrderWritten(id, order_id) {
        /// The key.
        id: Option<String> = "id",
        /// 2.0: the key.
        order_id: Option<String> = "id",
        /// Where the buyer can follow it.
        tracking_url: Option<String> = "text",
        /// Waybill number.
        carrier_code: Option<String> = "text",
    }
}

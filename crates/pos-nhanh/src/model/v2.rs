//! The shapes of API 2.0, which ended on 30 November 2026, and of webhooks of version 2.
//!
//! Lists are objects keyed by id (C); instants are Viet Nam wall time; numbers, texts and ids change places.

use pos_core::record::{Money, Quantity};
use time::{Date, OffsetDateTime};

use crate::model::Vat;
use crate::wire::{block, count, date, goods, id, int, keyed, money, object, quantity, text, texts, time};

pub use crate::model::{Category, Depot, User};

wire! {
    /// A customer: `/api/customer/search`.
    Customer(id, kind) {
        /// The key.
        id: Option<String> = "id",
        /// 1 retail, 2 wholesale, 3 agent.
        #[serde(rename = "type")]
        kind: Option<i64> = "int",
        /// Name.
        name: Option<String> = "text",
        /// Phone number; documented as a number, which has lost its zero (D).
        mobile: Option<String> = "text",
        /// E-mail address.
        email: Option<String> = "text",
        /// `1`, `2`, `3` as texts (C).
        gender: Option<i64> = "int",
        /// Address.
        address: Option<String> = "text",
        /// Birthday.
        birthday: Option<Date> = "date",
        /// The shop's code.
        code: Option<String> = "text",
        /// Loyalty tier.
        level: Option<String> = "text",
        /// Customer group.
        group: Option<String> = "text",
        /// Spent in all.
        total_money: Option<Money> = "money",
        /// Points now.
        points: Option<Quantity> = "count",
        /// Province.
        city_location_id: Option<String> = "id",
        /// District.
        district_location_id: Option<String> = "id",
        /// Ward.
        ward_location_id: Option<String> = "id",
        /// First purchase.
        started_date: Option<Date> = "date",
        /// Tax code.
        tax_code: Option<String> = "text",
        /// Firm.
        business_name: Option<String> = "text",
        /// Its address.
        business_address: Option<String> = "text",
    }
}

wire! {
    /// An order: `/api/order/index`, and the webhooks of version 2, which name some members otherwise.
    Order(id, order_id, type_id, status_code, depot_id, updated_at) {
        /// The key.
        id: Option<String> = "id",
        /// Webhooks: the key.
        order_id: Option<String> = "id",
        /// The app's own id; given up in favour of `shop_order_id` (D).
        private_id: Option<String> = "text",
        /// The id in the app that made it.
        shop_order_id: Option<String> = "text",
        /// The depot that sells.
        depot_id: Option<String> = "id",
        /// Its name.
        depot_name: Option<String> = "text",
        /// 1 home delivery, 14 goods brought back, and others.
        type_id: Option<i64> = "int",
        /// Discount on the order; taken to be not in the lines (?).
        money_discount: Option<Money> = "money",
        /// Paid in advance.
        money_deposit: Option<Money> = "money",
        /// Paid by bank transfer.
        money_transfer: Option<Money> = "money",
        /// Paid by card.
        credit_amount: Option<Money> = "money",
        /// What the points used are worth.
        money_used_points: Option<Money> = "money",
        /// What the points used are worth, by its other name.
        used_point_amount: Option<Money> = "money",
        /// The carrier.
        carrier_id: Option<String> = "id",
        /// Its name.
        carrier_name: Option<String> = "text",
        /// Waybill number.
        carrier_code: Option<String> = "text",
        /// What the carrier costs the shop.
        ship_fee: Option<Money> = "money",
        /// What the buyer pays for delivery.
        customer_ship_fee: Option<Money> = "money",
        /// The customer's note.
        description: Option<String> = "text",
        /// The customer.
        customer_id: Option<String> = "id",
        /// Name.
        customer_name: Option<String> = "text",
        /// Phone number.
        customer_mobile: Option<String> = "text",
        /// E-mail address.
        customer_email: Option<String> = "text",
        /// House and street.
        customer_address: Option<String> = "text",
        /// Province.
        customer_city_id: Option<String> = "id",
        /// Its name.
        customer_city: Option<String> = "text",
        /// District.
        customer_district_id: Option<String> = "id",
        /// Its name.
        customer_district: Option<String> = "text",
        /// Webhooks: name of the ward.
        customer_ward: Option<String> = "text",
        /// Webhooks: province.
        ship_to_city_location_id: Option<String> = "id",
        /// Webhooks: district.
        ship_to_district_location_id: Option<String> = "id",
        /// Webhooks: ward.
        ship_to_ward_location_id: Option<String> = "id",
        /// Created.
        created_date_time: Option<OffsetDateTime> = "time",
        /// A word such as `Shipping`.
        status_code: Option<String> = "text",
        /// Its label.
        status_name: Option<String> = "text",
        /// Webhooks: the word.
        status: Option<String> = "text",
        /// Webhooks: its label.
        status_description: Option<String> = "text",
        /// Why it was called off, a word.
        reason: Option<String> = "text",
        /// What is collected from the buyer; taken to be net of what was paid (?).
        calc_total_money: Option<Money> = "money",
        /// The source.
        traffic_source_name: Option<String> = "text",
        /// The seller.
        sale_id: Option<String> = "id",
        /// The name.
        sale_name: Option<String> = "text",
        /// The order whose goods came back.
        return_from_order_id: Option<String> = "id",
        /// Tags by name.
        tags: Vec<String> = "texts",
        /// A number such as 42.
        sale_channel: Option<String> = "id",
        /// The goods.
        products: Vec<OrderLine> = "goods",
        /// Changed: the one instant in Unix seconds (D).
        updated_at: Option<OffsetDateTime> = "time",
        /// Tax.
        vat: Option<Vat> = "object",
    }
}

wire! {
    /// One line of goods.
    OrderLine(product_id, id, product_code, quantity) {
        /// The product; webhooks say `id`.
        product_id: Option<String> = "id",
        /// Webhooks: the product.
        id: Option<String> = "id",
        /// Name.
        product_name: Option<String> = "text",
        /// Stock keeping unit.
        product_code: Option<String> = "text",
        /// Webhooks: stock keeping unit.
        code: Option<String> = "text",
        /// Price of one.
        price: Option<Money> = "money",
        /// How many.
        quantity: Option<Quantity> = "quantity",
        /// Discount on one (C).
        discount: Option<Money> = "money",
        /// What the line comes to with tax and after discount.
        product_money: Option<Money> = "money",
    }
}

wire! {
    /// A bill: `/api/bill/search`.
    Bill(id, order_id, kind, mode, depot_id, date) {
        /// The key.
        id: Option<String> = "id",
        /// The day in the stock book.
        date: Option<Date> = "date",
        /// Created.
        created_date_time: Option<OffsetDateTime> = "time",
        /// 1 goods come in, 2 goods go out.
        #[serde(rename = "type")]
        kind: Option<i64> = "int",
        /// 2 retail, 6 wholesale, and others.
        mode: Option<i64> = "int",
        /// The depot.
        depot_id: Option<String> = "id",
        /// The customer.
        customer_id: Option<String> = "id",
        /// Name.
        customer_name: Option<String> = "text",
        /// Phone number.
        customer_mobile: Option<String> = "text",
        /// The seller.
        sale_id: Option<String> = "id",
        /// The name.
        sale_name: Option<String> = "text",
        /// Discount.
        discount: Option<Money> = "money",
        /// In cash.
        cash: Option<Money> = "money",
        /// By bank transfer.
        money_transfer: Option<Money> = "money",
        /// In instalments.
        installment_money: Option<Money> = "money",
        /// By card.
        credit_money: Option<Money> = "money",
        /// What the points used are worth.
        used_points_money: Option<Money> = "money",
        /// What the bill comes to.
        money: Option<Money> = "money",
        /// What was paid.
        payment: Option<Money> = "money",
        /// The bill whose goods came back.
        related_bill_id: Option<String> = "id",
        /// The order that it belongs to.
        order_id: Option<String> = "id",
        /// Note.
        description: Option<String> = "text",
        /// The goods: a list, or an object keyed by product.
        products: Vec<BillLine> = "keyed",
    }
}

wire! {
    /// One line of goods.
    BillLine(id, code, quantity) {
        /// The product.
        id: Option<String> = "id",
        /// Stock keeping unit.
        code: Option<String> = "text",
        /// Name.
        name: Option<String> = "text",
        /// How many.
        quantity: Option<Quantity> = "quantity",
        /// Price of one, a text (C).
        price: Option<Money> = "money",
        /// Discount on one.
        discount: Option<Money> = "money",
    }
}

impl crate::wire::HasId for BillLine {
    fn id_or(&mut self, key: String) {
        self.id.get_or_insert(key);
    }
}

wire! {
    /// A product: `/api/product/search`, and the webhooks of version 2, which name the key otherwise.
    Product(id_nhanh, product_id, code, status, updated_at) {
        /// The key.
        id_nhanh: Option<String> = "id",
        /// Webhooks: the key.
        product_id: Option<String> = "id",
        /// Stock webhooks: the key.
        id: Option<String> = "id",
        /// -1 stands alone, -2 has variants, above zero the product that this is a variant of.
        parent_id: Option<i64> = "int",
        /// Stock keeping unit.
        code: Option<String> = "text",
        /// Bar code.
        barcode: Option<String> = "text",
        /// Name with attributes.
        name: Option<String> = "text",
        /// Retail price.
        price: Option<Money> = "money",
        /// What suppliers ask.
        import_price: Option<Money> = "money",
        /// Average cost.
        avg_cost: Option<Money> = "money",
        /// The first picture.
        image: Option<String> = "text",
        /// The others.
        images: Vec<String> = "texts",
        /// `New`, `Active`, `Inactive`, `OutOfStock`.
        status: Option<String> = "text",
        /// Category.
        category_id: Option<String> = "id",
        /// Unit of sale.
        unit: Option<String> = "text",
        /// Stock.
        inventory: crate::model::Inventory = "block",
        /// Created; a date in webhooks.
        created_date_time: Option<OffsetDateTime> = "time",
        /// Changed: Unix seconds.
        updated_at: Option<OffsetDateTime> = "time",
    }
}

//! What 2.0 and its webhooks send, in the shapes of 3.0: both versions are mapped alike.

use pos_core::kit::{Keyed, Row};
use pos_core::record::{CustomerRecord, Extra, OrderRecord, ProductRecord, clean_opt};

use crate::map::{Beside, Listed, bill, is_sale, is_trade, order};
use crate::model::v2::{Bill, Customer, Order, Product};
use crate::model::{self, Named, Tag};

fn named(id: Option<String>, name: Option<String>) -> Option<Named> {
    Some(Named { id, name, ..Named::default() })
}

impl Row for Customer {
    type Record = CustomerRecord;

    fn into_record(self, custom: Extra) -> CustomerRecord {
        let mut customer = model::Customer {
            id: self.id,
            name: self.name,
            mobile: self.mobile,
            email: self.email,
            code: self.code,
            gender: self.gender,
            address: self.address,
            birthday: self.birthday,
            points: self.points,
            tax_code: self.tax_code,
            ..model::Customer::default()
        };
        customer.locations.city_id = self.city_location_id;
        customer.locations.district_id = self.district_location_id;
        customer.locations.ward_id = self.ward_location_id;
        customer.business.name = self.business_name;
        customer.business.address = self.business_address;
        customer.group = named(None, self.group);
        customer.total_amount = self.total_money;
        customer.into_record(custom)
    }
}

impl Listed for Customer {}

impl Keyed for Order {
    type Key = String;

    fn key(&self) -> Option<String> {
        self.id.as_ref().or(self.order_id.as_ref()).cloned()
    }
}

impl Row for Order {
    type Record = OrderRecord;

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut sale = model::Order::default();
        let info = &mut sale.info;
        info.id = self.id.or(self.order_id);
        info.depot_id = self.depot_id;
        info.kind = self.type_id;
        info.return_from_id = self.return_from_order_id;
        info.sale_id = self.sale_id;
        info.sale_name = self.sale_name;
        info.created_at = self.created_date_time;
        info.updated_at = self.updated_at;
        info.description = self.description;
        info.status = self.status_code.or(self.status);
        info.reason = self.reason;
        info.tags = self.tags.into_iter().map(|name| Tag { name: Some(name), ..Tag::default() }).collect();
        sale.channel.app_order_id = clean_opt(self.shop_order_id.as_deref()).or(self.private_id);
        sale.channel.sale_channel = self.sale_channel;
        sale.channel.traffic_source = named(None, self.traffic_source_name);
        let contact = &mut sale.shipping_address;
        contact.id = self.customer_id;
        contact.name = self.customer_name;
        contact.mobile = self.customer_mobile;
        contact.email = self.customer_email;
        contact.address = self.customer_address;
        contact.city_id = self.customer_city_id.or(self.ship_to_city_location_id);
        contact.district_id = self.customer_district_id.or(self.ship_to_district_location_id);
        contact.ward_id = self.ship_to_ward_location_id;
        contact.location_version = Some("v1".to_owned());
        sale.products = self.products.into_iter().map(order_line).collect();
        sale.carrier.id = self.carrier_id;
        sale.carrier.name = self.carrier_name;
        sale.carrier.carrier_code = self.carrier_code;
        sale.carrier.ship_fee = self.ship_fee;
        sale.carrier.customer_ship_fee = self.customer_ship_fee;
        let money = &mut sale.payment;
        money.vat = self.vat;
        money.deposit.amount = self.money_deposit;
        money.transfer.amount = self.money_transfer;
        money.credit.amount = self.credit_amount;
        money.used_points.amount = self.money_used_points.or(self.used_point_amount);
        money.cod_amount = self.calc_total_money;
        let beside = Beside {
            label: self.status_name.or(self.status_description),
            depot: self.depot_name,
            ward: self.customer_ward,
            district: self.customer_district,
            city: self.customer_city,
            discount: self.money_discount,
            paid: None,
        };
        order(sale, beside, custom)
    }
}

fn order_line(from: model::v2::OrderLine) -> model::OrderLine {
    model::OrderLine {
        product_id: from.product_id,
        id: from.id,
        code: clean_opt(from.product_code.as_deref()).or(from.code),
        name: from.product_name,
        quantity: from.quantity,
        price: from.price,
        discount: from.discount,
        total_amount: from.product_money,
        ..model::OrderLine::default()
    }
}

impl Listed for Order {
    fn is_record(&self) -> bool {
        is_sale(self.type_id)
    }
}

impl Row for Bill {
    type Record = OrderRecord;

    fn into_record(self, custom: Extra) -> OrderRecord {
        let mut sale = model::Bill {
            id: self.id,
            order_id: self.order_id,
            depot_id: self.depot_id,
            date: self.date,
            kind: self.kind,
            mode: self.mode,
            ..model::Bill::default()
        };
        sale.related.bill_id = self.related_bill_id;
        sale.customer.id = self.customer_id;
        sale.customer.name = self.customer_name;
        sale.customer.mobile = self.customer_mobile;
        sale.sale = named(self.sale_id, self.sale_name);
        sale.products = self.products.into_iter().map(bill_line).collect();
        let money = &mut sale.payment;
        money.amount = self.money;
        money.discount = self.discount;
        money.cash.amount = self.cash;
        money.transfer.amount = self.money_transfer;
        money.installment.amount = self.installment_money;
        money.credit.amount = self.credit_money;
        money.used_points.amount = self.used_points_money;
        money.return_amount = self.payment;
        sale.description = self.description;
        sale.created_at = self.created_date_time;
        bill(sale, Beside { paid: self.payment, ..Beside::default() }, custom)
    }
}

fn bill_line(from: model::v2::BillLine) -> model::BillLine {
    model::BillLine {
        id: from.id,
        code: from.code,
        name: from.name,
        quantity: from.quantity,
        price: from.price,
        discount: from.discount,
        ..model::BillLine::default()
    }
}

impl Listed for Bill {
    fn is_record(&self) -> bool {
        is_trade(self.kind, self.mode)
    }
}

impl Keyed for Product {
    type Key = String;

    fn key(&self) -> Option<String> {
        self.id_nhanh.as_ref().or(self.product_id.as_ref()).or(self.id.as_ref()).cloned()
    }
}

impl Row for Product {
    type Record = ProductRecord;

    fn into_record(self, custom: Extra) -> ProductRecord {
        let mut product = model::Product {
            id: self.id_nhanh.or(self.product_id).or(self.id),
            code: self.code,
            barcode: self.barcode,
            name: self.name,
            status: self.status,
            category_id: self.category_id,
            ..model::Product::default()
        };
        product.prices.retail = self.price;
        product.prices.import = self.import_price;
        product.prices.avg_cost = self.avg_cost;
        product.images.avatar = self.image;
        product.images.others = self.images;
        product.units.name = self.unit;
        product.inventory = self.inventory;
        product.created_at = self.created_date_time;
        product.updated_at = self.updated_at;
        product.into_record(custom)
    }
}

impl Listed for Product {}

//! Seeded rows in KiotViet's wire form.

use crate::out::Out;
use crate::seed::{
    BRANCHES, Buyer, CHANNELS, CustomerRow, DocumentRow, GROUPS, LineRow, PLACES, PhoneForm, STAFF, Shop,
    Standing, Unusual,
};

pub(crate) const RETAILER_ID: i64 = 500_987_654;
/// Ids of seeded rows are `BASE + index * STEP`, so that there are ids between them that nobody has.
pub(crate) const STEP: i64 = 3;
pub(crate) const CUSTOMER: i64 = 1_030_000_000;
pub(crate) const ORDER: i64 = 24_000_000;
pub(crate) const INVOICE: i64 = 250_000_000;
pub(crate) const RETURN: i64 = 5_000_000;
pub(crate) const PRODUCT: i64 = 17_000_000;
pub(crate) const CATEGORY: i64 = 553_001;
pub(crate) const BRANCH: i64 = 71_001;
pub(crate) const USER: i64 = 99_002;
pub(crate) const GROUP: i64 = 3101;
pub(crate) const CHANNEL: i64 = 15_850;

/// What a list leaves out unless it is asked for, and how the shop numbers its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Include(pub(crate) u16);

impl Include {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const TOTAL: Self = Self(1);
    pub(crate) const GROUP: Self = Self(2);
    pub(crate) const SOCIAL: Self = Self(4);
    pub(crate) const PAYMENT: Self = Self(8);
    pub(crate) const DELIVERY: Self = Self(16);
    pub(crate) const CHANNEL: Self = Self(32);
    pub(crate) const STOCK: Self = Self(64);
    pub(crate) const PRICES: Self = Self(128);
    pub(crate) const ALL: Self = Self(0x7fff);
    /// Orders, invoices and returns have the same ids.
    pub(crate) const SAME_IDS: Self = Self(0x8000);

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The keys that an answer without this must not have.
    pub(crate) fn hidden(self) -> impl Iterator<Item = &'static str> {
        let groups: [(Self, &[&str]); 8] = [
            (Self::TOTAL, &["totalInvoiced", "totalRevenue", "totalPoint"]),
            (Self::GROUP, &["groups"]),
            (Self::SOCIAL, &["psidFacebook"]),
            (Self::PAYMENT, &["payments"]),
            (Self::DELIVERY, &["orderDelivery", "invoiceDelivery"]),
            (Self::CHANNEL, &["SaleChannel"]),
            (Self::STOCK, &["inventories"]),
            (Self::PRICES, &["priceBooks"]),
        ];
        groups
            .into_iter()
            .filter(move |(flag, _)| !self.has(*flag))
            .flat_map(|(_, keys)| keys.iter().copied())
    }
}

/// The first id of orders, invoices and returns.
pub(crate) fn base_of(base: i64, include: Include) -> i64 {
    if include.has(Include::SAME_IDS) { RETURN } else { base }
}

pub(crate) fn id_of(base: i64, index: u64) -> i64 {
    base + i64::try_from(index).unwrap_or(0) * STEP
}

/// How one document or customer writes its amounts.
#[derive(Clone, Copy)]
enum Decimals {
    None,
    Four,
    Ten,
}

impl Decimals {
    fn of(unusual: Option<Unusual>, index: u64) -> Self {
        match unusual {
            Some(Unusual::LongDecimals) => Self::Ten,
            _ if index & 1 == 0 => Self::Four,
            _ => Self::None,
        }
    }

    fn write(self, out: &mut Out, amount: i64) {
        out.int(amount).raw(match self {
            Self::None => "",
            Self::Four => ".0000",
            Self::Ten => ".0000000000",
        });
    }
}

pub(crate) fn customer_code(out: &mut Out, buyer: Buyer, index: u64) {
    match buyer {
        Buyer::Masked => out.raw("KHSPE").pad(900_000 + index, 6),
        _ => out.raw("KH").pad(index + 1, 6),
    };
}

pub(crate) fn customer(shop: &Shop, index: u64, include: Include, out: &mut Out) {
    let row = shop.customer(index);
    let money = Decimals::of(row.unusual, index);
    out.raw("{\"id\":").int(id_of(CUSTOMER, index)).raw(",\"code\":\"");
    customer_code(out, row.buyer, index);
    out.raw("\",\"name\":\"");
    row.write_name(out);
    out.raw("\"");
    if let Some(man) = row.gender {
        out.raw(if man { ",\"gender\":true" } else { ",\"gender\":false" });
    }
    if let Some((year, month, day)) = row.birth {
        out.raw(",\"birthDate\":\"")
            .pad(u64::from(year), 4)
            .raw("-")
            .pad(u64::from(month), 2)
            .raw("-")
            .pad(u64::from(day), 2);
        out.raw("T00:00:00.0000000\"");
    }
    if row.form != PhoneForm::Blank {
        out.raw(",\"contactNumber\":\"");
        row.write_phone(out);
        out.raw("\"");
    }
    out.raw(",\"address\":\"");
    address(&row, out);
    out.raw("\",\"retailerId\":").int(RETAILER_ID);
    out.raw(",\"branchId\":").int(BRANCH + row.branch as i64).raw(",\"locationName\":\"");
    let (place, ward) = PLACES[usize::from(row.place)];
    if index & 3 != 3 {
        out.raw(place).raw("\",\"wardName\":\"").raw(ward);
    } else {
        out.raw("\",\"wardName\":\"");
    }
    out.raw("\"");
    if row.has_email {
        out.raw(",\"email\":\"");
        row.write_email(out);
        out.raw("\"");
    }
    if let Some(modified) = row.modified_ms {
        out.raw(",\"modifiedDate\":\"").wall(modified).raw("\"");
    }
    out.raw(",\"createdDate\":\"").wall(row.created_ms).raw("\"");
    match row.buyer {
        Buyer::Company => {
            out.raw(",\"type\":1,\"organization\":\"");
            row.write_name(out);
            out.raw("\",\"taxCode\":\"03").pad(row.person % 100_000_000, 8).raw("\"");
        }
        _ if index.is_multiple_of(7) => {}
        _ => {
            out.raw(",\"type\":0,\"organization\":\"\",\"taxCode\":\"\"");
        }
    }
    if index % 16 == 5 {
        out.raw(",\"comments\":\"Khách quen, gọi trước khi giao\"");
    }
    if include.has(Include::GROUP) {
        out.raw(",\"groups\":\"").raw(row.group.map_or("", |group| GROUPS[group as usize])).raw("\"");
    }
    out.raw(",\"debt\":");
    money.write(out, row.debt);
    if include.has(Include::TOTAL) {
        out.raw(",\"totalInvoiced\":");
        money.write(out, row.spent);
        out.raw(",\"totalRevenue\":");
        money.write(out, row.spent);
        out.raw(",\"totalPoint\":").int(row.spent / 100_000);
    }
    out.raw(",\"rewardPoint\":").int(row.spent / 200_000);
    if include.has(Include::SOCIAL) && index % 20 == 3 {
        out.raw(",\"psidFacebook\":").int(6_100_000_000_000_000 + index as i64);
    }
    out.raw("}");
}

fn address(row: &CustomerRow, out: &mut Out) {
    if row.index % 5 != 4 {
        out.int(i64::from(row.street) + 1).raw(" Đường Mẫu ").int(i64::from(row.street % 40) + 1);
    }
}

/// The shop's deleted products keep a suffix on their code in old documents.
fn product_code(out: &mut Out, product: u64, deleted: bool) {
    out.raw("SP").pad(product + 1, 6).raw(if deleted { "{DEL}" } else { "" });
}

fn product_name(shop: &Shop, out: &mut Out, product: u64) {
    let row = shop.product(product);
    out.raw(row.name);
    if row.master.is_some() {
        out.raw(" - ").raw(row.attribute);
    }
}

fn line(shop: &Shop, out: &mut Out, row: &LineRow, deleted: bool, money: Decimals) {
    out.raw("{\"productId\":").int(id_of(PRODUCT, row.product)).raw(",\"productCode\":\"");
    product_code(out, row.product, deleted);
    out.raw("\",\"productName\":\"");
    product_name(shop, out, row.product);
    out.raw("\",\"quantity\":").thousandths(row.quantity).raw(",\"price\":");
    money.write(out, row.price);
    out.raw(",\"discount\":");
    money.write(out, row.discount);
}

fn head(shop: &Shop, out: &mut Out, row: &DocumentRow, buyer: Option<&CustomerRow>) {
    out.raw(",\"purchaseDate\":\"")
        .wall(row.created_ms)
        .raw("\",\"branchId\":")
        .int(BRANCH + row.branch as i64);
    out.raw(",\"branchName\":\"").raw(BRANCHES[(row.branch as usize).min(BRANCHES.len() - 1)]).raw("\"");
    if row.index % 50 != 7 {
        out.raw(",\"soldById\":").int(USER + row.seller as i64);
    }
    out.raw(",\"soldByName\":\"").raw(STAFF[row.seller as usize % STAFF.len()]).raw("\"");
    if let Some(buyer) = buyer {
        out.raw(",\"customerId\":").int(id_of(CUSTOMER, buyer.index)).raw(",\"customerCode\":\"");
        customer_code(out, buyer.buyer, buyer.index);
        out.raw("\",\"customerName\":\"");
        buyer.write_name(out);
        out.raw("\"");
    }
    let _ = shop;
}

fn amounts(out: &mut Out, row: &DocumentRow, money: Decimals) {
    out.raw(",\"total\":");
    money.write(out, row.total);
    out.raw(",\"totalPayment\":");
    money.write(out, row.paid);
    if row.discount > 0 {
        out.raw(",\"discount\":");
        money.write(out, row.discount);
        out.raw(",\"discountRatio\":5");
    }
}

fn payments(out: &mut Out, row: &DocumentRow, base: i64, code: &str, money: Decimals) {
    if row.paid == 0 {
        return;
    }
    let transfer = row.index.is_multiple_of(3);
    out.raw(",\"payments\":[{\"id\":")
        .int(base + row.index as i64)
        .raw(",\"code\":\"")
        .raw(code)
        .pad(row.index + 1, 6);
    out.raw("\",\"amount\":");
    money.write(out, row.paid);
    out.raw(if transfer { ",\"method\":\"Transfer\"" } else { ",\"method\":\"Cash\"" });
    out.raw(",\"status\":0,\"statusValue\":\"Đã thanh toán\",\"transDate\":\"")
        .wall(row.created_ms)
        .raw("\"");
    if transfer {
        out.raw(",\"bankAccount\":\"Ngân hàng Mẫu - 0001112223\",\"accountId\":4401");
    }
    out.raw("}]");
}

fn delivery(
    shop: &Shop,
    out: &mut Out,
    row: &DocumentRow,
    buyer: &CustomerRow,
    key: &str,
    status: Option<(i64, &str)>,
) {
    out.raw(",\"").raw(key).raw("\":{\"deliveryCode\":\"");
    if status.is_some() {
        out.raw("GH").pad(row.index + 1, 8);
    }
    out.raw("\",\"type\":1");
    if let Some((code, label)) = status {
        out.raw(",\"status\":").int(code).raw(",\"statusValue\":\"").raw(label).raw("\"");
    }
    out.raw(",\"price\":").int(row.shipping).raw(",\"receiver\":\"");
    let gift = row.index % 9 == 4 && buyer.buyer == Buyer::Person;
    if gift {
        out.raw("Người nhận Mẫu ").int((row.index % 1000) as i64).raw("\",\"contactNumber\":\"0");
        out.pad(shop.mobile(2_500_000 + row.index) - 84_000_000_000, 9);
    } else {
        buyer.write_name(out);
        out.raw("\",\"contactNumber\":\"");
        buyer.write_phone(out);
    }
    out.raw("\",\"address\":\"");
    address(buyer, out);
    let (place, ward) = PLACES[usize::from(buyer.place)];
    out.raw("\",\"locationId\":").int(230 + i64::from(buyer.place)).raw(",\"locationName\":\"").raw(place);
    out.raw("\",\"wardName\":\"")
        .raw(ward)
        .raw("\",\"weight\":500,\"length\":10,\"width\":10,\"height\":10,\"partnerDeliveryId\":2676");
    out.raw(",\"partnerDelivery\":{\"code\":\"DT000001\",\"name\":\"Hãng giao Mẫu\",\"address\":\"\",\"contactNumber\":\"19000000\",\"email\":\"\"}}");
}

fn surcharge(out: &mut Out, row: &DocumentRow) {
    if row.shipping > 0 {
        out.raw(",\"invoiceOrderSurcharges\":[{\"id\":").int(66_000_000 + row.index as i64);
        out.raw(",\"surchargeId\":301,\"surchargeName\":\"Phí vận chuyển\",\"surValue\":")
            .int(row.shipping)
            .raw(",\"price\":");
        out.int(row.shipping).raw(",\"createdDate\":\"").wall(row.created_ms).raw("\"}]");
    }
}

pub(crate) const ORDER_STATES: [(Standing, i64, &str); 7] = [
    (Standing::Draft, 1, "Phiếu tạm"),
    (Standing::Shipping, 2, "Đang giao hàng"),
    (Standing::Completed, 3, "Hoàn thành"),
    (Standing::Cancelled, 4, "Đã hủy"),
    (Standing::Confirmed, 5, "Đã xác nhận"),
    (Standing::PartlyInvoiced, 6, "Đã ra 1 phần hóa đơn"),
    (Standing::Unexplained, 9, "Chờ đối soát"),
];

pub(crate) const INVOICE_STATES: [(Standing, i64, &str); 4] = [
    (Standing::Completed, 1, "Hoàn thành"),
    (Standing::Cancelled, 2, "Đã hủy"),
    (Standing::Processing, 3, "Đang xử lý"),
    (Standing::Failed, 5, "Không giao được"),
];

fn state(table: &[(Standing, i64, &'static str)], standing: Standing) -> (i64, &'static str) {
    table.iter().find(|(known, _, _)| *known == standing).map_or((0, ""), |(_, code, label)| (*code, *label))
}

/// Shopee has its own codes.
fn is_marketplace(row: &DocumentRow) -> bool {
    row.channel == Some(1)
}

pub(crate) fn order_code(out: &mut Out, row: &DocumentRow) {
    if is_marketplace(row) {
        out.raw("DHSPE_").pad(2_405_000_000 + row.index, 10);
    } else {
        out.raw("DH").pad(row.index + 1, 6);
    }
}

pub(crate) fn invoice_code(out: &mut Out, row: &DocumentRow) {
    match row.reissue_of {
        Some(first) => out.raw("HD").pad(first + 1, 6).raw(".01"),
        None if is_marketplace(row) => out.raw("HDSPE_").pad(2_405_000_000 + row.index, 10),
        None => out.raw("HD").pad(row.index + 1, 6),
    };
}

pub(crate) fn order(shop: &Shop, index: u64, include: Include, out: &mut Out) {
    let row = shop.order(index);
    let buyer = row.customer.map(|customer| shop.customer(customer));
    let money = Decimals::of(row.unusual, index);
    let (code, label) = state(&ORDER_STATES, row.standing);
    out.raw("{\"id\":").int(id_of(base_of(ORDER, include), index)).raw(",\"code\":\"");
    order_code(out, &row);
    out.raw("\"");
    head(shop, out, &row, buyer.as_ref());
    amounts(out, &row, money);
    out.raw(",\"status\":").int(code).raw(",\"statusValue\":\"").raw(label).raw("\"");
    if index % 11 == 3 {
        out.raw(",\"description\":\"Giao giờ hành chính\"");
    }
    out.raw(if row.delivered { ",\"usingCod\":true" } else { ",\"usingCod\":false" });
    if let Some(channel) = row.channel {
        out.raw(",\"saleChannelId\":").int(CHANNEL + channel as i64);
    }
    out.raw(",\"retailerId\":").int(RETAILER_ID).raw(",\"createdDate\":\"").wall(row.created_ms).raw("\"");
    if let Some(modified) = row.modified_ms {
        out.raw(",\"modifiedDate\":\"").wall(modified).raw("\"");
    }
    if include.has(Include::PAYMENT) {
        payments(out, &row, 7_000_000, "TTDH", money);
    }
    out.raw(",\"orderDetails\":[");
    for (at, goods) in row.lines().iter().enumerate() {
        out.raw(if at > 0 { "," } else { "" });
        line(shop, out, goods, at == 0 && row.unusual == Some(Unusual::DeletedProduct), money);
        out.raw(",\"isMaster\":true,\"note\":\"\"}");
    }
    out.raw("]");
    if let Some(buyer) = buyer.as_ref().filter(|_| row.delivered && include.has(Include::DELIVERY)) {
        delivery(shop, out, &row, buyer, "orderDelivery", None);
    }
    surcharge(out, &row);
    out.raw("}");
}

pub(crate) fn invoice(shop: &Shop, index: u64, include: Include, out: &mut Out) {
    let row = shop.invoice(index);
    let buyer = row.customer.map(|customer| shop.customer(customer));
    let money = Decimals::of(row.unusual, index);
    let (code, label) = state(&INVOICE_STATES, row.standing);
    out.raw("{\"id\":")
        .int(id_of(base_of(INVOICE, include), index))
        .raw(",\"uuid\":\"W")
        .pad(177_850_000_000_000 + index, 15);
    out.raw("\",\"code\":\"");
    invoice_code(out, &row);
    out.raw("\"");
    head(shop, out, &row, buyer.as_ref());
    match row.other {
        Some(order) => {
            out.raw(",\"orderId\":").int(id_of(base_of(ORDER, include), order)).raw(",\"orderCode\":\"");
            order_code(out, &shop.order(order));
            out.raw("\"");
        }
        None => {
            out.raw(",\"orderCode\":\"\"");
        }
    }
    amounts(out, &row, money);
    out.raw(",\"status\":").int(code).raw(",\"statusValue\":\"").raw(label).raw("\"");
    out.raw(if row.delivered { ",\"usingCod\":true" } else { ",\"usingCod\":false" });
    if let Some(channel) = row.channel {
        out.raw(",\"saleChannelId\":").int(CHANNEL + channel as i64);
        if include.has(Include::CHANNEL) {
            out.raw(",\"SaleChannel\":{\"IsNotDelete\":false,\"RetailerId\":").int(RETAILER_ID);
            out.raw(",\"Position\":").int(channel as i64).raw(",\"IsActivate\":true,\"CreatedBy\":99001");
            out.raw(",\"CreatedDate\":\"2022-10-01T08:00:00.0000000\",\"Id\":").int(CHANNEL + channel as i64);
            out.raw(",\"Name\":\"").raw(CHANNELS[channel as usize % CHANNELS.len()]).raw("\"}");
        }
    }
    // Older rows lack it.
    if index % 6 != 1 {
        out.raw(",\"retailerId\":").int(RETAILER_ID);
    }
    out.raw(",\"createdDate\":\"").wall(row.created_ms).raw("\"");
    if let Some(modified) = row.modified_ms {
        out.raw(",\"modifiedDate\":\"").wall(modified).raw("\"");
    }
    if include.has(Include::PAYMENT) {
        payments(out, &row, 8_000_000_000, "TTHD", money);
    }
    out.raw(",\"invoiceDetails\":[");
    for (at, goods) in row.lines().iter().enumerate() {
        out.raw(if at > 0 { "," } else { "" });
        line(shop, out, goods, at == 0 && row.unusual == Some(Unusual::DeletedProduct), money);
        out.raw(",\"usePoint\":true,\"subTotal\":");
        money.write(out, goods.amount());
        out.raw(",\"serialNumbers\":\"\",\"returnQuantity\":0}");
    }
    out.raw("]");
    if let Some(buyer) = buyer.as_ref().filter(|_| row.delivered && include.has(Include::DELIVERY)) {
        let state = match row.standing {
            Standing::Completed => (3, "Giao thành công"),
            Standing::Processing => (2, "Đang giao"),
            Standing::Failed => (5, "Đã chuyển hoàn"),
            _ => (6, "Đã hủy"),
        };
        delivery(shop, out, &row, buyer, "invoiceDelivery", Some(state));
    }
    surcharge(out, &row);
    out.raw("}");
}

pub(crate) fn goods_return(shop: &Shop, index: u64, include: Include, out: &mut Out) {
    let row = shop.goods_return(index);
    out.raw("{\"id\":")
        .int(id_of(RETURN, index))
        .raw(",\"code\":\"TH")
        .pad(index + 1, 6)
        .raw("\",\"invoiceId\":");
    out.int(id_of(base_of(INVOICE, include), row.invoice))
        .raw(",\"returnDate\":\"")
        .wall(row.created_ms)
        .raw("\",\"branchId\":");
    out.int(BRANCH + row.branch as i64)
        .raw(",\"branchName\":\"")
        .raw(BRANCHES[row.branch as usize % BRANCHES.len()]);
    out.raw("\",\"receivedById\":").int(USER).raw(",\"soldByName\":\"").raw(STAFF[0]).raw("\"");
    if let Some(buyer) = row.customer.map(|customer| shop.customer(customer)) {
        out.raw(",\"customerId\":").int(id_of(CUSTOMER, buyer.index)).raw(",\"customerCode\":\"");
        customer_code(out, buyer.buyer, buyer.index);
        out.raw("\",\"customerName\":\"");
        buyer.write_name(out);
        out.raw("\"");
    }
    out.raw(",\"returnTotal\":")
        .int(row.total)
        .raw(",\"returnDiscount\":0,\"returnFee\":0,\"totalPayment\":")
        .int(row.total);
    out.raw(if row.cancelled {
        ",\"status\":2,\"statusValue\":\"Đã hủy\""
    } else {
        ",\"status\":1,\"statusValue\":\"Đã trả\""
    });
    out.raw(",\"createdDate\":\"")
        .wall(row.created_ms)
        .raw("\",\"modifiedDate\":\"")
        .wall(row.created_ms)
        .raw("\"");
    if include.has(Include::PAYMENT) {
        out.raw(",\"payments\":[{\"id\":")
            .int(9_500_000 + index as i64)
            .raw(",\"code\":\"TTTH")
            .pad(index + 1, 6);
        out.raw("\",\"amount\":")
            .int(row.total)
            .raw(",\"method\":\"Cash\",\"status\":")
            .int(i64::from(row.cancelled));
        out.raw(",\"statusValue\":\"Đã thanh toán\",\"transDate\":\"").wall(row.created_ms).raw("\"}]");
    }
    out.raw(",\"returnDetails\":[");
    for (at, goods) in row.lines().iter().enumerate() {
        out.raw(if at > 0 { ",{\"productId\":" } else { "{\"productId\":" })
            .int(id_of(PRODUCT, goods.product));
        out.raw(",\"productCode\":\"");
        product_code(out, goods.product, false);
        out.raw("\",\"productName\":\"");
        product_name(shop, out, goods.product);
        out.raw("\",\"quantity\":")
            .thousandths(goods.quantity)
            .raw(",\"price\":")
            .int(goods.price - goods.discount);
        out.raw(",\"note\":\"\",\"usePoint\":false,\"subTotal\":").int(goods.amount()).raw("}");
    }
    out.raw("]}");
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::Value;

    use super::*;

    const SHOP: Shop =
        Shop { seed: 2, customers: 3000, orders: 1600, invoices: 1600, products: 240, branches: 3 };

    type Write = fn(&Shop, u64, Include, &mut Out);

    fn rows(write: Write, count: u64) -> impl Iterator<Item = Value> {
        (0..count).map(move |index| {
            let mut out = Out::default();
            write(&SHOP, index, Include::ALL, &mut out);
            serde_json::from_slice(&out.0)
                .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&out.0)))
        })
    }

    #[test]
    fn every_row_is_json_with_its_own_id() {
        let kinds: [(Write, u64, i64); 4] = [
            (customer, SHOP.customers, CUSTOMER),
            (order, SHOP.orders, ORDER),
            (invoice, SHOP.invoices, INVOICE),
            (goods_return, SHOP.returns(), RETURN),
        ];
        for (write, count, base) in kinds {
            for (index, row) in rows(write, count).enumerate() {
                assert_eq!(row["id"], base + index as i64 * STEP);
                assert!(row["code"].as_str().is_some_and(|code| !code.is_empty()));
            }
        }
    }

    #[test]
    fn documents_add_up_on_the_wire() {
        for row in rows(invoice, SHOP.invoices) {
            let sum = |list: &str, key: &str| -> f64 {
                row[list].as_array().into_iter().flatten().filter_map(|line| line[key].as_f64()).sum()
            };
            let total = sum("invoiceDetails", "subTotal") - row["discount"].as_f64().unwrap_or(0.0)
                + sum("invoiceOrderSurcharges", "price");
            assert_eq!(row["total"].as_f64(), Some(total), "{row}");
            assert_eq!(row["orderId"].is_null(), row["orderCode"] == "", "{row}");
        }
    }

    #[test]
    fn flags_decide_what_a_row_shows() {
        for (write, flags) in
            [(customer as Write, Include::NONE), (order, Include::NONE), (invoice, Include::PAYMENT)]
        {
            for index in 0..200 {
                let mut out = Out::default();
                write(&SHOP, index, flags, &mut out);
                let row: Value = serde_json::from_slice(&out.0).unwrap();
                assert!(flags.hidden().all(|key| row.get(key).is_none()), "{row}");
            }
        }
    }

    /// `cargo test --release -p pos-testkit -- --ignored --nocapture rendering` prints how fast pages are written.
    #[test]
    #[ignore = "measures, and means something only in a release build"]
    fn rendering_is_faster_than_reading() {
        let shop = Shop { customers: 100_000, orders: 200_000, invoices: 200_000, ..SHOP };
        let kinds: [(&str, Write); 3] = [("customers", customer), ("orders", order), ("invoices", invoice)];
        for (name, write) in kinds {
            for include in [Include::NONE, Include::ALL] {
                let started = Instant::now();
                let mut bytes = 0;
                for page in 0..1000 {
                    let mut out = Out(Vec::with_capacity(96 * 1024));
                    for row in 0..100 {
                        write(&shop, page * 100 + row, include, &mut out);
                    }
                    bytes += out.0.len();
                }
                let elapsed = started.elapsed().as_secs_f64();
                println!(
                    "{name}, flags {:#x}: {:.0} MB/s, {:.2} us a row",
                    include.0,
                    bytes as f64 / elapsed / 1e6,
                    elapsed * 10.0
                );
            }
        }
    }
}

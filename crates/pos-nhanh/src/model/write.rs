//! What is sent to Nhanh.vn. Absent members are left out of the body: the vendor erases what comes blank.

use pos_core::record::{Money, Quantity};
use pos_core::{Error, Result, debug_only};
use serde::{Serialize, Serializer};

pos_core::body! {
    /// A customer for `customer/add`. Name and mobile are a must (D).
    #[serde(rename_all = "camelCase")]
    CustomerWrite shows(kind, group_id) {
        /// Name.
        name: Option<String>,
        /// Phone number.
        mobile: Option<String>,
        /// 1 retail, 2 wholesale.
        #[serde(rename = "type")]
        kind: Option<i64>,
        /// House and street, or the whole address.
        address: Option<String>,
        /// 1 male, 2 female.
        gender: Option<i64>,
        /// `YYYY-MM-DD`.
        birthday: Option<String>,
        /// Places in the division of three levels.
        locations: Option<PlaceWrite>,
        /// E-mail address.
        email: Option<String>,
        /// Customer group.
        group_id: Option<i64>,
        /// Tags by id.
        tag_ids: Option<Vec<i64>>,
        /// Tax code.
        tax_code: Option<String>,
        /// Firm.
        business_name: Option<String>,
        /// Its address.
        business_address: Option<String>,
        /// Note.
        description: Option<String>,
    }
}

pos_core::body! {
    /// Ids of places.
    #[serde(rename_all = "camelCase")]
    PlaceWrite shows(city_id, district_id, ward_id) {
        /// Province.
        city_id: Option<i64>,
        /// District.
        district_id: Option<i64>,
        /// Ward.
        ward_id: Option<i64>,
    }
}

/// The statuses that a new order may have (D).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewStatus {
    /// 54.
    #[default]
    New = 54,
    /// 57.
    CustomerConfirming = 57,
    /// 55.
    Confirming = 55,
    /// 56.
    Confirmed = 56,
}

/// The statuses that an order may be given (D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditStatus {
    /// 56.
    Confirmed = 56,
    /// 63: called off by the customer.
    Canceled = 63,
    /// 64: called off by the shop.
    Aborted = 64,
    /// 60: done.
    Success = 60,
    /// 72: brought back.
    Returned = 72,
}

macro_rules! numbered {
    ($($status:ident),*) => {$(
        impl $status {
            /// The vendor's number.
            pub const fn number(self) -> i64 {
                self as i64
            }
        }

        impl Serialize for $status {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.number())
            }
        }
    )*};
}

numbered!(NewStatus, EditStatus);

/// An order for `order/add`.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrderWrite {
    /// What it is.
    pub info: InfoWrite,
    /// Where it comes from.
    pub channel: ChannelWrite,
    /// The customer; found by phone, made when missing.
    pub shipping_address: ContactWrite,
    /// The goods, at most 500 lines.
    pub products: Vec<OrderLineWrite>,
    /// How it travels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierWrite>,
    /// The money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentWrite>,
    /// What an electronic invoice shall say, as the vendor's page of `order/add` has it: it goes out as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<serde_json::Map<String, serde_json::Value>>,
}

debug_only!(OrderWrite { info, channel });

pos_core::body! {
    /// What a new order is.
    #[serde(rename_all = "camelCase")]
    InfoWrite shows(kind, depot_id, sale_id, status) {
        /// 1 home delivery, 2 at the counter, 3 ordered in advance.
        #[serde(rename = "type")]
        kind: Option<i64>,
        /// The depot that sells.
        depot_id: Option<i64>,
        /// The seller (D).
        sale_id: Option<i64>,
        /// Where it starts.
        status: Option<NewStatus>,
        /// The customer's note.
        description: Option<String>,
        /// The shop's note.
        private_description: Option<String>,
    }
}

pos_core::body! {
    /// Where a new order comes from.
    #[serde(rename_all = "camelCase")]
    ChannelWrite shows(app_order_id, source_name) {
        /// Our id, by which the vendor knows it again.
        app_order_id: Option<String>,
        /// Name of the source.
        source_name: Option<String>,
    }
}

pos_core::body! {
    /// The customer of a new or changed order.
    #[serde(rename_all = "camelCase")]
    ContactWrite shows(location_version) {
        /// Name.
        name: Option<String>,
        /// Phone number.
        mobile: Option<String>,
        /// E-mail address.
        email: Option<String>,
        /// House and street, or the whole address.
        address: Option<String>,
        /// Province.
        city_id: Option<i64>,
        /// District.
        district_id: Option<i64>,
        /// Ward.
        ward_id: Option<i64>,
        /// Which division the ids are of: `v1` three levels, `v2` two.
        location_version: Option<String>,
    }
}

pos_core::body! {
    /// How a new order travels.
    #[serde(rename_all = "camelCase")]
    CarrierWrite shows() {
        /// What the buyer pays for delivery (D).
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        customer_ship_fee: Option<Money>,
    }
}

/// One line of a new order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OrderLineWrite {
    /// The vendor's id of the product.
    pub id: i64,
    /// Price of one.
    #[serde(serialize_with = "pos_core::kit::bare")]
    pub price: Money,
    /// How many.
    #[serde(serialize_with = "pos_core::kit::bare")]
    pub quantity: Quantity,
    /// Discount on one (D).
    #[serde(serialize_with = "pos_core::kit::bare_opt", skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// Tax in percent; what the catalogue says when it is not given (D).
    #[serde(serialize_with = "pos_core::kit::bare_opt", skip_serializing_if = "Option::is_none")]
    pub vat: Option<Quantity>,
}

pos_core::body! {
    /// The money of a new order.
    #[serde(rename_all = "camelCase")]
    PaymentWrite shows(deposit_account_id, transfer_account_id) {
        /// Paid in advance.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        deposit_amount: Option<Money>,
        /// The account it went to.
        deposit_account_id: Option<i64>,
        /// Paid by bank transfer.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        transfer_amount: Option<Money>,
        /// The account it went to.
        transfer_account_id: Option<i64>,
        /// Coupon; only noted.
        coupon_code: Option<String>,
        /// Discount on the order; the vendor spreads it over the lines.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        discount_amount: Option<Money>,
        /// `cash` (C); `percent` is told in webhooks.
        discount_type: Option<String>,
    }
}

/// A change of an order for `order/edit`: what is not set stays as it is.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrderEdit {
    /// Which order, and its notes and status.
    pub info: InfoEdit,
    /// Another customer or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<ContactWrite>,
    /// Money that came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentEdit>,
}

debug_only!(OrderEdit { info });

/// Notes and status of an order.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InfoEdit {
    /// The order.
    pub id: i64,
    /// The status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<EditStatus>,
    /// The customer's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The shop's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_description: Option<String>,
    /// Tags by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_ids: Option<Vec<i64>>,
}

debug_only!(InfoEdit { id, status });

pos_core::body! {
    /// Money that came in for an order.
    #[serde(rename_all = "camelCase")]
    PaymentEdit shows(transfer_account_id) {
        /// Paid by bank transfer.
        #[serde(serialize_with = "pos_core::kit::bare_opt")]
        transfer_amount: Option<Money>,
        /// The account it went to.
        transfer_account_id: Option<i64>,
        /// Transaction code.
        code: Option<String>,
    }
}

impl OrderEdit {
    /// A change of this order.
    pub fn new(id: i64) -> Self {
        let info = InfoEdit { id, status: None, description: None, private_description: None, tag_ids: None };
        Self { info, shipping_address: None, payment: None }
    }

    /// A blank text would erase what the vendor keeps.
    pub(crate) fn refuse_blanks(&self) -> Result<()> {
        let contact = self.shipping_address.clone().unwrap_or_default();
        let code = self.payment.as_ref().and_then(|payment| payment.code.clone());
        let texts = [
            &self.info.description,
            &self.info.private_description,
            &contact.name,
            &contact.mobile,
            &contact.email,
            &contact.address,
            &code,
        ];
        if texts.into_iter().flatten().any(|text| text.trim().is_empty()) {
            return Err(Error::config(
                "a blank text in order/edit erases what the vendor keeps: leave it out",
            ));
        }
        Ok(())
    }
}

//! Webhooks: of version 3 with the verify token in the header, of version 2 with it in the body. Nothing is signed.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use pos_core::record::Stream;
use serde_json::{Value, json};
use url::Url;

use super::{Inner, Sandbox, home, order_type};
use crate::wire;

/// What happened in the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The vendor tries whether somebody answers.
    Enabled,
    /// The merchant removed the app.
    AppUninstalled,
    /// An order was created.
    OrderAdded(i64),
    /// An order was changed.
    OrderUpdated(i64),
    /// Some goods of an order came back.
    PartialReturn(i64),
    /// Orders were deleted.
    OrdersDeleted(Vec<i64>),
    /// A product was created or changed.
    ProductUpdated(i64),
    /// Products were deleted.
    ProductsDeleted(Vec<i64>),
    /// Stock changed.
    InventoryChanged(Vec<i64>),
}

impl Event {
    /// The vendor's name of the event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Enabled => "webhooksEnabled",
            Self::AppUninstalled => "appUninstalled",
            Self::OrderAdded(_) => "orderAdd",
            Self::OrderUpdated(_) => "orderUpdate",
            Self::PartialReturn(_) => "orderPartialReturn",
            Self::OrdersDeleted(_) => "orderDelete",
            Self::ProductUpdated(_) => "productUpdate",
            Self::ProductsDeleted(_) => "productDelete",
            Self::InventoryChanged(_) => "inventoryChange",
        }
    }
}

/// A delivery, ready to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookMessage {
    /// Header fields.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
}

impl WebhookMessage {
    pub(super) fn bare(body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { headers, body: body.into() }
    }

    pub(super) fn new(token: &str, body: impl Into<Bytes>) -> Self {
        let Self { mut headers, body } = Self::bare(body);
        if let Ok(value) = HeaderValue::from_str(token) {
            headers.insert(header::AUTHORIZATION, value);
        }
        Self { headers, body }
    }

    /// No token, neither in the header nor in the body.
    #[must_use]
    pub fn unsigned(&self) -> Self {
        let mut copy = self.clone();
        copy.headers.remove(header::AUTHORIZATION);
        if let Ok(Value::Object(mut members)) = serde_json::from_slice(&copy.body)
            && members.remove("webhooksVerifyToken").is_some()
        {
            copy.body = Value::Object(members).to_string().into();
        }
        copy
    }

    /// Sends it, and answers the status that came back.
    ///
    /// # Errors
    /// When the address cannot be reached or does not answer.
    pub async fn deliver(&self, url: &Url) -> io::Result<u16> {
        Ok(wire::send("POST", url, &self.headers, &self.body).await?.status)
    }
}

impl Sandbox {
    /// The delivery that the vendor would send for an event now.
    pub fn webhook(&self, event: &Event) -> WebhookMessage {
        self.inner.webhook(event)
    }
}

impl Inner {
    /// Sends a delivery where the app wants it.
    pub(super) fn tell(&self, event: &Event) {
        if self.options.keep_deliveries {
            let message = self.webhook(event);
            self.state().kept.push(message);
        }
        if let Some(url) = self.options.webhook_url.clone() {
            let message = self.webhook(event);
            self.outbox.post(url, message.headers, message.body);
        }
    }

    /// Tells a change of a row, where the vendor has an event for it.
    pub(super) fn tell_changed(&self, stream: Stream, id: i64) {
        match stream {
            Stream::Orders => self.tell(&Event::OrderUpdated(id)),
            Stream::Products => self.tell(&Event::ProductUpdated(id)),
            _ => {}
        }
    }

    pub(super) fn row(&self, stream: Stream, id: i64) -> Option<Value> {
        let mut state = self.state();
        let stream = home(&mut state, stream, id);
        state.tables.of(stream).get(&id).map(|row| row.json.clone())
    }

    fn webhook(&self, event: &Event) -> WebhookMessage {
        let mut body = json!({ "event": event.name() });
        if !matches!(event, Event::Enabled) {
            body["businessId"] = self.options.business_id.into();
        }
        if self.options.hooks_v2 {
            body["webhooksVerifyToken"] = self.options.verify_token.as_str().into();
        }
        let data = match event {
            Event::Enabled | Event::AppUninstalled => None,
            Event::OrderAdded(id) | Event::OrderUpdated(id) if self.options.hooks_v2 => {
                Some(self.flat_order(*id, matches!(event, Event::OrderAdded(_))))
            }
            Event::OrderAdded(id) | Event::OrderUpdated(id) => Some(self.order_body(*id, false)),
            Event::PartialReturn(id) => Some(self.order_body(*id, true)),
            Event::ProductsDeleted(ids) if self.options.hooks_v2 => {
                Some(ids.iter().map(|id| Value::from(id.to_string())).collect())
            }
            Event::OrdersDeleted(ids) | Event::ProductsDeleted(ids) => Some(json!(ids)),
            Event::ProductUpdated(id) if self.options.hooks_v2 => Some(self.flat_product(*id)),
            Event::ProductUpdated(id) => Some(self.product_body(*id)),
            Event::InventoryChanged(ids) => {
                let stock = |id: &i64| {
                    let mut stock = self.row(Stream::Products, *id).unwrap_or_default()["inventory"].take();
                    stock["id"] = (*id).into();
                    stock
                };
                Some(match self.options.hooks_v2 {
                    true => Value::Object(ids.iter().map(|id| (id.to_string(), stock(id))).collect()),
                    false => ids.iter().map(stock).collect(),
                })
            }
        };
        if let Some(data) = data {
            body["data"] = data;
        }
        match self.options.hooks_v2 {
            true => WebhookMessage::bare(body.to_string()),
            false => WebhookMessage::new(&self.options.verify_token, body.to_string()),
        }
    }

    /// An order as version 2 shows it: flat, and an update without its customer and times.
    fn flat_order(&self, id: i64, is_new: bool) -> Value {
        let Some(row) = self.row(Stream::Orders, id) else { return json!({ "orderId": id }) };
        let (info, contact) = (&row["info"], &row["shippingAddress"]);
        let mut body = json!({
            "orderId": id, "shopOrderId": row["channel"]["appOrderId"], "status": "Confirmed", "statusDescription": "",
            "depotId": info["depotId"], "trackingUrl": "", "moneyTransfer": row["payment"]["transfer"]["amount"],
            "products": [],
        });
        if is_new {
            body["customerId"] = contact["id"].clone();
            body["customerName"] = contact["name"].clone();
            body["customerMobile"] = contact["mobile"].clone();
        }
        body
    }

    /// A product as version 2 shows it: flat, its status as a word, damaged stock by another name.
    fn flat_product(&self, id: i64) -> Value {
        let Some(row) = self.row(Stream::Products, id) else { return json!({ "productId": id }) };
        let stock = &row["inventory"];
        let word = match row["status"].as_i64() {
            Some(1) => "New",
            Some(3) => "Inactive",
            Some(4) => "OutOfStock",
            _ => "Active",
        };
        json!({
            "productId": id, "shopProductId": "", "categoryId": row["categoryId"], "brandId": null, "parentId": row["parentId"],
            "code": row["code"], "barcode": row["barcode"], "name": row["name"], "price": row["prices"]["retail"], "vat": 8,
            "image": row["images"]["avatar"], "images": [], "status": word, "description": "", "content": "",
            "inventory": { "remain": stock["remain"], "shipping": stock["shipping"], "holding": stock["holding"],
                "damage": stock["damaged"], "available": stock["available"], "depots": {} },
            "attributes": [], "weight": 250,
        })
    }

    /// An order as webhooks show it: other names than in lists, and no totals.
    fn order_body(&self, id: i64, with_original: bool) -> Value {
        let Some(row) = self.row(Stream::Orders, id) else { return json!({ "info": { "id": id } }) };
        let (info, channel, contact) = (&row["info"], &row["channel"], &row["shippingAddress"]);
        let lines: Vec<Value> = row["products"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| {
                json!({ "id": line["productId"], "code": line["code"], "name": line["name"], "quantity": line["quantity"],
                    "price": line["price"], "discount": line["discount"], "vat": { "value": 0, "amount": 0 } })
            })
            .collect();
        let mut body = json!({
            "info": {
                "id": id, "depotId": info["depotId"], "type": info["type"], "status": info["status"],
                "createdBy": { "id": info["createdById"], "name": info["createdByName"] },
                "sale": { "id": info["saleId"], "name": info["saleName"] }, "createdAt": info["createdAt"],
                "updatedAt": info["updatedAt"], "description": info["description"],
            },
            "channel": { "appOrderId": channel["appOrderId"], "saleChannel": channel["saleChannel"], "trafficSource": { "id": null, "name": "" } },
            "shippingAddress": {
                "id": contact["id"].as_i64().map(|id| id.to_string()), "name": contact["name"], "mobile": contact["mobile"],
                "email": contact["email"], "locationVersion": "v1",
            },
            "products": lines,
            "carrier": { "id": row["carrier"]["id"], "name": row["carrier"]["name"], "carrierCode": row["carrier"]["carrierCode"],
                "customerShipFee": row["carrier"]["customerShipFee"] },
            "payment": { "transfer": row["payment"]["transfer"], "discount": { "type": "cash", "amount": 0 } },
        });
        if with_original || matches!(order_type(&row), 14 | 16) {
            body["originalOrder"] = json!({ "id": info["returnFromId"], "channel": { "appOrderId": "" } });
        }
        body
    }

    /// A product as details and webhooks show it.
    fn product_body(&self, id: i64) -> Value {
        let Some(mut row) = self.row(Stream::Products, id) else { return json!({ "id": id }) };
        row["status"] = row["status"].to_string().into();
        row["category"] = json!({ "id": row["categoryId"], "code": "", "name": "" });
        row["type"] = json!({ "id": row["type"], "name": "Sản phẩm" });
        row["vat"] = 8.into();
        row["childs"] = json!([]);
        if let Some(members) = row.as_object_mut() {
            members.remove("categoryId");
        }
        row
    }
}

//! The models that the server has, and their fields.

use std::sync::LazyLock;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Whole,
    Float,
    Time,
    /// The name by which others show the record.
    Label,
    One(&'static str),
    Many(&'static str),
    /// The other side of a reference: model and field.
    Lines(&'static str, &'static str),
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether domains and orders may name it.
    pub(super) stored: bool,
    /// Whether only some users may read it.
    pub(super) restricted: bool,
    since: u32,
    before: u32,
}

impl Field {
    pub(super) fn is_in(&self, version: u32) -> bool {
        (self.since..self.before).contains(&version)
    }
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) fields: Vec<Field>,
    /// Fields that another model shows from its side, with that model and its field.
    pub(super) sides: Vec<(&'static str, &'static str, &'static str)>,
}

impl Model {
    pub(super) fn field(&self, name: &str, version: u32) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name && field.is_in(version))
    }
}

/// Every model has these.
const ALL: &str = "id int; display_name label; create_date time; write_date time";

const MODELS: &[(&str, &str)] = &[
    (
        "res.partner",
        "name text; complete_name label >=19; phone text; mobile text <19; phone_sanitized text; email text; \
         email_normalized text; is_company flag; company_type text !stored; parent_id one res.partner; \
         child_ids lines res.partner parent_id; type text; customer_rank int; street text; street2 text; city text; \
         state_id one res.country.state; zip text; country_id one res.country; vat text; ref text; barcode text; \
         category_id many res.partner.category; comment text; active flag; company_id one res.company; \
         user_id one res.users; lang text; tz text; credit float !group; user_ids lines res.users partner_id; \
         ref_company_ids lines res.company partner_id",
    ),
    ("res.partner.category", "name text; parent_id one res.partner.category; active flag"),
    ("res.country", "name text; code text"),
    ("res.country.state", "name text; code text; country_id one res.country"),
    ("res.currency", "name text"),
    (
        "res.company",
        "name text; partner_id one res.partner; currency_id one res.currency; phone text; email text; street text; \
         street2 text; city text; state_id one res.country.state; country_id one res.country; active flag >=19",
    ),
    (
        "res.users",
        "name text; login text; email text; partner_id one res.partner; active flag; share flag; \
         company_id one res.company",
    ),
    ("crm.team", "name text"),
    ("uom.uom", "name text"),
    ("product.category", "name text; complete_name text; parent_id one product.category"),
    ("product.template", "name text; active flag; product_variant_ids lines product.product product_tmpl_id"),
    (
        "product.product",
        "name text; default_code text; barcode text; list_price float; lst_price float; standard_price float; type text; \
         categ_id one product.category; uom_id one uom.uom; active flag; product_tmpl_id one product.template; \
         currency_id one res.currency; sale_ok flag; available_in_pos flag; qty_available float !stored; \
         stock_quant_ids lines stock.quant product_id",
    ),
    (
        "stock.warehouse",
        "name text; code text; company_id one res.company; partner_id one res.partner; active flag",
    ),
    ("stock.location", "name text; usage text; warehouse_id one stock.warehouse"),
    (
        "stock.quant",
        "product_id one product.product; location_id one stock.location; warehouse_id one stock.warehouse; quantity float; \
         reserved_quantity float",
    ),
    (
        "sale.order",
        "name text; state text; locked flag >=19; partner_id one res.partner; partner_invoice_id one res.partner; \
         partner_shipping_id one res.partner; date_order time; amount_untaxed float; amount_tax float; amount_total float; \
         amount_paid float >=19; currency_id one res.currency; invoice_status text; delivery_status text >=19; \
         client_order_ref text; origin text; note text; order_line lines sale.order.line order_id; user_id one res.users; \
         team_id one crm.team; company_id one res.company; warehouse_id one stock.warehouse; invoice_ids many account.move",
    ),
    (
        "sale.order.line",
        "order_id one sale.order; sequence int; display_type text; product_id one product.product; name text; \
         product_uom_qty float; price_unit float; technical_price_unit float >=19; discount float; price_subtotal float; \
         price_tax float; price_total float; qty_delivered float; qty_invoiced float; \
         invoice_lines many account.move.line",
    ),
    (
        "account.move",
        "name text; move_type text; state text; payment_state text; partner_id one res.partner; amount_total float; \
         amount_residual float; reversed_entry_id one account.move; line_ids lines account.move.line move_id; \
         company_id one res.company",
    ),
    ("account.move.line", "move_id one account.move"),
    ("pos.config", "name text; company_id one res.company; active flag"),
    ("pos.session", "name text; config_id one pos.config; state text"),
    ("pos.payment.method", "name text; type text !stored"),
    (
        "pos.order",
        "name text; pos_reference text; state text; partner_id one res.partner; session_id one pos.session; \
         config_id one pos.config; date_order time; amount_total float; amount_tax float; amount_paid float; \
         amount_return float; currency_id one res.currency; lines lines pos.order.line order_id; \
         payment_ids lines pos.payment pos_order_id; is_refund flag >=19; refunded_order_id one pos.order >=19; \
         user_id one res.users; company_id one res.company; email text; mobile text; tracking_number text; \
         uuid text >=19; general_customer_note text >=19; note text <19",
    ),
    (
        "pos.order.line",
        "order_id one pos.order; product_id one product.product; full_product_name text; qty float; price_unit float; \
         discount float; price_subtotal float; price_subtotal_incl float; customer_note text; \
         refunded_orderline_id one pos.order.line; uuid text",
    ),
    (
        "pos.payment",
        "pos_order_id one pos.order; payment_method_id one pos.payment.method; amount float; payment_date time; \
         is_change flag",
    ),
];

fn kind(words: &[&'static str]) -> Kind {
    match words {
        ["flag", ..] => Kind::Flag,
        ["int", ..] => Kind::Whole,
        ["float", ..] => Kind::Float,
        ["time", ..] => Kind::Time,
        ["label", ..] => Kind::Label,
        ["one", model, ..] => Kind::One(model),
        ["many", model, ..] => Kind::Many(model),
        ["lines", model, field, ..] => Kind::Lines(model, field),
        _ => Kind::Text,
    }
}

fn field(text: &'static str) -> Field {
    let words: Vec<&'static str> = text.split_whitespace().collect();
    let kind = kind(&words[1..]);
    let bound = |sign: &str| words.iter().find_map(|word| word.strip_prefix(sign)?.parse().ok());
    Field {
        name: words[0],
        kind,
        stored: kind != Kind::Label && !words.contains(&"!stored"),
        restricted: words.contains(&"!group"),
        since: bound(">=").unwrap_or(0),
        before: bound("<").unwrap_or(u32::MAX),
    }
}

static ALL_MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let fields = |text: &'static str| ALL.split(';').chain(text.split(';')).map(field);
    let mut models: Vec<Model> = MODELS
        .iter()
        .map(|(name, text)| Model { name, fields: fields(text).collect(), sides: Vec::new() })
        .collect();
    let mut sides = Vec::new();
    for model in &models {
        for field in &model.fields {
            if let Kind::Lines(part, side) = field.kind {
                sides.push((part, side, model.name, field.name));
            }
        }
    }
    for model in &mut models {
        let own = sides.iter().filter(|(part, ..)| *part == model.name);
        model.sides = own.map(|(_, side, owner, field)| (*side, *owner, *field)).collect();
    }
    models
});

/// The model of this name.
pub(super) fn model(name: &str) -> Option<&'static Model> {
    ALL_MODELS.iter().find(|model| model.name == name)
}

/// A model that is named in this folder.
pub(super) fn known(name: &'static str) -> &'static Model {
    model(name).unwrap_or_else(|| unreachable!("{name} is in the table"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_model_and_back() {
        for name in ALL_MODELS.iter().map(|model| model.name) {
            for field in &known(name).fields {
                match field.kind {
                    Kind::One(to) | Kind::Many(to) => assert!(model(to).is_some(), "{name}.{}", field.name),
                    Kind::Lines(to, side) => {
                        let other = known(to).field(side, 19).map(|field| field.kind);
                        assert_eq!(other, Some(Kind::One(name)), "{name}.{}", field.name);
                    }
                    _ => {}
                }
            }
        }
        let partner = known("res.partner");
        assert!(partner.field("mobile", 18).is_some() && partner.field("mobile", 19).is_none());
        assert!(
            partner.field("complete_name", 18).is_none()
                && !partner.field("company_type", 19).unwrap().stored
        );
    }
}

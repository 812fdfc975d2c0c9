//! What the contract suite asks of this sandbox.

use bytes::Bytes;
use pos_core::ErrorKind;
use pos_core::connector::OrderPush;
use pos_core::record::Stream;
use serde_json::Map;
use url::Url;

use super::hooks::{shipment, target, with_body};
use super::{JSON2, Sandbox, SandboxOptions, edits, models_of, place, seed};
use crate::contract::{Change, Setup, Shipment, VendorSandbox, kinds, order_of, started};
use crate::server::Running;

fn options_of(options: SandboxOptions, setup: Setup) -> SandboxOptions {
    let mut options = options
        .with_seed(setup.seed)
        .with_customers(setup.customers)
        .with_orders(setup.documents)
        .with_closed_orders(setup.closed);
    options.shop.products = 120;
    options
}

impl Sandbox {
    /// The path of a method, as fault rules know it.
    fn method_path(&self, model: &str, method: &str) -> &'static str {
        let is_newer = self.options().version >= JSON2;
        macro_rules! paths {
            ($($model:literal $method:literal),* $(,)?) => {
                match (model, method) {
                    $(($model, $method) => match is_newer {
                        true => concat!("/json/2/", $model, "/", $method),
                        false => concat!("/jsonrpc/", $model, "/", $method),
                    },)*
                    _ => "",
                }
            };
        }
        paths!(
            "res.partner" "search_read", "sale.order" "search_read", "pos.order" "search_read",
            "product.product" "search_read", "product.category" "search_read", "res.users" "search_read",
            "stock.warehouse" "search_read", "res.partner" "load", "sale.order" "create",
        )
    }

    fn has_people(&self, id: &str) -> bool {
        let state = self.inner.state();
        let children =
            id.parse().ok().and_then(|id| state.row("res.partner", id)).map(|row| row.many("child_ids"));
        let mut children =
            children.unwrap_or_default().into_iter().filter_map(|id| state.row("res.partner", id));
        children.any(|child| child.text("type") == "contact")
    }

    /// The delivery of a rule about a record.
    pub fn webhook_of(&self, stream: Stream, id: &str, gone: bool) -> Option<Shipment> {
        let (model, id) = place(stream, id)?;
        let state = self.inner.state();
        shipment(&state, model, id, state.row(model, id)?, gone)
    }
}

impl VendorSandbox for Sandbox {
    async fn start(setup: Setup) -> Self {
        started(options_of(SandboxOptions::default(), setup)).await
    }

    fn opening(&self) -> (Url, Vec<(&'static str, String)>) {
        let options = self.options();
        let settings = vec![
            ("site", "gomviet.odoo.com".to_owned()),
            ("database", self.database().to_owned()),
            ("login", self.login().to_owned()),
            ("api_key", self.api_key()),
            ("webhook_secret", self.webhook_token().to_owned()),
            ("delivery_product", seed::delivery_product(&options.shop).to_string()),
            ("discount_product", seed::discount_product(&options.shop).to_string()),
        ];
        (self.base_url(), settings)
    }

    fn running(&self) -> &dyn Running {
        self
    }

    fn list_path(&self, stream: Stream) -> Option<&'static str> {
        Some(self.method_path(models_of(stream).first()?, "search_read"))
    }

    fn create_path(&self, stream: Stream) -> Option<&'static str> {
        match stream {
            Stream::Customers => Some(self.method_path("res.partner", "load")),
            Stream::Orders => Some(self.method_path("sale.order", "create")),
            _ => None,
        }
    }

    fn bare_list(&self) -> bool {
        self.options().version >= JSON2
    }

    fn ids(&self, stream: Stream) -> Vec<String> {
        self.ids(stream)
    }

    fn unknown_id(&self, stream: Stream) -> String {
        if stream == Stream::Returns { "pos.order,7777777" } else { "7777777" }.to_owned()
    }

    /// Whoever has people below moves them, too: that is another test's.
    fn touch(&self, stream: Stream, id: &str) -> bool {
        let has_people = stream == Stream::Customers && self.has_people(id);
        let is_listed =
            matches!(stream, Stream::Customers | Stream::Products | Stream::Orders | Stream::Returns);
        is_listed && !has_people && self.update(stream, id, Map::new())
    }

    fn remove(&self, stream: Stream, id: &str) -> bool {
        matches!(stream, Stream::Customers | Stream::Products | Stream::Orders | Stream::Returns)
            && self.delete(stream, id)
    }

    fn insert(&self, stream: Stream) -> Option<String> {
        edits::insert(&mut self.inner.state(), stream)
    }

    fn is_closed(&self, stream: Stream) -> bool {
        self.options().closed_orders && matches!(stream, Stream::Orders | Stream::Returns)
    }

    /// Lists see whole seconds: what was written before and what is written after are in different ones then.
    fn settle(&self) {
        self.pass(time::Duration::seconds(2));
    }

    fn revoke_credentials(&self) {
        self.revoke_credentials();
    }

    fn secrets(&self) -> Vec<String> {
        let options = self.options();
        vec![self.api_key(), options.api_key.clone(), options.webhook_token.clone()]
    }

    fn order_push(&self, reference: &str) -> OrderPush {
        order_of(reference, self.now(), self.id(Stream::Products, 4), 1, self.id(Stream::Customers, 1))
    }

    fn refusals(&self, _stream: Stream) -> Vec<(&'static str, ErrorKind)> {
        let auth = match self.options().version >= JSON2 {
            true => "werkzeug.exceptions.Unauthorized",
            false => "odoo.exceptions.AccessDenied",
        };
        vec![
            (auth, ErrorKind::Auth),
            ("odoo.exceptions.AccessError", ErrorKind::Forbidden),
            ("odoo.exceptions.MissingError", ErrorKind::NotFound),
            ("odoo.exceptions.ValidationError", ErrorKind::Rejected),
            ("builtins.TypeError", ErrorKind::Rejected),
        ]
    }

    /// A delivery is about one record; the suite's deletions are about several.
    fn webhook(&self, change: &Change) -> Option<Shipment> {
        match change {
            Change::Upsert(stream, id) => self.webhook_of(*stream, id, false),
            Change::Delete(stream, ids) if ids.len() == 1 => self.webhook_of(*stream, ids.first()?, true),
            Change::Delete(..) => None,
        }
    }

    /// The token stands in the address and covers nothing of the body.
    fn sign(&self, _like: &Shipment, body: Bytes) -> Option<Shipment> {
        Some(with_body(self.webhook_token(), false, body))
    }

    fn unsigned(&self, shipment: &Shipment) -> Shipment {
        let bare = target("", false);
        let url = bare.split('?').next().map(str::to_owned);
        Shipment { url, ..shipment.clone() }
    }

    fn for_another_shop(&self, _shipment: &Shipment) -> Option<Shipment> {
        None
    }
}

kinds! {
    /// A server of 19 with every habit that one has or may have: see [`SandboxOptions::unkind`].
    Unkind UnkindSandbox = SandboxOptions::default().unkind().with_clock_ahead(time::Duration::HOUR);
    /// A server of 17, which speaks JSON-RPC, with the same habits. Its clock is behind.
    V17 V17Sandbox =
        SandboxOptions::default().with_version(17).unkind().with_clock_ahead(-time::Duration::HOUR);
    /// A server of 14: mobile numbers, locked orders that have a state of their own, no automation rules.
    Old OldSandbox = SandboxOptions::default().with_version(14);
}

//! One database: how its lists are walked, and what is read beside their rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pos_core::kit::{Raw, Row};
use pos_core::page::Rejected;
use pos_core::record::{
    BranchRecord, CategoryRecord, CustomerRecord, DocumentKind, Extra, OrderRecord, ProductRecord, UserRecord,
};
use pos_core::{Account, Error, ErrorKind, ListQuery, Page, Result};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::answer::rows;
use crate::client::{Client, Search, at, wall};
use crate::map::{Names, People, SHARED, SaleParts, TillParts};
use crate::model::{
    Category, Company, Country, Link, Model, Move, Partner, PosConfig, PosLine, PosMethod, PosOrder,
    PosPayment, Product, Quant, SaleLine, SaleOrder, Tag, User, Warehouse,
};
use crate::scan::{Place, step};
use crate::webhook::Webhooks;

/// Products that stand for what an order of Odoo has no place for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) delivery: Option<i64>,
    pub(crate) discount: Option<i64>,
}

/// One Odoo database. Cheap to clone; hold it as `Arc<dyn Connector>`.
#[derive(Clone, Debug)]
pub struct Odoo {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) custom_fields: Arc<[String]>,
    pub(crate) webhooks: Webhooks,
    pub(crate) extras: Extras,
}

/// Rows of a model, each with the vendor fields that a mapping asked for.
struct Batch<T> {
    rows: Vec<(T, Extra)>,
    rejected: Vec<Rejected>,
    /// The last id; `None` for the empty page that is the end.
    last: Option<i64>,
}

/// What partners are customers: those without a parent and contacts, but not the partners of users and of the own companies
/// (M19). Users from outside are customers. That companies have partners is known where there is accounting.
pub(crate) async fn customers(client: &Client) -> Result<Vec<Value>> {
    let mut domain = vec![
        json!("|"),
        json!(["parent_id", "=", false]),
        json!(["type", "=", "contact"]),
        json!("!"),
        json!(["user_ids.share", "=", false]),
    ];
    if client.has::<Partner>("ref_company_ids").await? {
        domain.push(json!(["ref_company_ids", "=", false]));
    }
    Ok(domain)
}

/// The lower bound: the row changed, or something did that it is told with and that does not move it (M19b).
fn changed_since(from: OffsetDateTime, by: &[&str]) -> Vec<Value> {
    let from = wall(from);
    let mut domain: Vec<Value> = by.iter().map(|_| json!("|")).collect();
    domain.push(json!(["write_date", ">=", from]));
    domain.extend(by.iter().map(|path| json!([path, ">=", from])));
    domain
}

/// The bounds of a query. The upper one is the second after it, itself left out: 14 compares microseconds, 19 whole seconds.
fn bounds(query: &ListQuery, by: &[&str]) -> Vec<Value> {
    let mut domain = query.modified_from.map(|from| changed_since(from, by)).unwrap_or_default();
    let second = time::Duration::SECOND;
    domain.extend(query.modified_to.map(|to| json!(["write_date", "<", wall(to.saturating_add(second))])));
    domain
}

/// What moves an order's lines, or its money, without moving the order: a free line that is added, a payment of its invoice.
const BY_LINES: &str = "order_line.write_date";
const BY_MOVES: &str = "order_line.invoice_lines.move_id.write_date";

/// A partner that swallows others takes their orders without moving them (M19b), and moves itself; its name stands on them, too.
const BY_BUYER: &str = "partner_id.write_date";

/// What moves a product's stock; only where stock is kept.
const BY_STOCK: &str = "stock_quant_ids.write_date";

fn ids_of<'a>(links: impl IntoIterator<Item = &'a Option<Link>>) -> BTreeSet<i64> {
    links.into_iter().flatten().map(|link| link.id).collect()
}

/// Rows by the id of what they belong to.
fn grouped<T>(rows: Vec<T>, owner: impl Fn(&T) -> &Option<Link>) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::new();
    for row in rows {
        if let Some(link) = owner(&row) {
            groups.entry(link.id).or_default().push(row);
        }
    }
    groups
}

/// A row that cannot be read, under the id that its record would have.
fn named<T: Model>(rejected: Rejected) -> Rejected {
    let is_shared = SHARED.contains(&T::MODEL);
    let id = rejected.id.map(|id| if is_shared { format!("{},{id}", T::MODEL) } else { id });
    Rejected { id, ..rejected }
}

/// A part of an answer that the user of the key may not see: the rest is told without it.
pub(crate) fn unless_hidden<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(part) => Ok(Some(part)),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn missing() -> Error {
    Error::new(ErrorKind::NotFound, "the shop does not have it")
}

impl Odoo {
    /// The typed client, for everything beyond the common trait.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What proves and reads this shop's webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Rows of a model by ascending id, behind the last one. One request.
    async fn batch<T: Model>(&self, mut domain: Vec<Value>, last: i64, size: u32) -> Result<Batch<T>> {
        domain.push(json!(["id", ">", last]));
        let response =
            self.client.rows::<T>(Search::of(domain).with_limit(size), &self.custom_fields).await?;
        let raw: Vec<Raw<'_, T>> = rows(&response.body).map_err(|error| at(error, T::LIST, &response))?;
        let ids: Vec<Option<i64>> = raw.iter().map(Raw::key).collect();
        let last = step(last, &ids).map_err(|error| error.with_context(T::LIST))?;
        let mut batch = Batch { rows: Vec::with_capacity(raw.len()), rejected: Vec::new(), last };
        for row in raw {
            match row.read {
                Ok(read) => batch.rows.push((read, row.raw.custom(&self.custom_fields))),
                Err(rejected) => batch.rejected.push(named::<T>(rejected)),
            }
        }
        Ok(batch)
    }

    /// Rows that belong to others. Those that cannot be read are told with their owners' page.
    async fn parts<T: Model>(&self, search: Search, rejected: &mut Vec<Rejected>) -> Result<Vec<T>> {
        let list = self.client.search::<T>(search).await?;
        rejected.extend(list.rejected);
        Ok(list.data)
    }

    /// Partners by their ids; whom the user may not see is left out.
    async fn people(&self, ids: BTreeSet<i64>) -> Result<People> {
        if ids.is_empty() {
            return Ok(People::new());
        }
        let list = unless_hidden(self.client.search::<Partner>(Search::ids(ids)).await)?;
        Ok(list
            .map(|list| list.data)
            .unwrap_or_default()
            .into_iter()
            .map(|partner| (partner.id, partner))
            .collect())
    }

    /// Customers with their addresses, the names of their tags and the codes of foreign countries: up to three requests.
    async fn told_customers(&self, batch: Batch<Partner>) -> Result<Page<CustomerRecord>> {
        let mut page = Page { rejected: batch.rejected, ..Page::default() };
        let partners = || batch.rows.iter().map(|(partner, _)| partner);
        let parents: Vec<i64> =
            partners().filter(|partner| !partner.child_ids.is_empty()).map(|partner| partner.id).collect();
        let addresses = match parents.is_empty() {
            true => Vec::new(),
            false => {
                let domain = vec![json!(["parent_id", "in", parents]), json!(["type", "!=", "contact"])];
                self.parts(Search::of(domain), &mut page.rejected).await?
            }
        };
        let tags: BTreeSet<i64> =
            partners().flat_map(|partner| partner.category_id.iter().copied()).collect();
        let tags: Names = match tags.is_empty() {
            true => Names::new(),
            false => {
                let list = unless_hidden(self.client.search::<Tag>(Search::ids(tags)).await)?;
                let named = list.map(|list| list.data).unwrap_or_default();
                named.into_iter().filter_map(|tag| Some((tag.id, tag.name?))).collect()
            }
        };
        let abroad = partners().chain(&addresses).filter(|partner| partner.is_foreign());
        let abroad = ids_of(abroad.map(|partner| &partner.country_id));
        let countries: Names = match abroad.is_empty() {
            true => Names::new(),
            false => {
                let list = unless_hidden(self.client.search::<Country>(Search::ids(abroad)).await)?;
                let named = list.map(|list| list.data).unwrap_or_default();
                named.into_iter().filter_map(|country| Some((country.id, country.code?))).collect()
            }
        };
        let mut addresses = grouped(addresses, |address: &Partner| &address.parent_id);
        for (partner, custom) in batch.rows {
            let own = addresses.remove(&partner.id).unwrap_or_default();
            let own = own.into_iter().filter(Partner::is_address).collect();
            page.records.push(partner.with(own, Some((&tags, &countries)), custom));
        }
        Ok(page)
    }

    /// Customers of whom only an address changed: that does not move them (M19b). A customer comes once, with the first of the
    /// addresses, unless it changed by itself and came by itself.
    async fn moved_addresses(
        &self,
        query: &ListQuery,
        from: OffsetDateTime,
        last: i64,
        size: u32,
    ) -> Result<(Page<CustomerRecord>, Option<i64>)> {
        let since = json!(["write_date", ">=", wall(from)]);
        let is_address = json!(["type", "!=", "contact"]);
        let mut domain = bounds(query, &[]);
        domain.extend([json!(["parent_id", "!=", false]), is_address.clone()]);
        let batch = self.batch::<Partner>(domain, last, size).await?;
        let mut parents = ids_of(batch.rows.iter().map(|(address, _)| &address.parent_id));
        if last > 0 && !parents.is_empty() {
            let before =
                vec![json!(["parent_id", "in", parents]), is_address, since, json!(["id", "<=", last])];
            for address in self.client.search::<Partner>(Search::of(before)).await?.data {
                parents.retain(|parent| !address.belongs_to(*parent));
            }
        }
        let mut page = Page { rejected: batch.rejected, ..Page::default() };
        if !parents.is_empty() {
            let mut domain = customers(&self.client).await?;
            domain.extend([json!(["id", "in", parents]), json!(["write_date", "<", wall(from)])]);
            let told = self.told_customers(self.batch(domain, 0, size).await?).await?;
            page.records = told.records;
            page.rejected.extend(told.rejected);
        }
        Ok((page, batch.last))
    }

    /// Sale orders with their lines, invoices and partners: up to three requests.
    async fn told_sales(&self, batch: Batch<SaleOrder>) -> Result<Page<OrderRecord>> {
        let mut page = Page { rejected: batch.rejected, ..Page::default() };
        if batch.rows.is_empty() {
            return Ok(page);
        }
        let orders = || batch.rows.iter().map(|(order, _)| order);
        let of_orders = vec![json!(["order_id", "in", orders().map(|order| order.id).collect::<Vec<_>>()])];
        let lines = self.parts(Search::of(of_orders), &mut page.rejected).await?;
        let mut lines = grouped(lines, |line: &SaleLine| &line.order_id);
        let wanted: BTreeSet<i64> =
            orders().filter_map(|order| order.invoice_ids.as_deref()).flatten().copied().collect();
        let moves: Option<HashMap<i64, Move>> = match wanted.is_empty() {
            true => Some(HashMap::new()),
            false => {
                let list = unless_hidden(self.client.search::<Move>(Search::ids(wanted)).await)?;
                list.map(|list| list.data.into_iter().map(|one| (one.id, one)).collect())
            }
        };
        let people = orders().flat_map(|order| [&order.partner_id, &order.partner_shipping_id]);
        let people = self.people(ids_of(people)).await?;
        for (order, custom) in batch.rows {
            // An invoice that may not be seen is left out in silence: then nothing is known of the money.
            let own = order.invoice_ids.as_ref().zip(moves.as_ref()).and_then(|(ids, moves)| {
                ids.iter().map(|id| moves.get(id).cloned()).collect::<Option<Vec<Move>>>()
            });
            let parts = SaleParts { lines: Some(lines.remove(&order.id).unwrap_or_default()), moves: own };
            page.records.push(order.with(&parts, &people, custom));
        }
        Ok(page)
    }

    /// Orders of tills with their lines, payments and partners: up to four requests.
    async fn told_tills(&self, batch: Batch<PosOrder>, kind: DocumentKind) -> Result<Page<OrderRecord>> {
        let mut page = Page { rejected: batch.rejected, ..Page::default() };
        // A refund that is still being rung up took nothing back, and may be gone in a moment.
        let is_told = |order: &PosOrder| match kind {
            DocumentKind::Return => order.is_return() && !order.is_open(),
            _ => !order.is_return(),
        };
        let rows: Vec<(PosOrder, Extra)> =
            batch.rows.into_iter().filter(|(order, _)| is_told(order)).collect();
        if rows.is_empty() {
            return Ok(page);
        }
        let ids: Vec<i64> = rows.iter().map(|(order, _)| order.id).collect();
        let lines = self.parts(Search::of(vec![json!(["order_id", "in", ids])]), &mut page.rejected).await?;
        let mut lines = grouped(lines, |line: &PosLine| &line.order_id);
        let payments =
            self.parts(Search::of(vec![json!(["pos_order_id", "in", ids])]), &mut page.rejected).await?;
        let methods = ids_of(payments.iter().map(|payment: &PosPayment| &payment.payment_method_id));
        let methods: HashMap<i64, PosMethod> = match methods.is_empty() {
            true => HashMap::new(),
            false => {
                let list = self.client.search::<PosMethod>(Search::ids(methods)).await?;
                list.data.into_iter().map(|method| (method.id, method)).collect()
            }
        };
        let mut payments = grouped(payments, |payment| &payment.pos_order_id);
        let people = self.people(ids_of(rows.iter().map(|(order, _)| &order.partner_id))).await?;
        for (order, custom) in rows {
            let parts = TillParts {
                lines: Some(lines.remove(&order.id).unwrap_or_default()),
                payments: Some(payments.remove(&order.id).unwrap_or_default()),
            };
            page.records.push(order.with(&parts, &methods, &people, custom));
        }
        Ok(page)
    }

    /// Products with their stock by warehouse: one request, where stock is kept and may be seen.
    async fn told_products(&self, batch: Batch<Product>) -> Result<Page<ProductRecord>> {
        let mut page = Page { rejected: batch.rejected, ..Page::default() };
        let ids: Vec<i64> = batch.rows.iter().map(|(product, _)| product.id).collect();
        let quants = match !ids.is_empty() && self.client.has::<Quant>("warehouse_id").await? {
            true => {
                let domain =
                    vec![json!(["product_id", "in", ids]), json!(["location_id.usage", "=", "internal"])];
                unless_hidden(self.client.search::<Quant>(Search::of(domain)).await)?
            }
            false => None,
        };
        let mut stock = quants.map(|list| grouped(list.data, |quant: &Quant| &quant.product_id));
        for (product, custom) in batch.rows {
            let own = stock.as_mut().map(|stock| stock.remove(&product.id).unwrap_or_default());
            page.records.push(product.with(own.as_deref(), custom));
        }
        Ok(page)
    }

    /// A page of records that are told by one model alone.
    async fn plain<T: Model + Row>(
        &self,
        domain: Vec<Value>,
        last: i64,
        size: u32,
    ) -> Result<(Page<T::Record>, Option<i64>)> {
        let batch = self.batch::<T>(domain, last, size).await?;
        let records = batch.rows.into_iter().map(|(row, custom)| row.into_record(custom)).collect();
        Ok((Page { records, rejected: batch.rejected, ..Page::default() }, batch.last))
    }

    pub(crate) async fn customer_page(
        &self,
        query: &ListQuery,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<CustomerRecord>, Option<i64>)>> {
        match (place.model, query.modified_from) {
            (0, _) => {
                let domain = [bounds(query, &[]), customers(&self.client).await?].concat();
                let batch = self.batch(domain, place.last, size).await?;
                let last = batch.last;
                Ok(Some((self.told_customers(batch).await?, last)))
            }
            (1, Some(from)) => self.moved_addresses(query, from, place.last, size).await.map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) async fn order_page(
        &self,
        query: &ListQuery,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<OrderRecord>, Option<i64>)>> {
        match place.model {
            0 if self.client.fields::<SaleOrder>().await?.is_none() => Ok(Some((Page::default(), None))),
            0 => {
                // A user who may not see invoices is refused the whole domain with them in it.
                let batch = match self
                    .batch(bounds(query, &[BY_BUYER, BY_LINES, BY_MOVES]), place.last, size)
                    .await
                {
                    Err(error) if error.kind() == ErrorKind::Forbidden && query.modified_from.is_some() => {
                        self.batch(bounds(query, &[BY_BUYER, BY_LINES]), place.last, size).await?
                    }
                    answer => answer?,
                };
                let last = batch.last;
                Ok(Some((self.told_sales(batch).await?, last)))
            }
            1 if self.client.fields::<PosOrder>().await?.is_none() => Ok(Some((Page::default(), None))),
            1 => self.till_page(query, DocumentKind::Order, place.last, size).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn till_page(
        &self,
        query: &ListQuery,
        kind: DocumentKind,
        last: i64,
        size: u32,
    ) -> Result<(Page<OrderRecord>, Option<i64>)> {
        let mut domain = bounds(query, &[BY_BUYER]);
        if kind == DocumentKind::Return {
            domain.push(json!(["amount_total", "<", 0]));
        }
        let batch = self.batch(domain, last, size).await?;
        let last = batch.last;
        Ok((self.told_tills(batch, kind).await?, last))
    }

    pub(crate) async fn return_page(
        &self,
        query: &ListQuery,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<OrderRecord>, Option<i64>)>> {
        if place.model > 0 || self.client.fields::<PosOrder>().await?.is_none() {
            return Ok(None);
        }
        self.till_page(query, DocumentKind::Return, place.last, size).await.map(Some)
    }

    pub(crate) async fn product_page(
        &self,
        query: &ListQuery,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<ProductRecord>, Option<i64>)>> {
        if place.model > 0 || self.client.fields::<Product>().await?.is_none() {
            return Ok(None);
        }
        let by_stock: &[&str] = match self.client.has::<Product>("stock_quant_ids").await? {
            true => &[BY_STOCK],
            false => &[],
        };
        let batch = match self.batch(bounds(query, by_stock), place.last, size).await {
            Err(error) if error.kind() == ErrorKind::Forbidden && query.modified_from.is_some() => {
                self.batch(bounds(query, &[]), place.last, size).await?
            }
            answer => answer?,
        };
        let last = batch.last;
        Ok(Some((self.told_products(batch).await?, last)))
    }

    pub(crate) async fn branch_page(
        &self,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<BranchRecord>, Option<i64>)>> {
        let has = match place.model {
            0 => self.client.fields::<Warehouse>().await?.is_some(),
            1 => true,
            2 => self.client.fields::<PosConfig>().await?.is_some(),
            _ => return Ok(None),
        };
        if !has {
            return Ok(Some((Page::default(), None)));
        }
        let page = match place.model {
            0 => self.plain::<Warehouse>(Vec::new(), place.last, size).await,
            1 => return self.plain::<Company>(Vec::new(), place.last, size).await.map(Some),
            _ => self.plain::<PosConfig>(Vec::new(), place.last, size).await,
        };
        // Who sells at no till sees none: the others are branches all the same.
        Ok(Some(unless_hidden(page)?.unwrap_or_default()))
    }

    pub(crate) async fn user_page(
        &self,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<UserRecord>, Option<i64>)>> {
        if place.model > 0 {
            return Ok(None);
        }
        let batch = self.batch::<User>(Vec::new(), place.last, size).await?;
        let staff = batch.rows.into_iter().filter(|(user, _)| !user.is_outside());
        let records = staff.map(|(user, custom)| user.into_record(custom)).collect();
        Ok(Some((Page { records, rejected: batch.rejected, ..Page::default() }, batch.last)))
    }

    pub(crate) async fn category_page(
        &self,
        place: Place,
        size: u32,
    ) -> Result<Option<(Page<CategoryRecord>, Option<i64>)>> {
        if place.model > 0 || self.client.fields::<Category>().await?.is_none() {
            return Ok(None);
        }
        self.plain::<Category>(Vec::new(), place.last, size).await.map(Some)
    }

    /// Why a partner is none of the customers: one that is gone is not among what may be read, one that may not be seen is
    /// refused (M19b), and an address is told with whom it belongs to.
    async fn absent(&self, id: i64) -> Result<CustomerRecord> {
        let found = self.client.read::<Partner>(&[id]).await?.data.pop().filter(|partner| partner.id == id);
        let partner = found.ok_or_else(missing)?;
        match partner.parent_id.as_ref().filter(|_| partner.is_address()) {
            Some(parent) => self.customer(parent.id).await?.ok_or_else(missing).map(|mut record| {
                // An archived address is no part of it any more, and still called by this id.
                if !record.aliases.contains(&id.to_string()) {
                    record.aliases.push(id.to_string());
                }
                record
            }),
            None => Err(Error::new(
                ErrorKind::NotFound,
                "this is the partner of a user or a company, and no customer",
            )),
        }
    }

    async fn customer(&self, id: i64) -> Result<Option<CustomerRecord>> {
        let domain = [customers(&self.client).await?, vec![json!(["id", "=", id])]].concat();
        let page = self.told_customers(self.batch(domain, 0, 1).await?).await?;
        only(page)
    }

    /// Also by the id of one of its addresses.
    pub(crate) async fn customer_of(&self, id: i64) -> Result<CustomerRecord> {
        match self.customer(id).await? {
            Some(customer) => Ok(customer),
            None => self.absent(id).await,
        }
    }

    /// A sale order.
    pub(crate) async fn sale_of(&self, id: i64) -> Result<OrderRecord> {
        only(self.told_sales(self.one(id).await?).await?)?.ok_or_else(missing)
    }

    /// An order of a till, or a refund.
    pub(crate) async fn till_of(&self, kind: DocumentKind, id: i64) -> Result<OrderRecord> {
        only(self.told_tills(self.one(id).await?, kind).await?)?.ok_or_else(missing)
    }

    /// A product.
    pub(crate) async fn product_of(&self, id: i64) -> Result<ProductRecord> {
        only(self.told_products(self.one(id).await?).await?)?.ok_or_else(missing)
    }

    /// The first and only row of a model.
    async fn one<T: Model>(&self, id: i64) -> Result<Batch<T>> {
        if self.client.fields::<T>().await?.is_none() {
            return Err(missing());
        }
        let batch = self.batch(vec![json!(["id", "=", id])], 0, 1).await?;
        if batch.last.is_none() {
            // Hidden or gone: one of the two is an error of its own.
            self.client.read::<T>(&[id]).await?;
            return Err(missing());
        }
        Ok(batch)
    }
}

/// The record of a page of one.
fn only<T>(mut page: Page<T>) -> Result<Option<T>> {
    match (page.records.pop(), page.rejected.pop()) {
        (Some(record), _) => Ok(Some(record)),
        (None, Some(rejected)) => Err(pos_core::kit::unreadable(&rejected)),
        (None, None) => Ok(None),
    }
}

//! The endpoints.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pos_core::record::Stream;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::refusals::{missing, missing_route, refuse, throttled};
use super::render::{self, BRANCH, CHANNEL, GROUP, Include, RETAILER_ID, USER};
use super::table::{RowRef, Window};
use super::{Entry, Inner, RemovedKey, State, change_row, channels, groups, hooks, name_of, wall};
use crate::fault::Drift;
use crate::out::{OFFSET_MS, Out};
use crate::seed::{CHANNELS, Dice, GROUPS};
use crate::server::{self, Answer, Asked, Twist, digits, millis, object, to_ms};

/// The largest page.
const MAX_PAGE: u64 = 100;
/// Query parameters; names are compared without regard to letter case, as .NET does.
struct Query(server::Query);

impl Query {
    fn parse(query: &str) -> Self {
        let mut query = server::Query::parse(query);
        query.0.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
        Self(query)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.number(name)
    }

    /// A list: joined by commas, or the key repeated.
    fn list(&self, name: &str) -> Vec<&str> {
        let values = self.0.0.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    fn time(&self, name: &str) -> Result<Option<i64>, Answer> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match read_time(text) {
            Some(at) => Ok(Some(at)),
            None => Err(refuse(400, "ArgumentException", &format!("Giá trị của {name} không hợp lệ"))),
        }
    }

    /// Everything but the paging, to recognise the same list on its next page.
    fn name(&self) -> String {
        let skipped = ["currentitem", "pagesize", "format", "orderdirection"];
        let mut parts: Vec<String> = self
            .0
            .0
            .iter()
            .filter(|(key, _)| !skipped.contains(&key.as_str()) && !key.starts_with("include"))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        parts.sort();
        parts.join("&")
    }
}

/// Wall time of Viet Nam without an offset, or any time with one, as Unix milliseconds.
fn read_time(text: &str) -> Option<i64> {
    use time::format_description::well_known::Rfc3339;
    if let Ok(at) = time::OffsetDateTime::parse(text, &Rfc3339) {
        return Some(to_ms(at));
    }
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut numbers = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut numbers = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next().unwrap_or(Some(0))?);
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let midnight = date.midnight().assume_utc().unix_timestamp() * 1000 - OFFSET_MS;
    Some(midnight + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms)
}

/// The names in paths that are no streams.
const NAMES: [&str; 6] = ["code", "group", "payments", "salechannel", "settings", "webhooks"];

fn stream_of(segment: &str) -> Option<Stream> {
    Some(match segment {
        "customers" => Stream::Customers,
        "orders" => Stream::Orders,
        "invoices" => Stream::Invoices,
        "returns" => Stream::Returns,
        "products" => Stream::Products,
        "categories" => Stream::Categories,
        "branches" => Stream::Branches,
        "users" => Stream::Users,
        _ => return None,
    })
}

impl Inner {
    pub(super) fn answer(&self, asked: &Asked, twist: Twist) -> Answer {
        let (method, path) = (asked.method.as_str(), asked.path.as_str());
        if path == "/connect/token" {
            return self.token(method, &asked.body);
        }
        if let Some(refused) = self.refuse_stranger(asked) {
            return refused;
        }
        if let Some(refused) = self.refuse_haste(method) {
            return refused;
        }
        let mut segments = asked.segments();
        if !self.options.strict_paths {
            // Names of lists and of their parts; codes and ids stay as they are.
            let names = segments.len().min(2);
            for name in &mut segments[..names] {
                let lower = name.to_ascii_lowercase();
                if stream_of(&lower).is_some() || NAMES.contains(&lower.as_str()) {
                    *name = lower;
                }
            }
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let query = Query::parse(&asked.query);
        let sent = || {
            let wrong = || refuse(400, "SerializationException", "Dữ liệu gửi lên không đúng định dạng");
            asked.object().ok_or_else(wrong)
        };
        let result = match (method, segments.as_slice()) {
            ("GET", ["customers", "group"]) => {
                let groups = groups();
                Ok(Answer::ok(&json!({ "total": groups.len(), "data": groups })))
            }
            ("GET", ["salechannel"]) => {
                let channels = channels();
                Ok(Answer::ok(&json!({ "total": channels.len(), "pageSize": 20, "data": channels })))
            }
            ("GET", ["settings"]) => Ok(Answer::ok(&json!({
                "ManagerCustomerByBranch": self.options.separate_branches, "AllowOrderWhenOutStock": true,
                "AllowSellWhenOrderOutStock": true, "AllowSellWhenOutStock": false, "SellAllowOrder": !self.options.orders_off,
            }))),
            (_, ["orders", ..]) if self.options.orders_off => {
                Err(refuse(420, "KvValidateException", "Thiết lập \"Cho phép đặt hàng\" đang tắt"))
            }
            (_, ["webhooks", ..]) => {
                hooks::route(self, method, &segments[1..], &asked.body).ok_or_else(|| missing_route(path))
            }
            ("POST", ["payments"]) => sent().and_then(|sent| self.add_payment(&sent)),
            ("GET", [list]) if stream_of(list).is_some() => {
                self.list(stream_of(list).unwrap_or(Stream::Customers), &query, twist)
            }
            ("GET", [list, "code", code]) => match stream_of(list) {
                Some(stream) => self.by_code(stream, code),
                None => Err(missing_route(path)),
            },
            ("GET", ["products", "code"]) => {
                self.by_code(Stream::Products, query.get("code").unwrap_or_default())
            }
            ("GET", [list, id]) => match (stream_of(list), id.parse::<i64>()) {
                (Some(stream), Ok(id)) => self.detail(stream, id),
                (Some(_), Err(_)) => Err(refuse(400, "ArgumentException", "Mã không hợp lệ")),
                (None, _) => Err(missing_route(path)),
            },
            ("POST", ["customers"]) => sent().and_then(|sent| self.create_customer(&sent)),
            ("PUT", ["customers", id]) => sent().and_then(|sent| self.update_customer(id, &sent)),
            ("DELETE", ["customers", id]) => self.delete_customer(id),
            ("POST", [list @ ("orders" | "invoices")]) => {
                sent().and_then(|sent| self.create_document(stream_of(list).unwrap_or(Stream::Orders), &sent))
            }
            ("PUT", [list @ ("orders" | "invoices"), id]) => sent()
                .and_then(|sent| self.update_document(stream_of(list).unwrap_or(Stream::Orders), id, &sent)),
            ("DELETE", ["orders", id]) => self.cancel_document(Stream::Orders, id),
            ("DELETE", ["invoices"]) => sent().and_then(|sent| {
                let id = sent.get("id").map(ToString::to_string).unwrap_or_default();
                self.cancel_document(Stream::Invoices, id.trim_matches('"'))
            }),
            _ => Err(missing_route(path)),
        };
        result.unwrap_or_else(|answer| answer)
    }

    fn token(&self, method: &str, body: &[u8]) -> Answer {
        if method != "POST" {
            return Answer::json(405, &json!({ "error": "invalid_request" }));
        }
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
        let field =
            |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        if field("grant_type") != "client_credentials" {
            return Answer::json(400, &json!({ "error": "unsupported_grant_type" }));
        }
        let mut state = self.state();
        if field("client_id") != self.options.client_id || field("client_secret") != state.secret {
            return Answer::json(400, &json!({ "error": "invalid_client" }));
        }
        let life = self.options.token_life;
        let serial = state.serial();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = format!(
            "{}.{}.{}",
            part(&json!({ "alg": "RS256", "typ": "at+jwt" })),
            part(&json!({
                "client_RetailerCode": self.options.retailer, "client_RetailerId": RETAILER_ID.to_string(), "client_UserId": "99001",
                "exp": state.now_ms() / 1000 + i64::try_from(life.as_secs()).unwrap_or(86_400), "jti": serial,
            })),
            URL_SAFE_NO_PAD.encode(format!("not-a-real-signature-{serial}")),
        );
        let now = Instant::now();
        state.tokens.retain(|_, ends| *ends > now);
        state.tokens.insert(token.clone(), now + life);
        Answer::ok(&json!({
            "access_token": token, "expires_in": life.as_secs(), "token_type": "Bearer", "scope": "PublicApi.Access",
        }))
    }

    fn refuse_stranger(&self, asked: &Asked) -> Option<Answer> {
        let known = asked.bearer().and_then(|token| self.state().tokens.get(token).copied());
        if known.is_none_or(|ends| ends <= Instant::now()) {
            return Some(refuse(401, "TokenException", "Mã truy cập không hợp lệ hoặc đã hết hạn"));
        }
        match asked.header("retailer") {
            Some(name) if name.eq_ignore_ascii_case(&self.options.retailer) => None,
            Some(_) => {
                Some(refuse(420, "KvException", "Gian hàng không tồn tại hoặc không thuộc kết nối này"))
            }
            None => Some(refuse(420, "KvException", "Thiếu tên gian hàng (Retailer)")),
        }
    }

    fn refuse_haste(&self, method: &str) -> Option<Answer> {
        let (limit, per) = self.options.rate_limit.filter(|_| method == "GET")?;
        (!self.state().window.takes(limit, per)).then(throttled)
    }

    fn list(&self, stream: Stream, query: &Query, twist: Twist) -> Result<Answer, Answer> {
        let mut guard = self.state();
        let state = &mut *guard;
        let shop = self.shop();
        let lag = millis(self.options.lag);
        let known = (lag > 0).then(|| state.now_ms().saturating_sub(lag));
        let window = Window { from: query.time("lastmodifiedfrom")?, to: query.time("todate")?, known };
        let size = query.number("pagesize").and_then(|size| u64::try_from(size).ok());
        let size = size.filter(|size| *size > 0).unwrap_or(20).min(MAX_PAGE);
        let offset = query.number("currentitem").and_then(|at| u64::try_from(at).ok()).unwrap_or(0);
        let descending = query.get("orderdirection").is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        let order = query.get("orderby").map(str::to_ascii_lowercase);
        let serial = state.serial();
        let now = state.now_ms();
        let filters = Filters::read(stream, query)?;
        let table = state.table(stream);
        let name = query.name();
        let selection = match order.as_deref() {
            None | Some("id" | "createddate" | "purchasedate" | "returndate" | "categoryid")
                if filters.is_empty() =>
            {
                table.by_id(shop, window)
            }
            Some("modifieddate") => table.listed(
                shop,
                window,
                &name,
                |table, row| filters.keep(table, shop, row),
                |table, row| table.changed(shop, row),
            ),
            Some(field @ ("name" | "code" | "branchname" | "categoryname" | "username")) => {
                let key = match field {
                    "branchname" => "branchName",
                    "categoryname" => "categoryName",
                    "username" => "userName",
                    other => other,
                };
                table.listed(
                    shop,
                    window,
                    &name,
                    |table, row| filters.keep(table, shop, row),
                    |table, row| table.json(shop, row).get(key).map(ToString::to_string).unwrap_or_default(),
                )
            }
            _ => table.listed(
                shop,
                window,
                &name,
                |table, row| filters.keep(table, shop, row),
                |table, row| table.id_of(row),
            ),
        };
        let rows = selection.len();
        let mut start = offset;
        let repeat = twist.repeat_tail || (self.options.repeat_tail && offset >= rows);
        if repeat && rows > 0 {
            start = (rows - 1) / size * size;
        }
        let end = (start + size).min(rows);
        let shuffle = (self.options.unstable_sort && order.is_none()).then(|| Shuffle::new(serial, rows));
        let place = |at: u64| match (&shuffle, descending) {
            (Some(shuffle), _) => shuffle.place(at),
            (None, true) => rows - 1 - at,
            (None, false) => at,
        };

        let mut out = Out(Vec::with_capacity(96 * 1024));
        out.raw("{");
        if (query.is_on("includeremoveids") || stream == Stream::Categories)
            && let Some(key) = removed_key(self.options.removed_key, stream)
        {
            let gone = table.gone.iter().filter(|(_, at)| window.from.is_none_or(|from| **at >= from));
            out.raw("\"").raw(key).raw("\":[");
            for (at, (id, _)) in gone.enumerate() {
                out.raw(if at > 0 { "," } else { "" }).int(*id);
            }
            out.raw("],");
        }
        let overstated = if self.options.repeat_tail && rows > 0 { 7 } else { 0 };
        out.raw("\"total\":").int(rows as i64 + overstated).raw(",\"pageSize\":").int(size as i64);
        if start < end {
            out.raw(",\"data\":[");
            let include = include_of(stream, query);
            let mut comma = "";
            if self.options.totals_row && stream == Stream::Customers && offset == 0 {
                out.raw("{\"id\":-1,\"debt\":123456789.0000,\"totalInvoiced\":987654321.0000}");
                comma = ",";
            }
            for at in start..end {
                out.raw(comma);
                comma = ",";
                let row = table.row(&selection, place(at));
                if twist.broken_row == usize::try_from(at - start).ok() {
                    let mut json = table.json(shop, row);
                    break_row(stream, &mut json);
                    out.raw(&Value::Object(json).to_string());
                } else if filters.hides_number && self.options.hide_contact_number {
                    let mut json = table.json(shop, row);
                    json.remove("contactNumber");
                    out.raw(&Value::Object(json).to_string());
                } else {
                    table.write(shop, row, include, &mut out);
                }
            }
            out.raw("]");
        }
        out.raw(",\"timestamp\":\"").wall(now).raw("+07:00\"}");
        let first = (start < end).then(|| table.id_of(table.row(&selection, place(start))));
        if let (Some(drift), Some(first)) = (twist.drift, first) {
            match drift {
                Drift::Delete => drop(table.remove(first, now)),
                Drift::Modify => drop(change_row(shop, table, first, now, |_| {})),
                Drift::Insert => drop(insert(self, state, stream)),
            }
        }
        Ok(Answer::bytes(200, out.0))
    }

    fn detail(&self, stream: Stream, id: i64) -> Result<Answer, Answer> {
        let mut state = self.state();
        let table = state.table(stream);
        let row = table.find(id).ok_or_else(|| self.missing(stream))?;
        let mut out = Out::default();
        let wrapped = stream == Stream::Categories;
        out.raw(if wrapped { "{\"data\":" } else { "" });
        table.write(self.shop(), row, Include::ALL, &mut out);
        out.raw(if wrapped { "}" } else { "" });
        Ok(Answer::bytes(200, out.0))
    }

    fn by_code(&self, stream: Stream, code: &str) -> Result<Answer, Answer> {
        if stream == Stream::Products && code.contains(['*', '+', '#', '(', ')']) {
            return Err(refuse(400, "ArgumentException", "Mã hàng không hợp lệ"));
        }
        let id = find_code(self, &mut self.state(), stream, code).ok_or_else(|| self.missing(stream))?;
        self.detail(stream, id)
    }

    /// The answer to a read of what is not there.
    fn missing(&self, stream: Stream) -> Answer {
        if self.options.bare_missing { Answer::bytes(404, Vec::new()) } else { missing(stream) }
    }

    fn create_customer(&self, sent: &Map<String, Value>) -> Result<Answer, Answer> {
        let refuse = |message: &str| refuse(420, "KvValidateCustomerException", message);
        let text =
            |key: &str| sent.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        if text("name").is_none() {
            return Err(refuse("Tên khách hàng không được để trống"));
        }
        let mut state = self.state();
        if text("code").is_some_and(|code| find_code(self, &mut state, Stream::Customers, code).is_some()) {
            return Err(refuse("Mã khách hàng đã tồn tại"));
        }
        if let Some(branch) = sent.get("branchId") {
            let id = branch.as_i64().or_else(|| branch.get(0).and_then(Value::as_i64));
            if id.is_none_or(|id| state.table(Stream::Branches).find(id).is_none()) {
                return Err(missing(Stream::Branches));
            }
        }
        if let Some(phone) = text("contactNumber").filter(|_| self.options.refuse_known_phone) {
            let filters = Filters { phone: Some(digits(phone)), ..Filters::default() };
            let table = state.table(Stream::Customers);
            let all = table.by_id(self.shop(), Window::default());
            if (0..all.len()).any(|at| filters.keep(table, self.shop(), table.row(&all, at))) {
                return Err(refuse("Số điện thoại đã tồn tại"));
            }
        }
        let id = new_customer(&mut state, sent);
        state.tell(hooks::updated(Stream::Customers, id));
        let row = state.row(self.shop(), Stream::Customers, id).unwrap_or_default();
        Ok(Answer::ok(&if self.options.wrap_created {
            json!({ "message": "Cập nhật dữ liệu thành công", "data": row })
        } else {
            Value::Object(row)
        }))
    }

    fn update_customer(&self, id: &str, sent: &Map<String, Value>) -> Result<Answer, Answer> {
        let id = id.parse().map_err(|_| missing(Stream::Customers))?;
        let mut state = self.state();
        if let Some(code) = sent.get("code").and_then(Value::as_str)
            && find_code(self, &mut state, Stream::Customers, code).is_some_and(|other| other != id)
        {
            return Err(refuse(420, "KvValidateCustomerException", "Mã khách hàng đã tồn tại"));
        }
        if !state.change(self.shop(), Stream::Customers, id, |row| apply_customer(row, id, sent)) {
            return Err(missing(Stream::Customers));
        }
        let row = state.row(self.shop(), Stream::Customers, id).unwrap_or_default();
        Ok(Answer::ok(&json!({ "message": "Cập nhật dữ liệu thành công", "data": row })))
    }

    fn delete_customer(&self, id: &str) -> Result<Answer, Answer> {
        let mut state = self.state();
        let now = state.now_ms();
        let id = id.parse().unwrap_or(0);
        let removed = state.table(Stream::Customers).remove(id, now);
        if removed {
            state.tell(hooks::deleted(Stream::Customers, id));
            Ok(Answer::ok(&json!({ "message": "Xóa dữ liệu thành công" })))
        } else {
            Err(missing(Stream::Customers))
        }
    }

    fn create_document(&self, stream: Stream, sent: &Map<String, Value>) -> Result<Answer, Answer> {
        let mut state = self.state();
        self.check_document(&mut state, stream, sent)?;
        let status = sent.get("status").and_then(Value::as_i64).unwrap_or(1);
        let makes_invoice =
            stream == Stream::Orders && sent.get("makeInvoice").and_then(Value::as_bool) == Some(true);
        let id = new_document(self, &mut state, stream, sent, if makes_invoice { 3 } else { status });
        state.tell(hooks::updated(stream, id));
        if makes_invoice {
            self.invoice_order(&mut state, id);
        }
        Ok(self.shown(&mut state, stream, id))
    }

    /// The answer that shows a row as it is now.
    fn shown(&self, state: &mut State, stream: Stream, id: i64) -> Answer {
        Answer::ok(&state.row(self.shop(), stream, id).unwrap_or_default().into())
    }

    fn invoice_order(&self, state: &mut State, order: i64) {
        let Some(mut sale) = state.row(self.shop(), Stream::Orders, order) else { return };
        if let Some(lines) = sale.remove("orderDetails") {
            sale.insert("invoiceDetails".into(), lines);
        }
        if let Some(delivery) = sale.remove("orderDelivery") {
            sale.insert("deliveryDetail".into(), delivery);
        }
        sale.insert("orderId".into(), order.into());
        sale.remove("code");
        let id = new_document(self, state, Stream::Invoices, &sale, 1);
        state.tell(hooks::updated(Stream::Invoices, id));
    }

    fn check_document(
        &self,
        state: &mut State,
        stream: Stream,
        sent: &Map<String, Value>,
    ) -> Result<(), Answer> {
        let branch = sent.get("branchId").and_then(Value::as_i64);
        if branch.is_none_or(|id| state.table(Stream::Branches).find(id).is_none()) {
            return Err(missing(Stream::Branches));
        }
        let lines = sent.get(details_key(stream)).and_then(Value::as_array).filter(|lines| !lines.is_empty());
        let Some(lines) = lines else { return Err(missing(Stream::Products)) };
        for line in lines {
            if product_of(self, state, line).is_none() {
                return Err(missing(Stream::Products));
            }
        }
        if let Some(customer) = customer_id(sent)
            && state.table(Stream::Customers).find(customer).is_none()
        {
            return Err(missing(Stream::Customers));
        }
        if let Some(seller) = sent.get("soldById").and_then(Value::as_i64)
            && state.table(Stream::Users).find(seller).is_none()
        {
            return Err(missing(Stream::Users));
        }
        if let Some(channel) = sent.get("saleChannelId").and_then(Value::as_i64)
            && !(CHANNEL..CHANNEL + CHANNELS.len() as i64).contains(&channel)
        {
            return Err(refuse(420, "KvValidateSaleChannelException", "Kênh bán không tồn tại"));
        }
        Ok(())
    }

    fn update_document(&self, stream: Stream, id: &str, sent: &Map<String, Value>) -> Result<Answer, Answer> {
        let id = id.parse().map_err(|_| missing(stream))?;
        let mut state = self.state();
        let replaced = document_json(self, &mut state, stream, sent, None);
        let makes_invoice =
            stream == Stream::Orders && sent.get("makeInvoice").and_then(Value::as_bool) == Some(true);
        let found = state.change(self.shop(), stream, id, |row| {
            let has_lines = sent.contains_key(details_key(stream));
            for (key, value) in replaced {
                let computed = ["total", "id", "code", "retailerId", "orderCode", "uuid"]
                    .contains(&key.as_str())
                    || key == details_key(stream);
                if !computed || (has_lines && (key == "total" || key == details_key(stream))) {
                    row.insert(key, value);
                }
            }
            if let Some(status) = sent.get("status").and_then(Value::as_i64).or(makes_invoice.then_some(3)) {
                row.insert("status".into(), status.into());
                row.insert("statusValue".into(), label(stream, status).into());
            }
        });
        if !found {
            return Err(missing(stream));
        }
        if makes_invoice {
            self.invoice_order(&mut state, id);
        }
        Ok(self.shown(&mut state, stream, id))
    }

    fn cancel_document(&self, stream: Stream, id: &str) -> Result<Answer, Answer> {
        let id = id.parse().map_err(|_| missing(stream))?;
        let mut state = self.state();
        let (code, label) = cancelled(stream);
        let found = state.change(self.shop(), stream, id, |row| {
            row.insert("status".into(), code.into());
            row.insert("statusValue".into(), label.into());
        });
        if !found {
            return Err(missing(stream));
        }
        if stream == Stream::Orders {
            return Ok(Answer::ok(&json!({ "message": "Hủy phiếu đặt hàng thành công" })));
        }
        Ok(self.shown(&mut state, stream, id))
    }

    fn add_payment(&self, sent: &Map<String, Value>) -> Result<Answer, Answer> {
        let mut state = self.state();
        let now = state.now_ms();
        state.payments += 1;
        let number = state.payments;
        let invoice =
            sent.get("invoiceId").and_then(Value::as_i64).ok_or_else(|| missing(Stream::Invoices))?;
        let amount = sent.get("amount").and_then(Value::as_f64).unwrap_or_default();
        let method = sent.get("method").cloned().unwrap_or_else(|| "Cash".into());
        let code = format!("TT{number}");
        let mut document = Value::Null;
        let found = state.change(self.shop(), Stream::Invoices, invoice, |row| {
            document = row.get("code").cloned().unwrap_or_default();
            let paid = row.get("totalPayment").and_then(Value::as_f64).unwrap_or_default();
            row.insert("totalPayment".into(), whole(paid + amount));
            let payment = json!({
                "id": number, "code": code, "amount": whole(amount), "method": method, "status": 0, "statusValue": "Đã thanh toán",
                "transDate": wall(now),
            });
            match row.entry("payments").or_insert_with(|| json!([])) {
                Value::Array(list) => list.push(payment),
                other => *other = json!([payment]),
            }
        });
        if !found {
            return Err(missing(Stream::Invoices));
        }
        Ok(Answer::ok(&json!({
            "paymentId": number, "paymentCode": code, "amount": whole(amount), "method": method, "accountId": sent.get("accountId"),
            "invoiceId": invoice, "DocumentCode": document,
        })))
    }
}

fn removed_key(choice: RemovedKey, stream: Stream) -> Option<&'static str> {
    Some(match (choice, stream) {
        (_, Stream::Orders | Stream::Invoices | Stream::Returns) => return None,
        (RemovedKey::Documented, Stream::Customers | Stream::Products) | (RemovedKey::RemoveId, _) => {
            "removeId"
        }
        (RemovedKey::Documented, Stream::Users) | (RemovedKey::RemoveIds, _) => "removeIds",
        (RemovedKey::Documented | RemovedKey::RemovedIds, _) => "removedIds",
        (RemovedKey::RemovedId, _) => "removedId",
    })
}

fn include_of(stream: Stream, query: &Query) -> Include {
    let mut include = Include::NONE;
    let mut on = |name: &str, flag: Include| {
        if query.is_on(name) {
            include.0 |= flag.0;
        }
    };
    match stream {
        Stream::Customers => {
            on("includetotal", Include::TOTAL);
            on("includecustomergroup", Include::GROUP);
            on("includecustomersocial", Include::SOCIAL);
        }
        Stream::Orders => {
            on("includepayment", Include::PAYMENT);
            on("includeorderdelivery", Include::DELIVERY);
        }
        Stream::Invoices => {
            on("includepayment", Include::PAYMENT);
            on("includeinvoicedelivery", Include::DELIVERY);
            on("salechannel", Include::CHANNEL);
            on("includesalechannel", Include::CHANNEL);
        }
        Stream::Returns => on("includepayment", Include::PAYMENT),
        Stream::Products => {
            on("includeinventory", Include::STOCK);
            on("includepricebook", Include::PRICES);
        }
        _ => {}
    }
    include
}

/// A one-to-one rearrangement of positions that differs from request to request.
struct Shuffle {
    rows: u64,
    factor: u64,
    shift: u64,
}

impl Shuffle {
    fn new(serial: u64, rows: u64) -> Self {
        let mut dice = Dice::new(serial, 71, rows);
        let mut factor = 1 + dice.below(rows.max(1));
        while gcd(factor, rows.max(1)) != 1 {
            factor += 1;
        }
        Self { rows: rows.max(1), factor, shift: dice.below(rows.max(1)) }
    }

    fn place(&self, at: u64) -> u64 {
        ((u128::from(at) * u128::from(self.factor) + u128::from(self.shift)) % u128::from(self.rows)) as u64
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn break_row(stream: Stream, row: &mut Map<String, Value>) {
    let (key, value) = match stream {
        Stream::Customers => ("debt", json!("không phải số")),
        Stream::Orders | Stream::Invoices => ("total", json!("không phải số")),
        Stream::Returns => ("returnTotal", json!("không phải số")),
        Stream::Products => ("basePrice", json!("không phải số")),
        Stream::Branches => ("branchName", json!({ "value": [1] })),
        Stream::Categories => ("categoryName", json!({ "value": [1] })),
        _ => ("userName", json!({ "value": [1] })),
    };
    row.insert(key.into(), value);
}

/// What narrows a list besides the time of change.
#[derive(Debug, Default)]
struct Filters {
    phone: Option<String>,
    hides_number: bool,
    members: Vec<(&'static str, Vec<String>)>,
    contains: Vec<(&'static str, String)>,
    created_from: Option<i64>,
    bought: Window,
}

impl Filters {
    fn read(stream: Stream, query: &Query) -> Result<Self, Answer> {
        let mut filters = Self::default();
        let mut equal = |name: &str, key: &'static str| {
            let values: Vec<String> = query.list(name).into_iter().map(str::to_owned).collect();
            if !values.is_empty() {
                filters.members.push((key, values));
            }
        };
        match stream {
            Stream::Customers => {
                equal("code", "code");
                equal("groupid", "groupId");
            }
            Stream::Orders | Stream::Invoices | Stream::Returns => {
                equal("branchids", "branchId");
                equal("customerids", "customerId");
                equal("customercode", "customerCode");
                equal("status", "status");
                equal("salechannelid", "saleChannelId");
                equal("orderid", "orderId");
            }
            Stream::Products => {
                equal("categoryid", "categoryId");
                equal("masterproductid", "masterProductId");
                equal("isactive", "isActive");
                equal("producttype", "type");
                equal("code", "code");
            }
            _ => {}
        }
        if stream == Stream::Customers {
            filters.phone = query.get("contactnumber").map(digits);
            filters.hides_number = filters.phone.is_some();
        }
        if let Some(name) = query.get("name") {
            filters.contains.push(("name", name.to_lowercase()));
        }
        filters.created_from = query.time("createddate")?;
        let day =
            |at: Option<i64>| at.map(|at| (at + OFFSET_MS).div_euclid(86_400_000) * 86_400_000 - OFFSET_MS);
        filters.bought.from = day(query.time("frompurchasedate")?);
        filters.bought.to = day(query.time("topurchasedate")?).map(|at| at + 86_400_000 - 1);
        Ok(filters)
    }

    fn is_empty(&self) -> bool {
        self.phone.is_none()
            && self.members.is_empty()
            && self.contains.is_empty()
            && self.created_from.is_none()
            && self.bought == Window::default()
    }

    fn keep(&self, table: &super::Table, shop: &crate::seed::Shop, row: RowRef) -> bool {
        let created = table.created(shop, row);
        // What can be decided without writing the row is decided first.
        if self.created_from.is_some_and(|from| created < from) || !self.bought.holds(created) {
            return false;
        }
        if let (RowRef::Seeded(index), Stream::Customers, Some(wanted)) = (row, table.stream, &self.phone) {
            let phone = shop.customer(index).phone().unwrap_or_default();
            if !digits(&phone).contains(wanted.as_str()) {
                return false;
            }
        }
        if let (RowRef::Seeded(index), Stream::Customers) = (row, table.stream) {
            let wanted = self.members.iter().find(|(key, _)| *key == "code");
            if wanted.is_some_and(|(_, codes)| !codes.iter().any(|code| *code == customer_code(shop, index)))
            {
                return false;
            }
        }
        if let (RowRef::Seeded(index), Stream::Orders | Stream::Invoices) = (row, table.stream) {
            if let Some((_, ids)) = self.members.iter().find(|(key, _)| *key == "customerId") {
                let seeded =
                    if table.stream == Stream::Orders { shop.order(index) } else { shop.invoice(index) };
                let id =
                    seeded.customer.map(|customer| render::id_of(render::CUSTOMER, customer).to_string());
                if id.is_none_or(|id| !ids.contains(&id)) {
                    return false;
                }
            }
            if let (Stream::Invoices, Some((_, ids))) =
                (table.stream, self.members.iter().find(|(key, _)| *key == "orderId"))
            {
                let id = shop.invoice(index).other.map(|order| {
                    let base = render::base_of(render::ORDER, table.numbering);
                    render::id_of(base, order).to_string()
                });
                if id.is_none_or(|id| !ids.contains(&id)) {
                    return false;
                }
            }
        }
        if self.members.is_empty() && self.contains.is_empty() && self.phone.is_none() {
            return true;
        }
        let json = table.json(shop, row);
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let phone = self.phone.as_ref().is_none_or(|wanted| {
            ["contactNumber", "subNumber"].iter().any(|key| {
                json.get(*key).is_some_and(|value| digits(&plain(value)).contains(wanted.as_str()))
            })
        });
        phone
            && self.members.iter().all(|(key, wanted)| {
                if *key == "groupId" {
                    let groups = json.get("groups").and_then(Value::as_str).unwrap_or_default();
                    return wanted.iter().filter_map(|id| id.parse::<i64>().ok()).any(|id| {
                        usize::try_from(id - GROUP)
                            .ok()
                            .and_then(|at| GROUPS.get(at))
                            .is_some_and(|name| groups.contains(name))
                    });
                }
                json.get(*key).is_some_and(|value| wanted.contains(&plain(value)))
            })
            && self.contains.iter().all(|(key, wanted)| {
                json.get(*key).is_some_and(|value| plain(value).to_lowercase().contains(wanted.as_str()))
            })
    }
}

fn customer_code(shop: &crate::seed::Shop, index: u64) -> String {
    let mut out = Out::default();
    render::customer_code(&mut out, shop.customer(index).buyer, index);
    String::from_utf8(out.0).unwrap_or_default()
}

/// The id of the row with a code.
fn find_code(inner: &Inner, state: &mut State, stream: Stream, code: &str) -> Option<i64> {
    let shop = inner.shop();
    let table = state.table(stream);
    let kept =
        table.kept.iter().find(|(_, entry)| entry.json.get("code").and_then(Value::as_str) == Some(code));
    if let Some((id, _)) = kept {
        return Some(*id);
    }
    let tail: String =
        code.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
    let number: u64 = tail.parse().ok()?;
    let guesses = match stream {
        Stream::Customers => [number.checked_sub(1), number.checked_sub(900_000)],
        // A reissue (`HD000009.01`) comes right after its predecessor.
        Stream::Invoices if code.contains('.') => {
            let first: u64 =
                code.split('.').next()?.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
            [Some(first), None]
        }
        _ => [number.checked_sub(1), number.checked_sub(2_405_000_000)],
    };
    guesses.into_iter().flatten().filter(|index| *index < table.count).find_map(|index| {
        let mut out = Out::default();
        match stream {
            Stream::Customers => render::customer_code(&mut out, shop.customer(index).buyer, index),
            Stream::Orders => render::order_code(&mut out, &shop.order(index)),
            Stream::Invoices => render::invoice_code(&mut out, &shop.invoice(index)),
            _ => drop(out.raw("TH").pad(index + 1, 6).0.len()),
        }
        let id = table.id_of(RowRef::Seeded(index));
        (out.0 == code.as_bytes() && matches!(table.find(id), Some(RowRef::Seeded(_)))).then_some(id)
    })
}

fn apply_customer(row: &mut Map<String, Value>, id: i64, sent: &Map<String, Value>) {
    const TAKEN: &str = "code name gender birthDate contactNumber subNumber identificationNumber IdentificationNumber \
        address locationName wardName email comments organization taxCode type psidFacebook";
    for key in TAKEN.split(' ') {
        if let Some(value) = sent.get(key).filter(|value| !value.is_null()) {
            row.insert(key.into(), value.clone());
        }
    }
    if let Some(Value::String(birth)) = row.get_mut("birthDate")
        && birth.len() == 19
    {
        birth.push_str(".0000000");
    }
    let branch = sent
        .get("branchId")
        .and_then(|branch| branch.as_i64().or_else(|| branch.get(0).and_then(Value::as_i64)));
    if let Some(branch) = branch {
        row.insert("branchId".into(), branch.into());
    }
    if let Some(ids) = sent.get("groupIds").and_then(Value::as_array) {
        let ids: Vec<i64> = ids.iter().filter_map(Value::as_i64).collect();
        let names: Vec<&str> = ids
            .iter()
            .filter_map(|id| usize::try_from(id - GROUP).ok())
            .filter_map(|at| GROUPS.get(at).copied())
            .collect();
        row.insert("groups".into(), names.join(",").into());
        let details: Vec<Value> = ids
            .iter()
            .map(|group| json!({ "id": 880_000 + group, "customerId": id, "groupId": group }))
            .collect();
        row.insert("customerGroupDetails".into(), details.into());
    }
}

pub(super) fn new_customer(state: &mut State, sent: &Map<String, Value>) -> i64 {
    let now = state.now_ms();
    let table = state.table(Stream::Customers);
    let id = table.take_id();
    let number = table.index_free(id);
    let mut row = object(json!({
        "id": id, "code": format!("KH{:06}", number + 1), "retailerId": RETAILER_ID, "branchId": BRANCH, "type": 0, "debt": 0,
        "totalInvoiced": 0, "totalRevenue": 0, "totalPoint": 0, "groups": "", "createdDate": wall(now),
    }));
    apply_customer(&mut row, id, sent);
    table.put(id, Entry { json: row, created: now, modified: None });
    id
}

fn details_key(stream: Stream) -> &'static str {
    match stream {
        Stream::Orders => "orderDetails",
        Stream::Returns => "returnDetails",
        _ => "invoiceDetails",
    }
}

pub(super) fn cancelled(stream: Stream) -> (i64, &'static str) {
    (if stream == Stream::Orders { 4 } else { 2 }, "Đã hủy")
}

fn label(stream: Stream, status: i64) -> &'static str {
    let table: &[_] = if stream == Stream::Orders { &render::ORDER_STATES } else { &render::INVOICE_STATES };
    table.iter().find(|(_, code, _)| *code == status).map_or("", |(_, _, label)| *label)
}

fn customer_id(sent: &Map<String, Value>) -> Option<i64> {
    let flat = sent.get("customerId").and_then(Value::as_i64);
    flat.or_else(|| sent.get("customer")?.get("id")?.as_i64()).filter(|id| *id > 0)
}

fn product_of(inner: &Inner, state: &mut State, line: &Value) -> Option<Map<String, Value>> {
    let by_id = line.get("productId").and_then(Value::as_i64).filter(|id| *id > 0);
    let id = match by_id {
        Some(id) => id,
        None => find_code(inner, state, Stream::Products, line.get("productCode")?.as_str()?)?,
    };
    state.row(inner.shop(), Stream::Products, id)
}

/// A whole number where it is one.
fn whole(amount: f64) -> Value {
    if amount.fract() == 0.0 { json!(amount as i64) } else { json!(amount) }
}

fn document_json(
    inner: &Inner,
    state: &mut State,
    stream: Stream,
    sent: &Map<String, Value>,
    id: Option<i64>,
) -> Map<String, Value> {
    let shop = inner.shop();
    let now = state.now_ms();
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_f64).unwrap_or_default();
    let all = Value::Object(sent.clone());
    let mut lines = Vec::new();
    let mut goods = 0.0;
    for line in sent.get(details_key(stream)).and_then(Value::as_array).into_iter().flatten() {
        let Some(product) = product_of(inner, state, line) else { continue };
        let price = if line.get("price").is_some() {
            number(line, "price")
        } else {
            product["basePrice"].as_f64().unwrap_or_default()
        };
        let quantity = if line.get("quantity").is_some() { number(line, "quantity") } else { 1.0 };
        let discount = number(line, "discount");
        let amount = quantity * (price - discount);
        goods += amount;
        let mut row = json!({
            "productId": product["id"], "productCode": product["code"], "productName": product["fullName"], "quantity": whole(quantity),
            "price": whole(price), "discount": whole(discount), "note": line.get("note").cloned().unwrap_or_else(|| "".into()),
        });
        if stream == Stream::Orders {
            row["isMaster"] = true.into();
        } else {
            row["subTotal"] = whole(amount);
            row["usePoint"] = true.into();
            row["serialNumbers"] = "".into();
            row["returnQuantity"] = 0.into();
        }
        lines.push(row);
    }
    let discount = number(&all, "discount");
    let surcharges: f64 = sent
        .get("surchages")
        .or_else(|| sent.get("invoiceOrderSurcharges"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|extra| number(extra, "price"))
        .sum();
    let total = goods - discount + surcharges;
    let paid = number(&all, "totalPayment");
    let mut row = object(json!({ "retailerId": RETAILER_ID, "total": whole(total), "usingCod": false }));
    row.insert(details_key(stream).into(), lines.into());
    row.insert("totalPayment".into(), whole(paid));
    if discount != 0.0 {
        row.insert("discount".into(), whole(discount));
    }
    for key in ["description", "saleChannelId", "usingCod", "branchId", "soldById", "uuid"] {
        if let Some(value) = sent.get(key).filter(|value| !value.is_null()) {
            row.insert(key.into(), value.clone());
        }
    }
    let delivery_key = if stream == Stream::Orders { "orderDelivery" } else { "invoiceDelivery" };
    if let Some(Value::Object(delivery)) = sent.get("orderDelivery").or_else(|| sent.get("deliveryDetail")) {
        let mut delivery = delivery.clone();
        delivery.entry("deliveryCode").or_insert_with(|| "".into());
        row.insert(delivery_key.into(), delivery.into());
        row.insert("usingCod".into(), true.into());
    }
    if surcharges != 0.0 {
        row.insert(
            "invoiceOrderSurcharges".into(),
            json!([{ "id": 1, "surchargeName": "Phí vận chuyển", "price": whole(surcharges), "surValue": whole(surcharges), "createdDate": wall(now) }]),
        );
    }
    if paid > 0.0 {
        state.payments += 1;
        let method = sent.get("method").cloned().unwrap_or_else(|| "Cash".into());
        row.insert(
            "payments".into(),
            json!([{
                "id": state.payments, "code": format!("TT{}", state.payments), "amount": whole(paid), "method": method, "status": 0,
                "statusValue": "Đã thanh toán", "transDate": wall(now),
            }]),
        );
    }
    if let Some(branch) = row.get("branchId").and_then(Value::as_i64)
        && let Some(name) = name_of(state, shop, Stream::Branches, branch, "branchName")
    {
        row.insert("branchName".into(), name);
    }
    if let Some(seller) = row.get("soldById").and_then(Value::as_i64)
        && let Some(name) = name_of(state, shop, Stream::Users, seller, "givenName")
    {
        row.insert("soldByName".into(), name);
    }
    let mut customer = customer_id(sent);
    if customer.is_none() && id.is_some() {
        // A buyer in words becomes a customer.
        let buyer = sent.get("customer").and_then(Value::as_object);
        if let Some(buyer) = buyer
            .filter(|buyer| buyer.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty()))
        {
            let known = buyer
                .get("code")
                .and_then(Value::as_str)
                .and_then(|code| find_code(inner, state, Stream::Customers, code));
            customer = known.or_else(|| Some(new_customer(state, &buyer.clone())));
        }
    }
    if let Some(customer) = customer {
        row.insert("customerId".into(), customer.into());
        for (from, to) in [("code", "customerCode"), ("name", "customerName")] {
            if let Some(value) = name_of(state, shop, Stream::Customers, customer, from) {
                row.insert(to.into(), value);
            }
        }
    }
    row
}

pub(super) fn new_document(
    inner: &Inner,
    state: &mut State,
    stream: Stream,
    sent: &Map<String, Value>,
    status: i64,
) -> i64 {
    let now = state.now_ms();
    let id = state.table(stream).take_id();
    let mut row = document_json(inner, state, stream, sent, Some(id));
    let number = state.table(stream).index_free(id);
    let prefix = if stream == Stream::Orders { "DH" } else { "HD" };
    row.insert("id".into(), id.into());
    row.insert("code".into(), format!("{prefix}{:06}", number + 1).into());
    row.insert("status".into(), status.into());
    row.insert("statusValue".into(), label(stream, status).into());
    let bought = sent.get("purchaseDate").and_then(Value::as_str).and_then(read_time).unwrap_or(now);
    row.insert("purchaseDate".into(), wall(bought).into());
    row.insert("createdDate".into(), wall(now).into());
    row.entry("soldByName").or_insert_with(|| "Thu ngân Mẫu".into());
    row.entry("soldById").or_insert_with(|| USER.into());
    if stream == Stream::Invoices {
        row.insert("uuid".into(), format!("W{id:015}").into());
        let order = sent.get("orderId").and_then(Value::as_i64);
        let code = order.and_then(|order| name_of(state, inner.shop(), Stream::Orders, order, "code"));
        row.insert("orderCode".into(), code.unwrap_or_else(|| "".into()));
        if let Some(order) = order {
            row.insert("orderId".into(), order.into());
        }
        if status == 1 && !sent.contains_key("totalPayment") {
            let total = row.get("total").cloned().unwrap_or_default();
            row.insert("totalPayment".into(), total);
        }
    }
    let buyer = row.get("customerId").and_then(Value::as_i64).filter(|_| stream == Stream::Invoices);
    let amount = |key: &str| row.get(key).and_then(Value::as_f64).unwrap_or_default();
    let (total, owed) = (amount("total"), amount("total") - amount("totalPayment"));
    state.table(stream).put(id, Entry { json: row, created: now, modified: None });
    if let Some(buyer) = buyer.filter(|_| inner.options.invoice_changes_customer) {
        let add = |row: &mut Map<String, Value>, key: &str, more: f64| {
            let before = row.get(key).and_then(Value::as_f64).unwrap_or_default();
            row.insert(key.into(), whole(before + more));
        };
        state.change(inner.shop(), Stream::Customers, buyer, |row| {
            add(row, "totalInvoiced", total);
            add(row, "totalRevenue", total);
            add(row, "debt", owed);
        });
    }
    id
}

/// Adds a plain row, as somebody else at the till would.
pub(super) fn insert(inner: &Inner, state: &mut State, stream: Stream) -> Option<i64> {
    let now = state.now_ms();
    let serial = state.serial();
    match stream {
        Stream::Customers => {
            Some(new_customer(state, &object(json!({ "name": format!("Khách mới Mẫu {serial}") }))))
        }
        Stream::Orders | Stream::Invoices => {
            let product = render::id_of(render::PRODUCT, 0);
            let mut sale = object(json!({ "branchId": BRANCH }));
            sale.insert(
                details_key(stream).into(),
                json!([{ "productId": product, "quantity": 1, "price": 50_000 }]),
            );
            Some(new_document(inner, state, stream, &sale, 1))
        }
        Stream::Products => {
            let table = state.table(stream);
            let id = table.take_id();
            let row = json!({
                "id": id, "code": format!("SPM{serial:06}"), "name": "Hàng mới Mẫu", "fullName": "Hàng mới Mẫu", "basePrice": 10_000,
                "retailerId": RETAILER_ID, "isActive": true, "type": 2, "createdDate": wall(now),
            });
            table.put(id, Entry { json: object(row), created: now, modified: None });
            Some(id)
        }
        _ => None,
    }
}

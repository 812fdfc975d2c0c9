//! The typed client: JSON-2 where the server has it, JSON-RPC below.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::kit::Members;
use pos_core::lenient::without_mark;
use pos_core::{Error, ErrorKind, Result, Retry, Secret, debug_only, http as core_http};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use url::Url;

use crate::answer::{List, read_result, refused_reference, result};
use crate::model::Model;
use crate::outcome::refused_login;
pub use crate::outcome::{classify, classify_at};
pub use crate::profile::MAX_PAGE;
use crate::profile::PROFILE;

/// The first version that has JSON-2 (D, M19).
const JSON2: u32 = 19;

/// How calls reach a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// `/json/2`, with the key in a header.
    Json2,
    /// `/jsonrpc`, with database, user and key in every call.
    JsonRpc {
        /// Whose key it is.
        uid: i64,
    },
}

/// What a server said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The version: 14 to 19.
    pub major: u32,
    /// How calls reach it.
    pub protocol: Protocol,
}

/// What to ask a list for. Rows come by ascending id unless something else is said, because the vendor's own order is none to
/// page by (M14, M19).
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Search {
    /// The vendor's domain, in prefix notation: `["name","=","x"]`, `"|"`, `"&"`, `"!"`.
    pub domain: Vec<Value>,
    /// Rows at most; all without it.
    pub limit: Option<u32>,
    /// Rows to leave out; no way to page a list that changes.
    pub offset: Option<u32>,
    /// `id asc` and the like.
    pub order: Option<&'static str>,
    /// The fields; those that this crate reads, as far as the server has them, without it.
    pub fields: Option<Vec<String>>,
}

debug_only!(Search { limit, offset, order, fields });

pos_core::setters! { Search {
    /// Rows at most.
    with_limit(limit: u32);
    /// Rows to leave out.
    with_offset(offset: u32);
    /// Another order.
    with_order(order: &'static str);
    /// Other fields.
    with_fields(fields: Vec<String>);
}}

impl Search {
    /// What this domain holds.
    pub fn of(domain: Vec<Value>) -> Self {
        Self { domain, ..Self::default() }
    }

    /// These records, as far as they are there and may be seen.
    pub fn ids(ids: impl IntoIterator<Item = i64>) -> Self {
        let ids: Vec<i64> = ids.into_iter().filter(|id| *id > 0).collect();
        Self::of(vec![json!(["id", "in", ids])])
    }
}

/// An instant as the vendor takes it everywhere: UTC, whole seconds, no zone. With a `T` and a zone 19 refuses it (M19).
pub fn wall(at: OffsetDateTime) -> String {
    let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]")).unwrap_or_default()
}

/// Whom calls are made for.
pub(crate) struct Access {
    pub(crate) database: String,
    pub(crate) login: String,
    pub(crate) key: Secret,
    /// Language and company, the same in every call: texts of products depend on it (M19b).
    pub(crate) context: Map<String, Value>,
}

/// Names of a model's fields; `None` for a model that the server does not have.
type Fields = Option<Arc<BTreeSet<String>>>;

#[derive(Default)]
struct Known {
    server: Option<Server>,
    fields: BTreeMap<&'static str, Fields>,
}

/// The client of one database. Cheap to clone. What the server said of its version and its fields is kept, and asked again after
/// an error that an update of the server would explain.
#[derive(Clone)]
pub struct Client {
    http: core_http::Client,
    base: Url,
    access: Arc<Access>,
    known: Arc<Mutex<Known>>,
}

impl Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.known().server).finish_non_exhaustive()
    }
}

/// What is asked.
pub(crate) struct Ask<'a> {
    /// Its name in logs and errors.
    name: &'static str,
    model: &'a str,
    method: &'a str,
    ids: Option<&'a [i64]>,
    args: Vec<(&'a str, Value)>,
    /// Whether JSON-RPC takes the arguments by their places: some have other names in older versions.
    by_place: bool,
    /// Whether once more is the same.
    repeatable: bool,
}

/// What `load` answers; under 200 also when it failed (M19b).
#[derive(Deserialize)]
struct Loaded {
    ids: Value,
    #[serde(default)]
    messages: Vec<Value>,
}

impl Client {
    pub(crate) fn new(http: core_http::Client, base: Url, access: Access) -> Self {
        Self { http, base, access: Arc::new(access), known: Arc::default() }
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// What the server says of itself: two requests at most, the first time.
    ///
    /// # Errors
    /// See [`classify`]; [`ErrorKind::Config`] when an older server needs database and login, and they are not configured.
    pub async fn server(&self) -> Result<Server> {
        if let Some(server) = self.known().server {
            return Ok(server);
        }
        let major = self.version().await?;
        let protocol =
            if major >= JSON2 { Protocol::Json2 } else { Protocol::JsonRpc { uid: self.log_in().await? } };
        let server = Server { major, protocol };
        self.known().server = Some(server);
        Ok(server)
    }

    /// `GET /web/version` (19), else `common.version` over JSON-RPC (14).
    async fn version(&self) -> Result<u32> {
        const NAME: &str = "GET /web/version";
        let newer =
            self.http.send(Call::new(NAME, Request::new(Method::GET, self.url(&["web", "version"])))).await;
        let told = match newer {
            Ok(response) => version_in(&response, "version_info"),
            // Before it was there; a server with several databases has no such page either.
            Err(error) if error.kind() == ErrorKind::Config && error.status() == Some(404) => {
                let response = self.common("common.version", "version", json!([])).await?;
                version_in(&response, "server_version_info")
            }
            Err(error) => return Err(error),
        };
        told.ok_or_else(|| {
            Error::decode("there is no Odoo at this address that tells its version").with_context(NAME)
        })
    }

    async fn common(&self, name: &'static str, method: &str, args: Value) -> Result<Response> {
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1,
                          "params": {"service": "common", "method": method, "args": args}});
        let request = Request::new(Method::POST, self.url(&["jsonrpc"])).json(&body)?;
        self.http.send(Call::new(name, request).idempotent()).await
    }

    async fn log_in(&self) -> Result<i64> {
        const NAME: &str = "common.authenticate";
        let Access { database, login, key, .. } = &*self.access;
        if database.is_empty() || login.is_empty() {
            return Err(
                PROFILE.error("this server is older than 19: it needs database and login beside the key")
            );
        }
        let response = self.common(NAME, "authenticate", json!([database, login, key.expose(), {}])).await?;
        let uid = result(&response.body)?.get().parse().ok().filter(|uid: &i64| *uid > 0);
        uid.ok_or_else(|| refused_login().with_status(response.status).with_context(NAME))
    }

    /// Sends a call the way that the server wants it.
    async fn send(&self, ask: Ask<'_>) -> Result<Response> {
        let server = self.server().await?;
        let mut context = self.access.context.clone();
        let mut args = ask.args;
        args.retain_mut(|(name, value)| match value {
            Value::Object(own) if *name == "context" => {
                context.append(own);
                false
            }
            _ => true,
        });
        let context = Value::Object(context);
        let request = match server.protocol {
            Protocol::Json2 => {
                let mut body = Map::new();
                body.extend(ask.ids.map(|ids| ("ids".to_owned(), json!(ids))));
                body.extend(args.into_iter().map(|(name, value)| (name.to_owned(), value)));
                body.insert("context".to_owned(), context);
                let request = Request::new(Method::POST, self.url(&["json", "2", ask.model, ask.method]))
                    .json(&body)?;
                match self.access.database.as_str() {
                    "" => request,
                    database => request.header("x-odoo-database", database)?,
                }
            }
            Protocol::JsonRpc { uid } => {
                let mut places: Vec<Value> = ask.ids.map(|ids| json!(ids)).into_iter().collect();
                let mut names = Map::new();
                for (name, value) in args {
                    if ask.by_place {
                        places.push(value);
                    } else {
                        names.insert(name.to_owned(), value);
                    }
                }
                names.insert("context".to_owned(), context);
                let Access { database, key, .. } = &*self.access;
                let args = json!([database, uid, key.expose(), ask.model, ask.method, places, names]);
                let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1,
                                  "params": {"service": "object", "method": "execute_kw", "args": args}});
                Request::new(Method::POST, self.url(&["jsonrpc"])).json(&body)?
            }
        };
        let call = Call::new(ask.name, request);
        let answer = self.http.send(if ask.repeatable { call.idempotent() } else { call }).await;
        // That a model is not there is an answer of `fields_get`, and no sign of another server.
        if let Err(error) = &answer
            && ask.method != "fields_get"
            && is_other_server(error)
        {
            *self.known() = Known::default();
        }
        match (answer, server.protocol) {
            (Ok(response), Protocol::JsonRpc { .. }) if !is_envelope(&response.body) => {
                let what = "the answer is none of JSON-RPC: it has no envelope";
                Err(at(Error::decode(what).with_retry(Retry::Backoff), ask.name, &response))
            }
            (answer, _) => answer,
        }
    }

    /// Names of a model's fields, as far as the user of the key may read them; `None` where the server has no such model. One
    /// request, the first time.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn fields<T: Model>(&self) -> Result<Option<Arc<BTreeSet<String>>>> {
        if let Some(fields) = self.known().fields.get(T::MODEL) {
            return Ok(fields.clone());
        }
        let ask = Ask {
            name: "fields_get",
            model: T::MODEL,
            method: "fields_get",
            ids: None,
            args: vec![("attributes", json!(["type"]))],
            by_place: false,
            repeatable: true,
        };
        let fields = match self.send(ask).await {
            Ok(response) => {
                let raw = result(&response.body)?;
                let members = Members::of(raw)?;
                Some(Arc::new(members.iter().map(|(name, _)| name.to_owned()).collect()))
            }
            Err(error) if is_no_model(&error) => None,
            Err(error) => return Err(error),
        };
        self.known().fields.insert(T::MODEL, fields.clone());
        Ok(fields)
    }

    /// Whether the server has a field.
    pub(crate) async fn has<T: Model>(&self, field: &str) -> Result<bool> {
        Ok(self.fields::<T>().await?.is_some_and(|fields| fields.contains(field)))
    }

    /// The fields to ask for: those that this crate reads and the server has, and the host's own. Without such a list a plain
    /// salesman is refused everything (M19b).
    async fn wanted<T: Model>(&self, custom: &[String]) -> Result<Vec<String>> {
        let Some(known) = self.fields::<T>().await? else {
            let what = format!("the server has no model {}: its module is not installed", T::MODEL);
            return Err(Error::config(what).with_context(T::LIST));
        };
        let of_host = custom.iter().filter_map(|path| path.split('.').next());
        let mut wanted: Vec<String> = vec!["id".to_owned()];
        for name in T::FIELDS.iter().copied().chain(of_host).filter(|name| known.contains(*name)) {
            if !wanted.iter().any(|there| there == name) {
                wanted.push(name.to_owned());
            }
        }
        Ok(wanted)
    }

    /// The answer of a list as it came. One request, one more the first time that a model is asked for.
    pub(crate) async fn rows<T: Model>(&self, search: Search, custom: &[String]) -> Result<Response> {
        let fields = match search.fields {
            Some(fields) => fields,
            None => self.wanted::<T>(custom).await?,
        };
        let mut args = vec![("domain", Value::Array(search.domain)), ("fields", json!(fields))];
        args.extend(search.limit.map(|limit| ("limit", json!(limit))));
        args.extend(search.offset.map(|offset| ("offset", json!(offset))));
        args.push(("order", json!(search.order.unwrap_or("id asc"))));
        self.send(Ask {
            name: T::LIST,
            model: T::MODEL,
            method: "search_read",
            ids: None,
            args,
            by_place: false,
            repeatable: true,
        })
        .await
    }

    /// `search_read`: what the domain holds, archived records among them. What the user may not see is left out in silence.
    ///
    /// # Errors
    /// See [`classify`]; [`ErrorKind::Config`] when the server has no such model.
    pub async fn search<T: Model>(&self, search: Search) -> Result<List<T>> {
        let response = self.rows::<T>(search, &[]).await?;
        List::of(&response).map_err(|error| at(error, T::LIST, &response))
    }

    /// `read`: these records. One that is gone is left out; one that may not be seen refuses all of them (M19b).
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] when the user may not see one of them; see [`classify`].
    pub async fn read<T: Model>(&self, ids: &[i64]) -> Result<List<T>> {
        // What is no id is answered with a row that does not exist (M19b).
        let ids: Vec<i64> = ids.iter().copied().filter(|id| *id > 0).collect();
        let fields = self.wanted::<T>(&[]).await?;
        let ask = Ask {
            name: T::READ,
            model: T::MODEL,
            method: "read",
            ids: Some(&ids),
            args: vec![("fields", json!(fields))],
            by_place: false,
            repeatable: true,
        };
        let response = self.send(ask).await?;
        List::of(&response).map_err(|error| at(error, T::READ, &response))
    }

    /// `create`: one record. It has no key of its own, so it is not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`]; [`ErrorKind::Rejected`] when something that it refers to is not there.
    pub async fn create<T: Model>(&self, values: Map<String, Value>) -> Result<i64> {
        const NAME: &str = "create";
        let ask = Ask {
            name: NAME,
            model: T::MODEL,
            method: "create",
            ids: None,
            args: vec![("vals_list", json!([values]))],
            by_place: true,
            repeatable: false,
        };
        let response = self.send(ask).await.map_err(|error| refused_reference(error, None))?;
        let ids: Value = read_result(&response, NAME)?;
        let id = ids.get(0).unwrap_or(&ids).as_i64().filter(|id| *id > 0);
        id.ok_or_else(|| {
            Error::decode("the answer to a create is no id").with_retry(Retry::Backoff).with_context(NAME)
        })
    }

    /// `write`: these members of one record. Writing what is there already moves its time of change (M19b).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the record is gone; [`ErrorKind::Rejected`] when something that it refers to is not there;
    /// [`ErrorKind::Config`] for an id that is none, which the vendor would take for nothing to do.
    pub async fn write<T: Model>(&self, id: i64, values: Map<String, Value>) -> Result<()> {
        let id = pos_core::kit::number(&id.to_string())?;
        let ask = Ask {
            name: "write",
            model: T::MODEL,
            method: "write",
            ids: Some(&[id]),
            args: vec![("vals", Value::Object(values))],
            by_place: true,
            // It says how the record shall be: once more is the same.
            repeatable: true,
        };
        self.send(ask).await.map(drop).map_err(|error| refused_reference(error, Some((T::MODEL, id))))
    }

    /// `load`: makes the record with this external id, or changes it, so that once more is the same. `cells` are names of
    /// columns (`phone`, `country_id/.id`) with their texts.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when somebody else loads the same id at the same time; [`ErrorKind::Rejected`] with what the
    /// vendor says; see [`classify`].
    pub async fn load<T: Model>(&self, external_id: &str, cells: &[(&str, String)]) -> Result<i64> {
        const NAME: &str = "load";
        let columns: Vec<&str> = std::iter::once("id").chain(cells.iter().map(|(name, _)| *name)).collect();
        let row: Vec<&str> =
            std::iter::once(external_id).chain(cells.iter().map(|(_, text)| text.as_str())).collect();
        let ask = Ask {
            name: NAME,
            model: T::MODEL,
            method: "load",
            ids: None,
            args: vec![("fields", json!(columns)), ("data", json!([row]))],
            by_place: true,
            repeatable: true,
        };
        let response = self.send(ask).await.map_err(|error| refused_reference(error, None))?;
        let loaded: Loaded = read_result(&response, NAME)?;
        if let Some(id) = loaded.ids.get(0).and_then(Value::as_i64).filter(|id| *id > 0) {
            return Ok(id);
        }
        let said: Vec<&str> =
            loaded.messages.iter().filter_map(|message| message.get("message")?.as_str()).collect();
        let said = said.join("\n");
        // The vendor's own retry does not see it; in the database's words, which are English (M19b).
        let error = if said.contains("could not serialize access") {
            Error::new(ErrorKind::Unavailable, "somebody else writes the same records: nothing was written")
        } else {
            Error::new(ErrorKind::Rejected, "Odoo refuses to load the record")
        };
        Err(error.with_status(response.status).with_vendor_message(Some(said)).with_context(NAME))
    }

    /// Any method, with its arguments by name, for whatever else a host needs: `action_confirm`, `search_count`. What it has in
    /// `context` goes before ours. It is not
    /// repeated after it may have been received. Arguments whose names differ between versions cannot be given so.
    ///
    /// # Errors
    /// See [`classify`]; [`ErrorKind::Config`] when there are ids and one of them is none, or there are none at all: the vendor
    /// takes that for nothing to do (M19b).
    pub async fn call(
        &self,
        model: &str,
        method: &str,
        ids: Option<&[i64]>,
        args: Map<String, Value>,
    ) -> Result<Value> {
        const NAME: &str = "method";
        if ids.is_some_and(|ids| ids.is_empty() || ids.iter().any(|id| *id <= 0)) {
            return Err(PROFILE.error("a method of records needs ids above zero"));
        }
        let args = args.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        // Older servers look for what is made in the first place.
        let by_place = method == "create";
        let ask = Ask { name: NAME, model, method, ids, args, by_place, repeatable: false };
        let response = self.send(ask).await?;
        read_result(&response, NAME)
    }

    /// The id of the user whose key it is: `res.users/context_get` on JSON-2.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn uid(&self) -> Result<Option<i64>> {
        const NAME: &str = "res.users/context_get";
        if let Protocol::JsonRpc { uid } = self.server().await?.protocol {
            return Ok(Some(uid));
        }
        let ask = Ask {
            name: NAME,
            model: "res.users",
            method: "context_get",
            ids: None,
            args: Vec::new(),
            by_place: false,
            repeatable: true,
        };
        let told: Value = read_result(&self.send(ask).await?, NAME)?;
        Ok(told.get("uid").and_then(Value::as_i64))
    }
}

/// Whether an error may mean that the server is another one than it was: updated, or without a field that it had.
fn is_other_server(error: &Error) -> bool {
    let code = error.vendor_code().unwrap_or_default();
    error.kind() == ErrorKind::Config || ["builtins.ValueError", "builtins.KeyError"].contains(&code)
}

/// Whether the answer to `fields_get` means that there is no such model: it fails for nothing else. 14 says it in words (M14).
fn is_no_model(error: &Error) -> bool {
    let code = error.vendor_code().unwrap_or_default();
    ["werkzeug.exceptions.NotFound", "odoo.exceptions.UserError", "builtins.KeyError"].contains(&code)
}

/// The first number of a version: `[19, 0, 0, …]`, or `["saas~18", 2, …]` between two versions.
fn version_in(response: &Response, member: &str) -> Option<u32> {
    let told: Value = serde_json::from_str(result(&response.body).map_err(drop).ok()?.get()).ok()?;
    let first = told.get(member)?.get(0)?;
    let of_text = |text: &str| text.rsplit('~').next()?.parse().ok();
    first.as_u64().and_then(|number| number.try_into().ok()).or_else(|| of_text(first.as_str()?))
}

/// Whether a body is an object: without the envelope `[]` would be a list without rows.
fn is_envelope(body: &[u8]) -> bool {
    without_mark(body).trim_ascii_start().first() == Some(&b'{')
}

/// An answer that cannot be read, with where it came from.
pub(crate) fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn versions_are_numbers_or_stand_between_two() {
        let read =
            |body: &str| version_in(&Response::new(200, HeaderMap::new(), body.to_owned()), "version_info");
        assert_eq!(read(r#"{"version_info":[19,0,0,"final",0,""],"version":"19.0"}"#), Some(19));
        assert_eq!(read(r#"{"jsonrpc":"2.0","result":{"version_info":["saas~18",2]}}"#), Some(18));
        assert_eq!((read(r#"{"version_info":[]}"#), read("<html>"), read("[]")), (None, None, None));
    }

    #[test]
    fn instants_are_sent_in_the_form_that_every_version_takes() {
        assert_eq!(wall(datetime!(2026-11-22 2:29:40.9 +7)), "2026-11-21 19:29:40");
    }
}

//! The typed client: one short method for each endpoint.

use http::Method;
use pos_core::http::{Call, Request, Response};
use pos_core::kit::another;
use pos_core::{Error, ErrorKind, Result, http as core_http};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use url::Url;

use crate::answer::{many, one};
use crate::model::{Field, FieldWrite, Page, Subscriber, SubscriberWrite, Tag};
pub use crate::outcome::{classify, classify_at};

/// The most fields of one request (Dq).
pub const MAX_FIELDS: usize = 20;

/// ManyChat's endpoints, typed. Cheap to clone.
///
/// Every method sends one request unless it says otherwise; waiting and retrying are underneath. Reads may be dropped at any
/// await. A dropped write may or may not have been carried out.
///
/// There is no list of contacts, none of events, and nothing that deletes a contact.
#[derive(Clone, Debug)]
pub struct Client {
    http: core_http::Client,
    base: Url,
}

/// The path of every endpoint begins so: all channels are served there (C:1).
const ROOT: &str = "fb";

/// `subscriber_id` with other members beside it.
#[derive(Serialize)]
struct Of<'a, B: ?Sized> {
    subscriber_id: i64,
    #[serde(flatten)]
    rest: &'a B,
}

impl Client {
    pub(crate) fn new(http: core_http::Client, base: Url) -> Self {
        Self { http, base }
    }

    pub(crate) fn http(&self) -> &core_http::Client {
        &self.http
    }

    fn url(&self, path: [&str; 2]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push(ROOT).extend(path);
        }
        url
    }

    async fn get(&self, name: &'static str, path: [&str; 2], query: &[(&str, &str)]) -> Result<Response> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.send(Call::new(name, Request::new(Method::GET, url))).await
    }

    async fn post<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        path: [&str; 2],
        body: &B,
        is_repeatable: bool,
    ) -> Result<Response> {
        let call = Call::new(name, Request::new(Method::POST, self.url(path)).json(body)?);
        self.http.send(if is_repeatable { call.idempotent() } else { call }).await
    }

    async fn rows<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: [&str; 2],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>> {
        let response = self.get(name, path, query).await?;
        many(&response.body).map_err(|error| at(error, name, &response))
    }

    /// What sets something to a value: sent twice, it is the same.
    async fn set<B: Serialize + ?Sized>(
        &self,
        name: &'static str,
        path: &str,
        subscriber: i64,
        body: &B,
    ) -> Result<()> {
        let body = Of { subscriber_id: subscriber, rest: body };
        self.post(name, ["subscriber", path], &body, true).await.map(drop)
    }

    /// `GET /fb/page/getInfo`: which page the key opens.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn page_info(&self) -> Result<Page> {
        let name = "GET /fb/page/getInfo";
        let response = self.get(name, ["page", "getInfo"], &[]).await?;
        let read = one(&response.body)
            .and_then(|found| found.ok_or_else(|| Error::decode("the answer has no page")));
        read.map(|(_, page)| page).map_err(|error| at(error, name, &response))
    }

    /// One contact with what is written of it. Another one in its place is an error.
    pub(crate) async fn find<T>(&self, id: i64, read: impl FnOnce(&RawValue, Subscriber) -> T) -> Result<T> {
        let name = "GET /fb/subscriber/getInfo";
        let text = id.to_string();
        let response = self.get(name, ["subscriber", "getInfo"], &[("subscriber_id", &text)]).await?;
        match one::<Subscriber>(&response.body).map_err(|error| at(error, name, &response))? {
            Some((raw, contact)) if contact.id.as_deref() == Some(&text) => Ok(read(raw, contact)),
            Some(_) => Err(at(another(name), name, &response)),
            None => Err(Error::new(ErrorKind::NotFound, "ManyChat does not know it").with_context(name)),
        }
    }

    /// `GET /fb/subscriber/getInfo`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn subscriber(&self, id: i64) -> Result<Subscriber> {
        self.find(id, |_, contact| contact).await
    }

    /// `GET /fb/subscriber/findByName`: at most 100 by their whole name, whose case counts (C:1). Names recognise nobody.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_by_name(&self, name: &str) -> Result<Vec<Subscriber>> {
        missed(
            self.rows("GET /fb/subscriber/findByName", ["subscriber", "findByName"], &[("name", name)]).await,
        )
    }

    /// `GET /fb/subscriber/findByCustomField`: at most 100, the last changed first; fields of text and numbers (Dq).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_by_custom_field(&self, field_id: i64, value: &str) -> Result<Vec<Subscriber>> {
        let id = field_id.to_string();
        let query = [("field_id", id.as_str()), ("field_value", value)];
        let name = "GET /fb/subscriber/findByCustomField";
        missed(self.rows(name, ["subscriber", "findByCustomField"], &query).await)
    }

    /// `GET /fb/subscriber/findBySystemField` by the phone that ManyChat keeps, written with a plus. A contact that was born on
    /// WhatsApp is not found so: its number is kept elsewhere (C:8).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_by_phone(&self, phone: &str) -> Result<Option<Subscriber>> {
        self.by_system_field(("phone", phone)).await
    }

    /// `GET /fb/subscriber/findBySystemField` by the e-mail address that ManyChat keeps.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Subscriber>> {
        self.by_system_field(("email", email)).await
    }

    async fn by_system_field(&self, field: (&str, &str)) -> Result<Option<Subscriber>> {
        let name = "GET /fb/subscriber/findBySystemField";
        let found = missed(self.rows(name, ["subscriber", "findBySystemField"], &[field]).await)?;
        Ok(found.into_iter().find(|contact: &Subscriber| contact.id.is_some()))
    }

    /// `POST /fb/subscriber/createSubscriber`. There is no upsert, and it is not repeated after it may have been received.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when there is one with this number, whose id is not told; [`ErrorKind::Forbidden`] when the
    /// account may not import contacts.
    pub async fn create_subscriber(&self, contact: &SubscriberWrite) -> Result<Subscriber> {
        let name = "POST /fb/subscriber/createSubscriber";
        let response = self.post(name, ["subscriber", "createSubscriber"], contact, false).await?;
        let read = one::<Subscriber>(&response.body).and_then(|found| {
            let made = found.map(|(_, contact)| contact).filter(|contact| contact.id.is_some());
            made.ok_or_else(|| Error::decode("the answer has no contact"))
        });
        read.map_err(|error| at(error, name, &response))
    }

    /// `POST /fb/subscriber/updateSubscriber`: what is set is changed.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn update_subscriber(&self, id: i64, contact: &SubscriberWrite) -> Result<()> {
        self.set("POST /fb/subscriber/updateSubscriber", "updateSubscriber", id, contact).await
    }

    /// `POST /fb/subscriber/setCustomField`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn set_custom_field(&self, id: i64, field_id: i64, value: impl Into<Value>) -> Result<()> {
        let field = FieldWrite::by_id(field_id, value);
        self.set("POST /fb/subscriber/setCustomField", "setCustomField", id, &field).await
    }

    /// `POST /fb/subscriber/setCustomFieldByName`; the name's case does not count.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn set_custom_field_by_name(&self, id: i64, name: &str, value: impl Into<Value>) -> Result<()> {
        let field = FieldWrite::by_name(name, value);
        self.set("POST /fb/subscriber/setCustomFieldByName", "setCustomFieldByName", id, &field).await
    }

    /// `POST /fb/subscriber/setCustomFields`: one request for every [`MAX_FIELDS`] of them.
    ///
    /// # Errors
    /// See [`classify`]. What was set before stays set.
    pub async fn set_custom_fields(&self, id: i64, fields: &[FieldWrite]) -> Result<()> {
        for fields in fields.chunks(MAX_FIELDS) {
            let body = json!({ "fields": fields });
            self.set("POST /fb/subscriber/setCustomFields", "setCustomFields", id, &body).await?;
        }
        Ok(())
    }

    /// `POST /fb/subscriber/addTag`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn add_tag(&self, id: i64, tag_id: i64) -> Result<()> {
        self.set("POST /fb/subscriber/addTag", "addTag", id, &json!({ "tag_id": tag_id })).await
    }

    /// `POST /fb/subscriber/addTagByName`. The tag has to be there: [`create_tag`](Self::create_tag) first (C:2).
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn add_tag_by_name(&self, id: i64, name: &str) -> Result<()> {
        self.set("POST /fb/subscriber/addTagByName", "addTagByName", id, &json!({ "tag_name": name })).await
    }

    /// `POST /fb/subscriber/removeTag`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn remove_tag(&self, id: i64, tag_id: i64) -> Result<()> {
        self.set("POST /fb/subscriber/removeTag", "removeTag", id, &json!({ "tag_id": tag_id })).await
    }

    /// `POST /fb/subscriber/removeTagByName`.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn remove_tag_by_name(&self, id: i64, name: &str) -> Result<()> {
        self.set("POST /fb/subscriber/removeTagByName", "removeTagByName", id, &json!({ "tag_name": name }))
            .await
    }

    /// `POST /fb/page/createTag`. It is not repeated after it may have been received.
    ///
    /// # Errors
    /// See [`classify`].
    pub async fn create_tag(&self, name: &str) -> Result<()> {
        self.post("POST /fb/page/createTag", ["page", "createTag"], &json!({ "name": name }), false)
            .await
            .map(drop)
    }
}

pos_core::endpoints! { Client {
    /// `GET /fb/page/getTags`.
    tags() -> Vec<Tag> = rows("GET /fb/page/getTags", ["page", "getTags"], &[]);
    /// `GET /fb/page/getCustomFields`: what the merchant's fields are called, and of which type they are.
    custom_fields() -> Vec<Field> = rows("GET /fb/page/getCustomFields", ["page", "getCustomFields"], &[]);
}}

/// A search that found nobody: most say so with 200 and an empty list; some saw 400 with words, one a 495 (?).
fn missed<T>(found: Result<Vec<T>>) -> Result<Vec<T>> {
    match found {
        Err(error) if error.kind() == ErrorKind::NotFound || error.status() == Some(495) => Ok(Vec::new()),
        found => found,
    }
}

/// An answer that cannot be read, with where it came from.
fn at(error: Error, name: &'static str, response: &Response) -> Error {
    error.with_context(name).with_status(response.status)
}

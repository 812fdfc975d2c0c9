//! The vendor's lists, and one object by its id whoever says that it is not there.

use pos_core::record::Extra;
use pos_core::{Error, ErrorKind, Result};

use crate::answer::{Named, Rows, read_list};
use crate::client::{Client, ListParams, at};
use crate::store::Flavor;

/// Rows that are asked for where one is meant: a filter that is ignored shows any.
const FEW: u32 = 10;

/// One of the vendor's lists that make up a stream.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) status: Option<&'static str>,
}

const fn source(name: &'static str) -> Source {
    Source { name, status: None }
}

const fn with_status(status: &'static str) -> Source {
    Source { name: "GET /orders", status: Some(status) }
}

/// Whether a list without `status` holds all orders or the open ones is contradictory (?), and `any` answers nothing; so the
/// closed and the cancelled ones are asked for too, unless the first list showed some.
pub(crate) const ORDERS: [Source; 3] =
    [source("GET /orders"), with_status("closed"), with_status("cancelled")];
/// The open ones, to be counted.
pub(crate) const OPEN: Source = with_status("open");
pub(crate) const COLLECTIONS: [Source; 2] =
    [source("GET /custom_collections"), source("GET /smart_collections")];
pub(crate) const CUSTOMERS: [Source; 1] = [source("GET /customers")];
pub(crate) const PRODUCTS: [Source; 1] = [source("GET /products")];
pub(crate) const LOCATIONS: [Source; 1] = [source("GET /locations")];
pub(crate) const POS_ORDERS: [Source; 1] = [source("GET /orders")];

/// What lists show of one object.
pub(crate) struct Listed<T> {
    /// The object, with the vendor fields that a mapping asked for.
    pub(crate) object: Option<(T, Extra)>,
    /// Another one: the filter was ignored, or there is none.
    other: Option<i64>,
    /// No list showed anything.
    is_empty: bool,
}

impl Client {
    /// What the lists that may hold an object show of it, asked for its id alone. `ids` is documented for orders and products
    /// of the web flavour; without it any rows come. Sends up to three requests.
    pub(crate) async fn listed<T: Named>(
        &self,
        id: i64,
        wanted: fn(&T) -> bool,
        custom: &[String],
    ) -> Result<Listed<T>> {
        let (sources, by_id) = match (T::MANY[0], self.flavor()) {
            ("orders", Flavor::Web) => (&ORDERS[..], true),
            ("products", flavor) => (&PRODUCTS[..], flavor == Flavor::Web),
            ("customers", _) => (&CUSTOMERS[..], false),
            _ => (&POS_ORDERS[..], false),
        };
        let mut listed = Listed { object: None, other: None, is_empty: true };
        for source in sources {
            let mut params = ListParams::default().with_page(1).with_limit(FEW);
            if by_id {
                params = params.with_filter("ids", id.to_string());
            }
            params.status = source.status.map(str::to_owned);
            let response = self.rows(source.name, &params).await?;
            let list: Rows<'_, T> =
                read_list(&response.body).map_err(|error| at(error, source.name, &response))?;
            listed.is_empty &= list.length == 0;
            for row in list.rows {
                match (row.key(), row.read) {
                    (Some(key), Ok(read)) if key == id && wanted(&read) => {
                        listed.object = Some((read, row.raw.custom(custom)));
                        return Ok(listed);
                    }
                    (Some(key), _) if key != id => listed.other = listed.other.or(Some(key)),
                    _ => {}
                }
            }
        }
        Ok(listed)
    }

    /// One object by its id, and the vendor fields that a mapping asked for: one request, and more where somebody says that
    /// it is not there who need not be the vendor, whose own words for it are not established (?).
    ///
    /// Then the lists are asked for this id: an empty answer of each is the vendor's word. Where they show others, the id was
    /// ignored, and nothing is said about it; but then a read by id that finds one of those, and still not this one, is
    /// answered by the vendor.
    pub(crate) async fn find<T: Named>(&self, id: i64, custom: &[String]) -> Result<(T, Extra)> {
        let get = |id| self.get::<T>(id, custom);
        let missing = match get(id).await {
            Err(error) if is_bare_missing(&error) => error,
            answer => return answer,
        };
        let Ok(listed) = self.listed::<T>(id, |_| true, custom).await else { return Err(missing) };
        let unknown = || {
            let error = Error::new(ErrorKind::NotFound, "the vendor does not know it");
            Err(error.with_context(T::GET).with_status(404))
        };
        match (listed.object, listed.other) {
            (Some(object), _) => Ok(object),
            (None, None) if listed.is_empty => unknown(),
            (None, Some(other)) if get(other).await.is_ok() => match get(id).await {
                Err(error) if is_bare_missing(&error) => unknown(),
                answer => answer,
            },
            _ => Err(missing),
        }
    }
}

/// Whether somebody says that an object is not there, and not in the vendor's words.
fn is_bare_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && matches!(error.status(), Some(404 | 410))
}

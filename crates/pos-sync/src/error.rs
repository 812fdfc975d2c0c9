//! What can go wrong with a sync.

use pos_core::record::{Account, Stream};
use pos_core::{ErrorKind, Retry};

use crate::model::LinkStatus;
use crate::store::StoreError;

/// An error of a sync. Nothing is lost by any of them: what was committed stays, the rest is read again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The vendor, or the way to it.
    #[error(transparent)]
    Vendor(#[from] pos_core::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another run of the same link and stream is under way.
    #[error("{what} is being worked on by another run")]
    Busy {
        /// What (`kiotviet:shop/customers`).
        what: String,
    },
    /// The shop was never connected.
    #[error("{0} is not connected")]
    NotConnected(Account),
    /// The link does not work at the moment.
    #[error("the link of {account} is {status}")]
    NotEnabled {
        /// The shop.
        account: Account,
        /// How it is.
        status: LinkStatus,
    },
    /// The options of the link say that this only flows from the shop into the CRM.
    #[error("the link of {account} does not push {what}")]
    OneWay {
        /// The shop.
        account: Account,
        /// `customers` or `orders`.
        what: &'static str,
    },
    /// The credentials that were kept of a shop do not open.
    #[cfg(feature = "credentials")]
    #[error("the credentials of {account}: {why}")]
    Sealed {
        /// The shop.
        account: Account,
        /// Why.
        #[source]
        why: crate::keyring::UnsealError,
    },
    /// The rules cannot be followed.
    #[error(transparent)]
    Rules(#[from] crm_merge::RulesError),
    /// The mapping asks for vendor fields that the connector does not keep.
    #[error("the mapping of {account} needs the vendor field {field}: build the connector with it")]
    MissingField {
        /// The shop.
        account: Account,
        /// The field.
        field: String,
    },
    /// The credentials belong to another shop than the one that is being connected.
    #[error(
        "these credentials open {opened}, not {wanted}: connect that shop, or use the credentials of this one"
    )]
    OtherShop {
        /// The shop that was to be connected.
        wanted: Account,
        /// The shop that the vendor names.
        opened: Account,
    },
    /// The shop has no such branch.
    #[error("{account} has no branch {branch}: it has {}", listed(.known))]
    NoBranch {
        /// The shop.
        account: Account,
        /// The branch that was asked for.
        branch: String,
        /// The branches that it has.
        known: Vec<String>,
    },
    /// A person typed something that the field cannot hold.
    #[error("{field}: what was typed is no {expected}")]
    Unreadable {
        /// The field.
        field: String,
        /// What it holds.
        expected: &'static str,
    },
    /// The shop has a customer with the contact's number or address who belongs to another contact, and the rules do not
    /// make them one: nothing was written.
    #[error(
        "the shop's customer {customer} belongs to contact {owner}, not to {contact}: decide whether they are one"
    )]
    OtherContact {
        /// The contact that was pushed.
        contact: crm_merge::ContactId,
        /// The vendor's id of the customer.
        customer: String,
        /// Whose customer it is.
        owner: crm_merge::ContactId,
    },
    /// A delivery that was kept cannot be read (any more).
    #[error("the delivery cannot be read: {0}")]
    Unread(pos_core::webhook::Refusal),
    /// The vendor answered another object than the one that was asked for.
    #[error("asked for {stream} {asked}, the vendor answered another object")]
    OtherObject {
        /// The stream.
        stream: Stream,
        /// The id that was asked for.
        asked: String,
    },
    /// The vendor has no such stream.
    #[error("{account} has no {stream}")]
    NoStream {
        /// The shop.
        account: Account,
        /// The stream.
        stream: Stream,
    },
    /// The host said no to a large import.
    #[error("the import of {customers} customers was declined")]
    Declined {
        /// How many customers the vendor announced.
        customers: u64,
    },
    /// No contact has this id.
    #[error("there is no contact {0}")]
    NoContact(crm_merge::ContactId),
}

fn listed(branches: &[String]) -> String {
    if branches.is_empty() { "none that it shows".to_owned() } else { branches.join(", ") }
}

/// The result of a sync.
pub type SyncResult<T> = Result<T, SyncError>;

impl SyncError {
    /// What a scheduler should do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Vendor(error) => error.retry(),
            Self::Store(StoreError::Conflict | StoreError::LeaseLost(_) | StoreError::Unavailable { .. })
            | Self::Busy { .. } => Retry::Backoff,
            _ => Retry::Never,
        }
    }

    /// The kind of a vendor's error; unexpected for every other.
    pub(crate) fn vendor_kind(&self) -> ErrorKind {
        match self {
            Self::Vendor(error) => error.kind(),
            _ => ErrorKind::Unexpected,
        }
    }

    /// Whether the vendor does not accept the credentials.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Vendor(error) if error.kind() == ErrorKind::Auth)
    }

    /// Whether a 404 was answered that is not surely the vendor's: an object that is gone looks the same as a gateway
    /// that lost its way.
    pub(crate) fn is_nowhere(&self) -> bool {
        let bare =
            |error: &pos_core::Error| error.kind() == ErrorKind::Unavailable && error.status() == Some(404);
        matches!(self, Self::Vendor(error) if bare(error))
    }

    /// Whether the vendor says that the object is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Vendor(error) if error.kind() == ErrorKind::NotFound)
    }
}

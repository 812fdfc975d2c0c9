#![doc = include_str!("../README.md")]

use std::sync::Arc;

pub use crm_merge as merge;
pub use crm_merge::{LinkRules, Policy};
pub use pos_core as core;
pub use pos_core::identity::IdentityRules;
pub use pos_core::kit::{Connection, Field, Form, Settings, VendorEntry};
pub use pos_core::{
    Account, Connector, ConnectorExt, Customer, Error, ErrorKind, HookPlan, HookReport, MergePolicy, Order,
    Product, Result, Secret, Stream, WebhookVerifier,
};
#[cfg(feature = "getfly")]
pub use pos_getfly as getfly;
#[cfg(feature = "haravan")]
pub use pos_haravan as haravan;
#[cfg(feature = "kiotviet")]
pub use pos_kiotviet as kiotviet;
#[cfg(feature = "manychat")]
pub use pos_manychat as manychat;
#[cfg(feature = "misa")]
pub use pos_misa as misa;
#[cfg(feature = "nhanh")]
pub use pos_nhanh as nhanh;
#[cfg(feature = "odoo")]
pub use pos_odoo as odoo;
#[cfg(feature = "pancake")]
pub use pos_pancake as pancake;
#[cfg(feature = "sapo")]
pub use pos_sapo as sapo;
#[cfg(feature = "sqlite")]
pub use pos_store_sqlite as sqlite;
#[cfg(feature = "sqlite")]
pub use pos_store_sqlite::SqliteStore;
pub use pos_sync as sync;
pub use pos_sync::{Crm, LinkOptions, MemoryStore, PullOptions, Store};
#[cfg(feature = "woocommerce")]
pub use pos_woocommerce as woocommerce;
pub use {bytes, http, rust_decimal, serde_json, time, url};

const VENDORS: &[VendorEntry] = &[
    #[cfg(feature = "kiotviet")]
    pos_kiotviet::ENTRY,
    #[cfg(feature = "haravan")]
    pos_haravan::ENTRY,
    #[cfg(feature = "nhanh")]
    pos_nhanh::ENTRY,
    #[cfg(feature = "sapo")]
    pos_sapo::ENTRY,
    #[cfg(feature = "pancake")]
    pos_pancake::ENTRY,
    #[cfg(feature = "woocommerce")]
    pos_woocommerce::ENTRY,
    #[cfg(feature = "getfly")]
    pos_getfly::ENTRY,
    #[cfg(feature = "misa")]
    pos_misa::ENTRY,
    #[cfg(feature = "manychat")]
    pos_manychat::ENTRY,
    #[cfg(feature = "odoo")]
    pos_odoo::ENTRY,
];

/// Every vendor whose feature is on.
pub fn vendors() -> &'static [VendorEntry] {
    VENDORS
}

/// The vendor of that name, in lower case.
///
/// # Errors
/// [`ErrorKind::Config`] when there is none, or its feature is off.
pub fn vendor(name: &str) -> Result<&'static VendorEntry> {
    core::kit::entry(VENDORS, name)
}

/// The shop that these settings open at the vendor of that name. Sends nothing.
///
/// # Errors
/// [`ErrorKind::Config`] naming what is missing, unknown or malformed.
///
/// ```
/// use crm_pos::{Connection, ErrorKind, Settings, connect};
///
/// let settings: Settings = crm_pos::serde_json::from_str(r#"{"api_key": "…", "shop_id": "1328"}"#)?;
/// let shop = connect("pancake", &settings, Connection::default())?;
/// assert_eq!(shop.account().id(), "1328");
/// let error = connect("pancake", &Settings::default(), Connection::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn connect(name: &str, settings: &Settings, connection: Connection) -> Result<Arc<dyn Connector>> {
    vendor(name)?.connect(settings, connection)
}

/// The shop of a link, opened with what [`Crm::keep_credentials`] kept of it: how a host that was started again gets its shops
/// back. Sends nothing.
///
/// # Errors
/// [`ErrorKind::Config`] when nothing was kept, or it no longer opens the vendor's form; [`sync::SyncError::Sealed`] when it does
/// not unseal.
///
/// ```
/// use std::sync::Arc;
///
/// use crm_pos::sync::Keyring;
/// use crm_pos::{Account, Connection, Crm, MemoryStore, Settings, open_kept};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ring = Keyring::new("2026-11", &Keyring::generate())?; // the host keeps the key
/// let crm = Crm::new(Arc::new(MemoryStore::new())).with_keyring(ring);
/// let account = Account::new("pancake", "1328");
/// let filled: Settings = [("api_key", "…"), ("shop_id", "1328")].into_iter().collect();
/// crm.keep_credentials(&account, &filled).await?;
/// // After a restart, for every link of the store:
/// let shop = open_kept(&crm, &account, Connection::default()).await?;
/// assert_eq!(shop.account(), &account);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "credentials")]
pub async fn open_kept(
    crm: &Crm,
    account: &Account,
    connection: Connection,
) -> sync::SyncResult<Arc<dyn Connector>> {
    let nothing = || Error::config(format!("no credentials of {account} are kept"));
    let settings = crm.credentials(account).await?.ok_or_else(nothing)?;
    Ok(connect(account.vendor().as_str(), &settings, connection)?)
}

/// The default rules of identity with what every vendor here knows of its customers, for
/// [`Crm::with_identity`]. A connected shop adds its own vendor's; rows move between shops, though, and a mailbox that one
/// vendor made up for a customer without any is nobody's where that row went.
///
/// ```
/// use std::sync::Arc;
///
/// use crm_pos::{Crm, MemoryStore, identity_rules};
///
/// let crm = Crm::new(Arc::new(MemoryStore::new())).with_identity(identity_rules());
/// # drop(crm);
/// ```
pub fn identity_rules() -> IdentityRules {
    let mut rules = IdentityRules::default();
    for vendor in vendors() {
        rules.heed(vendor.name(), &vendor.profile.identity);
    }
    rules
}

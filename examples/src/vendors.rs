//! The shops that the environment names, and what to tell a person whose credentials no longer do.

use std::sync::Arc;

use pos_core::kit::Connection;
use pos_core::record::Stream;
use pos_core::{Connector, ErrorKind, Secret};
use pos_kiotviet::KiotViet;
use pos_sync::SyncError;

use crate::words::{Failure, Outcome, hint, instant, usage};

/// One vendor, as far as the programs know it.
#[derive(Debug)]
pub struct VendorEntry {
    /// As it is written on the command line.
    pub name: &'static str,
    /// The variables that it needs.
    needs: &'static [&'static str],
    /// The other set of variables that will do.
    or: &'static [&'static str],
    /// Where new credentials come from.
    again: &'static str,
    /// What the credentials must be allowed to do.
    allowed: &'static str,
}

/// Every vendor that is built in.
pub const VENDORS: [VendorEntry; 5] = [
    VendorEntry {
        name: "kiotviet",
        needs: &["KIOTVIET_RETAILER", "KIOTVIET_CLIENT_ID", "KIOTVIET_CLIENT_SECRET"],
        or: &[],
        again: "an admin of the shop opens Thiết lập cửa hàng → Thiết lập kết nối API and copies ClientId and Mã bảo mật \
                into KIOTVIET_CLIENT_ID and KIOTVIET_CLIENT_SECRET",
        allowed: "the scope PublicApi.Access, of an admin of the shop who may see its customers, orders, invoices and \
                  products",
    },
    VendorEntry {
        name: "haravan",
        needs: &["HARAVAN_ORG_ID", "HARAVAN_TOKEN"],
        or: &[],
        again: "the shop's owner opens Apps → Private apps, makes a token and puts it into HARAVAN_TOKEN; an app has \
                itself installed again",
        allowed: "com.read_customers, com.read_orders, com.read_products, com.read_inventories and com.read_shop; for \
                  --push also com.write_customers and com.write_orders; for webhooks wh_api",
    },
    VendorEntry {
        name: "nhanh",
        needs: &["NHANH_APP_ID", "NHANH_BUSINESS_ID", "NHANH_ACCESS_TOKEN"],
        or: &[],
        again: "tokens last a year and cannot be renewed: let the merchant consent again at https://nhanh.vn/oauth with \
                version=3.0 and put the new token into NHANH_ACCESS_TOKEN",
        allowed: "customers, orders, bills, products and every depot, granted by a director: rights are fixed when the \
                  merchant consents, so a missing one needs a new consent",
    },
    VendorEntry {
        name: "sapo",
        needs: &["SAPO_STORE", "SAPO_API_KEY", "SAPO_API_SECRET"],
        or: &["SAPO_STORE", "SAPO_ACCESS_TOKEN"],
        again: "a private app: Ứng dụng → Ứng dụng riêng shows API Key and API Secret, for SAPO_API_KEY and \
                SAPO_API_SECRET; a public app has itself installed again and puts the token into SAPO_ACCESS_TOKEN",
        allowed: "read_customers, read_orders and read_products; for --push also write_customers and write_orders. A \
                  private app: read (or read and write) for customers, orders and products",
    },
    VendorEntry {
        name: "pancake",
        needs: &["PANCAKE_API_KEY", "PANCAKE_SHOP_ID"],
        or: &[],
        again: "Cấu hình → Nâng cao → Kết nối bên thứ 3 → Webhook/API → API KEY → Thêm mới makes a key, for \
                PANCAKE_API_KEY",
        allowed: "whatever the person may see whose key it is: customers, orders and products of this shop",
    },
];

/// The vendor of that name.
///
/// # Errors
/// When there is none.
pub fn named(name: &str) -> Outcome<&'static VendorEntry> {
    let names = || VENDORS.iter().map(|vendor| vendor.name);
    match VENDORS.iter().find(|vendor| vendor.name == name) {
        Some(vendor) => Ok(vendor),
        None => {
            let names_listed: Vec<&str> = names().collect();
            let hint = hint(name, names());
            usage(format!("there is no vendor `{name}`{hint}\nThe vendors are {}.", names_listed.join(", ")))
        }
    }
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A variable of the environment.
///
/// # Errors
/// When it is not set.
pub fn variable(name: &str) -> Outcome<String> {
    given(name).map_or_else(|| usage(format!("the environment variable {name} is not set")), Ok)
}

fn number<T: std::str::FromStr>(name: &str) -> Outcome<T> {
    let text = variable(name)?;
    text.trim().parse().or_else(|_| usage(format!("{name}: `{text}` is not a number")))
}

impl VendorEntry {
    /// Says at once which variables are missing, instead of one after the other.
    fn check_environment(&self) -> Outcome {
        let missing = |names: &[&str]| -> Vec<String> {
            names.iter().filter(|name| given(name).is_none()).map(|name| (*name).to_owned()).collect()
        };
        let lacks = missing(self.needs);
        if lacks.is_empty() || (!self.or.is_empty() && missing(self.or).is_empty()) {
            return Ok(());
        }
        let or = match self.or {
            [] => String::new(),
            or => format!(" (or {})", or.join(", ")),
        };
        usage(format!(
            "{} needs the environment variables {}{or}; not set: {}",
            self.name,
            self.needs.join(", "),
            lacks.join(", ")
        ))
    }

    /// The shop that the environment names.
    ///
    /// # Errors
    /// When a variable is missing, or cannot be one of this vendor's.
    pub fn connector(&self) -> Outcome<Arc<dyn Connector>> {
        self.check_environment()?;
        Ok(match self.name {
            "haravan" => Arc::new(haravan()?),
            "nhanh" => Arc::new(nhanh()?),
            "sapo" => Arc::new(sapo()?),
            "pancake" => Arc::new(pancake()?),
            _ => Arc::new(kiotviet()?.build()?),
        })
    }

    /// What went wrong with a sync, and what the person at the terminal can do about it.
    pub fn explain(&self, error: &SyncError, connector: &dyn Connector) -> Failure {
        let advice = match error {
            SyncError::Vendor(vendor) => match vendor.kind() {
                ErrorKind::Auth => format!("Connect the shop again: {}.", self.again),
                ErrorKind::Forbidden => {
                    let granted = "Grant what is missing, then run this again.";
                    format!("The credentials are good, but not for this. They need {}. {granted}", self.allowed)
                }
                ErrorKind::Unavailable | ErrorKind::Timeout => "Nothing is lost: run the same command again when the \
                                                                vendor can be reached, and it goes on where it stopped."
                    .to_owned(),
                ErrorKind::RateLimited => {
                    "Nothing is lost: run the same command again later, and it goes on where it stopped.".to_owned()
                }
                _ => String::new(),
            },
            SyncError::OtherShop { .. } => format!("New credentials: {}.", self.again),
            SyncError::NoStream { .. } => {
                let capabilities = connector.capabilities();
                let streams: Vec<&str> = capabilities
                    .streams
                    .iter()
                    .filter(|(_, caps)| caps.list)
                    .map(|(stream, _)| Stream::as_str(*stream))
                    .collect();
                format!("It has {}.", streams.join(", "))
            }
            SyncError::Busy { .. } => {
                "Wait until the other program is through, or stop it with Ctrl-C; one that died holds nothing up."
                    .to_owned()
            }
            _ => String::new(),
        };
        Failure::Failed(if advice.is_empty() { error.to_string() } else { format!("{error}\n{advice}") })
    }
}

/// A KiotViet shop, for hosts that add to it.
///
/// # Errors
/// When a variable is missing.
pub fn kiotviet() -> Outcome<pos_kiotviet::KiotVietBuilder> {
    let mut builder = KiotViet::builder()
        .retailer(variable("KIOTVIET_RETAILER")?)
        .client_id(variable("KIOTVIET_CLIENT_ID")?)
        .client_secret(Secret::new(variable("KIOTVIET_CLIENT_SECRET")?));
    if let Some(url) = given("KIOTVIET_BASE_URL") {
        builder = builder.connection(Connection::to(url));
    }
    if let Some(url) = given("KIOTVIET_TOKEN_URL") {
        builder = builder.token_url(url);
    }
    if let Some(scope) = given("KIOTVIET_SCOPE") {
        builder = builder.scope(scope);
    }
    Ok(builder)
}

fn haravan() -> Outcome<pos_haravan::Haravan> {
    let mut builder = pos_haravan::Haravan::builder()
        .org_id(variable("HARAVAN_ORG_ID")?)
        .token(Secret::new(variable("HARAVAN_TOKEN")?));
    if let Some(url) = given("HARAVAN_API_URL") {
        builder = builder.connection(Connection::to(&url)).webhook_url(url);
    }
    Ok(builder.build()?)
}

fn nhanh() -> Outcome<pos_nhanh::Nhanh> {
    let mut builder = pos_nhanh::Nhanh::builder()
        .app_id(number("NHANH_APP_ID")?)
        .business_id(number("NHANH_BUSINESS_ID")?)
        .access_token(Secret::new(variable("NHANH_ACCESS_TOKEN")?));
    if let Some(key) = given("NHANH_SECRET_KEY") {
        builder = builder.secret_key(key);
    }
    if let Some(from) = given("NHANH_HISTORY_FROM") {
        builder = builder.history_from(instant("NHANH_HISTORY_FROM", &from)?);
    }
    if let Some(url) = given("NHANH_BASE_URL") {
        builder = builder.connection(Connection::to(url));
    }
    Ok(builder.build()?)
}

fn sapo() -> Outcome<pos_sapo::Sapo> {
    let builder = pos_sapo::Sapo::builder().store(variable("SAPO_STORE")?);
    let mut builder = match given("SAPO_ACCESS_TOKEN") {
        Some(token) => builder.access_token(Secret::new(token)),
        None => builder.private_app(variable("SAPO_API_KEY")?, Secret::new(variable("SAPO_API_SECRET")?)),
    };
    if let Some(url) = given("SAPO_BASE_URL") {
        builder = builder.connection(Connection::to(url));
    }
    Ok(builder.build()?)
}

fn pancake() -> Outcome<pos_pancake::Pancake> {
    let mut builder = pos_pancake::Pancake::builder()
        .api_key(Secret::new(variable("PANCAKE_API_KEY")?))
        .shop_id(variable("PANCAKE_SHOP_ID")?);
    if let Some(code) = given("PANCAKE_CURRENCY") {
        builder = builder.currency(code);
    }
    if let Some(url) = given("PANCAKE_BASE_URL") {
        builder = builder.connection(Connection::to(url));
    }
    Ok(builder.build()?)
}

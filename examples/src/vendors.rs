//! The shops that the environment names, and what to tell a person whose credentials no longer do.

use std::sync::Arc;

use crm_pos::{Connection, Connector, ErrorKind, Settings, Stream, VendorEntry};
use pos_sync::SyncError;

use crate::words::{Failure, Outcome, hint, usage};

/// The vendor of that name.
///
/// # Errors
/// When there is none.
pub fn named(name: &str) -> Outcome<&'static VendorEntry> {
    let names = || crm_pos::vendors().iter().map(VendorEntry::name);
    crm_pos::vendors().iter().find(|vendor| vendor.name() == name).map_or_else(
        || {
            let listed: Vec<&str> = names().collect();
            let hint = hint(name, names());
            usage(format!("there is no vendor `{name}`{hint}\nThe vendors are {}.", listed.join(", ")))
        },
        Ok,
    )
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// What the environment says of a vendor's shop.
///
/// # Errors
/// When variables are missing, also of those that the vendor itself could do without: all of them are named at once.
pub fn settings(vendor: &VendorEntry, also: &[&'static str]) -> Outcome<Settings> {
    let settings = vendor.settings_from(given);
    let mut lacks = vendor.missing(&settings);
    lacks.extend(also.iter().filter(|field| settings.get(field).is_none()));
    if lacks.is_empty() {
        return Ok(settings);
    }
    usage(format!(
        "{} needs the environment variables {}; not set: {}",
        vendor.name(),
        ways(vendor, also),
        variables(vendor, &lacks)
    ))
}

fn variables(vendor: &VendorEntry, fields: &[&str]) -> String {
    let names: Vec<String> = fields.iter().map(|field| vendor.variable(field)).collect();
    names.join(", ")
}

/// The sets of variables that open a shop.
fn ways(vendor: &VendorEntry, also: &[&'static str]) -> String {
    let ways = vendor.form.ways.iter().map(|way| variables(vendor, &[way, also].concat()));
    ways.collect::<Vec<_>>().join(", or ")
}

/// The shop that the environment names.
///
/// # Errors
/// When a variable is missing, or cannot be what this vendor wants.
pub fn connector(vendor: &VendorEntry) -> Outcome<Arc<dyn Connector>> {
    Ok(vendor.connect(&settings(vendor, &[])?, Connection::default())?)
}

/// The variables that a vendor reads, for the help of a program.
pub fn help(vendor: &VendorEntry) -> String {
    let mut text = format!("  {:<9}  {}\n", vendor.name(), ways(vendor, &[]));
    for field in vendor.form.fields {
        let needed = vendor.form.ways.iter().any(|way| way.contains(&field.name));
        let said = match (needed, field.help) {
            (true, "") => continue,
            (_, "") => field.label.to_owned(),
            (_, help) => format!("{}: {help}", field.label),
        };
        let may = if needed { "" } else { " (may be left out)" };
        text.push_str(&format!("             {:<26} {said}{may}\n", vendor.variable(field.name)));
    }
    text
}

/// What went wrong with a sync, and what the person at the terminal can do about it.
pub fn explain(vendor: &VendorEntry, error: &SyncError, connector: &dyn Connector) -> Failure {
    let again = format!("{}. They are read from {}", vendor.form.again, ways(vendor, &[]));
    let advice = match error {
            SyncError::Vendor(refused) => match refused.kind() {
                ErrorKind::Auth => format!("Connect the shop again: {again}."),
                ErrorKind::Forbidden => {
                    let granted = "Grant what is missing, then run this again.";
                    format!("The credentials are good, but not for this. They need {}. {granted}", vendor.form.allowed)
                }
                ErrorKind::Unavailable | ErrorKind::Timeout => "Nothing is lost: run the same command again when the \
                                                                vendor can be reached, and it goes on where it stopped."
                    .to_owned(),
                ErrorKind::RateLimited => {
                    "Nothing is lost: run the same command again later, and it goes on where it stopped.".to_owned()
                }
                _ => String::new(),
            },
            SyncError::OtherShop { .. } => format!("New credentials: {again}."),
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

//! Which vendor field feeds which field of the CRM.

use std::collections::BTreeMap;

use pos_core::identity::Key;
use pos_core::record::CustomerRecord;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::{FIELDS, Field, field};

/// One rule: a CRM field and what feeds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRule {
    /// The field of the CRM.
    pub to: String,
    /// What feeds it.
    #[serde(flatten)]
    pub from: FieldSource,
}

/// What feeds a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldSource {
    /// A member of the common customer record (`name`, `note`, `tax_code` ...).
    From(String),
    /// A field of the vendor's JSON by its path (`psidFacebook`, `default_address.company`). The connector must be built
    /// to keep it.
    Vendor(String),
    /// Always the same value.
    Value(Value),
}

/// The mapping of a link: the default rules of the common model, changed by rules of its own.
///
/// ```
/// use crm_merge::Mapping;
///
/// let mapping: Mapping = serde_json::from_str(r#"{
///     "rules": [{"to": "facebook", "vendor": "psidFacebook"}, {"to": "segment", "value": "retail"}],
///     "without": ["identity_number"]
/// }"#)?;
/// assert_eq!(mapping.vendor_fields(), ["psidFacebook"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// Rules beside the defaults; a rule for a default field replaces its default.
    pub rules: Vec<FieldRule>,
    /// Default fields that the CRM does not want.
    pub without: Vec<String>,
}

/// A mapping that names a member that the record does not have.
#[derive(Debug, thiserror::Error)]
#[error("mapping of {to}: the customer record has no member {from}")]
pub struct MappingError {
    to: String,
    from: String,
}

impl Mapping {
    /// The vendor fields that the connector must keep, by path.
    pub fn vendor_fields(&self) -> Vec<&str> {
        self.rules
            .iter()
            .filter_map(|rule| match &rule.from {
                FieldSource::Vendor(path) => Some(path.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Checks that every rule has something to read from.
    ///
    /// # Errors
    /// The first rule that has not.
    pub fn validate(&self) -> Result<(), MappingError> {
        for rule in &self.rules {
            if let FieldSource::From(from) = &rule.from
                && field(from).is_none()
            {
                return Err(MappingError { to: rule.to.clone(), from: from.clone() });
            }
        }
        Ok(())
    }

    /// The fields that a record feeds; blank ones are left out.
    pub fn apply(&self, record: &CustomerRecord, keys: &[Key]) -> BTreeMap<String, Value> {
        self.fields(record, keys).into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
    }

    /// [`Mapping::apply`] as a list in the order of the fields, each once.
    pub(crate) fn fields(&self, record: &CustomerRecord, keys: &[Key]) -> Vec<(&str, Value)> {
        let mut fields: Vec<(&str, Value)> = Vec::with_capacity(FIELDS.len() + self.rules.len());
        for Field { name, read, .. } in FIELDS.iter().filter(|field| field.is_default) {
            if self.without.iter().any(|field| field == name)
                || self.rules.iter().any(|rule| rule.to == *name)
            {
                continue;
            }
            if let Some(value) = read(record, keys) {
                fields.push((name, value));
            }
        }
        for rule in &self.rules {
            let value = match &rule.from {
                FieldSource::From(name) => field(name).and_then(|field| (field.read)(record, keys)),
                FieldSource::Vendor(path) => record.custom.get(path).cloned(),
                FieldSource::Value(value) => Some(value.clone()),
            };
            if let Some(value) = value.filter(|value| !is_blank(value)) {
                // The last rule for a field counts.
                fields.retain(|(field, _)| *field != rule.to);
                fields.push((&rule.to, value));
            }
        }
        fields.sort_unstable_by_key(|(field, _)| *field);
        fields
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

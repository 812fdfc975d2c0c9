//! Which vendor field feeds which field of the CRM.

use std::collections::BTreeMap;

use pos_core::identity::Key;
use pos_core::record::{Address, CustomerRecord, Gender};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// The members of the customer record that feed fields of the same name unless a mapping says otherwise.
pub const DEFAULT_FIELDS: [&str; 13] = [
    "name",
    "phones",
    "emails",
    "addresses",
    "gender",
    "birth_date",
    "kind",
    "organization",
    "tax_code",
    "identity_number",
    "note",
    "tags",
    "groups",
];

/// Fields whose values are lists that may be united.
pub const LIST_FIELDS: [&str; 5] = ["phones", "emails", "addresses", "tags", "groups"];

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
                && !DEFAULT_FIELDS.contains(&from.as_str())
                && !["code", "points", "debt", "spent", "order_count", "branch_id", "raw_name"]
                    .contains(&from.as_str())
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
        let mut fields: Vec<(&str, Value)> = Vec::with_capacity(DEFAULT_FIELDS.len() + self.rules.len());
        for name in DEFAULT_FIELDS {
            if self.without.iter().any(|field| field == name) || self.rules.iter().any(|rule| rule.to == name)
            {
                continue;
            }
            if let Some(value) = member(record, keys, name) {
                fields.push((name, value));
            }
        }
        for rule in &self.rules {
            let value = match &rule.from {
                FieldSource::From(name) => member(record, keys, name),
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

fn member(record: &CustomerRecord, keys: &[Key], name: &str) -> Option<Value> {
    let text = |text: &Option<String>| text.clone().map(Value::String);
    let texts = |texts: &[String]| {
        (!texts.is_empty()).then(|| texts.iter().cloned().map(Value::String).collect::<Value>())
    };
    match name {
        "name" => text(&record.name),
        "raw_name" => text(&record.raw_name),
        "code" => text(&record.code),
        "organization" => text(&record.organization),
        "tax_code" => text(&record.tax_code),
        "identity_number" => text(&record.identity_number),
        "note" => text(&record.note),
        "branch_id" => text(&record.branch_id),
        "gender" => record.gender.map(|gender| {
            Value::from(match gender {
                Gender::Male => "male",
                Gender::Female => "female",
                _ => "other",
            })
        }),
        "birth_date" => record.birth_date.map(|date| {
            Value::from(format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()))
        }),
        "kind" => match record.kind {
            pos_core::record::CustomerKind::Company => Some(Value::from("company")),
            _ => None,
        },
        "tags" => texts(&record.tags),
        "groups" => texts(&record.groups),
        "points" => record.points.map(|points| Value::from(points.to_string())),
        "debt" => record.debt.map(|debt| Value::from(debt.to_string())),
        "spent" => record.spent.map(|spent| Value::from(spent.to_string())),
        "order_count" => record.order_count.map(Value::from),
        "phones" => {
            // Numbers that are keys first, then numbers that are only on the record (hotlines, placeholders).
            let held = |e164| keys.contains(&Key::Phone(e164));
            let mut numbers: Vec<_> = record.phones.iter().filter_map(|phone| phone.e164).collect();
            numbers.sort_by_key(|number| !held(*number));
            (!numbers.is_empty())
                .then(|| numbers.iter().map(|number| Value::from(number.to_string())).collect())
        }
        "emails" => {
            let addresses: Vec<Value> =
                record.emails.iter().filter_map(|email| email.address.clone()).map(Value::String).collect();
            (!addresses.is_empty()).then_some(Value::Array(addresses))
        }
        "addresses" => {
            let lines: Vec<Value> = record.addresses.iter().filter_map(one_line).map(Value::String).collect();
            (!lines.is_empty()).then_some(Value::Array(lines))
        }
        _ => None,
    }
}

/// An address in one line, from the smallest part to the largest.
pub fn one_line(address: &Address) -> Option<String> {
    if let Some(text) = &address.text {
        return Some(text.clone());
    }
    let mut parts: Vec<&str> = Vec::with_capacity(5);
    for part in [&address.street, &address.ward, &address.district, &address.province, &address.country] {
        if let Some(part) = part.as_deref()
            && !parts.contains(&part)
        {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

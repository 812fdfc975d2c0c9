//! Readers of members that come in more than one form, or whose loss costs nothing else.

use std::fmt;
use std::marker::PhantomData;

use pos_core::page::read_row;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

/// What says nothing: `null`, `""`, `false`.
macro_rules! nothing {
    ($nothing:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
        fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
            if value { Err(E::invalid_type(serde::de::Unexpected::Bool(value), &self)) } else { Ok($nothing) }
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.trim().is_empty() { Ok($nothing) } else { Err(E::custom("expected no text")) }
        }
    };
}

struct Many<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default + PartialEq> Visitor<'de> for Many<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    nothing!(Vec::new());
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Option<T>>()? {
            items.extend(item.filter(|item| *item != T::default()));
        }
        Ok(items)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        let one = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Some(one).filter(|one| *one != T::default()).into_iter().collect())
    }
}

/// A list, or the one object that the documentation draws in its place; `{}` and `null` are nothing.
pub(crate) fn many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default + PartialEq,
{
    deserializer.deserialize_any(Many(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default + PartialEq> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    nothing!(None);
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        let one = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Some(one).filter(|one| *one != T::default()))
    }
}

/// An object; `{}`, `[]` and `null` are nothing.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default + PartialEq,
{
    deserializer.deserialize_any(Object(PhantomData))
}

/// An object with an id of its own, which is left out when it cannot be read.
pub(crate) fn decoration<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(if raw.get().starts_with('{') { read_row(&raw, "").ok() } else { None })
}

/// A list of such objects.
pub(crate) fn decorations<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(items.into_iter().filter_map(|item| read_row(item, "").ok()).collect())
}

/// A text, or the texts or names of a list, joined by commas.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let (one, several) = deserializer.deserialize_any(Texts(&["name", "Name"]))?;
    Ok(if several.is_empty() { one } else { Some(several.join(", ")) })
}

/// Addresses of pictures: texts on the wire (W), objects `{"Image": …}` in the documentation.
pub(crate) fn images<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let (one, several) = deserializer.deserialize_any(Texts(&["Image", "image"]))?;
    Ok(one.map_or(several, |one| vec![one]))
}

/// A text, or the items of a list that are texts, numbers, or objects with a text under one of these names.
struct Texts(&'static [&'static str]);

/// What there is: one text that stands alone, or several.
type Told = (Option<String>, Vec<String>);

impl Texts {
    fn of(&self, value: Value) -> Told {
        let text = |item: Value| match item {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Object(members) => {
                self.0.iter().find_map(|name| members.get(*name)?.as_str().map(str::to_owned))
            }
            _ => None,
        };
        let items = match value {
            Value::Array(items) => items,
            one => vec![one],
        };
        (None, items.into_iter().filter_map(text).filter(|text| !text.trim().is_empty()).collect())
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = Told;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }
    fn visit_unit<E>(self) -> Result<Told, E> {
        Ok(Told::default())
    }
    fn visit_none<E>(self) -> Result<Told, E> {
        Ok(Told::default())
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Told, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Told, E> {
        Ok(Told::default())
    }
    fn visit_i64<E>(self, number: i64) -> Result<Told, E> {
        Ok((Some(number.to_string()), Vec::new()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Told, E> {
        Ok((Some(number.to_string()), Vec::new()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Told, E> {
        Ok(self.of(number.into()))
    }
    fn visit_str<E>(self, text: &str) -> Result<Told, E> {
        Ok((Some(text).filter(|text| !text.trim().is_empty()).map(str::to_owned), Vec::new()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Told, A::Error> {
        Ok(self.of(Value::deserialize(SeqAccessDeserializer::new(seq))?))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Told, A::Error> {
        Ok(self.of(Value::deserialize(MapAccessDeserializer::new(map))?))
    }
}

//! Records as a plan hands them on.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A record that is shared and not copied, with the JSON that it was written as.
///
/// It reads like the record itself. Whoever changes it gets a record of his own, without the JSON, which would lie.
pub struct Kept<T> {
    record: Arc<T>,
    json: Option<Arc<str>>,
}

impl<T> Kept<T> {
    pub(crate) fn written(record: Arc<T>, json: Arc<str>) -> Self {
        Self { record, json: Some(json) }
    }

    /// What serde_json writes of the record, when it was written already.
    pub fn json(&self) -> Option<&Arc<str>> {
        self.json.as_ref()
    }

    /// The record itself; copied where it is shared.
    pub fn into_record(self) -> T
    where
        T: Clone,
    {
        Arc::unwrap_or_clone(self.record)
    }
}

impl<T> From<T> for Kept<T> {
    fn from(record: T) -> Self {
        Self { record: Arc::new(record), json: None }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { record: Arc::clone(&self.record), json: self.json.clone() }
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

impl<T: Clone> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.json = None;
        Arc::make_mut(&mut self.record)
    }
}

impl<T: PartialEq> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<T: Serialize> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.record.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_record_has_no_json_and_leaves_others_as_they_were() {
        let first = Kept::written(Arc::new(vec![1]), "[1]".into());
        let mut second = first.clone();
        assert_eq!(second.json().map(|json| &**json), Some("[1]"));
        second.push(2);
        assert_eq!(second.json(), None);
        assert_eq!(second.into_record(), [1, 2]);
        assert_eq!((first.json().map(|json| &**json), &*first), (Some("[1]"), &vec![1]));
    }
}

//! The suite for stores, on a file and in memory.
#![allow(clippy::unwrap_used)]

use pos_store_sqlite::SqliteStore;
use pos_testkit::store_suite::Opened;

async fn in_memory() -> Opened {
    Opened::new(SqliteStore::in_memory().unwrap())
}

async fn on_disk() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let store = SqliteStore::open(&path).unwrap();
    let again = move || {
        let path = path.clone();
        async move { SqliteStore::open(path).unwrap() }
    };
    Opened::new(store).keeping(folder).reopened_by(again)
}

pos_testkit::store_contract!(memory, in_memory);
pos_testkit::store_contract!(file, on_disk);

//! The suite for stores, on the one in memory.

use pos_sync::MemoryStore;
use pos_testkit::store_suite::Opened;

async fn open() -> Opened {
    let store = MemoryStore::new();
    let again = store.clone();
    Opened::new(store).reopened_by(move || {
        let again = again.clone();
        async move { again }
    })
}

pos_testkit::store_contract!(memory, open);

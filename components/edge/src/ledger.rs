//! The ledger of this application.

use std::sync::atomic::{AtomicBool, Ordering};

use ledger::SqliteStore;

use crate::Database;

/// Whether this instance has seen that the schema is right; it then need not look again.
static MIGRATED: AtomicBool = AtomicBool::new(false);

/// Lends the ledger to `work`. Its database is opened when it is first asked for something.
pub async fn with_ledger<T>(work: impl AsyncFnOnce(&SqliteStore<Database>) -> T) -> T {
    let migrated = MIGRATED.load(Ordering::Relaxed);
    let store = match migrated {
        true => SqliteStore::assume_migrated(Database::default()),
        false => SqliteStore::new(Database::default()),
    };
    let result = work(&store).await;
    MIGRATED.fetch_or(store.is_migrated(), Ordering::Relaxed);
    result
}

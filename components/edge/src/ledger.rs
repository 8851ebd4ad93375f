//! The ledger of this application.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::{PostgresStore, SqliteStore, StoreError};

use crate::choice::Choice;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::store::Ledger;
use crate::variable;

/// Variables do not change while an instance lives.
static CHOICE: OnceLock<Result<Choice, StoreError>> = OnceLock::new();

/// Whether this instance has seen that the schema is right; it then need not look again.
static MIGRATED: AtomicBool = AtomicBool::new(false);

/// Lends the ledger to `work`. Its database is opened when it is first asked for something.
pub async fn with_ledger<T>(work: impl AsyncFnOnce(&Ledger) -> T) -> T {
    let store = open(choice().await, MIGRATED.load(Ordering::Relaxed));
    let result = work(&store).await;
    MIGRATED.fetch_or(store.is_migrated(), Ordering::Relaxed);
    result
}

fn open(choice: &Result<Choice, StoreError>, migrated: bool) -> Ledger {
    match (choice, migrated) {
        (Ok(Choice::Sqlite), false) => Ledger::Sqlite(SqliteStore::new(Sqlite::default())),
        (Ok(Choice::Sqlite), true) => Ledger::Sqlite(SqliteStore::assume_migrated(Sqlite::default())),
        (Ok(Choice::Postgres(url)), false) => Ledger::Postgres(PostgresStore::new(Postgres::new(url))),
        (Ok(Choice::Postgres(url)), true) => {
            Ledger::Postgres(PostgresStore::assume_migrated(Postgres::new(url)))
        }
        (Err(error), _) => Ledger::None(error.clone()),
    }
}

async fn choice() -> &'static Result<Choice, StoreError> {
    if let Some(choice) = CHOICE.get() {
        return choice;
    }
    let choice = Choice::from_variables(&variable("database").await, &variable("database_url").await);
    CHOICE.get_or_init(|| choice)
}

//! Migrating a SQLite file. Components do the same when they meet one.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::files::{Migration, SQLITE};
use super::plan::{Applied, Goal, History, Step, steps};

/// How long to wait for others that write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

const BOOKKEEPING: &str = "CREATE TABLE IF NOT EXISTS slipway_migrations (version INTEGER NOT NULL PRIMARY KEY, \
                           name TEXT NOT NULL, checksum TEXT NOT NULL, min_compatible INTEGER NOT NULL, \
                           applied_at INTEGER NOT NULL) STRICT";

/// What was applied to the file.
pub(super) fn history(file: &Path) -> Result<History> {
    read(&open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// Runs the steps that lead to the goal, all or none, and gives them.
pub(super) fn run(file: &Path, goal: Goal, dry_run: bool) -> Result<Vec<Step>> {
    if dry_run {
        // Not even an empty file is made.
        let history = if file.exists() { history(file)? } else { History::new() };
        return Ok(steps(SQLITE, &history, goal)?);
    }
    let mut connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // Locks before it reads, so that of two at once the second finds nothing left to do.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let steps = steps(SQLITE, &read(&transaction)?, goal)?;
    for step in &steps {
        match step {
            Step::Up(migration) => {
                apply(&transaction, migration).with_context(|| format!("{migration} up"))?
            }
            Step::Down(migration) => {
                take_back(&transaction, migration).with_context(|| format!("{migration} down"))?;
            }
        }
    }
    transaction.commit()?;
    Ok(steps)
}

fn open(file: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(file, flags)
        .with_context(|| format!("cannot open {} as a SQLite database", file.display()))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn read(connection: &Connection) -> Result<History> {
    let exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'slipway_migrations'";
    if connection.query_row(exists, [], |_| Ok(())).optional()?.is_none() {
        return Ok(History::new());
    }
    let mut statement = connection.prepare(
        "SELECT version, name, checksum, min_compatible, \
         strftime('%Y-%m-%dT%H:%M:%SZ', applied_at / 1000, 'unixepoch') FROM slipway_migrations",
    )?;
    let rows = statement.query_map([], |row| {
        let applied = Applied {
            name: row.get(1)?,
            checksum: row.get(2)?,
            min_compatible: row.get(3)?,
            applied_at: row.get(4)?,
        };
        Ok((row.get(0)?, applied))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(transaction: &Transaction<'_>, migration: &Migration) -> Result<()> {
    transaction.execute_batch(BOOKKEEPING)?;
    transaction.execute_batch(migration.up)?;
    let record = "INSERT INTO slipway_migrations (version, name, checksum, min_compatible, applied_at) \
                  VALUES (?1, ?2, ?3, ?4, CAST(round(unixepoch('subsec') * 1000) AS INTEGER))";
    let (version, name) = (migration.version, migration.name);
    transaction.execute(record, params![version, name, migration.checksum(), migration.min_compatible()?])?;
    Ok(())
}

fn take_back(transaction: &Transaction<'_>, migration: &Migration) -> Result<()> {
    transaction.execute_batch(migration.down)?;
    transaction.execute("DELETE FROM slipway_migrations WHERE version = ?1", [migration.version])?;
    Ok(())
}

//! Migrating a Postgres database.

use anyhow::{Context, Result, anyhow};
use tokio_postgres::{Client, Transaction};

use super::files::{Migration, POSTGRES};
use super::plan::{Applied, Goal, History, Step, steps};
use crate::host::postgres;

/// Key of the advisory lock that lets migrations of one database take turns: "slipway" in ASCII.
const LOCK: i64 = 0x0073_6c69_7077_6179;

const BOOKKEEPING: &str = "CREATE TABLE IF NOT EXISTS slipway_migrations (version BIGINT PRIMARY KEY, \
                           name TEXT NOT NULL, checksum TEXT NOT NULL, min_compatible BIGINT NOT NULL, \
                           applied_at TIMESTAMPTZ NOT NULL)";

/// What was applied to the database.
pub(super) async fn history(url: &str) -> Result<History> {
    read(&connect(url).await?).await
}

/// Runs the steps that lead to the goal, each in a transaction of its own, and gives them.
pub(super) async fn run(url: &str, goal: Goal, dry_run: bool) -> Result<Vec<Step>> {
    let mut client = connect(url).await?;
    if dry_run {
        return Ok(steps(POSTGRES, &read(&client).await?, goal)?);
    }
    // Held until the connection ends. Whoever waited for it reads what the other one did, and finds nothing left to do.
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let steps = steps(POSTGRES, &read(&client).await?, goal)?;
    for step in &steps {
        let transaction = client.transaction().await?;
        match step {
            Step::Up(migration) => {
                apply(&transaction, migration).await.with_context(|| format!("{migration} up"))?;
            }
            Step::Down(migration) => {
                take_back(&transaction, migration).await.with_context(|| format!("{migration} down"))?;
            }
        }
        transaction.commit().await?;
    }
    Ok(steps)
}

async fn connect(url: &str) -> Result<Client> {
    let client =
        postgres::connect(url).await.map_err(|why| anyhow!("cannot connect to the database: {why}"))?;
    // That a table exists already is no news.
    client.batch_execute("SET client_min_messages TO warning").await?;
    Ok(client)
}

async fn read(client: &Client) -> Result<History> {
    let exists = "SELECT to_regclass('slipway_migrations') IS NOT NULL";
    if !client.query_one(exists, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(History::new());
    }
    let statement = "SELECT version, name, checksum, min_compatible, \
                     to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM slipway_migrations";
    let mut history = History::new();
    for row in client.query(statement, &[]).await? {
        let applied = Applied {
            name: row.try_get(1)?,
            checksum: row.try_get(2)?,
            min_compatible: row.try_get(3)?,
            applied_at: row.try_get(4)?,
        };
        history.insert(row.try_get(0)?, applied);
    }
    Ok(history)
}

async fn apply(transaction: &Transaction<'_>, migration: &Migration) -> Result<()> {
    transaction.batch_execute(BOOKKEEPING).await?;
    transaction.batch_execute(migration.up).await?;
    let record = "INSERT INTO slipway_migrations (version, name, checksum, min_compatible, applied_at) \
                  VALUES ($1, $2, $3, $4, now())";
    let (checksum, min_compatible) = (migration.checksum(), migration.min_compatible()?);
    transaction.execute(record, &[&migration.version, &migration.name, &checksum, &min_compatible]).await?;
    Ok(())
}

async fn take_back(transaction: &Transaction<'_>, migration: &Migration) -> Result<()> {
    transaction.batch_execute(migration.down).await?;
    transaction.execute("DELETE FROM slipway_migrations WHERE version = $1", &[&migration.version]).await?;
    Ok(())
}

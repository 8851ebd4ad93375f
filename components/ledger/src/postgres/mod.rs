//! The store on Postgres. One file a noun; this one names which function does what.
//!
//! What changes several tables is one statement with data-modifying CTEs
//! (<https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING>), so that a connection is never
//! left within a transaction.

mod deliveries;
mod deployments;
mod events;
mod leases;
mod promotions;
mod redeliveries;
mod retry;
mod schema;
mod statistics;
mod sweeps;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::sql::{Connection, Value};
use crate::{
    Accepted, Announced, Claim, Contest, Cursor, Delivery, DeliveryKey, Deployment, DeploymentFilter, Event,
    Gather, Listing, NewDelivery, NewDeployment, NewEvent, Outcome, Page, Patience, Promotion,
    PromotionFilter, Reported, Retry, Statistics, Store, StoreError,
};

/// The database's clock in whole milliseconds; it stands still within a statement.
macro_rules! now {
    () => {
        "date_trunc('milliseconds', now())"
    };
}
use now;

/// A moment as milliseconds since the Unix epoch, under the column's own name.
macro_rules! epoch {
    ($column:literal) => {
        concat!("(extract(epoch FROM ", $column, ") * 1000)::bigint AS ", $column)
    };
}
use epoch;

/// The ledger in a Postgres database, which `slipway migrate` has brought to this release's schema: this store only looks
/// whether that was done, with its first call.
pub struct PostgresStore<C> {
    connection: C,
    migrated: AtomicBool,
}

impl<C: Connection> PostgresStore<C> {
    /// A store on any database. Every call may then also fail with [`StoreError::Migration`].
    pub fn new(connection: C) -> Self {
        Self { connection, migrated: AtomicBool::new(false) }
    }

    /// A store on a database that was [migrated](Self::is_migrated) before; saves looking again.
    pub fn assume_migrated(connection: C) -> Self {
        Self { connection, migrated: AtomicBool::new(true) }
    }

    /// Whether the schema was found to be right.
    pub fn is_migrated(&self) -> bool {
        self.migrated.load(Ordering::Relaxed)
    }

    async fn ready(&self) -> Result<&C, StoreError> {
        if !self.is_migrated() {
            schema::check(&self.connection).await?;
            self.migrated.store(true, Ordering::Relaxed);
        }
        Ok(&self.connection)
    }
}

impl<C: Connection> Store for PostgresStore<C> {
    async fn record_deployment(&self, new: &NewDeployment) -> Result<Deployment, StoreError> {
        deployments::insert(self.ready().await?, new).await
    }

    async fn deployment(&self, id: Uuid) -> Result<Option<Deployment>, StoreError> {
        deployments::get(self.ready().await?, id).await
    }

    async fn deployments(
        &self,
        filter: &DeploymentFilter,
        page: &Page,
    ) -> Result<Listing<Deployment>, StoreError> {
        deployments::list(self.ready().await?, filter, page).await
    }

    async fn report(&self, deployment: Uuid, event: &NewEvent) -> Result<Reported, StoreError> {
        events::report(self.ready().await?, deployment, event).await
    }

    async fn event(&self, source: &str, id: &str) -> Result<Option<Event>, StoreError> {
        events::get(self.ready().await?, source, id).await
    }

    async fn events(&self, deployment: Uuid, page: &Page) -> Result<Listing<Event>, StoreError> {
        events::list(self.ready().await?, deployment, page).await
    }

    async fn stalled(&self, ids: &[Uuid], patience: Patience) -> Result<Vec<Uuid>, StoreError> {
        events::stalled(self.ready().await?, ids, patience).await
    }

    async fn count_stalled(&self, patience: Patience) -> Result<u64, StoreError> {
        events::count_stalled(self.ready().await?, patience).await
    }

    async fn accept(&self, delivery: &NewDelivery) -> Result<Accepted, StoreError> {
        deliveries::accept(self.ready().await?, delivery).await
    }

    async fn claim_due(
        &self,
        limit: u32,
        lease: Duration,
        gather: &Gather,
    ) -> Result<Vec<Claim>, StoreError> {
        leases::claim_due(self.ready().await?, limit, lease, gather).await
    }

    async fn claim(&self, id: Uuid, lease: Duration) -> Result<Option<Claim>, StoreError> {
        leases::claim(self.ready().await?, id, lease).await
    }

    async fn announce(&self, claim: &Claim) -> Result<Announced, StoreError> {
        leases::announce(self.ready().await?, claim).await
    }

    async fn contest(&self, promotion: &Promotion) -> Result<Contest, StoreError> {
        leases::contest(self.ready().await?, promotion).await
    }

    async fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<(), StoreError> {
        leases::finish(self.ready().await?, claim, outcome).await
    }

    async fn correct(&self, id: Uuid, commit: &str) -> Result<(), StoreError> {
        leases::correct(self.ready().await?, id, commit).await
    }

    async fn postpone(&self, claim: &Claim, error: &str, delay: Duration) -> Result<(), StoreError> {
        leases::postpone(self.ready().await?, claim, error, delay).await
    }

    async fn retry(&self, id: Uuid) -> Result<Retry, StoreError> {
        retry::retry(self.ready().await?, id).await
    }

    async fn promotion(&self, id: Uuid) -> Result<Option<Promotion>, StoreError> {
        promotions::get(self.ready().await?, id).await
    }

    async fn promotions(
        &self,
        filter: &PromotionFilter,
        page: &Page,
    ) -> Result<Listing<Promotion>, StoreError> {
        promotions::list(self.ready().await?, filter, page).await
    }

    async fn deliveries(&self, page: &Page) -> Result<Listing<Delivery>, StoreError> {
        deliveries::list(self.ready().await?, page).await
    }

    async fn missed(&self, source: &str, ids: &[String], most: u32) -> Result<Vec<String>, StoreError> {
        redeliveries::missed(self.ready().await?, source, ids, most).await
    }

    async fn count_redelivery(&self, key: &DeliveryKey) -> Result<(), StoreError> {
        redeliveries::count(self.ready().await?, key).await
    }

    async fn begin_sweep(&self, name: &str, period: Duration) -> Result<bool, StoreError> {
        sweeps::begin(self.ready().await?, name, period).await
    }

    async fn statistics(&self) -> Result<Statistics, StoreError> {
        statistics::read(self.ready().await?).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ready().await?.execute("SELECT 1::bigint", &[]).await?;
        Ok(())
    }
}

/// How often a statement that met another one is run in all. The other one is through by then, so that the next try sees
/// what it did; only a third one can get in between.
const ATTEMPTS: u32 = 5;

/// Runs a statement, again if another connection changed the same rows at the same time.
async fn execute_again<C: Connection>(
    connection: &C,
    statement: &str,
    parameters: &[Value],
) -> Result<crate::sql::Rows, StoreError> {
    for _ in 1..ATTEMPTS {
        match connection.execute(statement, parameters).await {
            Err(crate::sql::DatabaseError::Conflict { .. }) => {}
            result => return Ok(result?),
        }
    }
    Ok(connection.execute(statement, parameters).await?)
}

/// Text as Postgres can keep it: a NUL, which no good request holds, is replaced.
fn text(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

fn optional_text(value: Option<&str>) -> Value {
    value.map(text).into()
}

/// Parameters are `$1`, `$2`, …
const SIGIL: char = '$';

/// A cursor of a list that has a UUID as its key.
fn beyond(at: usize, key: usize) -> String {
    format!("(timestamptz 'epoch' + ${at}::bigint * interval '1 millisecond', ${key}::text::uuid)")
}

fn cursor(cursor: &Cursor) -> [Value; 2] {
    // A key that no list gave: of the rows of its moment, none follows.
    let key = cursor.key.parse().unwrap_or(Uuid::nil());
    [moment(cursor), key.to_string().into()]
}

/// The moment of a cursor. One that no list gave must not overflow Postgres' calendar, so it is brought to within some
/// 3000 years of 1970.
fn moment(cursor: &Cursor) -> Value {
    const FAR: i64 = 100_000_000_000_000;
    cursor.at.unix_millis().clamp(-FAR / 2, FAR).into()
}

//! The store on SQLite. One file a noun; this one names which function does what.

mod deliveries;
mod deployments;
mod events;
mod leases;
mod migrate;
mod promotions;
mod redeliveries;
mod retry;
mod statistics;
mod sweeps;
mod transaction;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::sql::{Connection, Value};
use crate::{
    Accepted, Announced, Claim, Contest, Cursor, Delivery, DeliveryKey, Deployment, DeploymentFilter, Event,
    Gather, Listing, NewDelivery, NewDeployment, NewEvent, Outcome, Page, Patience, Promotion,
    PromotionFilter, Reported, Retry, Statistics, Store, StoreError,
};

/// The database's clock, in milliseconds since the Unix epoch. It stands still within a statement.
///
/// `round`, because the fraction of a second does not survive the multiplication exactly.
macro_rules! now {
    () => {
        "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)"
    };
}
use now;

/// Parameters are `?1`, `?2`, …
const SIGIL: char = '?';

fn beyond(at: usize, key: usize) -> String {
    format!("(?{at}, ?{key})")
}

fn cursor(cursor: &Cursor) -> [Value; 2] {
    [cursor.at.unix_millis().into(), cursor.key.as_str().into()]
}

/// The ledger in a SQLite database. The first call brings the database to this release's schema, if it is not there
/// yet; a store that is never asked never touches the database.
pub struct SqliteStore<C> {
    connection: C,
    migrated: AtomicBool,
}

impl<C: Connection> SqliteStore<C> {
    /// A store on any database, even an empty one. Every call may then also fail with [`StoreError::Migration`].
    pub fn new(connection: C) -> Self {
        Self { connection, migrated: AtomicBool::new(false) }
    }

    /// A store on a database that was [migrated](Self::is_migrated) before; saves looking again.
    pub fn assume_migrated(connection: C) -> Self {
        Self { connection, migrated: AtomicBool::new(true) }
    }

    /// Whether the schema was found to be right, or made so.
    pub fn is_migrated(&self) -> bool {
        self.migrated.load(Ordering::Relaxed)
    }

    async fn ready(&self) -> Result<&C, StoreError> {
        if !self.is_migrated() {
            migrate::migrate(&self.connection).await?;
            self.migrated.store(true, Ordering::Relaxed);
        }
        Ok(&self.connection)
    }
}

impl<C: Connection> Store for SqliteStore<C> {
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
        self.ready().await?.execute("SELECT 1", &[]).await?;
        Ok(())
    }
}

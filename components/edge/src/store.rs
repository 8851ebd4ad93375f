//! The stores that a ledger can be in, as one.

use std::time::Duration;

use ledger::{
    Accepted, Announced, Claim, Contest, Delivery, DeliveryKey, Deployment, DeploymentFilter, Event, Gather,
    Listing, NewDelivery, NewDeployment, NewEvent, Outcome, Page, Patience, PostgresStore, Promotion,
    PromotionFilter, Reported, Retry, SqliteStore, Statistics, Store, StoreError,
};
use uuid::Uuid;

use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// The ledger, wherever it lives.
pub enum Ledger {
    /// In Spin's database `default`.
    Sqlite(SqliteStore<Sqlite>),
    /// On a server.
    Postgres(PostgresStore<Postgres>),
    /// Nowhere: every call fails with this error.
    None(StoreError),
}

impl Ledger {
    /// Whether the schema was found to be right.
    pub(crate) fn is_migrated(&self) -> bool {
        match self {
            Self::Sqlite(store) => store.is_migrated(),
            Self::Postgres(store) => store.is_migrated(),
            Self::None(_) => false,
        }
    }
}

/// Passes a call on to the store that there is.
macro_rules! pass_on {
    ($ledger:ident.$call:ident($($argument:ident),*)) => {
        match $ledger {
            Self::Sqlite(store) => store.$call($($argument),*).await,
            Self::Postgres(store) => store.$call($($argument),*).await,
            Self::None(error) => Err(error.clone()),
        }
    };
}

impl Store for Ledger {
    async fn record_deployment(&self, new: &NewDeployment) -> Result<Deployment, StoreError> {
        pass_on!(self.record_deployment(new))
    }

    async fn deployment(&self, id: Uuid) -> Result<Option<Deployment>, StoreError> {
        pass_on!(self.deployment(id))
    }

    async fn deployments(
        &self,
        filter: &DeploymentFilter,
        page: &Page,
    ) -> Result<Listing<Deployment>, StoreError> {
        pass_on!(self.deployments(filter, page))
    }

    async fn report(&self, deployment: Uuid, event: &NewEvent) -> Result<Reported, StoreError> {
        pass_on!(self.report(deployment, event))
    }

    async fn event(&self, source: &str, id: &str) -> Result<Option<Event>, StoreError> {
        pass_on!(self.event(source, id))
    }

    async fn events(&self, deployment: Uuid, page: &Page) -> Result<Listing<Event>, StoreError> {
        pass_on!(self.events(deployment, page))
    }

    async fn stalled(&self, ids: &[Uuid], patience: Patience) -> Result<Vec<Uuid>, StoreError> {
        pass_on!(self.stalled(ids, patience))
    }

    async fn count_stalled(&self, patience: Patience) -> Result<u64, StoreError> {
        pass_on!(self.count_stalled(patience))
    }

    async fn accept(&self, delivery: &NewDelivery) -> Result<Accepted, StoreError> {
        pass_on!(self.accept(delivery))
    }

    async fn claim_due(
        &self,
        limit: u32,
        lease: Duration,
        gather: &Gather,
    ) -> Result<Vec<Claim>, StoreError> {
        pass_on!(self.claim_due(limit, lease, gather))
    }

    async fn claim(&self, id: Uuid, lease: Duration) -> Result<Option<Claim>, StoreError> {
        pass_on!(self.claim(id, lease))
    }

    async fn announce(&self, claim: &Claim) -> Result<Announced, StoreError> {
        pass_on!(self.announce(claim))
    }

    async fn contest(&self, promotion: &Promotion) -> Result<Contest, StoreError> {
        pass_on!(self.contest(promotion))
    }

    async fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<(), StoreError> {
        pass_on!(self.finish(claim, outcome))
    }

    async fn correct(&self, id: Uuid, commit: &str) -> Result<(), StoreError> {
        pass_on!(self.correct(id, commit))
    }

    async fn postpone(&self, claim: &Claim, error: &str, delay: Duration) -> Result<(), StoreError> {
        pass_on!(self.postpone(claim, error, delay))
    }

    async fn retry(&self, id: Uuid) -> Result<Retry, StoreError> {
        pass_on!(self.retry(id))
    }

    async fn promotion(&self, id: Uuid) -> Result<Option<Promotion>, StoreError> {
        pass_on!(self.promotion(id))
    }

    async fn promotions(
        &self,
        filter: &PromotionFilter,
        page: &Page,
    ) -> Result<Listing<Promotion>, StoreError> {
        pass_on!(self.promotions(filter, page))
    }

    async fn deliveries(&self, page: &Page) -> Result<Listing<Delivery>, StoreError> {
        pass_on!(self.deliveries(page))
    }

    async fn missed(&self, source: &str, ids: &[String], most: u32) -> Result<Vec<String>, StoreError> {
        pass_on!(self.missed(source, ids, most))
    }

    async fn count_redelivery(&self, key: &DeliveryKey) -> Result<(), StoreError> {
        pass_on!(self.count_redelivery(key))
    }

    async fn begin_sweep(&self, name: &str, period: Duration) -> Result<bool, StoreError> {
        pass_on!(self.begin_sweep(name, period))
    }

    async fn statistics(&self) -> Result<Statistics, StoreError> {
        pass_on!(self.statistics())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        pass_on!(self.ping())
    }
}

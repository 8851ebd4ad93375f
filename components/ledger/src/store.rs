//! The ledger as its users see it.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    Accepted, Claim, Delivery, Deployment, DeploymentFilter, Listing, NewDelivery, NewDeployment, Outcome,
    Page, Promotion, PromotionFilter, StoreError,
};

/// Deployments, deliveries and promotions. All moments and leases go by the database's clock.
///
/// A store has one database connection: the calls on one store must follow one another, not overlap.
///
/// # Errors
/// Every call may fail with [`StoreError::Database`], [`StoreError::Migration`] or [`StoreError::Unreadable`]; one
/// that fails has changed nothing. Other errors are named where they can happen.
// Guests are single-threaded wasm, so futures need no `Send` bound.
#[allow(async_fn_in_trait)]
pub trait Store {
    /// Records a deployment as `pending`.
    async fn record_deployment(&self, new: &NewDeployment) -> Result<Deployment, StoreError>;

    /// The deployment with this id.
    async fn deployment(&self, id: Uuid) -> Result<Option<Deployment>, StoreError>;

    /// Deployments, newest first.
    async fn deployments(
        &self,
        filter: &DeploymentFilter,
        page: &Page,
    ) -> Result<Listing<Deployment>, StoreError>;

    /// Stores a delivery and everything that was decided about it, all or nothing. A wanted promotion joins the
    /// one of the same target, image, tag and digest that is still under way, or becomes a new one in `waiting`.
    /// A delivery that was stored before changes nothing.
    async fn accept(&self, delivery: &NewDelivery) -> Result<Accepted, StoreError>;

    /// Claims up to `limit` promotions that are due, the longest due first: waiting ones whose time has come, and
    /// running ones whose lease ended. Each becomes `running` for the length of `lease`.
    async fn claim_due(&self, limit: u32, lease: Duration) -> Result<Vec<Claim>, StoreError>;

    /// Claims one promotion as [`Store::claim_due`] does; none when it is unknown or not due.
    async fn claim(&self, id: Uuid, lease: Duration) -> Result<Option<Claim>, StoreError>;

    /// Makes sure that the promotion has its `pending` deployment, and gives that deployment's id. To be called
    /// before a commit is tried, so that the record precedes the act; later attempts find the same deployment.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not the latest.
    async fn announce(&self, claim: &Claim) -> Result<Uuid, StoreError>;

    /// Ends the promotion, and brings an announced deployment in line with the end.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not the latest.
    async fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<(), StoreError>;

    /// Puts the promotion back to `waiting`, to be tried again after `delay`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not the latest.
    async fn postpone(&self, claim: &Claim, error: &str, delay: Duration) -> Result<(), StoreError>;

    /// The promotion with this id.
    async fn promotion(&self, id: Uuid) -> Result<Option<Promotion>, StoreError>;

    /// Promotions, newest first.
    async fn promotions(
        &self,
        filter: &PromotionFilter,
        page: &Page,
    ) -> Result<Listing<Promotion>, StoreError>;

    /// Deliveries, newest first.
    async fn deliveries(&self, page: &Page) -> Result<Listing<Delivery>, StoreError>;

    /// Asks the database for a sign of life.
    async fn ping(&self) -> Result<(), StoreError>;
}

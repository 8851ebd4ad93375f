//! The ledger as its users see it.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    Accepted, Announced, Claim, Contest, Delivery, DeliveryKey, Deployment, DeploymentFilter, Event, Gather,
    Listing, NewDelivery, NewDeployment, NewEvent, Outcome, Page, Patience, Promotion, PromotionFilter,
    Reported, Retry, Statistics, StoreError,
};

/// Deployments, deliveries and promotions. All moments and leases go by the database's clock.
///
/// A store has one database connection: the calls on one store must follow one another, not overlap.
///
/// # Errors
/// Every call may fail with [`StoreError::Database`], [`StoreError::Migration`] or [`StoreError::Unreadable`]; one
/// that fails has changed nothing. Other errors are named where they can happen.
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

    /// Records an event of a deployment, moves its status on if the event's is higher, and, where that says that it runs or
    /// ran, supersedes what was under way before it for the same service and environment. An event that the source
    /// reported before changes nothing, so that events may come late, repeatedly and in any order.
    async fn report(&self, deployment: Uuid, event: &NewEvent) -> Result<Reported, StoreError>;

    /// The event that the source gave this id.
    async fn event(&self, source: &str, id: &str) -> Result<Option<Event>, StoreError>;

    /// Events of a deployment, newest first.
    async fn events(&self, deployment: Uuid, page: &Page) -> Result<Listing<Event>, StoreError>;

    /// Of these deployments, those that are under way and have been silent for longer than `patience`.
    async fn stalled(&self, ids: &[Uuid], patience: Patience) -> Result<Vec<Uuid>, StoreError>;

    /// How many deployments are under way and have been silent for longer than `patience`.
    async fn count_stalled(&self, patience: Patience) -> Result<u64, StoreError>;

    /// Stores a delivery and everything that was decided about it, all or nothing. A wanted promotion joins the
    /// one of the same target, image, tag and digest that is still under way, or becomes a new one in `waiting`.
    /// A delivery that was stored before changes nothing.
    async fn accept(&self, delivery: &NewDelivery) -> Result<Accepted, StoreError>;

    /// Claims up to `limit` promotions that are due and go to the same branch, the one that is longest due among them:
    /// waiting ones whose time has come, and running ones whose lease ended. Each becomes `running` for the length of
    /// `lease`. A branch that somebody is at work on is left alone: our commit would only meet theirs.
    async fn claim_due(&self, limit: u32, lease: Duration, gather: &Gather)
    -> Result<Vec<Claim>, StoreError>;

    /// Claims one promotion as [`Store::claim_due`] does; none when it is unknown or not due.
    async fn claim(&self, id: Uuid, lease: Duration) -> Result<Option<Claim>, StoreError>;

    /// Makes sure that the promotion has its `pending` deployment, unless a newer promotion of its target takes its place.
    /// To be called before a commit is tried, so that the record precedes the act; later attempts find the same
    /// deployment. To be called after the head of the branch was read: a newer promotion is in the ledger before it
    /// commits, so that either it is seen here, or its commit moves the branch and ours is refused.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not the latest.
    async fn announce(&self, claim: &Claim) -> Result<Announced, StoreError>;

    /// Whether a commit of an older promotion of the target may still reach the branch.
    async fn contest(&self, promotion: &Promotion) -> Result<Contest, StoreError>;

    /// Ends the promotion, and brings an announced deployment in line with the end.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not the latest.
    async fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<(), StoreError>;

    /// Records that a promotion was committed after all: its worker lost the lease, somebody else ended it without knowing
    /// of the commit, and what is in Git is the truth. Changes nothing for one that has not ended, as whoever holds it now
    /// looks there.
    async fn correct(&self, id: Uuid, commit: &str) -> Result<(), StoreError>;

    /// Puts the promotion back to `waiting`, to be tried again after `delay`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not the latest.
    async fn postpone(&self, claim: &Claim, error: &str, delay: Duration) -> Result<(), StoreError>;

    /// Tries a promotion again on somebody's wish: one that waits becomes due now, and one that was held, was rejected or
    /// failed is made anew, unless a newer promotion of its target stands.
    async fn retry(&self, id: Uuid) -> Result<Retry, StoreError>;

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

    /// Of these ids of a source, those that no delivery was stored for, and that were asked for again less than `most`
    /// times.
    async fn missed(&self, source: &str, ids: &[String], most: u32) -> Result<Vec<String>, StoreError>;

    /// Counts that the sender is about to be asked for a delivery again.
    async fn count_redelivery(&self, key: &DeliveryKey) -> Result<(), StoreError>;

    /// Notes that work of this name, which comes round, begins; `false`, and nothing noted, if it was begun less than
    /// `period` ago, by whomever.
    async fn begin_sweep(&self, name: &str, period: Duration) -> Result<bool, StoreError>;

    /// How many of everything there are. Reads whole indexes, so it is not for every request.
    async fn statistics(&self) -> Result<Statistics, StoreError>;

    /// Asks the database for a sign of life.
    async fn ping(&self) -> Result<(), StoreError>;
}

//! A deployment as it is shown: with what is not stored with it.

use ledger::{Deployment, Event, Listing, Patience, Status, Store, StoreError};
use serde::Serialize;
use uuid::Uuid;

/// A deployment, whether it is stalled, and maybe its events.
#[derive(Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub(crate) deployment: Deployment,
    /// Whether it is under way and has been silent for too long.
    pub(crate) stalled: bool,
    /// The latest events, newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<Vec<Event>>,
}

impl Shown {
    /// One that was heard of just now.
    pub(crate) fn fresh(deployment: Deployment) -> Self {
        Self { deployment, stalled: false, events: None }
    }

    /// One by itself.
    pub(crate) async fn one<S: Store>(
        store: &S,
        patience: Patience,
        deployment: Deployment,
    ) -> Result<Self, StoreError> {
        let stalled = stalled(store, patience, std::slice::from_ref(&deployment)).await?;
        Ok(Self { stalled: !stalled.is_empty(), deployment, events: None })
    }

    /// Those of a list.
    pub(crate) async fn list<S: Store>(
        store: &S,
        patience: Patience,
        listing: Listing<Deployment>,
    ) -> Result<Listing<Self>, StoreError> {
        let stalled = stalled(store, patience, &listing.items).await?;
        let show = |deployment: Deployment| Self {
            stalled: stalled.contains(&deployment.id),
            deployment,
            events: None,
        };
        Ok(Listing { items: listing.items.into_iter().map(show).collect(), next: listing.next })
    }
}

/// Asks the database only where it could say yes.
async fn stalled<S: Store>(
    store: &S,
    patience: Patience,
    deployments: &[Deployment],
) -> Result<Vec<Uuid>, StoreError> {
    let is_under_way = |it: &&Deployment| matches!(it.status, Status::Pending | Status::Running);
    let ids: Vec<_> = deployments.iter().filter(is_under_way).map(|it| it.id).collect();
    store.stalled(&ids, patience).await
}

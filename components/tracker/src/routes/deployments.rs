//! `/api/v1/deployments`

use std::fmt::Display;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Body;
use ledger::{Deployment, DeploymentFilter, NewDeployment, NewEvent, Page, Patience, Reported, Store};
use uuid::Uuid;

use crate::error::ApiError;
use crate::query::Query;
use crate::router::{Caller, Route};
use crate::routes::events;
use crate::shown::Shown;
use crate::{answer, body};

pub(crate) const UNKNOWN: ApiError = ApiError::NotFound("deployment");

pub(crate) async fn record<B, S>(
    store: &S,
    headers: &HeaderMap,
    request: B,
) -> Result<Response<Bytes>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    let new = NewDeployment::from_fields(&body::object(headers, request).await?)?;
    let deployment = store.record_deployment(&new).await?;
    let location = format!("{}/{}", Route::Deployments.pattern(), deployment.id);
    answer::created(&Shown::fresh(deployment), &location)
}

pub(crate) async fn list<S: Store>(
    store: &S,
    patience: Patience,
    query: &Query<'_>,
) -> Result<Response<Bytes>, ApiError> {
    let filter =
        DeploymentFilter { service: query.filter("service"), environment: query.filter("environment") };
    let listing = store.deployments(&filter, &query.page()?).await?;
    let shown = Shown::list(store, patience, listing).await?;
    answer::listing(&shown, Route::Deployments.pattern(), query)
}

/// The deployment with its latest events.
pub(crate) async fn show<S: Store>(
    store: &S,
    patience: Patience,
    id: &str,
) -> Result<Response<Bytes>, ApiError> {
    let deployment = find(store, id).await?;
    let events = store.events(deployment.id, &Page::default()).await?.items;
    let shown = Shown::one(store, patience, deployment).await?;
    answer::json(&Shown { events: Some(events), ..shown })
}

/// `PATCH`: what the caller says about the status is an event like any other, so that a higher status stays. Answers as
/// [`show`] does.
pub(crate) async fn change<B, S>(
    store: &S,
    patience: Patience,
    id: &str,
    caller: Caller<'_>,
    request: B,
) -> Result<Response<Bytes>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    let deployment = parse(id)?;
    let fields = body::object(caller.headers, request).await?;
    let event = NewEvent::from_status(events::SOURCE, caller.name, deployment, &fields)?;
    match store.report(deployment, &event).await? {
        Reported::Unknown => Err(UNKNOWN),
        Reported::Recorded(_) | Reported::Repeated(_) => show(store, patience, id).await,
    }
}

/// The deployment that a path names.
async fn find<S: Store>(store: &S, id: &str) -> Result<Deployment, ApiError> {
    store.deployment(parse(id)?).await?.ok_or(UNKNOWN)
}

/// What is no UUID names no deployment: the same answer as for one that is not there.
pub(crate) fn parse(id: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(id).map_err(|_| UNKNOWN)
}

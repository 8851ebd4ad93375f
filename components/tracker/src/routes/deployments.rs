//! `/api/v1/deployments`

use std::fmt::Display;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Body;
use ledger::{DeploymentFilter, NewDeployment, Store};
use uuid::Uuid;

use crate::error::ApiError;
use crate::query::Query;
use crate::router::Route;
use crate::{answer, body};

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
    answer::created(&deployment, &location)
}

pub(crate) async fn list<S: Store>(store: &S, query: &Query<'_>) -> Result<Response<Bytes>, ApiError> {
    let filter =
        DeploymentFilter { service: query.filter("service"), environment: query.filter("environment") };
    let listing = store.deployments(&filter, &query.page()?).await?;
    answer::listing(&listing, Route::Deployments.pattern(), query)
}

/// What is no UUID names no deployment: the same answer as for one that is not there.
pub(crate) async fn show<S: Store>(store: &S, id: &str) -> Result<Response<Bytes>, ApiError> {
    const UNKNOWN: ApiError = ApiError::NotFound("deployment");
    let id = Uuid::try_parse(id).map_err(|_| UNKNOWN)?;
    answer::json(&store.deployment(id).await?.ok_or(UNKNOWN)?)
}

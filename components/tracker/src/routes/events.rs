//! `/api/v1/deployments/{id}/events`

use std::fmt::Display;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use ledger::{NewEvent, Reported, Store};
use uuid::Uuid;

use crate::error::ApiError;
use crate::query::Query;
use crate::router::{Caller, Route};
use crate::routes::deployments::{UNKNOWN, parse};
use crate::{answer, body};

/// The source of events that come by this API.
pub(crate) const SOURCE: &str = "api";

pub(crate) async fn list<S: Store>(
    store: &S,
    id: &str,
    query: &Query<'_>,
) -> Result<Response<Bytes>, ApiError> {
    let id = parse(id)?;
    let listing = store.events(id, &query.page()?).await?;
    if listing.items.is_empty() {
        store.deployment(id).await?.ok_or(UNKNOWN)?;
    }
    answer::listing(&listing, &path(id), query)
}

/// `POST`: 201 with the event; or 200 with the one that has its id, if that was recorded before.
pub(crate) async fn record<B, S>(
    store: &S,
    id: &str,
    caller: Caller<'_>,
    request: B,
) -> Result<Response<Bytes>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    let id = parse(id)?;
    let fields = body::object(caller.headers, request).await?;
    let event = NewEvent::from_fields(SOURCE, caller.name, &fields)?;
    match store.report(id, &event).await? {
        Reported::Recorded(event) => answer::created(&event, &path(id)),
        Reported::Repeated(event) if event.deployment_id == id => answer::json(&event),
        Reported::Repeated(_) => Err(ApiError::Conflict("another deployment has an event with this id")),
        Reported::Unknown => Err(UNKNOWN),
    }
}

fn path(id: Uuid) -> String {
    format!("{}/{id}/events", Route::Deployments.pattern())
}

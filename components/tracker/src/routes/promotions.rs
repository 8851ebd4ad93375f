//! `/api/v1/promotions`

use bytes::Bytes;
use http::Response;
use ledger::{PromotionFilter, Retry, Store};
use uuid::Uuid;

use crate::answer;
use crate::error::ApiError;
use crate::query::Query;
use crate::router::Route;

const UNKNOWN: ApiError = ApiError::NotFound("promotion");

pub(crate) async fn list<S: Store>(store: &S, query: &Query<'_>) -> Result<Response<Bytes>, ApiError> {
    let filter = PromotionFilter {
        state: query.filter("state").map(|state| state.parse()).transpose()?,
        service: query.filter("service"),
        environment: query.filter("environment"),
    };
    let listing = store.promotions(&filter, &query.page()?).await?;
    answer::listing(&listing, Route::Promotions.pattern(), query)
}

pub(crate) async fn show<S: Store>(store: &S, id: &str) -> Result<Response<Bytes>, ApiError> {
    answer::json(&store.promotion(parse(id)?).await?.ok_or(UNKNOWN)?)
}

/// `POST`: 201 with the new promotion, 202 with one that waited and is due now, or 409 with why there is nothing to retry.
pub(crate) async fn retry<S: Store>(store: &S, id: &str) -> Result<Response<Bytes>, ApiError> {
    match store.retry(parse(id)?).await? {
        Retry::Unknown => Err(UNKNOWN),
        Retry::Refused { reason } => Err(ApiError::Conflict(reason)),
        Retry::Hastened(promotion) => answer::accepted(&promotion),
        Retry::Created(promotion) => {
            answer::created(&promotion, &format!("{}/{}", Route::Promotions.pattern(), promotion.id))
        }
    }
}

/// What is no UUID names no promotion: the same answer as for one that is not there.
fn parse(id: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(id).map_err(|_| UNKNOWN)
}

//! `/api/v1/promotions`

use bytes::Bytes;
use http::Response;
use ledger::{PromotionFilter, Store};
use uuid::Uuid;

use crate::answer;
use crate::error::ApiError;
use crate::query::Query;
use crate::router::Route;

pub(crate) async fn list<S: Store>(store: &S, query: &Query<'_>) -> Result<Response<Bytes>, ApiError> {
    let filter = PromotionFilter {
        state: query.filter("state").map(|state| state.parse()).transpose()?,
        service: query.filter("service"),
        environment: query.filter("environment"),
    };
    let listing = store.promotions(&filter, &query.page()?).await?;
    answer::listing(&listing, Route::Promotions.pattern(), query)
}

/// What is no UUID names no promotion: the same answer as for one that is not there.
pub(crate) async fn show<S: Store>(store: &S, id: &str) -> Result<Response<Bytes>, ApiError> {
    const UNKNOWN: ApiError = ApiError::NotFound("promotion");
    let id = Uuid::try_parse(id).map_err(|_| UNKNOWN)?;
    answer::json(&store.promotion(id).await?.ok_or(UNKNOWN)?)
}

//! `/api/v1/deliveries`

use bytes::Bytes;
use http::Response;
use ledger::Store;

use crate::answer;
use crate::error::ApiError;
use crate::query::Query;
use crate::router::Route;

pub(crate) async fn list<S: Store>(store: &S, query: &Query<'_>) -> Result<Response<Bytes>, ApiError> {
    let listing = store.deliveries(&query.page()?).await?;
    answer::listing(&listing, Route::Deliveries.pattern(), query)
}

//! `/internal/reconcile`: tries every promotion that is due.

use bytes::Bytes;
use gitops::host::GitHost;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Response, StatusCode};
use ledger::Store;

use crate::answer;
use crate::config::Config;
use crate::error::WebhookError;
use crate::sweep::sweep;

/// Most promotions of one request, so that it ends; whatever is left is still due for the next.
const LIMIT: u32 = 500;

/// `POST`: sweeps, and tells what became of it.
pub(crate) async fn run<S: Store, H: GitHost>(
    headers: &HeaderMap,
    config: &Config,
    store: &S,
    host: &H,
) -> Result<Response<Bytes>, WebhookError> {
    let token = config.internal_token().ok_or(WebhookError::NotFound)?;
    if !token.is_in(headers.get(AUTHORIZATION).map(|value| value.as_bytes())) {
        return Err(WebhookError::Token);
    }
    config.setup()?;
    let mut report = sweep(store, config, host, LIMIT).await;
    match report.stopped.take() {
        Some(error) => Err(error.into()),
        None => answer::json(StatusCode::OK, &report),
    }
}

//! `/internal/ready`: whether requests are welcome.

use bytes::Bytes;
use http::{Response, StatusCode};
use ledger::Store;
use serde_json::json;

use crate::answer;
use crate::config::Config;
use crate::error::WebhookError;

/// `GET`: 200, or the sentence that says what is wrong with configuration or database.
pub(crate) async fn show<S: Store>(config: &Config, store: &S) -> Result<Response<Bytes>, WebhookError> {
    config.setup()?;
    store.ping().await?;
    answer::json(StatusCode::OK, &json!({ "ready": true }))
}

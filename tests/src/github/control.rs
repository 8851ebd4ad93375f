//! The double's own paths, for those who run it by hand.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::error::{ApiError, json_response};
use super::fault::Fault;
use super::rest::body;
use super::state::State;

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Fault),
    Many(Vec<Fault>),
}

/// `POST /_double/faults`: one fault or an array of them.
pub async fn add_faults(
    extract::State(state): extract::State<Arc<State>>,
    bytes: Bytes,
) -> Result<StatusCode, ApiError> {
    let added = match body::parse(&bytes)? {
        OneOrMany::One(fault) => vec![fault],
        OneOrMany::Many(faults) => faults,
    };
    added.into_iter().for_each(|fault| state.faults().push(fault));
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_double/faults`: those that are still waiting.
pub async fn list_faults(extract::State(state): extract::State<Arc<State>>) -> Response {
    json_response(StatusCode::OK, &json!(state.faults().waiting()))
}

/// `DELETE /_double/faults`: all is well again.
pub async fn clear_faults(extract::State(state): extract::State<Arc<State>>) -> Response {
    state.faults().clear();
    StatusCode::NO_CONTENT.into_response()
}

/// `GET /_double/log`: the requests seen, oldest first.
pub async fn log(extract::State(state): extract::State<Arc<State>>) -> Response {
    json_response(StatusCode::OK, &json!(*state.seen()))
}

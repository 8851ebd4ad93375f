//! The double's own paths, for those who run it by hand.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ApiError, json_response};
use super::fault::Fault;
use super::hook;
use super::rest::body;
use super::state::State;
use crate::webhook::Delivery;

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

#[derive(Deserialize)]
struct NewHook {
    owner: String,
    url: String,
    secret: String,
}

/// `POST /_double/hooks`: makes a hook of a repository or an organisation; answers with its `id`.
pub async fn create_hook(
    extract::State(state): extract::State<Arc<State>>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let new: NewHook = body::parse(&bytes)?;
    let id = state.hooks().create(new.owner.parse()?, &new.url, &new.secret);
    Ok(json_response(StatusCode::CREATED, &json!({ "id": id })))
}

#[derive(Deserialize)]
struct NewDelivery {
    event: String,
    payload: Value,
}

/// `POST /_double/hooks/{hook}/deliveries`: sends an event to a hook; answers with the attempt when it has ended.
pub async fn deliver(
    extract::State(state): extract::State<Arc<State>>,
    extract::Path(hook): extract::Path<u64>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let new: NewDelivery = body::parse(&bytes)?;
    let hook = state.hooks().hook(hook).cloned().ok_or_else(ApiError::not_found)?;
    let attempt = hook::deliver(&state, &hook, Delivery::new(&new.event, &new.payload), false).await;
    Ok(json_response(StatusCode::CREATED, &attempt.to_json()))
}

/// `GET /_double/log`: the requests seen, oldest first.
pub async fn log(extract::State(state): extract::State<Arc<State>>) -> Response {
    json_response(StatusCode::OK, &json!(*state.seen()))
}

//! The tracker: REST API and landing page over the ledger.
//!
//! [`handle`] answers any request. `router` is the whole table of paths; what a path does is in the file of its
//! noun under `routes`. Every failure is an `ApiError`, and that file alone decides how it looks outside.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

mod access;
mod answer;
mod body;
#[cfg(target_family = "wasm")]
mod component;
mod config;
mod error;
mod html;
mod query;
mod router;
mod routes;
mod shown;

use std::fmt::Display;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use ledger::Store;

pub use config::{Config, Variables};

use crate::error::ApiError;
use crate::router::Route;

/// Answers one request. Never fails: whatever goes wrong becomes an answer, and a line in the log if it is our fault.
pub async fn handle<B, S>(request: Request<B>, config: &Config, store: &S) -> Response<Bytes>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    let (head, body) = request.into_parts();
    let route = Route::find(head.uri.path());
    let result = match route {
        Some(route) => router::dispatch(route, &head, body, config, store).await,
        None => Err(ApiError::NotFound("path")),
    };
    let response = result.unwrap_or_else(|error| error.answer(&head.headers));
    answer::complete(response, route.map_or(router::OTHER, Route::pattern), head.method == Method::HEAD)
}

/// Answers a request while the configuration cannot be used: 503, and every problem in the log.
pub fn misconfigured(problems: &[String]) -> Response<Bytes> {
    eprintln!("the configuration cannot be used: {}", problems.join("; "));
    let response = answer::error(
        StatusCode::SERVICE_UNAVAILABLE,
        "the configuration of the tracker cannot be used, its log says why",
    );
    answer::complete(response, router::OTHER, false)
}

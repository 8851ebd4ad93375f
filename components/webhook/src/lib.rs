//! The webhook receiver and the promotion engine, over the ledger and a Git host.
//!
//! [`handle`] answers any request and says whether there is work to do afterwards; [`sweep`] does it. `router` is the whole
//! table of paths; what a path does is in the file of its noun under `routes`; `argo` reads what Argo tells. Every failure
//! is a `WebhookError`, and that file alone decides how it looks outside.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

mod answer;
mod argo;
mod body;
#[cfg(target_family = "wasm")]
mod component;
mod config;
mod error;
mod heal;
mod plan;
mod router;
mod routes;
mod sweep;

use std::fmt::Display;

use bytes::Bytes;
use gitops::host::{DeliveryLog, GitHost};
use http::{Method, Request, Response};
use http_body::Body;
use ledger::Store;

pub use config::{Config, Variables};
pub use sweep::{Limit, SweepReport, sweep};

use crate::error::WebhookError;
use crate::router::Route;

/// What is left to do once the answer is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    Nothing,
    /// A [`sweep`] of [`Limit::AFTER_WEBHOOK`].
    Sweep,
}

/// Answers one request. Never fails: whatever goes wrong becomes an answer, and a line in the log if it is our fault.
pub async fn handle<B, S, H>(
    request: Request<B>,
    config: &Config,
    store: &S,
    host: &H,
) -> (Response<Bytes>, Work)
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
    H: GitHost + DeliveryLog,
{
    let (head, body) = request.into_parts();
    let route = Route::find(head.uri.path());
    let result = match route {
        Some(route) => router::dispatch(route, &head, body, config, store, host).await,
        None => Err(WebhookError::NotFound),
    };
    let (response, work) = result.unwrap_or_else(|error| (error.answer(&head.headers), Work::Nothing));
    let pattern = route.map_or(router::OTHER, Route::pattern);
    (answer::complete(response, pattern, head.method == Method::HEAD), work)
}

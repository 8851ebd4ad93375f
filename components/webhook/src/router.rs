//! The whole table of paths.

use std::fmt::Display;

use bytes::Bytes;
use gitops::host::GitHost;
use http::{Method, Response, request};
use http_body::Body;
use ledger::Store;

use crate::config::Config;
use crate::error::WebhookError;
use crate::routes::{github, reconcile};
use crate::{Work, answer};

/// What stands for the route of an unknown path.
pub(crate) const OTHER: &str = "other";

/// The methods of every path, as `Allow` lists them (RFC 9110, section 10.2.1).
pub(crate) const ALLOW: &str = "POST";

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    GitHub,
    Reconcile,
}

impl Route {
    /// The route of a path; a single trailing slash makes no difference.
    pub(crate) fn find(path: &str) -> Option<Self> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/webhooks/github" => Some(Self::GitHub),
            "/internal/reconcile" => Some(Self::Reconcile),
            _ => None,
        }
    }

    /// The path, as a label.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::GitHub => "/webhooks/github",
            Self::Reconcile => "/internal/reconcile",
        }
    }
}

/// Checks the method, and calls the handler.
pub(crate) async fn dispatch<B, S, H>(
    route: Route,
    head: &request::Parts,
    body: B,
    config: &Config,
    store: &S,
    host: &H,
) -> Result<(Response<Bytes>, Work), WebhookError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
    H: GitHost,
{
    // Without a token, the internal paths do not exist for any method.
    if route == Route::Reconcile && config.internal_token().is_none() {
        return Err(WebhookError::NotFound);
    }
    match (route, &head.method) {
        (_, &Method::OPTIONS) => Ok((answer::options(ALLOW), Work::Nothing)),
        (Route::GitHub, &Method::POST) => github::receive(&head.headers, body, config, store).await,
        (Route::Reconcile, &Method::POST) => {
            let response = reconcile::run(&head.headers, config, store, host).await?;
            Ok((response, Work::Nothing))
        }
        _ => Err(WebhookError::MethodNotAllowed),
    }
}

//! The whole table of paths.

use std::fmt::Display;

use bytes::Bytes;
use gitops::host::{DeliveryLog, GitHost};
use http::{Method, Response, request};
use http_body::Body;
use ledger::Store;

use crate::argo::source::Source;
use crate::config::Config;
use crate::error::WebhookError;
use crate::routes::{argo, github, metrics, ready, reconcile};
use crate::{Work, answer};

/// What stands for the route of an unknown path.
pub(crate) const OTHER: &str = "other";

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    GitHub,
    Argo(Source),
    Reconcile,
    Ready,
    Metrics,
}

impl Route {
    /// The route of a path; a single trailing slash makes no difference.
    pub(crate) fn find(path: &str) -> Option<Self> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/webhooks/github" => Some(Self::GitHub),
            "/webhooks/argo-rollouts" => Some(Self::Argo(Source::Rollouts)),
            "/webhooks/argocd" => Some(Self::Argo(Source::ArgoCd)),
            "/internal/reconcile" => Some(Self::Reconcile),
            "/internal/ready" => Some(Self::Ready),
            "/internal/metrics" => Some(Self::Metrics),
            _ => None,
        }
    }

    /// The path, as a label.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::GitHub => "/webhooks/github",
            Self::Argo(Source::Rollouts) => "/webhooks/argo-rollouts",
            Self::Argo(Source::ArgoCd) => "/webhooks/argocd",
            Self::Reconcile => "/internal/reconcile",
            Self::Ready => "/internal/ready",
            Self::Metrics => "/internal/metrics",
        }
    }

    /// The methods, as `Allow` lists them (RFC 9110, section 10.2.1).
    fn allow(self) -> &'static str {
        match self {
            Self::GitHub | Self::Argo(_) | Self::Reconcile => "OPTIONS, POST",
            Self::Ready | Self::Metrics => "GET, HEAD, OPTIONS",
        }
    }

    /// Whether only the bearer of the internal token may go there.
    fn is_internal(self) -> bool {
        !matches!(self, Self::GitHub | Self::Argo(_))
    }
}

/// Checks method and access, and calls the handler.
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
    H: GitHost + DeliveryLog,
{
    // Without a token, the internal paths do not exist for any method.
    if route.is_internal() && config.internal_token().is_none() {
        return Err(WebhookError::NotFound);
    }
    if head.method == Method::OPTIONS {
        return Ok((answer::options(route.allow()), Work::Nothing));
    }
    if route.is_internal() {
        config.check_internal(&head.headers)?;
    }
    let answer = match (route, &head.method) {
        (Route::GitHub, &Method::POST) => return github::receive(&head.headers, body, config, store).await,
        (Route::Argo(source), &Method::POST) => {
            argo::receive(source, &head.headers, body, config, store).await
        }
        (Route::Reconcile, &Method::POST) => reconcile::run(config, store, host).await,
        (Route::Ready, &(Method::GET | Method::HEAD)) => ready::show(config, store).await,
        (Route::Metrics, &(Method::GET | Method::HEAD)) => metrics::show(config, store).await,
        _ => Err(WebhookError::MethodNotAllowed { allow: route.allow() }),
    };
    Ok((answer?, Work::Nothing))
}

//! What the shim asks the upstream for itself: whether it is ready, and its metrics.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Empty};
use hyper::body::Incoming;

use super::upstream::{Failure, Upstream, uri};
use crate::server::{Readiness, Unanswered, whole};

/// Time for the head of an answer that says whether the upstream is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// What the shim calls itself.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("slipway/", env!("CARGO_PKG_VERSION")));

/// Asks the upstream.
pub struct Questions {
    upstream: Arc<Upstream>,
    readiness: Readiness,
    ready_path: PathAndQuery,
    metrics_path: Option<PathAndQuery>,
}

impl Questions {
    /// Asks `upstream` at these paths.
    pub fn new(
        upstream: Arc<Upstream>,
        ready_path: PathAndQuery,
        metrics_path: Option<PathAndQuery>,
    ) -> Self {
        Self { upstream, readiness: Readiness::default(), ready_path, metrics_path }
    }

    /// Whether the upstream answers and does not fail.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub async fn ready(&self) -> Result<(), String> {
        let (upstream, path) = (Arc::clone(&self.upstream), self.ready_path.clone());
        self.readiness.get(async move { ready(&upstream, path).await }).await
    }

    /// The upstream's metrics; nothing if it is not said where they are.
    pub async fn metrics(&self) -> Option<Result<(StatusCode, Bytes), Unanswered>> {
        let path = self.metrics_path.clone()?;
        let asked = async { Some(get(&self.upstream, path).await.map_err(unanswered)) };
        let answer = whole(asked).await?;
        Some(match answer {
            // The path was named by whoever set this up, so that an upstream without it is no matter of course.
            Ok((status, _)) if status != StatusCode::OK => Err(Unanswered::Failed(status.to_string())),
            answer => answer,
        })
    }
}

fn unanswered(failure: Failure) -> Unanswered {
    Unanswered::Failed(failure.to_string())
}

async fn ready(upstream: &Upstream, path: PathAndQuery) -> Result<(), String> {
    match tokio::time::timeout(READY_TIMEOUT, get(upstream, path)).await {
        Ok(Ok(answer)) if answer.status().is_server_error() => {
            Err(format!("the upstream answers with {}", answer.status().as_u16()))
        }
        Ok(Ok(_)) => Ok(()),
        Ok(Err(failure)) => {
            tracing::warn!("the upstream does not say whether it is ready: {failure}");
            Err("the upstream does not answer".to_owned())
        }
        Err(_) => Err(format!("the upstream does not answer within {READY_TIMEOUT:?}")),
    }
}

/// `GET` of a path.
async fn get(upstream: &Upstream, path: PathAndQuery) -> Result<Response<Incoming>, Failure> {
    let mut request = Request::new(Either::Right(Empty::new()));
    *request.uri_mut() = uri(upstream.authority().clone(), path);
    *request.version_mut() = upstream.version();
    request.headers_mut().insert(USER_AGENT, AGENT);
    upstream.send(request).await
}

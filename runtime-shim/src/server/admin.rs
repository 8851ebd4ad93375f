//! Probes and metrics.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the process runs |
//! | `/startupz` | 200 once it has begun to serve |
//! | `/readyz` | 200 while requests are welcome, else 503 and why not |
//! | `/metrics` | the metrics, and those of the application itself, as Prometheus text or OpenMetrics |
//! | `/version` | version and commit as JSON |
//! | `/drain` | begins to drain, and answers when its delay is over and nothing is in flight; only on a port of its own |

use std::sync::Arc;

use http::header::{ALLOW, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};

use super::answer::{self, Answer};
use super::backend::Backend;
use super::component_metrics;
use super::core::Core;
use crate::lifecycle::Phase;
use crate::metrics::{Format, exposition};

const TEXT: &str = "text/plain; charset=utf-8";

/// Whether `path` is served on the application's port, when there is no other.
pub fn is_shared(path: &str) -> bool {
    matches!(path, "/healthz" | "/startupz" | "/readyz" | "/metrics" | "/version")
}

/// Answers a request for one of the paths above. Boxed, since what it may wait for is ten times as big as what the requests
/// that count wait for, and would be copied with each of them.
pub async fn answer(backend: &Arc<impl Backend>, request: &Parts) -> Answer {
    Box::pin(by_path(backend, request)).await
}

async fn by_path(backend: &Arc<impl Backend>, request: &Parts) -> Answer {
    let core = backend.core();
    let (method, path) = (&request.method, request.uri.path());
    if path == "/drain" {
        // `preStop` hooks can only GET, see https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/.
        return drain(core).await;
    }
    if is_shared(path) && !matches!(*method, Method::GET | Method::HEAD) {
        let mut answer = answer::error(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed here");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    match path {
        "/healthz" => answer::with(StatusCode::OK, TEXT, "ok\n"),
        "/startupz" => probe(match core.lifecycle.phase() {
            Phase::Starting => Err("starting".into()),
            _ => Ok(()),
        }),
        "/readyz" => probe(ready(backend).await),
        "/metrics" => scrape(backend, Format::preferred(&request.headers)).await,
        "/version" => version(),
        _ => answer::error(StatusCode::NOT_FOUND, "not found"),
    }
}

fn probe(result: Result<(), String>) -> Answer {
    match result {
        Ok(()) => answer::with(StatusCode::OK, TEXT, "ok\n"),
        Err(reason) => answer::with(StatusCode::SERVICE_UNAVAILABLE, TEXT, reason + "\n"),
    }
}

async fn ready(backend: &Arc<impl Backend>) -> Result<(), String> {
    backend.core().serving()?;
    backend.core().faults.ready()?;
    backend.ready().await
}

async fn scrape(backend: &Arc<impl Backend>, format: Format) -> Answer {
    let exposed = component_metrics::scrape(backend).await;
    let metrics = &backend.core().metrics;
    metrics.component_metrics_up(exposed.up());
    backend.observe();
    match metrics.render() {
        Ok(mut text) => {
            text.extend_from_slice(exposed.text());
            let text = match format {
                Format::Text => text,
                Format::OpenMetrics => exposition::translate(&text).into_bytes(),
            };
            answer::with(StatusCode::OK, format.content_type(), text)
        }
        Err(error) => {
            tracing::error!("metrics cannot be rendered: {error}");
            answer::error(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be rendered")
        }
    }
}

fn version() -> Answer {
    let version =
        serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "commit": env!("SLIPWAY_COMMIT") });
    answer::with(StatusCode::OK, "application/json", version.to_string())
}

/// Answers late: a hook that came back before load balancers had noticed would end the pod under their requests.
async fn drain(core: &Core) -> Answer {
    core.unready().await;
    if core.is_idle().await {
        answer::with(StatusCode::OK, TEXT, "drained\n")
    } else {
        answer::with(StatusCode::SERVICE_UNAVAILABLE, TEXT, "requests are still in flight\n")
    }
}

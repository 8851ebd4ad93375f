//! Tracing by `slipway up` and `slipway sidecar`, as processes, to a collector.

#[path = "tracing/chain.rs"]
mod chain;
#[path = "tracing/context.rs"]
mod context;
#[path = "tracing/export.rs"]
mod export;
#[path = "tracing/sidecar.rs"]
mod sidecar;

use anyhow::Result;
use bytes::Bytes;
use hyper::Method;
use tests::collector::{Collector, Exported};
use tests::http::{HttpClient, HttpResponse};
use tests::slipway::{Options, Slipway, workspace};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
/// A parent that is recorded.
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// One that is not.
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// The guests, with tracing off.
fn untraced() -> Options {
    let options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    options.with_admin().arg("--drain-delay=0s")
}

/// The guests, with their spans sent to `endpoint` under the name `service`.
fn traced(endpoint: &str, service: &str) -> Options {
    untraced().arg(&format!("--otlp-endpoint={endpoint}")).arg(&format!("--trace-service-name={service}"))
}

async fn up(collector: &Collector) -> Result<Slipway> {
    Slipway::start(traced(&collector.url(), "up")).await
}

async fn get(url: &str, headers: &[(&str, &str)]) -> Result<HttpResponse> {
    Ok(HttpClient::new().send(Method::GET, url, headers, Bytes::new()).await?)
}

/// The span of the only request that a service has had.
async fn server(collector: &Collector, service: &str) -> Exported {
    collector.span("the request's span", |span| span.service == service && span.is_server()).await
}

/// The spans directly below another.
fn below(collector: &Collector, span: &Exported) -> Vec<Exported> {
    collector.spans().into_iter().filter(|other| other.parent() == span.id()).collect()
}

/// The only span directly below another.
fn child(collector: &Collector, span: &Exported) -> Exported {
    let mut children = below(collector, span);
    assert_eq!(children.len(), 1, "{children:?}");
    children.remove(0)
}

//! The sidecar: a request, and what is asked of the upstream for it.

use anyhow::Result;
use tests::collector::Collector;
use tests::sidecar::Sidecar;
use tests::slipway::Slipway;

use crate::{PARENT, SAMPLED, TRACE, child, get, server, traced, untraced};

#[tokio::test]
async fn a_sidecar_is_in_the_trace_between_client_and_upstream() -> Result<()> {
    let collector = Collector::start().await?;
    let behind = Slipway::start(traced(&collector.url(), "behind")).await?;
    let endpoint = format!("--otlp-endpoint={}", collector.url());
    let sidecar = Sidecar::start(&behind.url(""), &[&endpoint, "--component=shop"]).await?;
    assert_eq!(get(&sidecar.url("/hello"), &[("traceparent", SAMPLED)]).await?.text(), "hello");
    let outer = server(&collector, "shop").await;
    assert_eq!((outer.trace().as_str(), outer.parent().as_str(), outer.name()), (TRACE, PARENT, "GET"));
    assert_eq!(outer.attribute("http.route"), None, "no route is known");
    let ask = child(&collector, &outer);
    assert_eq!((ask.name(), ask.kind()), ("GET", "SPAN_KIND_CLIENT"));
    assert_eq!(ask.attribute("http.response.status_code").as_deref(), Some("200"));
    let inner = server(&collector, "behind").await;
    assert_eq!((inner.trace().as_str(), inner.parent()), (TRACE, ask.id()));
    Ok(())
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_a_failure_of_both() -> Result<()> {
    let collector = Collector::start().await?;
    let endpoint = format!("--otlp-endpoint={}", collector.url());
    let sidecar = Sidecar::start("http://127.0.0.1:9", &[&endpoint, "--component=shop"]).await?;
    assert_eq!(get(&sidecar.url("/hello"), &[]).await?.status, 502);
    let outer = server(&collector, "shop").await;
    assert_eq!((outer.failed(), outer.attribute("error.type").as_deref()), (true, Some("502")));
    let ask = child(&collector, &outer);
    assert_eq!((ask.failed(), ask.attribute("error.type").as_deref()), (true, Some("unreachable")));
    Ok(())
}

#[tokio::test]
async fn with_tracing_off_a_sidecar_passes_the_context_on() -> Result<()> {
    let behind = Slipway::start(untraced()).await?;
    let sidecar = Sidecar::start(&behind.url(""), &[]).await?;
    let headers = [("traceparent", SAMPLED), ("tracestate", "a=1")];
    let echoed = get(&sidecar.url("/headers"), &headers).await?.text();
    assert!(
        echoed.contains(&format!("traceparent: {SAMPLED}\n")) && echoed.contains("tracestate: a=1\n"),
        "{echoed}"
    );
    Ok(())
}

//! The way to the collector: what is sent, when it is not there, and at the end of the process.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use tests::collector::Collector;
use tests::slipway::Slipway;
use tests::wait::eventually;
use tokio::net::TcpListener;

use crate::{SAMPLED, get, server, traced, untraced};

const DEADLINE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_environment_says_where_and_under_which_name() -> Result<()> {
    let collector = Collector::start().await?;
    let mut options = untraced();
    options.env = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("{}/own/path", collector.url())),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9".to_owned()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop".to_owned()),
        ("OTEL_SERVICE_NAME", "from-environment".to_owned()),
        ("OTEL_TRACES_SAMPLER", "always_on".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let slipway = Slipway::start(options.arg("--otlp-header=authorization=Bearer x")).await?;
    get(&slipway.url("/hello"), &[("traceparent", crate::UNSAMPLED)]).await?;
    server(&collector, "from-environment").await;
    let (path, headers) = collector.requests().remove(0);
    assert_eq!(
        (path.as_str(), &headers["x-tenant"], &headers["authorization"]),
        ("/own/path", &"shop".parse()?, &"Bearer x".parse()?)
    );
    let metrics = slipway.metrics().await?;
    assert!(metrics.value("slipway_spans_exported_total", &[]).is_some_and(|spans| spans >= 2.0));
    Ok(())
}

#[tokio::test]
async fn probes_metrics_and_questions_to_the_application_are_not_traced() -> Result<()> {
    let collector = Collector::start().await?;
    let slipway =
        Slipway::start(traced(&collector.url(), "up").variable("ready", "yes").variable("metrics", "good"))
            .await?;
    for path in ["/healthz", "/readyz", "/metrics", "/version"] {
        assert_eq!(get(&slipway.admin_url(path), &[("traceparent", SAMPLED)]).await?.status, 200);
    }
    get(&slipway.url("/hello"), &[]).await?;
    server(&collector, "up").await;
    assert_eq!(collector.spans().len(), 2, "{:?}", collector.spans());
    Ok(())
}

#[tokio::test]
async fn spans_of_the_last_requests_are_sent_before_the_process_ends() -> Result<()> {
    let collector = Collector::start().await?;
    let mut slipway = Slipway::start(traced(&collector.url(), "up")).await?;
    get(&slipway.url("/hello"), &[]).await?;
    slipway.sigterm()?;
    assert!(slipway.wait(DEADLINE).await?.success());
    assert_eq!(collector.spans().len(), 2, "{:?}", collector.spans());
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_not_there_costs_requests_nothing_and_the_end_two_seconds_at_most() -> Result<()>
{
    // Nobody accepts: connections are made, and no answer ever comes.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", silent.local_addr()?);
    // A hundred at once may be more than a busy machine can do, which is another matter.
    let mut slipway = Slipway::start(traced(&endpoint, "up").arg("--max-burst-time=30s")).await?;
    let began = Instant::now();
    // More spans than the queue has room for.
    for _ in 0..15 {
        let urls: Vec<String> = (0..100).map(|_| slipway.url("/hello")).collect();
        for answer in join_all(urls.iter().map(|url| slipway.client().get(url))).await {
            assert_eq!(answer?.status, 200);
        }
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let full = [("reason", "queue_full")];
    assert!(
        slipway.metrics().await?.value("slipway_spans_dropped_total", &full).is_some_and(|spans| spans > 0.0)
    );
    slipway.sigterm()?;
    let began = Instant::now();
    assert!(slipway.wait(DEADLINE).await?.success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_collector_that_refuses_is_warned_of_once() -> Result<()> {
    let mut slipway = Slipway::start(traced("http://127.0.0.1:9", "up")).await?;
    let failed = [("reason", "export_failed")];
    for requests in [1.0, 2.0] {
        get(&slipway.url("/hello"), &[]).await?;
        eventually(DEADLINE, "the failed export", || async {
            let metrics = slipway.metrics().await.ok()?;
            (metrics.value("slipway_spans_dropped_total", &failed)? >= 2.0 * requests).then_some(())
        })
        .await;
    }
    assert_eq!(slipway.log().matches("spans cannot be exported to http://127.0.0.1:9/v1/traces").count(), 1);
    slipway.sigterm()?;
    assert!(slipway.wait(DEADLINE).await?.success());
    Ok(())
}

#[tokio::test]
async fn with_tracing_off_nobody_is_connected_to() -> Result<()> {
    let collector = Collector::start().await?;
    let mut options = untraced();
    options.env.push(("OTEL_EXPORTER_OTLP_ENDPOINT".into(), collector.url()));
    options.env.push(("OTEL_SDK_DISABLED".into(), "true".into()));
    let mut slipway = Slipway::start(options).await?;
    get(&slipway.url("/hello"), &[("traceparent", SAMPLED)]).await?;
    slipway.sigterm()?;
    assert!(slipway.wait(DEADLINE).await?.success());
    assert_eq!(collector.connections(), 0);
    assert!(!slipway.log().contains("tracing to"));
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_one_is_refused_at_start() -> Result<()> {
    let mut slipway = Slipway::spawn(&traced("grpc://127.0.0.1:4317", "up"))?;
    assert!(!slipway.wait(Duration::from_secs(120)).await?.success());
    assert!(slipway.log().contains("--otlp-endpoint must be a URL of a collector"), "{}", slipway.log());
    Ok(())
}

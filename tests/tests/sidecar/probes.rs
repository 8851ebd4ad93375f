//! Probes, the upstream's own metrics, and how the sidecar is configured.

use std::sync::atomic::Ordering;

use anyhow::Result;
use tests::metrics::Metrics;
use tests::sidecar::Sidecar;
use tests::wait::eventually;

use crate::upstream::Upstream;
use tests::wire::DEADLINE;

async fn ready(sidecar: &Sidecar, expected: u16) -> String {
    let probe = || async { sidecar.admin("/readyz").await.ok().filter(|answer| answer.status == expected) };
    eventually(DEADLINE, &format!("readiness to be {expected}"), probe).await.text()
}

#[tokio::test]
async fn readiness_follows_the_upstream() -> Result<()> {
    let upstream = Upstream::start().await;
    let (url, address) = (upstream.url(), upstream.address);
    let sidecar = Sidecar::start(&url, &[]).await?;
    ready(&sidecar, 200).await;
    upstream.stop().await;
    assert_eq!(ready(&sidecar, 503).await, "the upstream does not answer\n");
    for path in ["/healthz", "/startupz", "/version"] {
        assert_eq!(sidecar.admin(path).await?.status, 200, "{path}");
    }
    let _back = Upstream::at(address).await;
    ready(&sidecar, 200).await;
    Ok(())
}

#[tokio::test]
async fn any_answer_below_500_within_a_second_is_ready() -> Result<()> {
    let upstream = Upstream::start().await;
    for (path, expected, text) in [
        ("/status?404", 200, "ok\n"),
        ("/status?503", 503, "the upstream answers with 503\n"),
        ("/wait?20000", 503, "the upstream does not answer within 1s\n"),
    ] {
        let sidecar = Sidecar::start(&upstream.url(), &["--ready-path", path]).await?;
        let answer = sidecar.admin("/readyz").await?;
        assert_eq!((answer.status, answer.text()), (expected, text.to_owned()), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn probes_are_no_traffic_and_their_paths_are_the_upstreams_on_the_public_port() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &[]).await?;
    ready(&sidecar, 200).await;
    let before = Metrics::parse(&sidecar.admin("/metrics").await?.text());
    assert_eq!(before.sum("http_requests_total", &[]), 0.0);
    for class in ["1xx", "2xx", "3xx", "4xx", "5xx"] {
        let labels = [("component", "app"), ("class", class)];
        assert_eq!(before.value("http_responses_total", &labels), Some(0.0), "{class}");
    }
    assert_eq!(sidecar.get("/healthz").await?.status, 404, "the upstream has no such path");
    let after = Metrics::parse(&sidecar.admin("/metrics").await?.text());
    assert_eq!(after.sum("http_requests_total", &[("status", "404")]), 1.0);
    Ok(())
}

#[tokio::test]
async fn the_upstreams_metrics_stand_beside_the_shims() -> Result<()> {
    let upstream = Upstream::start().await;
    for (path, things, up) in [("/metrics", Some(3.0), 1.0), ("/nowhere", None, 0.0)] {
        let sidecar = Sidecar::start(&upstream.url(), &["--upstream-metrics", path]).await?;
        sidecar.get("/hello").await?;
        let metrics = Metrics::parse(&sidecar.admin("/metrics").await?.text());
        assert_eq!(metrics.value("shop_things", &[]), things, "{path}");
        assert_eq!(metrics.value("slipway_component_metrics_up", &[]), Some(up), "{path}");
        assert_eq!(metrics.sum("http_requests_total", &[]), 1.0, "a name that is taken is left out");
    }
    Ok(())
}

#[tokio::test]
async fn arguments_may_stand_in_a_file() -> Result<()> {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sidecar.args");
    std::fs::write(&file, format!("# the shop\n--upstream {}\n--component=shop\n", upstream.url()))?;
    let sidecar = Sidecar::start("http://127.0.0.1:9", &[&format!("@{}", file.display())]).await?;
    assert_eq!(sidecar.get("/hello").await?.text(), "hello");
    let metrics = Metrics::parse(&sidecar.admin("/metrics").await?.text());
    assert_eq!(metrics.sum("http_requests_total", &[("component", "shop")]), 1.0);
    Ok(())
}

#[tokio::test]
async fn many_probes_share_one_question() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--ready-path=/wait?200"]).await?;
    let probes = futures::future::join_all((0..50).map(|_| sidecar.admin("/readyz"))).await;
    assert!(probes.into_iter().all(|probe| probe.is_ok_and(|answer| answer.status == 200)));
    // A slow machine may need more than the second that an answer counts.
    let asked = upstream.requests.load(Ordering::Relaxed);
    assert!((1..=3).contains(&asked), "the upstream was asked {asked} times");
    Ok(())
}

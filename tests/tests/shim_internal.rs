//! What the shim asks the application itself: its metrics, and whether it is ready. The component is `tests/guests/p3`.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use hyper::Method;
use tests::http::HttpResponse;
use tests::metrics::Metrics;
use tests::slipway::{Options, Slipway, workspace};
use tests::wait::eventually;

const DEADLINE: Duration = Duration::from_secs(20);
/// In which a probe or a scrape has to be answered, whatever the application does.
const PROMPT: Duration = Duration::from_secs(4);
/// After which the application is asked again.
const FRESH: Duration = Duration::from_millis(1_100);
const UP: &str = "slipway_component_metrics_up";

fn guests() -> Options {
    Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() }
        .with_admin()
        .arg("--drain-delay=0s")
        .variable("internal_token", "let-me-in")
}

async fn exposing(metrics: &str) -> Result<Slipway> {
    Slipway::start(guests().variable("metrics", metrics)).await
}

async fn scrape(slipway: &Slipway) -> Result<(HttpResponse, Metrics)> {
    let began = Instant::now();
    let answer = slipway.client().get(&slipway.admin_url("/metrics")).await?;
    assert!(began.elapsed() < PROMPT, "a scrape took {:?}", began.elapsed());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let metrics = Metrics::parse(&answer.text());
    assert!(metrics.value("slipway_postgres_waiting", &[]).is_some(), "the shim's own series are there");
    Ok((answer, metrics))
}

fn lines_with(slipway: &Slipway, part: &str) -> usize {
    slipway.log().lines().filter(|line| line.contains(part)).count()
}

#[tokio::test]
async fn the_applications_metrics_stand_beside_the_shims_own() -> Result<()> {
    let slipway = exposing("good").await?;
    let (answer, metrics) = scrape(&slipway).await?;
    assert_eq!(metrics.value("guest_things", &[("kind", "a")]), Some(3.0));
    assert_eq!(metrics.value(UP, &[]), Some(1.0));
    assert!(answer.text().contains("# HELP guest_things Things.\n# TYPE guest_things gauge\n"));
    assert!(answer.header("content-type").is_some_and(|ty| ty.starts_with("text/plain; version=0.0.4")));
    Ok(())
}

#[tokio::test]
async fn asking_the_application_is_no_traffic_and_its_answer_is_not_public() -> Result<()> {
    let slipway = exposing("good").await?;
    let (_, metrics) = scrape(&slipway).await?;
    assert_eq!(metrics.sum("http_requests_total", &[]), 0.0);
    assert_eq!(metrics.value("http_requests_in_flight", &[]), Some(0.0));
    let token = [("authorization", "Bearer let-me-in")];
    for path in ["/internal/metrics", "/internal/ready"] {
        let public =
            slipway.client().send(Method::GET, &slipway.url(path), &token, Default::default()).await?;
        assert_eq!(public.status, 404, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn many_scrapers_and_probes_share_one_question() -> Result<()> {
    let slipway = Slipway::start(guests().variable("metrics", "good").variable("ready", "yes")).await?;
    tokio::time::sleep(FRESH).await;
    let before = lines_with(&slipway, "asked for readiness");
    let scrapes = join_all((0..50).map(|_| scrape(&slipway)));
    let ready = slipway.admin_url("/readyz");
    let probes = join_all((0..50).map(|_| slipway.client().get(&ready)));
    let (scrapes, probes) = tokio::join!(scrapes, probes);
    for scrape in scrapes {
        assert_eq!(scrape?.1.value("guest_things", &[("kind", "a")]), Some(3.0));
    }
    for probe in probes {
        assert_eq!(probe?.status, 200);
    }
    let asked =
        || (lines_with(&slipway, "asked for metrics"), lines_with(&slipway, "asked for readiness") - before);
    // A slow machine may need more than the second that an answer counts.
    let (metrics, readiness) = asked();
    assert!((1..=3).contains(&metrics) && (1..=3).contains(&readiness), "{:?}", asked());
    Ok(())
}

#[tokio::test]
async fn a_family_with_a_name_of_the_shims_is_left_out_with_one_warning() -> Result<()> {
    let slipway = exposing("colliding").await?;
    for _ in 0..3 {
        let (answer, metrics) = scrape(&slipway).await?;
        assert_eq!(answer.text().matches("TYPE http_requests_total").count(), 0, "no request has come yet");
        assert_eq!(
            (metrics.value("guest_before", &[]), metrics.value("guest_after", &[])),
            (Some(1.0), Some(2.0))
        );
        tokio::time::sleep(FRESH).await;
    }
    slipway.get("/hello").await?;
    let (_, metrics) = scrape(&slipway).await?;
    assert_eq!(metrics.sum("http_requests_total", &[]), 1.0);
    assert!(lines_with(&slipway, "asked for metrics") >= 3);
    let warning = "left out of the application's metrics: the name is taken";
    assert_eq!(lines_with(&slipway, warning), 1, "{}", slipway.log());
    assert!(slipway.log().lines().any(|line| line.contains(warning) && line.contains("http_requests_total")));
    Ok(())
}

#[tokio::test]
async fn what_is_not_valid_is_left_out_and_the_rest_stays() -> Result<()> {
    let slipway = exposing("garbage").await?;
    let (_, metrics) = scrape(&slipway).await?;
    assert_eq!(
        (metrics.value("guest_before", &[]), metrics.value("guest_after", &[])),
        (Some(1.0), Some(2.0))
    );
    assert_eq!(metrics.value("guest_things", &[]), None);
    assert_eq!(lines_with(&slipway, "a line is not valid"), 2, "{}", slipway.log());
    Ok(())
}

#[tokio::test]
async fn an_application_that_fails_or_is_slow_does_not_take_the_shims_metrics_with_it() -> Result<()> {
    for metrics in ["big", "slow", "trap", "failing"] {
        let slipway = exposing(metrics).await?;
        let (answer, metrics) = scrape(&slipway).await?;
        assert_eq!(metrics.value(UP, &[]), Some(0.0), "{}", answer.text());
        assert!(!answer.text().contains("guest_"), "{}", answer.text());
        assert!(slipway.log().contains("the application's metrics cannot be read"));
    }
    Ok(())
}

#[tokio::test]
async fn an_application_without_metrics_is_not_said_to_be_down() -> Result<()> {
    let slipway = exposing("").await?;
    let (answer, metrics) = scrape(&slipway).await?;
    assert_eq!(metrics.value(UP, &[]), None, "{}", answer.text());
    assert!(!slipway.log().contains("WARN"), "{}", slipway.log());
    Ok(())
}

/// The answer to a readiness probe once the process serves.
async fn readiness(slipway: &Slipway) -> (u16, String) {
    let serving = || async {
        let answer = slipway.client().get(&slipway.admin_url("/startupz")).await.ok()?;
        (answer.status == 200).then_some(())
    };
    eventually(DEADLINE, "the start", serving).await;
    let began = Instant::now();
    let answer = slipway.client().get(&slipway.admin_url("/readyz")).await.expect("an answer");
    assert!(began.elapsed() < PROMPT, "a probe took {:?}", began.elapsed());
    (answer.status, answer.text())
}

#[tokio::test]
async fn readiness_asks_the_application() -> Result<()> {
    for (ready, status, text) in [
        ("", 200, "ok\n"),
        ("yes", 200, "ok\n"),
        ("no", 503, "the schema is too old\n"),
        ("mute", 503, "the application is not ready\n"),
        ("slow", 503, "the application is not ready\n"),
    ] {
        let slipway = Slipway::spawn(&guests().variable("ready", ready))?;
        assert_eq!(readiness(&slipway).await, (status, text.to_owned()), "{ready:?}");
        assert_eq!(slipway.get("/hello").await?.text(), "hello", "it serves all the same");
    }
    Ok(())
}

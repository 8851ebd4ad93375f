//! Every fault, as users, Prometheus and probes see it. The program must have been built with the feature `faults`.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::metrics::Metrics;
use tests::sidecar::Sidecar;
use tests::slipway::{Options, Slipway, program, workspace};
use tests::wait::eventually;

/// For a process to end or to begin; the first start compiles.
const DEADLINE: Duration = Duration::from_secs(120);

/// An application that answers everything, with this fault.
fn faulty(fault: &str) -> Options {
    Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() }
        .with_admin()
        .arg("--drain-delay=0s")
        .arg("--request-timeout=1s")
        .arg("--log-format=json")
        .arg("--fault")
        .arg(fault)
}

/// Statuses of so many requests, one after the other.
async fn statuses(slipway: &Slipway, count: usize) -> Result<Vec<u16>> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(slipway.get("/hello").await?.status);
    }
    Ok(statuses)
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|found| **found == status).count()
}

#[tokio::test]
async fn a_share_of_the_requests_fails_and_is_counted_and_logged_as_the_applications() -> Result<()> {
    let slipway = Slipway::start(faulty("status=503:25%")).await?;
    let statuses = statuses(&slipway, 40).await?;
    let failed = count(&statuses, 503);
    ensure!((9..=11).contains(&failed) && count(&statuses, 200) == 40 - failed, "{statuses:?}");
    let metrics = slipway.metrics().await?;
    let class = |class| metrics.value("http_responses_total", &[("component", "p3"), ("class", class)]);
    assert_eq!((class("5xx"), class("2xx")), (Some(failed as f64), Some((40 - failed) as f64)));
    let by_status =
        metrics.sum("http_requests_total", &[("component", "p3"), ("status", "503"), ("route", "/...")]);
    assert_eq!(by_status, failed as f64);
    assert_eq!(metrics.sum("http_request_duration_seconds_count", &[("component", "p3")]), 40.0);
    assert_eq!(metrics.value("http_requests_in_flight", &[]), Some(0.0));
    let log = slipway.log();
    assert_eq!(log.matches("\"status\":503").count(), failed);
    assert_eq!(log.matches("FAULT INJECTION: status=503:25%").count(), 1, "{log}");
    Ok(())
}

#[tokio::test]
async fn a_slow_application_answers_in_the_end_and_one_that_hangs_does_not() -> Result<()> {
    let slow = Slipway::start(faulty("latency=300ms")).await?;
    let began = Instant::now();
    assert_eq!(slow.get("/hello").await?.status, 200);
    ensure!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    let below = [("component", "p3"), ("le", "0.25")];
    assert_eq!(slow.metrics().await?.sum("http_request_duration_seconds_bucket", &below), 0.0);

    let hung = Slipway::start(faulty("hang:50%")).await?;
    let statuses = statuses(&hung, 6).await?;
    ensure!((2..=4).contains(&count(&statuses, 504)), "{statuses:?}");
    ensure!(count(&statuses, 504) + count(&statuses, 200) == 6, "{statuses:?}");
    let counted = hung.metrics().await?.sum("http_requests_total", &[("status", "504")]);
    assert_eq!(counted, count(&statuses, 504) as f64);
    Ok(())
}

#[tokio::test]
async fn a_crash_ends_the_process_with_a_status_of_its_own() -> Result<()> {
    let mut slipway = Slipway::spawn(&faulty("crash=100ms"))?;
    let status = slipway.wait(DEADLINE).await?;
    assert_eq!(status.code(), Some(70));
    ensure!(slipway.log().contains("FAULT INJECTION: crash=100ms"), "{}", slipway.log());
    Ok(())
}

#[tokio::test]
async fn an_application_that_is_not_ready_serves_all_the_same() -> Result<()> {
    let slipway = Slipway::spawn(&faulty("unready"))?;
    let (client, url) = (slipway.client().clone(), slipway.admin_url("/startupz"));
    let started = || async { client.get(&url).await.ok().filter(|answer| answer.status == 200) };
    eventually(DEADLINE, "the start", started).await;
    let probe = slipway.client().get(&slipway.admin_url("/readyz")).await?;
    assert_eq!((probe.status, &*probe.text()), (503, "unready on purpose, by --fault unready\n"));
    assert_eq!(slipway.get("/hello").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_sidecar_fails_in_the_applications_place() -> Result<()> {
    let application = Slipway::start(faulty("latency=1ms")).await?;
    let sidecar =
        Sidecar::start(&application.url(""), &["--fault=status=500:50%", "--fault=unready"]).await?;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(sidecar.get("/hello").await?.status);
    }
    let failed = count(&statuses, 500);
    ensure!((9..=11).contains(&failed) && count(&statuses, 200) == 20 - failed, "{statuses:?}");
    let metrics = Metrics::parse(&sidecar.admin("/metrics").await?.text());
    let class = metrics.value("http_responses_total", &[("component", "app"), ("class", "5xx")]);
    assert_eq!(class, Some(failed as f64));
    assert_eq!(sidecar.admin("/readyz").await?.status, 503);
    let asked = application.metrics().await?.sum("http_requests_total", &[("route", "/...")]);
    assert_eq!(asked, (20 - failed) as f64, "the application is not asked what the fault answers");
    Ok(())
}

#[test]
fn what_is_no_fault_is_refused_with_a_sentence() -> Result<()> {
    let refused = Command::new(program()?).args(["up", "--fault", "status=200"]).output()?;
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr)?;
    let sentence = "\"200\" is no status of a failure: 400 to 599";
    told.contains(sentence).then_some(()).with_context(|| format!("without the feature `faults`? {told}"))
}

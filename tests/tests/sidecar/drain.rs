//! The end of a sidecar, and of the container that it stands in front of.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use tests::http::HttpClient;
use tests::sidecar::Sidecar;
use tests::wait::eventually;

use crate::upstream::Upstream;
use tests::wire::{DEADLINE, Raw};

async fn in_flight(sidecar: &Sidecar, count: usize) {
    let line = format!("\nhttp_requests_in_flight {count}\n");
    let seen =
        || async { sidecar.admin("/metrics").await.ok().filter(|answer| answer.text().contains(&line)) };
    eventually(DEADLINE, "requests in flight", seen).await;
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight_and_ends_with_zero() -> Result<()> {
    const REQUESTS: usize = 50;
    let upstream = Upstream::start().await;
    let mut sidecar = Sidecar::start(&upstream.url(), &["--drain-delay=500ms"]).await?;
    let url = sidecar.url("/wait?1500");
    let requests = tokio::spawn(join_all((0..REQUESTS).map(|_| {
        let url = url.clone();
        async move { HttpClient::new().get(&url).await }
    })));
    in_flight(&sidecar, REQUESTS).await;
    sidecar.sigterm()?;
    let unready = || async {
        let answer = sidecar.admin("/readyz").await.ok()?;
        (answer.status == 503 && answer.text().contains("draining")).then_some(())
    };
    eventually(DEADLINE, "readiness to go", unready).await;
    let late = HttpClient::new().get(&sidecar.url("/hello")).await?;
    assert_eq!((late.text().as_str(), late.header("connection")), ("hello", Some("close")));
    for answer in requests.await? {
        assert_eq!(answer?.text(), "waited");
    }
    assert!(sidecar.wait(DEADLINE).await?.success());
    Ok(())
}

#[tokio::test]
async fn the_drain_hook_answers_when_nothing_is_in_flight() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &[]).await?;
    let (client, url) = (sidecar.client().clone(), sidecar.url("/wait?1000"));
    let request = tokio::spawn(async move { (client.get(&url).await, Instant::now()) });
    in_flight(&sidecar, 1).await;
    let drained = sidecar.admin("/drain").await?;
    let at = Instant::now();
    assert_eq!((drained.status, drained.text().as_str()), (200, "drained\n"));
    let (answer, ended) = request.await?;
    assert_eq!(answer?.text(), "waited");
    assert!(at + Duration::from_millis(100) > ended, "the hook came back before the request was done");
    Ok(())
}

#[tokio::test]
async fn the_drain_hook_leaves_load_balancers_time_to_notice_once() -> Result<()> {
    let upstream = Upstream::start().await;
    let mut sidecar = Sidecar::start(&upstream.url(), &["--drain-delay=2s"]).await?;
    let began = Instant::now();
    assert_eq!(sidecar.admin("/drain").await?.status, 200);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(sidecar.get("/hello").await?.status, 200, "the hook alone does not end it");
    let began = Instant::now();
    sidecar.sigterm()?;
    assert!(sidecar.wait(DEADLINE).await?.success());
    assert!(began.elapsed() < Duration::from_millis(1_900), "the delay was over: {:?}", began.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_tunnel_that_does_not_end_is_given_the_drains_time() -> Result<()> {
    let upstream = Upstream::start().await;
    let mut sidecar = Sidecar::start(&upstream.url(), &["--drain-timeout=1s"]).await?;
    let mut socket = Raw::connect(sidecar.address()).await?;
    socket
        .send("GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        .await?;
    socket.until("\r\n\r\n").await?;
    sidecar.sigterm()?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    socket.send("still").await?;
    assert_eq!(socket.until("still").await?, "still");
    assert!(!sidecar.wait(DEADLINE).await?.success(), "what was cut off is told");
    Ok(())
}

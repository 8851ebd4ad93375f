//! An upstream that is gone, slow or unreliable, and clients that ask too much.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use http_body_util::{BodyExt, Empty};
use hyper::{Method, Request};
use tests::metrics::Metrics;
use tests::sidecar::Sidecar;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::upstream::Upstream;
use tests::wire::{DEADLINE, Raw, exchange, streaming};

async fn failures(sidecar: &Sidecar) -> Result<Option<f64>> {
    let metrics = Metrics::parse(&sidecar.admin("/metrics").await?.text());
    Ok(metrics.value("http_responses_total", &[("component", "app"), ("class", "5xx")]))
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_a_502_until_it_is_back() -> Result<()> {
    for protocol in ["http1", "h2c"] {
        let upstream = Upstream::start().await;
        let address = upstream.address;
        let sidecar = Sidecar::start(&upstream.url(), &[&format!("--upstream-protocol={protocol}")]).await?;
        assert_eq!(sidecar.get("/hello").await?.status, 200);
        upstream.stop().await;
        let answer = sidecar.get("/hello").await?;
        assert_eq!((answer.status, failures(&sidecar).await?), (502, Some(1.0)), "{protocol}");
        assert_eq!(answer.json()["error"], "the upstream cannot be reached");
        let _back = Upstream::at(address).await;
        assert_eq!(sidecar.get("/hello").await?.status, 200, "{protocol}");
    }
    Ok(())
}

#[tokio::test]
async fn an_upstream_that_is_slow_is_a_504() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--request-timeout=300ms"]).await?;
    let answer = sidecar.get("/wait?20000").await?;
    assert_eq!((answer.status, failures(&sidecar).await?), (504, Some(1.0)));
    assert!(answer.json()["error"].is_string());
    Ok(())
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_a_503_at_once() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--max-concurrent-requests=1"]).await?;
    let request = Request::get(sidecar.url("/events")).body(Empty::new().boxed_unsync())?;
    let mut first = streaming(false).request(request).await?.into_body();
    timeout(DEADLINE, first.frame()).await?;
    let answer = sidecar.get("/hello").await?;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    drop(first);
    let room = || async { sidecar.get("/hello").await.ok().filter(|answer| answer.status == 200) };
    tests::wait::eventually(DEADLINE, "room for another request", room).await;
    Ok(())
}

#[tokio::test]
async fn a_head_that_is_too_big_is_refused() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &[]).await?;
    let request =
        format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nbig: {}\r\n\r\n", "x".repeat(70_000));
    let answer = exchange(sidecar.address(), &request).await?;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn bodies_that_stand_still_are_ended() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--body-idle-timeout=300ms"]).await?;
    let stuck = "POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nxxx";
    let mut connection = Raw::connect(sidecar.address()).await?;
    connection.send(stuck).await?;
    assert!(connection.until("\r\n\r\n").await?.starts_with("HTTP/1.1 408"));
    let request = Request::get(sidecar.url("/events")).body(Empty::new().boxed_unsync())?;
    let answer = streaming(false).request(request).await?;
    assert!(timeout(DEADLINE, answer.into_body().collect()).await?.is_err(), "the end was not the end");
    Ok(())
}

/// Answers the first request on each connection, and hangs up on the second after it has read it. Counts both.
async fn unreliable() -> Result<(SocketAddr, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let (address, requests) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(one_of_two(stream, Arc::clone(&counted)));
        }
    });
    Ok((address, requests))
}

async fn one_of_two(mut stream: TcpStream, requests: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    for number in 0..2 {
        if !matches!(stream.read(&mut buffer).await, Ok(1..)) {
            return;
        }
        requests.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        }
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_request_that_may_be_repeated() -> Result<()> {
    let (address, requests) = unreliable().await?;
    let sidecar = Sidecar::start(&format!("http://{address}"), &[]).await?;
    for _ in 0..4 {
        assert_eq!(sidecar.get("/").await?.text(), "ok");
    }
    assert!(requests.load(Ordering::Relaxed) > 4, "some were sent twice");
    Ok(())
}

#[tokio::test]
async fn a_request_that_may_have_been_worked_on_is_never_repeated() -> Result<()> {
    let (address, requests) = unreliable().await?;
    let sidecar = Sidecar::start(&format!("http://{address}"), &[]).await?;
    let url = sidecar.url("/");
    let post = || sidecar.client().send(Method::POST, &url, &[], "x".into());
    assert_eq!(post().await?.status, 200);
    assert_eq!(post().await?.status, 502);
    assert_eq!(requests.load(Ordering::Relaxed), 2);
    Ok(())
}

#[tokio::test]
async fn an_upstream_that_does_not_speak_http_is_a_502() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let upstream = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n\r\n").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    for protocol in ["http1", "h2c"] {
        let sidecar = Sidecar::start(&upstream, &[&format!("--upstream-protocol={protocol}")]).await?;
        assert_eq!(sidecar.get("/").await?.status, 502, "{protocol}");
    }
    Ok(())
}

//! Bodies are passed on as they come.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use tests::sidecar::Sidecar;
use tokio::time::timeout;

use crate::upstream::Upstream;
use tests::wire::{DEADLINE, Raw, streaming};

const MEGABYTE: u64 = 1 << 20;
const CHUNK: usize = 64 * 1024;
const BIG: u64 = 100 * MEGABYTE;
/// What a sidecar may grow by while a body of [`BIG`] bytes goes through it.
const GROWTH: u64 = 24 * MEGABYTE;

/// HTTP/1.1 on both sides, and h2c on both sides.
async fn pairs() -> Result<Vec<(Upstream, Sidecar, bool)>> {
    let mut pairs = Vec::new();
    for (protocol, http2) in [("--upstream-protocol=http1", false), ("--upstream-protocol=h2c", true)] {
        let upstream = Upstream::start().await;
        let sidecar = Sidecar::start(&upstream.url(), &[protocol]).await?;
        pairs.push((upstream, sidecar, http2));
    }
    Ok(pairs)
}

#[tokio::test]
async fn big_bodies_go_both_ways_in_constant_memory() -> Result<()> {
    for (_upstream, sidecar, http2) in pairs().await? {
        let client = streaming(http2);
        sidecar.get("/hello").await?;
        let before = sidecar.memory()?;
        let mut most = 0;

        let chunks = stream::iter(0..BIG / CHUNK as u64)
            .map(|_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![7; CHUNK]))));
        let upload = Request::post(sidecar.url("/count")).body(StreamBody::new(chunks).boxed_unsync())?;
        let mut sent = std::pin::pin!(client.request(upload));
        let answer = loop {
            most = most.max(sidecar.memory()?);
            if let Ok(answer) = timeout(Duration::from_millis(20), &mut sent).await {
                break answer?;
            }
        };
        assert_eq!(answer.into_body().collect().await?.to_bytes(), BIG.to_string());

        let download = Request::get(sidecar.url(&format!("/big?{BIG}"))).body(Empty::new().boxed_unsync())?;
        let mut body = client.request(download).await?.into_body();
        let mut received = 0;
        while let Some(frame) = timeout(DEADLINE, body.frame()).await? {
            if received == 0 {
                // A client that does not read must not make the sidecar read on.
                tokio::time::sleep(Duration::from_secs(1)).await;
                most = most.max(sidecar.memory()?);
            }
            received += frame?.data_ref().map_or(0, Bytes::len) as u64;
            if received.is_multiple_of(MEGABYTE) {
                most = most.max(sidecar.memory()?);
            }
        }
        assert_eq!(received, BIG);
        most = most.max(sidecar.memory()?);
        assert!(most < before + GROWTH, "from {before} to {most} bytes, http2: {http2}");
    }
    Ok(())
}

#[tokio::test]
async fn an_event_arrives_before_the_next_is_sent() -> Result<()> {
    for (_upstream, sidecar, http2) in pairs().await? {
        let request = Request::get(sidecar.url("/events")).body(Empty::new().boxed_unsync())?;
        let mut body = streaming(http2).request(request).await?.into_body();
        for number in 0..2 {
            let frame = timeout(DEADLINE, body.frame()).await?.context("an event")??;
            let event = frame.into_data().unwrap_or_default();
            assert_eq!(event, format!("data: {number}\n\n"));
            sidecar.get("/release").await?;
        }
        assert!(timeout(DEADLINE, body.collect()).await??.to_bytes().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_call_of_grpc_ends_with_its_trailers() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--upstream-protocol=h2c"]).await?;
    let request = Request::post(sidecar.url("/grpc"))
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .body(Full::new(Bytes::from_static(b"\0\0\0\0\x05hello")).boxed_unsync())?;
    let answer = streaming(true).request(request).await?;
    assert_eq!((answer.status().as_u16(), answer.version()), (200, hyper::Version::HTTP_2));
    let body = answer.into_body().collect().await?;
    assert_eq!(body.trailers().context("trailers")?["grpc-status"], "0");
    assert_eq!(body.to_bytes(), &b"\0\0\0\0\x05hello"[..]);
    Ok(())
}

#[tokio::test]
async fn trailers_pass_in_http1_as_well() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &[]).await?;
    let request = "POST /grpc HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te, close\r\n\
        transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let answer = tests::wire::exchange(sidecar.address(), request).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("2\r\nhi\r\n0\r\ngrpc-status: 0\r\n\r\n"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn many_streams_at_once_do_not_wait_for_each_other() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--upstream-protocol=h2c"]).await?;
    let client = streaming(false);
    let mut open = Vec::new();
    // More than a connection of HTTP/2 has room for.
    for _ in 0..250 {
        let request = Request::get(sidecar.url("/events")).body(Empty::new().boxed_unsync())?;
        let mut body = timeout(DEADLINE, client.request(request)).await??.into_body();
        timeout(DEADLINE, body.frame()).await?.context("an event")??;
        open.push(body);
    }
    assert_eq!(timeout(DEADLINE, sidecar.get("/hello")).await??.text(), "hello");
    Ok(())
}

#[tokio::test]
async fn a_websocket_is_a_tunnel() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &[]).await?;
    let mut socket = Raw::connect(sidecar.address()).await?;
    let head = "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n";
    socket.send(head).await?;
    let answer = socket.until("\r\n\r\n").await?;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    for line in ["upgrade: websocket", "connection: upgrade", "sec-websocket-accept: accepted"] {
        assert!(answer.contains(line), "{answer}");
    }
    for word in ["one", "two"] {
        socket.send(word).await?;
        assert_eq!(socket.until(word).await?, word);
    }
    let metrics = sidecar.admin("/metrics").await?.text();
    assert!(metrics.contains("\nhttp_requests_in_flight 1\n"), "{metrics}");
    assert!(metrics.contains("http_responses_total{class=\"1xx\",component=\"app\"} 1"), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_websocket_is_refused_where_the_upstream_speaks_http2() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--upstream-protocol=h2c"]).await?;
    let head = "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, close\r\nupgrade: websocket\r\n\r\n";
    let answer = tests::wire::exchange(sidecar.address(), head).await?;
    assert!(answer.starts_with("HTTP/1.1 501") && answer.contains("{\"error\":"), "{answer}");
    Ok(())
}

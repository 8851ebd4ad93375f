//! Bodies pass through as they come, however big they are.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::{Method, Request};
use tests::slipway::Slipway;
use tests::wire::streaming;
use tokio::time::timeout;

use crate::guest::{DEADLINE, each, options};

const CHUNK: usize = 64 * 1024;
const BIG: usize = 100 << 20;
/// What a process may grow by while a body of [`BIG`] bytes goes through it.
const GROWTH: u64 = 48 << 20;

fn big() -> UnsyncBoxBody<Bytes, Infallible> {
    let chunks = stream::iter(0..BIG / CHUNK).map(|_| Ok(Frame::data(Bytes::from(vec![7; CHUNK]))));
    StreamBody::new(chunks).boxed_unsync()
}

/// The most memory that the process has until `work` is done.
async fn most_memory<T>(slipway: &Slipway, work: impl Future<Output = T>) -> Result<(T, u64)> {
    let mut most = 0;
    let mut work = std::pin::pin!(work);
    loop {
        most = most.max(slipway.memory()?);
        if let Ok(done) = timeout(Duration::from_millis(20), &mut work).await {
            return Ok((done, most.max(slipway.memory()?)));
        }
    }
}

/// Reads a body to its end, and gives its length. The client stands still after the first part, so that whoever does not
/// wait for it has to keep the rest.
async fn read(mut body: hyper::body::Incoming) -> Result<usize> {
    let mut length = 0;
    while let Some(frame) = timeout(DEADLINE, body.frame()).await? {
        if length == 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        length += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(length)
}

#[tokio::test]
async fn a_hundred_megabytes_go_both_ways_in_constant_memory() -> Result<()> {
    let options = options().arg("--request-timeout=60s");
    each(options, async |slipway, kind| {
        for http2 in [false, true] {
            kind.get(slipway, "/hello").await?;
            let (client, before) = (streaming(http2), slipway.memory()?);
            let request = Request::post(slipway.url(&kind.path("/echo"))).body(big())?;
            let echoed = async { read(client.request(request).await?.into_body()).await };
            let (length, most) = most_memory(slipway, echoed).await?;
            assert_eq!(length?, BIG, "http2: {http2}");
            assert!(most < before + GROWTH, "from {before} to {most} bytes, http2: {http2}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_hundred_megabytes_are_discarded_in_constant_memory() -> Result<()> {
    let options = options().arg("--request-timeout=60s");
    each(options, async |slipway, kind| {
        kind.get(slipway, "/hello").await?;
        let (client, before) = (streaming(false), slipway.memory()?);
        let request = Request::post(slipway.url(&kind.path("/discard"))).body(big())?;
        let (answer, most) = most_memory(slipway, client.request(request)).await?;
        assert_eq!(answer?.into_body().collect().await?.to_bytes(), BIG.to_string());
        assert!(most < before + GROWTH, "from {before} to {most} bytes");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn bodies_come_back_whole() -> Result<()> {
    each(options(), async |slipway, kind| {
        let body: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
        let url = slipway.url(&kind.path("/echo"));
        let answer = slipway.client().send(Method::POST, &url, &[], body.clone().into()).await?;
        assert_eq!(answer.status, 200);
        assert!(answer.body == body, "{} bytes came back", answer.body.len());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_part_is_answered_before_the_next_is_sent() -> Result<()> {
    each(options(), async |slipway, kind| {
        let (parts, sent) = futures::channel::mpsc::unbounded();
        let body = StreamBody::new(sent.map(|part: &'static str| Ok(Frame::data(Bytes::from(part)))));
        let request = Request::post(slipway.url(&kind.path("/echo"))).body(body.boxed_unsync())?;
        let client = streaming(true);
        parts.unbounded_send("one")?;
        let mut answer = timeout(DEADLINE, client.request(request)).await??.into_body();
        for (part, next) in [("one", Some("two")), ("two", None)] {
            let frame = timeout(DEADLINE, answer.frame()).await?.context("a part")??;
            assert_eq!(frame.into_data().unwrap_or_default(), part);
            if let Some(next) = next {
                parts.unbounded_send(next)?;
            }
        }
        drop(parts);
        assert!(timeout(DEADLINE, answer.collect()).await??.to_bytes().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn trailers_go_both_ways() -> Result<()> {
    each(options(), async |slipway, kind| {
        let trailers = hyper::HeaderMap::from_iter([("checksum".parse()?, "abc".parse()?)]);
        let frames = [Frame::data(Bytes::from("body")), Frame::trailers(trailers)];
        let body = StreamBody::new(stream::iter(frames.map(Ok))).boxed_unsync();
        let request = Request::post(slipway.url(&kind.path("/echo"))).body(body)?;
        let answer = timeout(DEADLINE, streaming(true).request(request)).await??;
        let body = timeout(DEADLINE, answer.into_body().collect()).await??;
        assert_eq!(body.trailers().context("trailers")?["checksum"], "abc");
        assert_eq!(body.to_bytes(), "body");
        Ok(())
    })
    .await
}

//! Bodies, trailers, headers and swarms of requests.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::future::join_all;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use spin_sdk::http::{BoxBody, FullBody, Request, box_body};

/// Reads the body, and tells how many bytes it had.
pub async fn discard(request: Request) -> String {
    let mut body = request.into_body();
    let mut count = 0;
    while let Some(frame) = body.frame().await {
        count += frame.expect("the body comes whole").data_ref().map_or(0, |data| data.len());
    }
    count.to_string()
}

/// Answers with a trailer.
pub fn trailers() -> http::Response<BoxBody> {
    let trailer = (HeaderName::from_static("checksum"), HeaderValue::from_static("abc"));
    let body = FullBody::new(Bytes::from_static(b"body"))
        .with_trailers(async { Some(Ok(HeaderMap::from_iter([trailer]))) });
    http::Response::new(box_body(Box::pin(body)))
}

/// Answers with so many parts, one every tenth of a second; with `&panic`, panics instead of coming to an end.
pub fn drip(argument: &str) -> http::Response<BoxBody> {
    let (parts, panics) = match argument.strip_suffix("&panic") {
        Some(parts) => (parts, true),
        None => (argument, false),
    };
    let parts: u32 = parts.parse().unwrap_or_default();
    let body = stream::unfold(0, move |sent| async move {
        if sent == parts {
            assert!(!panics, "as asked");
            return None;
        }
        super::wait(100).await;
        Some((anyhow::Ok(Frame::data(Bytes::from_static(b"x"))), sent + 1))
    });
    http::Response::new(box_body(StreamBody::new(Box::pin(body))))
}

/// Answers with a header of so many bytes.
pub fn big_header(size: usize) -> http::Response<BoxBody> {
    let mut answer = super::text("");
    let value = HeaderValue::try_from("x".repeat(size)).expect("a value");
    answer.headers_mut().insert("big", value);
    answer
}

/// Sends `count` requests at once, as `count&authority&path` says. Tells how each ended, with how often.
pub async fn swarm(argument: &str) -> String {
    let mut parts = argument.split('&');
    let count = parts.next().and_then(|count| count.parse().ok()).unwrap_or_default();
    let (authority, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("/"));
    let url = format!("http://{authority}{path}");
    let sent = (0..count).map(|_| spin_sdk::http::get(&url));
    let mut ends = BTreeMap::<String, u32>::new();
    for answer in join_all(sent).await {
        let end =
            answer.map_or_else(|error| format!("{error:?}"), |answer| answer.status().as_u16().to_string());
        *ends.entry(end).or_default() += 1;
    }
    ends.into_iter().map(|(end, count)| format!("{end}: {count}\n")).collect()
}

/// Computes so many thousands of steps.
pub fn compute(thousands: u64) -> String {
    let mut state = 1_u64;
    for step in 0..thousands * 1_000 {
        // https://en.wikipedia.org/wiki/Linear_congruential_generator, with the constants of Knuth's MMIX
        state = std::hint::black_box(
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407 ^ step),
        );
    }
    state.to_string()
}

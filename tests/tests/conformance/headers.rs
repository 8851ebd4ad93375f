//! Heads that are big, many or not HTTP.

use anyhow::Result;
use tests::wire::exchange;

use crate::guest::{Kind, each, one, options};

#[tokio::test]
async fn heads_that_are_too_big_are_refused_and_counted() -> Result<()> {
    let headers: String = (0..200).map(|number| format!("h{number}: x\r\n")).collect();
    let requests = [
        (
            format!("GET / HTTP/1.1\r\nhost: a\r\nbig: {}\r\n\r\n", "x".repeat(70_000)),
            "431",
            "header_too_large",
        ),
        (format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(70_000)), "431", "header_too_large"),
        (format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n"), "431", "header_too_large"),
        ("\x16\x03\x01 this is no HTTP\r\n\r\n".to_owned(), "400", "invalid"),
    ];
    one(options(), async |slipway| {
        for (request, status, reason) in &requests {
            let count = async || {
                let metrics = slipway.metrics().await?;
                anyhow::Ok(metrics.sum("slipway_connections_cut_total", &[("reason", reason)]))
            };
            let before = count().await?;
            let answer = exchange(slipway.address(), request).await?;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            assert_eq!(count().await?, before + 1.0, "{reason}");
        }
        assert_eq!(slipway.metrics().await?.sum("http_requests_total", &[]), 0.0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn big_headers_within_the_limit_pass() -> Result<()> {
    each(options(), async |slipway, kind| {
        let path = kind.path("/hello");
        let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
        let request = format!("{head}big: {}\r\n\r\n", "x".repeat(60_000));
        let answer = exchange(slipway.address(), &request).await?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let answer = kind.get(slipway, "/big-header?60000").await?;
        assert_eq!((answer.status, answer.header("big").map_or(0, str::len)), (200, 60_000));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_component_that_answers_with_a_huge_header_fails_alone() -> Result<()> {
    each(options(), async |slipway, kind| {
        let answer = kind.get(slipway, "/big-header?10000000").await?;
        assert_eq!(answer.status, 500, "{kind:?}");
        assert_eq!(Kind::P3.get(slipway, "/hello").await?.text(), "hello");
        Ok(())
    })
    .await
}

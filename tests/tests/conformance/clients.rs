//! Clients that are slow, silent or too many.

use std::time::Duration;

use anyhow::Result;
use tests::slipway::Slipway;
use tests::wait::eventually;
use tests::wire::Raw;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::guest::{DEADLINE, Kind, each, one, options};

/// Waits until so many connections were ended for this reason.
async fn cut(slipway: &Slipway, reason: &str, count: f64) {
    let seen = || async {
        let metrics = slipway.metrics().await.ok()?;
        (metrics.sum("slipway_connections_cut_total", &[("reason", reason)]) == count).then_some(())
    };
    eventually(DEADLINE, reason, seen).await;
}

#[tokio::test]
async fn heads_that_do_not_come_end_the_connection() -> Result<()> {
    one(options().arg("--header-timeout=500ms"), async |slipway| {
        for (beginning, count) in [("", 1.0), ("PRI * HT", 2.0), ("GET / HTTP/1.1\r\nhost:", 3.0)] {
            let mut connection = Raw::connect(slipway.address()).await?;
            connection.send(beginning).await?;
            assert_eq!(connection.rest().await.unwrap_or_default(), "", "{beginning:?}");
            cut(slipway, "header_timeout", count).await;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_body_that_stands_still_is_a_408() -> Result<()> {
    each(options().arg("--body-idle-timeout=500ms"), async |slipway, kind| {
        let path = kind.path("/discard");
        let mut connection = Raw::connect(slipway.address()).await?;
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nxxx");
        connection.send(&head).await?;
        let answer = connection.until("\r\n\r\n").await?;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        let labels = [("component", kind.id()), ("status", "408")];
        assert_eq!(slipway.metrics().await?.sum("http_requests_total", &labels), 1.0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_body_that_is_too_big_is_a_413() -> Result<()> {
    each(options().arg("--max-request-body=1000"), async |slipway, kind| {
        let head = format!("POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", kind.path("/discard"));
        let declared = format!("{head}content-length: 1001\r\n\r\n");
        let chunked =
            format!("{head}transfer-encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
        for request in [declared, chunked] {
            let mut connection = Raw::connect(slipway.address()).await?;
            connection.send(&request).await?;
            let answer = connection.until("\r\n\r\n").await?;
            assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        }
        let allowed = format!("{head}content-length: 1000\r\n\r\n{}", "x".repeat(1000));
        let answer = tests::wire::exchange(slipway.address(), &allowed).await?;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("1000"), "{answer}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() -> Result<()> {
    each(options().arg("--write-timeout=500ms"), async |slipway, kind| {
        let mut connection = TcpStream::connect(slipway.address()).await?;
        let path = kind.path("/echo");
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n");
        connection.write_all(head.as_bytes()).await?;
        let part = vec![7; 64 * 1024];
        let sent = async { while connection.write_all(&part).await.is_ok() {} };
        timeout(DEADLINE, sent).await?;
        cut(slipway, "unread", 1.0).await;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn clients_that_hang_up_in_the_middle_leave_nothing_behind() -> Result<()> {
    // Instances have the component's folders open for as long as they are kept.
    each(options().arg("--instance-idle=1s"), async |slipway, kind| {
        kind.get(slipway, "/hello").await?;
        let before = slipway.descriptors()?;
        for _ in 0..100 {
            let mut connection = Raw::connect(slipway.address()).await?;
            let path = kind.path("/echo");
            let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\nxxx");
            connection.send(&head).await?;
        }
        let gone = || async { (slipway.descriptors().ok()? <= before + 10).then_some(()) };
        eventually(DEADLINE, "descriptors to be closed", gone).await;
        let idle = || async {
            let metrics = slipway.metrics().await.ok()?;
            (metrics.value("http_requests_in_flight", &[]) == Some(0.0)).then_some(())
        };
        eventually(DEADLINE, "requests to end", idle).await;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so_and_probes_are_not() -> Result<()> {
    one(options().arg("--max-connections=3"), async |slipway| {
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut connection = Raw::connect(slipway.address()).await?;
            connection.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await?;
            assert!(connection.until("hello").await?.starts_with("HTTP/1.1 200"));
            held.push(connection);
        }
        let mut refused = Raw::connect(slipway.address()).await?;
        let answer = refused.rest().await?;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
        cut(slipway, "too_many", 1.0).await;
        drop(held);
        let room =
            || async { Kind::P3.get(slipway, "/hello").await.ok().filter(|answer| answer.status == 200) };
        eventually(DEADLINE, "room for another connection", room).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(())
    })
    .await
}

//! What of a head is passed on, in both directions.

use anyhow::Result;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use tests::sidecar::Sidecar;

use crate::upstream::Upstream;
use tests::wire::{exchange, streaming};

async fn pair() -> Result<(Upstream, Sidecar)> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &[]).await?;
    Ok((upstream, sidecar))
}

#[tokio::test]
async fn the_upstream_sees_who_asked_and_for_what() -> Result<()> {
    let (_upstream, sidecar) = pair().await?;
    let request = "GET /seen?a=b HTTP/1.1\r\nhost: shop.example\r\nx-forwarded-for: 1.2.3.4\r\n\
        forwarded: for=1.2.3.4\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
        connection: close, x-secret\r\nx-secret: 1\r\nkeep-alive: timeout=5\r\nproxy-connection: close\r\n\r\n";
    let seen = exchange(sidecar.address(), request).await?;
    for line in [
        "GET /seen?a=b HTTP/1.1",
        "host: shop.example",
        "x-forwarded-for: 1.2.3.4, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: shop.example",
        "forwarded: for=1.2.3.4",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x-request-id: ",
    ] {
        assert!(seen.contains(&format!("\n{line}")), "{line} is not in: {seen}");
    }
    let body = seen.split("\r\n\r\n").nth(1).unwrap_or_default();
    for name in ["x-secret", "keep-alive", "proxy-connection", "connection"] {
        assert!(!body.contains(name), "{name} is in: {body}");
    }
    Ok(())
}

#[tokio::test]
async fn the_client_does_not_see_what_was_meant_for_the_proxy() -> Result<()> {
    let (_upstream, sidecar) = pair().await?;
    let own = [("x-request-id", "mine-7")];
    let hop =
        sidecar.client().send(hyper::Method::GET, &sidecar.url("/hop"), &own, Default::default()).await?;
    assert_eq!(
        (hop.header("x-inner"), hop.header("keep-alive"), hop.header("connection")),
        (None, None, None)
    );
    assert_eq!((hop.header("x-outer"), hop.header("x-request-id")), (Some("2"), Some("mine-7")));
    assert_eq!(sidecar.get("/pattern").await?.header("slipway-route"), None);
    Ok(())
}

#[tokio::test]
async fn an_upgrade_to_http2_does_not_get_past() -> Result<()> {
    let (_upstream, sidecar) = pair().await?;
    let request = "GET /seen HTTP/1.1\r\nhost: a\r\nconnection: close, Upgrade, HTTP2-Settings\r\n\
        upgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    let seen = exchange(sidecar.address(), request).await?;
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    assert!(!seen.contains("upgrade") && !seen.contains("http2-settings"), "{seen}");
    Ok(())
}

#[tokio::test]
async fn with_h2c_on_both_sides_the_authority_is_the_clients() -> Result<()> {
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--upstream-protocol=h2c"]).await?;
    let request = Request::get(sidecar.url("/seen")).body(Empty::new().boxed_unsync())?;
    let answer = streaming(true).request(request).await?;
    assert_eq!(answer.version(), hyper::Version::HTTP_2);
    let seen = String::from_utf8(answer.into_body().collect().await?.to_bytes().into())?;
    assert!(seen.starts_with(&format!("GET {} HTTP/2.0\n", sidecar.url("/seen"))), "{seen}");
    assert!(seen.contains(&format!("x-forwarded-host: {}", sidecar.address())), "{seen}");
    Ok(())
}

#[tokio::test]
async fn answers_without_a_body_have_none() -> Result<()> {
    let (_upstream, sidecar) = pair().await?;
    for (request, status, length) in [
        ("HEAD /hello", "200", Some("content-length: 5")),
        ("HEAD /big?65536", "200", None),
        ("GET /status?204", "204", None),
        ("GET /status?304", "304", None),
    ] {
        let request = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = exchange(sidecar.address(), &request).await?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{request}{answer}");
        match length {
            Some(length) => assert!(answer.contains(length), "{request}{answer}"),
            None => assert!(!answer.contains("content-length"), "{request}{answer}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_expects_to_be_told_to_go_on_is_told() -> Result<()> {
    let (_upstream, sidecar) = pair().await?;
    let mut connection = tests::wire::Raw::connect(sidecar.address()).await?;
    let head = "POST /count HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    connection.send(head).await?;
    assert!(connection.until("\r\n\r\n").await?.starts_with("HTTP/1.1 100"));
    connection.send("whole").await?;
    let answer = connection.rest().await?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n5"), "{answer}");
    Ok(())
}

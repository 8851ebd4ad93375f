//! The tracker as users meet it: through the shim, on a real database file.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use hyper::Method;
use serde_json::json;
use tests::slipway::{Options, Slipway};
use tests::wait::eventually;

/// How long what comes by itself may take.
const SOON: Duration = Duration::from_secs(30);

async fn open() -> Result<Slipway> {
    Slipway::start(Options::default().variable("open_access", "true").arg("--drain-delay=0s")).await
}

#[tokio::test]
async fn a_deployment_is_created_listed_and_read() -> Result<()> {
    let slipway = open().await?;
    let body = json!({ "service_name": "api", "version": "1.4.2", "environment": "staging" });
    for path in ["/api/v1/deployments", "/api/v1/deployments/"] {
        let created = slipway.post(path, &body).await?;
        assert_eq!(created.status, 201, "{}", created.text());
        let deployment = created.json();
        assert_eq!((&deployment["status"], &deployment["version"]), (&json!("pending"), &json!("1.4.2")));
        let own = format!("/api/v1/deployments/{}", deployment["id"].as_str().unwrap_or_default());
        let mut alone = deployment.clone();
        alone["events"] = json!([]);
        assert_eq!(slipway.get(&own).await?.json(), alone);
        assert_eq!(slipway.get("/api/v1/deployments?service=api").await?.json()[0], deployment);
    }
    assert_eq!(slipway.get("/api/v1/deployments?environment=production").await?.json(), json!([]));
    Ok(())
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() -> Result<()> {
    let slipway = open().await?;
    let get = slipway.get("/api/v1/deployments").await?;
    let url = slipway.url("/api/v1/deployments");
    let head = slipway.client().send(Method::HEAD, &url, &[], Bytes::new()).await?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-type"), Some("application/json"));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_a_sentence_with_the_right_status() -> Result<()> {
    let slipway = open().await?;
    let url = slipway.url("/api/v1/deployments");
    let json_type = [("content-type", "application/json")];
    let send = |method, headers, body: &str| {
        let body = Bytes::from(body.to_owned());
        let (client, url) = (slipway.client().clone(), url.clone());
        async move { client.send(method, &url, headers, body).await }
    };
    let too_large = "x".repeat(100_000);
    for (what, answer, status) in [
        ("a missing field", send(Method::POST, &json_type[..], r#"{"service_name":"api"}"#).await?, 400),
        ("broken JSON", send(Method::POST, &json_type[..], r#"{"service_name":"#).await?, 400),
        ("another content type", send(Method::POST, &[][..], "{}").await?, 415),
        ("a large body", send(Method::POST, &json_type[..], &too_large).await?, 413),
        ("another method", send(Method::DELETE, &[][..], "").await?, 405),
        ("an unknown id", slipway.get("/api/v1/deployments/none").await?, 404),
    ] {
        assert_eq!(answer.status, status, "{what}");
        assert!(answer.json()["error"].is_string(), "{what}: {}", answer.text());
    }
    let metrics = slipway.metrics().await?;
    let counted = |status: &str| {
        metrics.sum("http_requests_total", &[("route", "/api/v1/deployments"), ("status", status)])
    };
    assert_eq!((counted("400"), counted("405"), counted("413"), counted("415")), (2.0, 1.0, 1.0, 1.0));
    Ok(())
}

#[tokio::test]
async fn the_api_is_closed_until_it_is_told_who_may_use_it() -> Result<()> {
    let closed = Slipway::start(Options::default().arg("--drain-delay=0s")).await?;
    assert_eq!(closed.get("/api/v1/deployments").await?.status, 503);
    assert!(closed.get("/api/v1/deployments").await?.text().contains("api_tokens"));
    // SHA-256 of "let-me-read".
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest("let-me-read"));
    let options =
        Options::default().variable("api_tokens", &format!("ci:read:{hash}")).arg("--drain-delay=0s");
    let guarded = Slipway::start(options).await?;
    assert_eq!(guarded.get("/api/v1/deployments").await?.status, 401);
    let reader = guarded.client().clone().with_header("authorization", "Bearer let-me-read");
    assert_eq!(reader.get(&guarded.url("/api/v1/deployments")).await?.status, 200);
    assert_eq!(reader.post(&guarded.url("/api/v1/deployments"), &json!({})).await?.status, 403);
    assert!(!guarded.log().contains("let-me-read"));
    Ok(())
}

#[tokio::test]
async fn a_silent_deployment_is_stalled_until_it_has_ended() -> Result<()> {
    let options = Options::default().variable("open_access", "true").variable("stalled_after_seconds", "1");
    let slipway = Slipway::start(options.arg("--drain-delay=0s")).await?;
    let body = json!({ "service_name": "api", "version": "1.4.2", "environment": "staging" });
    let made = slipway.post("/api/v1/deployments", &body).await?.json();
    let own = format!("/api/v1/deployments/{}", made["id"].as_str().unwrap_or_default());
    let gauge = async || slipway.metrics().await.ok()?.value("slipway_deployments_stalled", &[]);
    eventually(SOON, "a stalled deployment", async || {
        (slipway.get(&own).await.ok()?.json()["stalled"] == true).then_some(())
    })
    .await;
    eventually(SOON, "the gauge at 1", async || (gauge().await == Some(1.0)).then_some(())).await;
    let json_type = [("content-type", "application/json")];
    let patch = Bytes::from(json!({ "status": "succeeded" }).to_string());
    let answer = slipway.client().send(Method::PATCH, &slipway.url(&own), &json_type, patch).await?;
    assert_eq!((&answer.json()["status"], &answer.json()["stalled"]), (&json!("succeeded"), &json!(false)));
    eventually(SOON, "the gauge at 0", async || (gauge().await == Some(0.0)).then_some(())).await;
    Ok(())
}

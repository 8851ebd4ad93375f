//! What a well-behaved registry does not do, or only some do, played by a double: tokens, redirects to storage, faults,
//! manifests that are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, Response, Uri};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tests::registry::digest;
use tests::slipway::Slipway;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::application::{guest, options};

/// Gives the password for a token, and the token for content.
const TOKEN: &str = "t0ken-of-the-double";

struct Double {
    address: String,
    storage: String,
    wasm: Vec<u8>,
    /// What is answered for a manifest.
    manifest: Vec<u8>,
    /// Requests that are answered with 503 before the others.
    faults: AtomicU32,
    /// Requests that storage got with a credential.
    leaks: AtomicU32,
}

/// Starts the double with a manifest that is made for its content; `faults` requests fail first.
async fn start(manifest: impl Fn(&Value) -> Vec<u8>, faults: u32) -> Result<Arc<Double>> {
    let (api, storage) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let wasm = guest("p2")?;
    let layer = json!({ "mediaType": "application/wasm", "digest": digest(&wasm), "size": wasm.len() });
    let double = Arc::new(Double {
        address: api.local_addr()?.to_string(),
        storage: storage.local_addr()?.to_string(),
        manifest: manifest(&layer),
        wasm,
        faults: faults.into(),
        leaks: 0.into(),
    });
    let routes = Router::new()
        .route("/token", get(token))
        .route("/v2/{*path}", get(content))
        .with_state(Arc::clone(&double));
    let stored = Router::new().route("/{*path}", get(stored)).with_state(Arc::clone(&double));
    tokio::spawn(serve(api, routes));
    tokio::spawn(serve(storage, stored));
    Ok(double)
}

async fn serve(listener: TcpListener, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let router = router.clone();
        let service =
            service_fn(move |request: Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
        // A client that hangs up has what it wanted.
        tokio::spawn(async move {
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await)
        });
    }
}

fn answer(status: u16, header: (&str, String), body: Vec<u8>) -> Response<Body> {
    Response::builder().status(status).header(header.0, header.1).body(body.into()).expect("an answer")
}

fn text(status: u16, body: &str) -> Response<Body> {
    answer(status, ("content-type", "text/plain".into()), body.into())
}

fn authorization(headers: &HeaderMap) -> &str {
    headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Asks for user and password, and for whom the token is.
async fn token(headers: HeaderMap, uri: Uri) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    let is_meant =
        query.contains("service=double") && query.contains("scope=repository%3Aacme%2Fcounter%3Apull");
    if authorization(&headers) != format!("Basic {}", BASE64.encode("me:pa55word")) || !is_meant {
        return text(401, "who is this?");
    }
    text(200, &json!({ "token": TOKEN }).to_string())
}

async fn content(
    State(double): State<Arc<Double>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    if double.faults.load(Ordering::SeqCst) > 0 {
        double.faults.fetch_sub(1, Ordering::SeqCst);
        return text(503, "not now");
    }
    if authorization(&headers) != format!("Bearer {TOKEN}") {
        let challenge = format!(r#"Bearer realm="http://{}/token",service="double""#, double.address);
        return answer(401, ("www-authenticate", challenge), Vec::new());
    }
    if path.contains("/manifests/") {
        return answer(200, ("content-type", tests::registry::MANIFEST.into()), double.manifest.clone());
    }
    answer(307, ("location", format!("http://{}/{path}?signature=s3cret", double.storage)), Vec::new())
}

async fn stored(State(double): State<Arc<Double>>, headers: HeaderMap) -> Response<Body> {
    if headers.contains_key("authorization") {
        double.leaks.fetch_add(1, Ordering::SeqCst);
    }
    answer(200, ("content-type", "application/octet-stream".into()), double.wasm.clone())
}

fn good(layer: &Value) -> Vec<u8> {
    let config =
        json!({ "mediaType": "application/vnd.wasm.config.v0+json", "digest": digest(b"{}"), "size": 2 });
    json!({ "schemaVersion": 2, "config": config, "layers": [layer] }).to_string().into_bytes()
}

/// `slipway up` of what the double has.
fn pull(double: &Double, scratch: &std::path::Path) -> Result<tests::slipway::Options> {
    let auth = json!({ "auths": { &double.address: { "username": "me", "password": "pa55word" } } });
    std::fs::write(scratch.join("config.json"), auth.to_string())?;
    let mut options = options(&format!("{}/acme/counter:1.0", double.address), scratch);
    options.variables.clear();
    Ok(options)
}

#[tokio::test]
async fn tokens_redirects_and_short_faults_are_coped_with() -> Result<()> {
    let (double, scratch) = (start(good, 2).await?, tempfile::tempdir()?);
    let mut chatty = pull(&double, scratch.path())?;
    chatty.env.push(("RUST_LOG".into(), "info,slipway=trace,hyper=trace,hyper_util=trace".into()));
    let slipway = Slipway::start(chatty).await?;
    assert_eq!(slipway.get("/").await?.text(), "1");
    assert_eq!(double.leaks.load(Ordering::SeqCst), 0, "storage is shown who asks");
    let log = slipway.log();
    assert!(log.contains("trying again"), "{log}");
    for secret in [TOKEN, "pa55word", "s3cret"] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    Ok(())
}

#[tokio::test]
async fn a_registry_that_stays_ill_is_given_up() -> Result<()> {
    let (double, scratch) = (start(good, 1_000).await?, tempfile::tempdir()?);
    let mut slipway = Slipway::spawn(&pull(&double, scratch.path())?)?;
    assert_eq!(slipway.wait(Duration::from_secs(30)).await?.code(), Some(1));
    assert!(slipway.log().contains("the registry answered 503"), "{}", slipway.log());
    let asked = 1_000 - double.faults.load(Ordering::SeqCst);
    assert_eq!(asked, 4, "tries");
    Ok(())
}

#[tokio::test]
async fn manifests_that_are_none_and_endless_ones_are_told() -> Result<()> {
    let huge = |_: &Value| vec![b' '; 5 * 1024 * 1024];
    let garbage = |_: &Value| b"\x00\xffno JSON".to_vec();
    let index = |_: &Value| br#"{"schemaVersion": 2, "manifests": []}"#.to_vec();
    let lying = |layer: &Value| {
        let mut layer = layer.clone();
        layer["size"] = json!(10);
        good(&layer)
    };
    type Make = fn(&Value) -> Vec<u8>;
    let cases: [(Make, &str); 4] = [
        (huge, "the manifest has more than 4194304 bytes"),
        (garbage, "its manifest is not one of OCI"),
        (index, "its manifest is an index"),
        (lying, "has more than 10 bytes"),
    ];
    for (manifest, expected) in cases {
        let (double, scratch) = (start(manifest, 0).await?, tempfile::tempdir()?);
        let mut slipway = Slipway::spawn(&pull(&double, scratch.path())?)?;
        assert_eq!(slipway.wait(Duration::from_secs(30)).await?.code(), Some(1), "{expected}");
        assert!(slipway.log().contains(expected), "{}", slipway.log());
    }
    Ok(())
}

//! Deliveries of webhooks go out for real, and the log tells of each attempt.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use hyper::Method;
use serde_json::json;
use tests::github::{Effect, Fault, Reply};
use tests::http::HttpClient;
use tests::wait::eventually;
use tests::webhook::Delivery;
use tower::ServiceExt;

use crate::hub::Hub;

const SECRET: &str = "It's a Secret";

/// Takes deliveries with the status it is told to.
struct Receiver {
    url: String,
    status: Arc<Mutex<StatusCode>>,
    seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Receiver {
    async fn start() -> Self {
        let (status, seen) = (Arc::new(Mutex::new(StatusCode::ACCEPTED)), Arc::new(Mutex::default()));
        let state: (Arc<Mutex<StatusCode>>, Arc<Mutex<Vec<_>>>) = (Arc::clone(&status), Arc::clone(&seen));
        let take = async move |headers: HeaderMap, body: Bytes| {
            state.1.lock().expect("a lock").push((headers, body));
            *state.0.lock().expect("a lock")
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/hook", post(take));
        tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let router = router.clone();
                let service =
                    hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                        router.clone().oneshot(request.map(axum::body::Body::new))
                    });
                connections.spawn(async move {
                    let stream = hyper_util::rt::TokioIo::new(stream);
                    let _ =
                        hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
                });
            }
        });
        Self { url, status, seen }
    }

    fn answers(&self, status: u16) {
        *self.status.lock().expect("a lock") = StatusCode::from_u16(status).expect("a status");
    }

    fn seen(&self) -> Vec<(HeaderMap, Bytes)> {
        self.seen.lock().expect("a lock").clone()
    }
}

fn published() -> Delivery {
    Delivery::new("registry_package", &json!({ "action": "published" }))
}

#[tokio::test]
async fn delivery_arrives_signed_and_is_in_the_log() {
    let (hub, receiver) = (Hub::new(), Receiver::start().await);
    let hook = hub.double.create_hook("acme/gitops", &receiver.url, SECRET).expect("a hook");
    let delivery = published();
    let attempt = hub.double.deliver(hook, delivery.clone()).await.expect("an attempt");
    assert_eq!((attempt.reply, attempt.guid()), (Reply::Status(202), delivery.guid()));

    let (headers, body) = receiver.seen().remove(0);
    let signed = delivery.clone().signed(SECRET);
    assert_eq!(body, signed.body());
    let signature = headers["x-hub-signature-256"].to_str().expect("text");
    assert!(signed.headers().contains(&("x-hub-signature-256", signature)));
    assert_eq!(headers["x-github-delivery"], delivery.guid());
    assert_eq!(headers["x-github-hook-id"], hook.to_string().as_str());

    let log = hub.get(&format!("/hooks/{hook}/deliveries")).await;
    assert_eq!((log.status, log.header("link")), (200, None));
    let item = &log.json()[0];
    assert_eq!(item["id"].as_u64(), Some(attempt.id));
    assert!(attempt.id > 1 << 53, "as large as GitHub's");
    assert_eq!(item["guid"], delivery.guid());
    assert_eq!((&item["status"], &item["status_code"]), (&json!("OK"), &json!(202)));
    assert_eq!((&item["event"], &item["action"]), (&json!("registry_package"), &json!("published")));
    assert_eq!(item["redelivery"], false);
    assert!(item["delivered_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{item}");
}

#[tokio::test]
async fn failures_are_in_the_log_in_githubs_words() {
    let (hub, receiver) = (Hub::new(), Receiver::start().await);
    let hook = hub.double.create_hook("acme", &receiver.url, SECRET).expect("a hook");
    for status in [503, 401, 302] {
        receiver.answers(status);
        hub.double.deliver(hook, published()).await.expect("an attempt");
    }
    let nowhere = hub.double.create_hook("acme", "http://127.0.0.1:1/hook", SECRET).expect("a hook");
    hub.double.deliver(nowhere, published()).await.expect("an attempt");

    let list = async |hook: u64, query: &str| {
        let url = format!("{}/orgs/ACME/hooks/{hook}/deliveries?{query}", hub.double.base_url());
        let list = hub.client.get(&url).await.expect("an answer").json();
        let list = list.as_array().cloned().expect("a list");
        list.iter().map(|item| (item["status"].clone(), item["status_code"].clone())).collect::<Vec<_>>()
    };
    let [found, refused, trouble] =
        [302, 401, 503].map(|code| (json!(format!("Invalid HTTP Response: {code}")), json!(code)));
    assert_eq!(list(hook, "").await, [found.clone(), refused.clone(), trouble.clone()], "newest first");
    assert_eq!(list(hook, "status=failure").await, [refused, trouble]);
    assert_eq!(list(hook, "status=success").await, [found]);
    assert_eq!(list(nowhere, "").await, [(json!("failed to connect to host"), json!(502))]);
}

#[tokio::test]
async fn pages_follow_each_other_by_cursor_while_new_attempts_come_in() {
    let (hub, receiver) = (Hub::new(), Receiver::start().await);
    let hook = hub.double.create_hook("acme/gitops", &receiver.url, SECRET).expect("a hook");
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, hub.double.deliver(hook, published()).await.expect("an attempt").id);
    }
    let mut seen = Vec::new();
    let mut next = Some(hub.url(&format!("/hooks/{hook}/deliveries?per_page=2")));
    while let Some(url) = next.take() {
        let page = hub.client.get(&url).await.expect("an answer");
        assert_eq!(page.status, 200, "{}", page.text());
        seen.extend(page.json().as_array().expect("a list").iter().filter_map(|item| item["id"].as_u64()));
        let link =
            page.header("link").and_then(|link| link.strip_prefix('<')?.strip_suffix(">; rel=\"next\""));
        next = link.map(str::to_owned);
        hub.double.deliver(hook, published()).await.expect("an attempt");
    }
    assert_eq!(seen, ids);
    for query in ["cursor=v1_1", "cursor=2", "status=lost"] {
        assert_eq!(hub.get(&format!("/hooks/{hook}/deliveries?{query}")).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn redelivery_sends_the_same_again_as_another_attempt() {
    let (hub, receiver) = (Hub::new(), Receiver::start().await);
    let hook = hub.double.create_hook("acme/gitops", &receiver.url, SECRET).expect("a hook");
    receiver.answers(503);
    let first = hub.double.deliver(hook, published()).await.expect("an attempt");
    receiver.answers(200);
    let path = format!("/hooks/{hook}/deliveries/{}/attempts", first.id);
    let answer = hub.send(Method::POST, &path, json!({})).await;
    assert_eq!((answer.status, answer.json()), (202, json!({})));

    let again = eventually(Duration::from_secs(5), "a second attempt", async || {
        hub.double.attempts(hook).into_iter().nth(1)
    })
    .await;
    assert!(again.redelivery && again.id > first.id);
    assert_eq!((again.guid(), again.reply), (first.guid(), Reply::Status(200)));
    let seen = receiver.seen();
    assert_eq!(seen[0].1, seen[1].1);
    assert_eq!(seen[0].0["x-hub-signature-256"], seen[1].0["x-hub-signature-256"]);
}

#[tokio::test]
async fn attempts_are_forgotten_after_three_days() {
    let (hub, receiver) = (Hub::new(), Receiver::start().await);
    let hook = hub.double.create_hook("acme/gitops", &receiver.url, SECRET).expect("a hook");
    let attempt = hub.double.deliver(hook, published()).await.expect("an attempt").id;
    hub.double.backdate(attempt, Duration::from_secs(71 * 3_600));
    let log = format!("/hooks/{hook}/deliveries");
    assert_eq!(hub.get(&log).await.json().as_array().map(Vec::len), Some(1));
    hub.double.backdate(attempt, Duration::from_secs(2 * 3_600));
    assert_eq!(hub.get(&log).await.json(), json!([]));
    assert_eq!(hub.send(Method::POST, &format!("{log}/{attempt}/attempts"), json!({})).await.status, 404);
}

#[tokio::test]
async fn log_is_there_for_its_owner_only_and_fails_when_told_to() {
    let hub = Hub::new();
    let hook = hub.double.create_hook("acme/gitops", "http://127.0.0.1:1/", SECRET).expect("a hook");
    let get = async |path: String| {
        let url = format!("{}{path}", hub.double.base_url());
        hub.client.get(&url).await.expect("an answer").status
    };
    assert_eq!(get(format!("/repos/acme/gitops/hooks/{hook}/deliveries")).await, 200);
    for path in [
        format!("/orgs/acme/hooks/{hook}/deliveries"),
        format!("/repos/acme/other/hooks/{hook}/deliveries"),
        format!("/repos/acme/gitops/hooks/{}/deliveries", hook + 1),
        "/repos/acme/gitops/hooks/x/deliveries".to_owned(),
    ] {
        assert_eq!(get(path.clone()).await, 404, "{path}");
    }
    assert_eq!(get("/app/hook/deliveries".to_owned()).await, 401);
    let stranger = HttpClient::new().with_header("user-agent", "tests");
    let url = hub.url(&format!("/hooks/{hook}/deliveries"));
    assert_eq!(stranger.get(&url).await.expect("an answer").status, 401);

    hub.double.fail(Fault::new(Effect::Status { status: 502 }).path("/deliveries"));
    assert_eq!(hub.get(&format!("/hooks/{hook}/deliveries")).await.status, 502);
}

#[tokio::test]
async fn hooks_can_be_made_and_used_over_http() {
    let (hub, receiver) = (Hub::new(), Receiver::start().await);
    let control = HttpClient::new();
    let url = format!("{}/_double/hooks", hub.double.base_url());
    let body = json!({ "owner": "acme/gitops", "url": receiver.url, "secret": SECRET });
    let made = control.post(&url, &body).await.expect("an answer");
    let id = made.json()["id"].as_u64().expect("an id");
    let body = json!({ "event": "ping", "payload": { "zen": "Half measures." } });
    let sent = control.post(&format!("{url}/{id}/deliveries"), &body).await.expect("an answer");
    assert_eq!((made.status, sent.status, sent.json()["status_code"].as_u64()), (201, 201, Some(202)));
    assert_eq!(receiver.seen()[0].0["x-github-event"], "ping");
}

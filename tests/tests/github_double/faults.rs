//! What can be made to go wrong, goes wrong that way and so often.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::json;
use tests::github::{Effect, Fault};
use tests::http::HttpClient;

use crate::hub::{COMMIT, FILE, Hub, base64, commit_input};

const REF: &str = "/git/ref/heads/main";

#[tokio::test]
async fn status_comes_so_often_as_asked_and_then_all_is_well() {
    let hub = Hub::new();
    for status in [500, 502, 503] {
        hub.double.fail(Fault::new(Effect::Status { status }).times(2));
        for expected in [status, status, 200] {
            assert_eq!(hub.get(REF).await.status, expected);
        }
    }
    assert_eq!(hub.double.requests().last().and_then(|seen| seen.status), Some(200));
}

#[tokio::test]
async fn fault_waits_for_the_request_it_is_meant_for() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::Status { status: 503 }).method("put").path("/contents/"));
    hub.double.fail(Fault::new(Effect::Status { status: 502 }).path("/graphql").body("createCommitOnBranch"));
    assert_eq!(hub.get(&format!("/contents/{FILE}")).await.status, 200);
    assert!(hub.graphql("{ __typename }", json!({})).await["data"].is_object());
    assert_eq!(hub.send(Method::PUT, "/contents/new.txt", json!({})).await.status, 503);
    let url = format!("{}/graphql", hub.double.base_url());
    let body = json!({ "query": COMMIT, "variables": commit_input(&hub.head(), FILE, "mine\n") });
    assert_eq!(hub.client.post(&url, &body).await.expect("an answer").status, 502);
    assert_eq!((hub.double.waiting_faults(), hub.commits()), (0, 1));
}

#[tokio::test]
async fn primary_rate_limit_tells_when_it_ends() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::PrimaryRateLimit { reset_after: 120 }));
    let answer = hub.get(REF).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (403, Some("0")));
    let reset: i64 = answer.header("x-ratelimit-reset").and_then(|text| text.parse().ok()).expect("a time");
    let seconds = reset - chrono::Utc::now().timestamp();
    assert!((118..=120).contains(&seconds), "{seconds}");
    assert!(answer.json()["message"].as_str().is_some_and(|message| message.contains("rate limit exceeded")));

    hub.double.fail(Fault::new(Effect::PrimaryRateLimit { reset_after: 120 }));
    let body = hub.graphql("{ __typename }", json!({})).await;
    assert_eq!(body["errors"][0]["type"], "RATE_LIMITED", "GraphQL says it with status 200");
}

#[tokio::test]
async fn secondary_rate_limit_tells_how_long_to_wait() {
    let hub = Hub::new();
    for status in [403, 429] {
        hub.double.fail(Fault::new(Effect::SecondaryRateLimit { status, retry_after: 7 }));
        let answer = hub.get(REF).await;
        assert_eq!((answer.status, answer.header("retry-after")), (status, Some("7")));
        assert_ne!(answer.header("x-ratelimit-remaining"), Some("0"));
    }
}

#[tokio::test]
async fn delayed_request_is_done_all_the_same() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::Delay { milliseconds: 300 }));
    let start = Instant::now();
    assert_eq!(hub.get(REF).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn unanswered_request_hangs_and_others_do_not() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::NoAnswer));
    let url = hub.url(REF);
    let hanging = hub.client.get(&url);
    assert!(tokio::time::timeout(Duration::from_millis(300), hanging).await.is_err());
    assert_eq!(hub.get(REF).await.status, 200);
    assert_eq!(hub.double.requests()[0].status, None);
}

async fn commit(hub: &Hub) -> Result<tests::http::HttpResponse, tests::http::HttpError> {
    let url = format!("{}/graphql", hub.double.base_url());
    let body = json!({ "query": COMMIT, "variables": commit_input(&hub.head(), FILE, "mine\n") });
    hub.client.post(&url, &body).await
}

#[tokio::test]
async fn connection_drops_before_anything_is_done() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::DropBefore));
    assert!(commit(&hub).await.is_err());
    assert_eq!(hub.commits(), 1);
}

#[tokio::test]
async fn connection_drops_after_everything_was_done() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::DropAfter));
    assert!(commit(&hub).await.is_err());
    assert_eq!((hub.commits(), hub.file(FILE).as_deref()), (2, Some("mine\n")));
}

#[tokio::test]
async fn competing_push_beats_every_way_to_commit() {
    let hub = Hub::new();
    hub.double.fail(Fault::new(Effect::CompetingPush { files: BTreeMap::new() }).times(3));

    let body = commit(&hub).await.expect("an answer").json();
    assert_eq!(body["errors"][0]["type"], "STALE_DATA");

    let body = json!({ "message": "m", "content": base64("mine\n"), "sha": hub.file_sha().await });
    let answer = hub.send(Method::PUT, &format!("/contents/{FILE}"), body).await;
    assert_eq!(answer.status, 409);
    assert!(answer.json()["message"].as_str().is_some_and(|message| message.contains("but expected")));

    let tree =
        hub.send(Method::POST, "/git/trees", json!({ "base_tree": hub.head(), "tree": [] })).await.json();
    let body = json!({ "message": "m", "tree": tree["sha"], "parents": [hub.head()] });
    let commit = hub.send(Method::POST, "/git/commits", body).await.json();
    let answer = hub.send(Method::PATCH, "/git/refs/heads/main", json!({ "sha": commit["sha"] })).await;
    assert_eq!(
        (answer.status, answer.json()["message"].as_str()),
        (422, Some("Update is not a fast forward"))
    );

    assert_eq!(hub.commits(), 4, "the first one and three pushes");
    assert_eq!(hub.file("competing-push.txt").as_deref(), Some("push number 3\n"));
}

#[tokio::test]
async fn competing_push_can_change_the_very_file_and_the_next_try_gets_through() {
    let hub = Hub::new();
    let files = BTreeMap::from([(FILE.to_owned(), "theirs\n".to_owned())]);
    hub.double.fail(Fault::new(Effect::CompetingPush { files }));
    assert_eq!(commit(&hub).await.expect("an answer").json()["errors"][0]["type"], "STALE_DATA");
    assert_eq!(hub.file(FILE).as_deref(), Some("theirs\n"));
    assert!(commit(&hub).await.expect("an answer").json().get("errors").is_none());
    assert_eq!(hub.file(FILE).as_deref(), Some("mine\n"));
}

#[tokio::test]
async fn faults_can_be_set_and_taken_back_over_http() {
    let hub = Hub::new();
    let control = HttpClient::new();
    let url = format!("{}/_double/faults", hub.double.base_url());
    let faults = json!([
        { "kind": "status", "status": 503, "times": 2, "path": "/git/" },
        { "kind": "competing_push" },
    ]);
    assert_eq!(control.post(&url, &faults).await.expect("an answer").status, 204);
    assert_eq!(hub.get(REF).await.status, 503);
    let waiting = control.get(&url).await.expect("an answer").json();
    assert_eq!((waiting[0]["times"].as_u64(), waiting.as_array().map(Vec::len)), (Some(1), Some(2)));

    let none = control.send(Method::DELETE, &url, &[], Default::default()).await.expect("an answer");
    assert_eq!((none.status, hub.get(REF).await.status), (204, 200));
    let unknown = control.post(&url, &json!({ "kind": "earthquake" })).await.expect("an answer");
    assert_eq!(unknown.status, 422);
}

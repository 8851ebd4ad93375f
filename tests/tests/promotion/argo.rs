//! What becomes of a commit: Argo's notifications, as the templates of `deploy/notifications` make them.

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tests::http::HttpResponse;
use tests::slipway::workspace;
use tests::wait::eventually;

use crate::world::{ARGO_TOKEN, IMAGE, NEW_TAG, SOON, World, push, registry_package};

const ROLLOUTS: &str = "/webhooks/argo-rollouts";
const ARGOCD: &str = "/webhooks/argocd";

/// A push that was committed: its deployment's path, and the commit.
async fn committed(world: &World) -> (String, String) {
    let decision = world.accepted(&registry_package()).await;
    let promotion = world.ended(&decision["promotion"], SOON).await;
    let id = promotion["deployment_id"].as_str().expect("a deployment");
    (format!("/api/v1/deployments/{id}"), promotion["commit"].as_str().expect("a commit").to_owned())
}

/// The body that a template makes of an object, about the pushed image; all templates of a sender differ in the event alone.
fn body(rendered: &str, event: &str) -> Value {
    let file = workspace().join("deploy/notifications/tests/rendered").join(rendered);
    let text = std::fs::read_to_string(file).expect("a body that deploy/notifications/check expects");
    let mut body: Value = serde_json::from_str(&text).expect("JSON");
    body["event"] = json!(event);
    body["images"] =
        json!([format!("{IMAGE}:{NEW_TAG}@{}", push().digest().expect("a digest")), "ghcr.io/acme/proxy:2"]);
    body
}

fn rollout(event: &str) -> Value {
    body("canary.rollout-step-completed.json", event)
}

async fn send(world: &World, path: &str, token: &str, text: String) -> HttpResponse {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let url = world.slipway.url(path);
    world.slipway.client().send(Method::POST, &url, &headers, Bytes::from(text)).await.expect("an answer")
}

async fn notify(world: &World, path: &str, notification: &Value) -> Value {
    let answer = send(world, path, ARGO_TOKEN, notification.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn get(world: &World, path: &str) -> Value {
    world.slipway.get(path).await.expect("an answer").json()
}

#[tokio::test]
async fn push_is_followed_through_commit_sync_and_steps_to_its_success() {
    let world = World::start().await;
    let (deployment, commit) = committed(&world).await;
    let mut sync = body("deployed.sync-succeeded.json", "sync-running");
    sync["commits"] = json!([commit]);
    let told = notify(&world, ARGOCD, &sync).await;
    assert_eq!(told["outcome"], "recorded", "{told}");
    assert!(told["reason"].as_str().is_some_and(|why| why.contains(&commit[..12])), "{told}");
    assert_eq!(get(&world, &deployment).await["status"], "running");
    for event in ["rollout-updated", "rollout-step-completed", "rollout-paused", "rollout-resumed"] {
        assert_eq!(notify(&world, ROLLOUTS, &rollout(event)).await["outcome"], "recorded", "{event}");
        assert_eq!(get(&world, &deployment).await["status"], "running", "{event}");
    }
    notify(&world, ROLLOUTS, &rollout("rollout-completed")).await;
    let shown = get(&world, &deployment).await;
    assert_eq!((&shown["status"], &shown["stalled"]), (&json!("succeeded"), &json!(false)));
    let kinds: Vec<_> =
        shown["events"].as_array().expect("events").iter().map(|it| it["kind"].as_str()).collect();
    let expected = [
        "rollout-completed",
        "rollout-resumed",
        "rollout-paused",
        "rollout-step-completed",
        "rollout-updated",
        "sync-running",
    ];
    assert_eq!(kinds, expected.map(Some));
    let step = &shown["events"][3]["detail"];
    assert_eq!((&step["weight"], &step["step"]), (&json!(25), &json!(1)));
    assert_eq!(step["analysis"][0]["metrics"][0]["value"], "[0.987]");
    assert_eq!(get(&world, &format!("{deployment}/events?limit=1")).await[0], shown["events"][0]);
}

#[tokio::test]
async fn abort_ends_in_failed_and_nothing_late_or_repeated_changes_that() {
    let world = World::start().await;
    let (deployment, _) = committed(&world).await;
    let abort = body("aborted.rollout-aborted.json", "rollout-aborted");
    let first = notify(&world, ROLLOUTS, &abort).await;
    assert_eq!((&first["outcome"], &first["status"]), (&json!("recorded"), &json!("failed")));
    assert_eq!(notify(&world, ROLLOUTS, &abort).await["outcome"], "repeated");
    for late in ["rollout-updated", "rollout-completed"] {
        assert_eq!(notify(&world, ROLLOUTS, &rollout(late)).await["outcome"], "recorded");
    }
    let shown = get(&world, &deployment).await;
    assert_eq!(shown["status"], "failed");
    let events = shown["events"].as_array().expect("events");
    assert_eq!(events.len(), 3, "{shown}");
    let aborted = events.last().expect("an event");
    assert_eq!((&aborted["kind"], &aborted["source"]), (&json!("rollout-aborted"), &json!("argo-rollouts")));
    assert!(
        aborted["detail"]["message"].as_str().is_some_and(|text| text.contains("success-rate")),
        "{aborted}"
    );
}

#[tokio::test]
async fn strangers_are_refused_and_what_is_not_ours_is_told_with_its_reason() {
    let world = World::start().await;
    let (deployment, _) = committed(&world).await;
    let abort = rollout("rollout-aborted").to_string();
    for path in [ROLLOUTS, ARGOCD] {
        assert_eq!(send(&world, path, "wrong", abort.clone()).await.status, 401);
        assert_eq!(send(&world, path, ARGO_TOKEN, "{".to_owned()).await.status, 400);
        assert_eq!(send(&world, path, ARGO_TOKEN, " ".repeat(100_000)).await.status, 413);
    }
    let unknown = body("bare.rollout-updated.json", "rollout-updated");
    let told = notify(&world, ROLLOUTS, &unknown).await;
    let reason = "there is no deployment of web in shop";
    assert_eq!((&told["outcome"], &told["reason"]), (&json!("ignored"), &json!(reason)));
    let deliveries = world.list("/api/v1/deliveries").await;
    let kept = deliveries.iter().find(|it| it["source"] == "argo-rollouts").expect("a delivery");
    assert_eq!((&kept["outcome"], &kept["decisions"][0]["reason"]), (&json!("ignored"), &json!(reason)));
    assert_eq!(get(&world, &deployment).await["status"], "pending");
    let labels = [("route", ROLLOUTS), ("status", "401")];
    eventually(SOON, "the refused one in /metrics", async || {
        (world.slipway.metrics().await.ok()?.sum("http_requests_total", &labels) == 1.0).then_some(())
    })
    .await;
}

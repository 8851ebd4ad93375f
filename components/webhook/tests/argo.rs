//! `/webhooks/argo-rollouts` and `/webhooks/argocd`: what Argo tells becomes events of deployments.

mod support;

use bytes::Bytes;
use futures::executor::block_on;
use http::{Request, Response};
use ledger::{Deployment, Event, NewDeployment, Page, Status, Store, Verdict};
use serde_json::{Value, json};
use support::{ARGO_TOKEN, DIGEST, Receiver, body, variables};
use uuid::Uuid;
use webhook::{Variables, Work};

const ROLLOUTS: &str = "/webhooks/argo-rollouts";
const ARGOCD: &str = "/webhooks/argocd";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn request(path: &str, token: Option<&str>, content_type: &str, text: String) -> Request<String> {
    let mut request = Request::post(path).header("content-type", content_type);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(text).unwrap()
}

fn send(receiver: &Receiver, path: &str, text: String) -> Response<Bytes> {
    let (response, work) = receiver.ask(request(path, Some(ARGO_TOKEN), "application/json", text));
    assert_eq!(work, Work::Nothing);
    response
}

/// Sends a notification, and expects that it is understood.
fn notify(receiver: &Receiver, path: &str, notification: &Value) -> Value {
    let response = send(receiver, path, notification.to_string());
    assert_eq!(response.status(), 200, "{:?}", response.body());
    body(&response)
}

/// About the only container of the rollout `api`, of tag 1.4.2.
fn rollout(event: &str) -> Value {
    json!({
        "event": event,
        "service": "api",
        "environment": "staging",
        "images": ["ghcr.io/acme/api:1.4.2"],
        "detail": { "revision": "3" },
    })
}

fn record(receiver: &Receiver, fields: &Value) -> Uuid {
    let mut all = json!({ "service_name": "api", "version": "1.4.2", "environment": "staging" });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let new = NewDeployment::from_fields(all.as_object().unwrap()).unwrap();
    block_on(receiver.store().record_deployment(&new)).unwrap().id
}

fn deployment(receiver: &Receiver, id: Uuid) -> Deployment {
    block_on(receiver.store().deployment(id)).unwrap().unwrap()
}

fn events(receiver: &Receiver, id: Uuid) -> Vec<Event> {
    block_on(receiver.store().events(id, &Page::default())).unwrap().items
}

#[test]
fn rollout_is_followed_from_its_first_step_to_its_end() {
    let receiver = Receiver::new();
    let id = record(&receiver, &json!({ "image": "ghcr.io/acme/api" }));
    let steps = [
        ("rollout-updated", Status::Running),
        ("rollout-step-completed", Status::Running),
        ("rollout-paused", Status::Running),
        ("analysis-run-running", Status::Running),
        ("analysis-run-error", Status::Running),
        ("analysis-run-failed", Status::Running),
        ("rollout-resumed", Status::Running),
        ("rollout-completed", Status::Succeeded),
        ("rollout-aborted", Status::Failed),
    ];
    for (number, (event, status)) in steps.into_iter().enumerate() {
        let told = notify(&receiver, ROLLOUTS, &rollout(event));
        assert_eq!((&told["outcome"], &told["deployment"]), (&json!("recorded"), &json!(id)), "{event}");
        assert_eq!(told["reason"], "the only deployment of api in staging that has the tag 1.4.2");
        assert_eq!(deployment(&receiver, id).status, status, "{event}");
        assert_eq!(events(&receiver, id).len(), number + 1);
    }
    let last = &events(&receiver, id)[0];
    assert_eq!((last.source.as_str(), last.kind.as_str()), ("argo-rollouts", "rollout-aborted"));
    assert_eq!((last.status, &last.detail["revision"]), (Some(Status::Failed), &json!("3")));
    assert_eq!(last.detail["matched"], "the only deployment of api in staging that has the tag 1.4.2");
    assert_eq!(receiver.deliveries(), 0, "what has a deployment is kept with it");
}

#[test]
fn argo_cd_is_matched_by_commit_and_what_is_deployed_by_image_too() {
    let steps = [
        ("sync-running", Status::Running, true),
        ("sync-succeeded", Status::Running, true),
        ("sync-failed", Status::Failed, true),
        ("health-degraded", Status::Pending, false),
        ("deployed", Status::Succeeded, false),
    ];
    for (event, status, by_commit_only) in steps {
        let receiver = Receiver::new();
        let id = record(&receiver, &json!({ "image": "ghcr.io/acme/api", "gitops_commit": COMMIT }));
        let mut notification = rollout(event);
        notification["commits"] = json!(["ffff"]);
        let told = notify(&receiver, ARGOCD, &notification);
        let expected = if by_commit_only { "ignored" } else { "recorded" };
        assert_eq!(told["outcome"], expected, "{event}: {told}");
        notification["commits"] = json!(["ffff", COMMIT.to_uppercase()]);
        notification["actor"] = json!("admin");
        let told = notify(&receiver, ARGOCD, &notification);
        assert_eq!(
            told["reason"],
            "the only deployment of api in staging that has the GitOps commit 0123456789ABCDEF012"
        );
        assert_eq!(deployment(&receiver, id).status, status, "{event}");
        assert_eq!(events(&receiver, id)[0].actor.as_deref(), Some("admin"));
    }
}

#[test]
fn repeated_and_late_notifications_do_no_harm() {
    let receiver = Receiver::new();
    let id = record(&receiver, &json!({}));
    let first = notify(&receiver, ROLLOUTS, &rollout("rollout-completed"));
    let state = deployment(&receiver, id);
    // The same version is released once more: what is sent again is still about the first release.
    let second = record(&receiver, &json!({}));
    let again = notify(&receiver, ROLLOUTS, &rollout("rollout-completed"));
    assert_eq!((&again["outcome"], &again["deployment"]), (&json!("repeated"), &first["deployment"]));
    assert_eq!((deployment(&receiver, id), events(&receiver, id).len()), (state, 1));
    assert_eq!(deployment(&receiver, second).status, Status::Pending);
    let mut next = rollout("rollout-completed");
    next["detail"]["revision"] = json!("4");
    let told = notify(&receiver, ROLLOUTS, &next);
    assert_eq!(told["deployment"], json!(second));
    assert_eq!(
        told["reason"],
        "the newest of 2 deployments of api in staging that match; it has the tag 1.4.2"
    );
    notify(&receiver, ROLLOUTS, &rollout("rollout-step-completed"));
    assert_eq!(deployment(&receiver, second).status, Status::Succeeded, "a late step changes nothing");
}

#[test]
fn of_several_deployments_the_one_with_most_in_common_is_meant() {
    let receiver = Receiver::new();
    let image = "ghcr.io/acme/api";
    let committed = record(&receiver, &json!({ "image": image, "gitops_commit": COMMIT }));
    let by_digest = record(&receiver, &json!({ "image": image, "digest": DIGEST, "version": "latest" }));
    let moved = record(&receiver, &json!({ "image": image, "digest": OTHER_DIGEST }));
    let by_tag = record(&receiver, &json!({ "image": image }));
    let elsewhere = record(&receiver, &json!({ "image": "ghcr.io/other/api" }));
    record(&receiver, &json!({ "environment": "production", "digest": DIGEST }));
    let about = |images: Value, commits: Value| {
        let mut notification = rollout("deployed");
        notification["images"] = images;
        notification["commits"] = commits;
        notify(&receiver, ARGOCD, &notification)["deployment"].clone()
    };
    let full = format!("{image}:1.4.2@{DIGEST}");
    assert_eq!(about(json!([full]), json!([COMMIT])), json!(committed));
    assert_eq!(about(json!([full]), json!([])), json!(by_digest));
    assert_eq!(about(json!([format!("{image}@{DIGEST}")]), Value::Null), json!(by_digest));
    assert_eq!(about(json!([format!("elsewhere.example/api@{OTHER_DIGEST}")]), Value::Null), json!(moved));
    assert_eq!(about(json!([format!("{image}:1.4.2")]), Value::Null), json!(by_tag));
    assert_eq!(about(json!(["busybox:1", "ghcr.io/other/api:1.4.2"]), Value::Null), json!(elsewhere));
    for unknown in ["ghcr.io/acme/api:1.4.3", "ghcr.io/acme/api", "acme/api:1.4.2", "", ":", "@"] {
        assert_eq!(about(json!([unknown]), Value::Null), Value::Null, "{unknown}");
    }
}

#[test]
fn notification_about_no_deployment_is_kept_with_the_reason() {
    let receiver = Receiver::new();
    let nothing = notify(&receiver, ROLLOUTS, &rollout("rollout-updated"));
    assert_eq!((&nothing["outcome"], &nothing["deployment"]), (&json!("ignored"), &Value::Null));
    assert_eq!(nothing["reason"], "there is no deployment of api in staging");
    record(&receiver, &json!({ "version": "1.4.1" }));
    let other = notify(&receiver, ROLLOUTS, &rollout("rollout-completed"));
    let reason = "none of the newest 1 deployments of api in staging has any of ghcr.io/acme/api:1.4.2";
    assert_eq!(other["reason"], reason);
    let mut many = rollout("rollout-completed");
    many["images"] = json!(["a:1", "b:1", "c:1", "d:1", "e:1", "f:1", "g:1"]);
    let reason_of_many =
        "none of the newest 1 deployments of api in staging has any of a:1, b:1, c:1, d:1, e:1 and 2 more";
    assert_eq!(notify(&receiver, ROLLOUTS, &many)["reason"], reason_of_many);
    let mut blank = rollout("rollout-completed");
    blank["images"] = Value::Null;
    let told = notify(&receiver, ROLLOUTS, &blank);
    assert_eq!(told["reason"], "the notification names neither a commit nor an image");
    notify(&receiver, ROLLOUTS, &rollout("rollout-completed"));
    let deliveries = block_on(receiver.store().deliveries(&Page::default())).unwrap().items;
    assert_eq!(deliveries.len(), 4, "a repeated one is kept once");
    let kept = deliveries.iter().find(|delivery| delivery.decisions[0].reason == reason).unwrap();
    assert_eq!((kept.key.source.as_str(), kept.event.as_str()), ("argo-rollouts", "rollout-completed"));
    assert_eq!((kept.outcome, kept.decisions[0].promotion), (Verdict::Ignored, None));
    // It came too early, and is sent again.
    let id = record(&receiver, &json!({}));
    assert_eq!(notify(&receiver, ROLLOUTS, &rollout("rollout-completed"))["deployment"], json!(id));
}

#[test]
fn token_is_checked_before_anything_else() {
    let receiver = Receiver::new();
    let closed = Receiver::with(Variables { argo_webhook_token: " ".to_owned(), ..variables() });
    for path in [ROLLOUTS, ARGOCD, "/webhooks/argocd/"] {
        let sent =
            |receiver: &Receiver, token| receiver.ask(request(path, token, "text/plain", "{".to_owned())).0;
        for token in [None, Some("wrong"), Some(""), Some(support::INTERNAL_TOKEN)] {
            let response = sent(&receiver, token);
            assert_eq!(response.status(), 401, "{path} {token:?}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            let sentence = "the bearer token of the variable argo_webhook_token is required";
            assert_eq!(body(&response)["error"], sentence);
        }
        let response = sent(&closed, Some(ARGO_TOKEN));
        let sentence = "notifications of Argo are refused until the variable argo_webhook_token is set";
        assert_eq!((response.status().as_u16(), &body(&response)["error"]), (401, &json!(sentence)));
        assert_eq!(sent(&receiver, Some(ARGO_TOKEN)).status(), 415);
        assert_eq!(receiver.ask(Request::get(path).body("").unwrap()).0.status(), 405);
    }
    assert!(!receiver.path().exists() && !closed.path().exists(), "the database was never asked");
}

#[test]
fn body_that_cannot_be_used_is_refused_in_one_sentence() {
    let receiver = Receiver::new();
    let with = |field: &str, value: Value| {
        let mut notification = rollout("rollout-updated");
        notification[field] = value;
        notification.to_string()
    };
    let without = |field: &str| {
        let mut notification = rollout("rollout-updated");
        notification.as_object_mut().unwrap().remove(field);
        notification.to_string()
    };
    let object = "the body must be a JSON object";
    let images = "images must be a list of at most 100 texts of 512 bytes";
    let commits = "commits must be a list of at most 100 texts of 512 bytes";
    let cases = [
        (String::new(), 400, object),
        ("{".to_owned(), 400, object),
        ("[]".to_owned(), 400, object),
        ("null".to_owned(), 400, object),
        ("[".repeat(10_000), 400, object),
        ("{}".to_owned(), 400, "event is required"),
        (with("event", json!(1)), 400, "event must be a string"),
        (with("event", json!("deployed")), 400, "event must be one of rollout-updated, rollout-paused"),
        (without("service"), 400, "service is required"),
        (without("environment"), 400, "environment is required"),
        (with("service", json!(" ")), 400, "service must not be blank"),
        (with("environment", json!("x".repeat(513))), 400, "environment must have at most 512 characters"),
        (with("actor", json!(["x"])), 400, "actor must be a string"),
        (with("images", json!("x")), 400, images),
        (with("images", json!([1])), 400, images),
        (with("images", json!(vec!["x"; 101])), 400, images),
        (with("commits", json!(["x".repeat(513)])), 400, commits),
        (with("detail", json!([])), 400, "detail must be a JSON object"),
        (
            with("detail", json!({ "x": "x".repeat(17_000) })),
            413,
            "detail must have at most 16384 bytes as JSON",
        ),
        (" ".repeat(64 * 1024 + 1), 413, "the body must have at most 65536 bytes"),
    ];
    for (text, status, sentence) in cases {
        let response = send(&receiver, ROLLOUTS, text.clone());
        let told = body(&response)["error"].as_str().unwrap().to_owned();
        assert!(told.starts_with(sentence), "{text:.60}: {told}");
        assert_eq!(response.status(), status, "{text:.60}");
    }
    assert_eq!(send(&receiver, ARGOCD, with("event", json!("rollout-updated"))).status(), 400);
    assert!(!receiver.path().exists(), "the database was never asked");
}

#[test]
fn targets_that_are_wrong_do_not_keep_notifications_out() {
    let receiver = Receiver::with(Variables { targets: "x = 1".to_owned(), ..variables() });
    let id = record(&receiver, &json!({}));
    assert_eq!(notify(&receiver, ROLLOUTS, &rollout("rollout-aborted"))["deployment"], json!(id));
}

/// What the templates of `deploy/notifications` make of objects, as its check expects it.
#[test]
fn bodies_of_the_shipped_templates_are_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/notifications/tests/rendered");
    let mut told = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let sent: Value = serde_json::from_str(&text).unwrap();
        let receiver = Receiver::new();
        let (service, environment) = (&sent["service"], &sent["environment"]);
        let tags = [
            ("api", "ghcr.io/acme/api", "1.4.2"),
            ("api", "ghcr.io/acme/api", "1.4.3"),
            ("web", "registry.test:5000/web", "2"),
        ];
        for (_, image, version) in tags.iter().filter(|(name, ..)| service == name) {
            let commit = if *version == "1.4.2" { COMMIT } else { "none" };
            record(
                &receiver,
                &json!({ "service_name": service, "environment": environment, "image": image, "version": version, "gitops_commit": commit }),
            );
        }
        if service == "shop" {
            let commit = "1111111111111111111111111111111111111111";
            record(
                &receiver,
                &json!({ "service_name": "shop", "environment": "shop", "gitops_commit": commit }),
            );
        }
        let path = if sent["detail"]["rollout"].is_string() { ROLLOUTS } else { ARGOCD };
        let report = body(&send(&receiver, path, text));
        assert_eq!(report["outcome"], "recorded", "{}: {report}", file.display());
        let id = report["deployment"].as_str().unwrap().parse().unwrap();
        let kept = &events(&receiver, id)[0];
        for (field, value) in sent["detail"].as_object().unwrap() {
            assert_eq!(kept.detail[field], *value, "{}: {field}", file.display());
        }
        told.push((report["event"].as_str().unwrap().to_owned(), deployment(&receiver, id).version));
    }
    told.sort();
    let told: Vec<_> = told.iter().map(|(event, version)| (event.as_str(), version.as_str())).collect();
    let expected = [
        ("analysis-run-failed", "1.4.3"),
        ("deployed", "1.4.2"),
        ("health-degraded", "1.4.2"),
        ("rollout-aborted", "1.4.3"),
        ("rollout-completed", "1.4.2"),
        ("rollout-step-completed", "1.4.2"),
        ("rollout-updated", "2"),
        ("sync-failed", "1.4.2"),
        ("sync-running", "1.4.2"),
        ("sync-succeeded", "1.4.2"),
        ("sync-succeeded", "1.4.2"),
    ];
    assert_eq!(told, expected);
}

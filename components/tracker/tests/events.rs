//! `/api/v1/deployments/{id}/events`, `PATCH /api/v1/deployments/{id}`, and what is shown as stalled.

mod support;

use http::Request;
use serde_json::{Value, json};
use support::{Tracker, body, header};

const UNKNOWN: &str = "/api/v1/deployments/0198c0de-0000-7000-8000-000000000000";

/// Records a deployment, and gives its path.
fn path(tracker: &Tracker) -> String {
    format!("/api/v1/deployments/{}", tracker.record("api", "staging")["id"].as_str().unwrap())
}

fn status(tracker: &Tracker, path: &str) -> Value {
    body(&tracker.get(path))["status"].clone()
}

#[test]
fn event_is_recorded_shown_and_moves_the_status() {
    let tracker = Tracker::open();
    let one = path(&tracker);
    for (path, kind) in [(format!("{one}/events"), "canary"), (format!("{one}/events/"), "smoke-test")] {
        let fields = json!({ "kind": kind, "status": "running", "detail": { "weight": 25 } });
        let response = tracker.post(&path, &fields);
        assert_eq!(
            (response.status().as_u16(), header(&response, "location")),
            (201, format!("{one}/events").as_str())
        );
        let event = body(&response);
        assert_eq!((&event["source"], &event["kind"]), (&json!("api"), &json!(kind)));
        assert_eq!((&event["status"], &event["detail"]), (&json!("running"), &json!({ "weight": 25 })));
        assert!(event["recorded_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(event["actor"], Value::Null, "nobody is known by name");
        assert_eq!(body(&tracker.get(&path))[0], event);
        assert_eq!(body(&tracker.get(&one))["events"][0], event);
    }
    assert_eq!(status(&tracker, &one), "running");
}

#[test]
fn event_with_an_id_is_recorded_once() {
    let tracker = Tracker::open();
    let (one, other) = (path(&tracker), path(&tracker));
    let fields = json!({ "id": "run-7", "status": "succeeded" });
    let first = tracker.post(&format!("{one}/events"), &fields);
    let again = tracker.post(&format!("{one}/events"), &json!({ "id": "run-7", "status": "failed" }));
    assert_eq!((first.status().as_u16(), again.status().as_u16()), (201, 200));
    assert_eq!(body(&first), body(&again));
    assert_eq!(status(&tracker, &one), "succeeded");
    let elsewhere = tracker.post(&format!("{other}/events"), &fields);
    assert_eq!(elsewhere.status(), 409);
    assert_eq!(body(&elsewhere)["error"], "another deployment has an event with this id");
    assert_eq!(status(&tracker, &other), "pending");
}

#[test]
fn patch_moves_the_status_up_only_and_may_be_repeated() {
    let tracker = Tracker::open();
    let one = path(&tracker);
    let steps = [("running", "running"), ("failed", "failed"), ("succeeded", "failed"), ("failed", "failed")];
    for ((given, expected), path) in steps.into_iter().zip([&one, &format!("{one}/"), &one, &one]) {
        let response = tracker.send("PATCH", path, &json!({ "status": given }));
        assert_eq!((response.status().as_u16(), &body(&response)["status"]), (200, &json!(expected)));
    }
    let kinds: Vec<_> = body(&tracker.get(&one))["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[test]
fn unknown_deployment_is_not_found() {
    let tracker = Tracker::open();
    for one in [UNKNOWN, "/api/v1/deployments/none"] {
        let events = format!("{one}/events");
        for (method, path) in [("GET", &events), ("POST", &events), ("PATCH", &one.to_owned())] {
            let response = tracker.send(method, path, &json!({ "status": "failed" }));
            assert_eq!(
                (response.status().as_u16(), body(&response)),
                (404, json!({ "error": "deployment not found" })),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused_in_one_sentence() {
    const NAMES: &str = "status must be one of pending, running, superseded, succeeded, failed, rolled_back";
    let tracker = Tracker::open();
    let one = path(&tracker);
    let events = format!("{one}/events");
    let large = json!({ "kind": "x", "detail": { "text": "x".repeat(17_000) } });
    let cases = [
        ("POST", &events, json!([]), 400, "the body must be a JSON object"),
        ("POST", &events, json!({}), 400, "kind or status is required"),
        ("POST", &events, json!({ "status": "done" }), 400, NAMES),
        ("POST", &events, json!({ "kind": "x", "detail": 1 }), 400, "detail must be a JSON object"),
        ("POST", &events, large, 413, "detail must have at most 16384 bytes as JSON"),
        ("PATCH", &one, json!({}), 400, "status is required"),
        ("PATCH", &one, json!({ "status": null }), 400, "status is required"),
        ("PATCH", &one, json!({ "status": ["failed"] }), 400, "status must be a string"),
        ("PATCH", &one, json!({ "status": "Failed" }), 400, NAMES),
        ("PATCH", &events, json!({}), 405, "the method is not allowed here"),
        ("POST", &one, json!({}), 405, "the method is not allowed here"),
    ];
    for (method, path, fields, status, sentence) in cases {
        let response = tracker.send(method, path, &fields);
        let case = format!("{method} {path} {fields:.60}");
        assert_eq!(
            (response.status().as_u16(), body(&response)),
            (status, json!({ "error": sentence })),
            "{case}"
        );
    }
    for (method, path) in [("POST", &events), ("PATCH", &one)] {
        let request = Request::builder().method(method).uri(path).header("content-type", "text/plain");
        assert_eq!(tracker.ask(request.body("{}").unwrap()).status(), 415);
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        assert_eq!(tracker.ask(request.body(" ".repeat(64 * 1024 + 1)).unwrap()).status(), 413);
    }
    assert_eq!(body(&tracker.get(&events)), json!([]));
}

#[test]
fn events_are_listed_page_by_page() {
    let tracker = Tracker::open();
    let events = format!("{}/events", path(&tracker));
    for id in ["a", "b", "c"] {
        tracker.post(&events, &json!({ "id": id, "kind": "step" }));
    }
    let first = tracker.get(&format!("{events}?limit=2"));
    let link = header(&first, "link").to_owned();
    let next = link.strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\"")).unwrap().0;
    let second = tracker.get(next);
    assert_eq!((body(&first).as_array().unwrap().len(), header(&second, "link")), (2, ""));
    assert_eq!(body(&second)[0]["id"], "a");
    assert_eq!(tracker.get(&format!("{events}?limit=0")).status(), 400);
}

#[test]
fn silent_deployment_is_shown_as_stalled_until_it_is_heard_of() {
    let tracker = Tracker::open();
    let one = path(&tracker);
    let ended = path(&tracker);
    tracker.send("PATCH", &ended, &json!({ "status": "failed" }));
    tracker.run("UPDATE deployments SET updated_at = updated_at - 3601000");
    let stalled = |path: &str| body(&tracker.get(path))["stalled"].clone();
    assert_eq!((stalled(&one), stalled(&ended)), (json!(true), json!(false)));
    let list = body(&tracker.get("/api/v1/deployments"));
    let told: Vec<_> = list.as_array().unwrap().iter().map(|it| (&it["status"], &it["stalled"])).collect();
    assert_eq!(told, [(&json!("failed"), &json!(false)), (&json!("pending"), &json!(true))]);
    let page = String::from_utf8(tracker.get("/").body().to_vec()).unwrap();
    assert_eq!(page.matches("(stalled)").count(), 1);
    tracker.post(&format!("{one}/events"), &json!({ "kind": "still here" }));
    assert_eq!(stalled(&one), false);
}

#[test]
fn deadline_is_a_variable() {
    for (seconds, stalled) in [("60", true), ("120", false), ("0", false)] {
        let tracker = Tracker::stalling_after(seconds);
        let one = path(&tracker);
        tracker.run("UPDATE deployments SET updated_at = updated_at - 90000");
        assert_eq!(body(&tracker.get(&one))["stalled"], stalled, "{seconds}");
    }
}

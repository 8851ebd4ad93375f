//! Who gets in: the answers to callers with and without tokens.

mod support;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use sha2::{Digest, Sha256};
use support::{Tracker, body, header};

fn ask(tracker: &Tracker, method: &str, path: &str, token: Option<&str>) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let fields = json!({ "service_name": "api", "version": "1.0.0", "environment": "staging" });
    tracker.ask(request.body(fields.to_string()).unwrap())
}

fn line(name: &str, scope: &str, token: &str) -> String {
    format!("{name}:{scope}:{}\n", hex::encode(Sha256::digest(token)))
}

#[test]
fn nothing_configured_answers_503_and_says_what_to_set() {
    let tracker = Tracker::with("false", "");
    for path in ["/", "/api/v1/deployments", "/api/v1/promotions", "/api/v1/deliveries"] {
        let response = ask(&tracker, "GET", path, Some("any"));
        assert_eq!(response.status(), 503, "{path}");
        let sentence = body(&response)["error"].as_str().unwrap().to_owned();
        assert!(sentence.contains("api_tokens") && sentence.contains("open_access"), "{sentence}");
    }
}

#[test]
fn tokens_open_what_their_scope_says() {
    let tracker = Tracker::with("", &[line("viewer", "read", "v"), line("ci", "record", "c")].concat());
    let list = "/api/v1/deployments";
    let cases = [
        ("GET", list, None, 401, "Bearer"),
        ("GET", "/", None, 401, "Bearer"),
        ("GET", list, Some("x"), 401, r#"Bearer error="invalid_token""#),
        ("GET", list, Some("v"), 200, ""),
        ("HEAD", list, Some("v"), 200, ""),
        ("GET", "/", Some("v"), 200, ""),
        ("POST", list, Some("v"), 403, r#"Bearer error="insufficient_scope""#),
        ("POST", list, None, 401, "Bearer"),
        ("POST", list, Some("c"), 201, ""),
        ("GET", list, Some("c"), 200, ""),
        ("OPTIONS", list, None, 204, ""),
    ];
    for (method, path, token, status, challenge) in cases {
        let response = ask(&tracker, method, path, token);
        let case = format!("{method} {path} {token:?}");
        assert_eq!(response.status(), status, "{case}");
        assert_eq!(header(&response, "www-authenticate"), challenge, "{case}");
    }
}

#[test]
fn events_and_statuses_need_the_scope_record_and_keep_the_tokens_name() {
    let tracker = Tracker::with("", &[line("viewer", "read", "v"), line("ci", "record", "c")].concat());
    let made = body(&ask(&tracker, "POST", "/api/v1/deployments", Some("c")));
    let one = format!("/api/v1/deployments/{}", made["id"].as_str().unwrap());
    let events = format!("{one}/events");
    for (method, path) in [("PATCH", &one), ("POST", &events)] {
        for (token, status) in [(None, 401), (Some("x"), 401), (Some("v"), 403)] {
            assert_eq!(ask(&tracker, method, path, token).status(), status, "{method} {token:?}");
        }
    }
    assert_eq!(body(&ask(&tracker, "GET", &events, Some("v"))), json!([]));
    assert_eq!(ask(&tracker, "GET", &events, None).status(), 401);
    let request = Request::post(&events).header("content-type", "application/json");
    let request = request.header("authorization", "Bearer c");
    let fields = json!({ "status": "running", "actor": "somebody else" });
    assert_eq!(tracker.ask(request.body(fields.to_string()).unwrap()).status(), 201);
    let found = body(&ask(&tracker, "GET", &events, Some("v")));
    assert_eq!((&found[0]["actor"], &found[0]["source"]), (&json!("ci"), &json!("api")));
}

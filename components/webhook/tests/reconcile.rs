//! `/internal/reconcile`.

mod support;

use http::{Request, StatusCode};
use serde_json::json;
use support::{INTERNAL_TOKEN, Receiver, body, variables};
use webhook::{Variables, Work};

fn request(authorization: &str) -> Request<&'static str> {
    Request::post("/internal/reconcile").header("authorization", authorization).body("").unwrap()
}

fn good() -> Request<&'static str> {
    request(&format!("Bearer {INTERNAL_TOKEN}"))
}

#[test]
fn everything_due_is_done_and_told() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    let (response, work) = receiver.ask(good());
    assert_eq!((response.status(), work), (StatusCode::OK, Work::Nothing));
    assert_eq!(
        body(&response),
        json!({
            "claimed": 1, "committed": 1, "unchanged": 0, "superseded": 0,
            "rejected": 0, "failed": 0, "postponed": 0, "lost": 0,
        })
    );
    assert_eq!(receiver.host.deployed().len(), 1);
}

#[test]
fn wrong_token_is_refused() {
    let receiver = Receiver::new();
    for authorization in ["", "Bearer", "Bearer wrong", "Bearer internal2", "Basic internal"] {
        let (response, _) = receiver.ask(request(authorization));
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{authorization}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    let (response, _) = receiver.ask(Request::post("/internal/reconcile").body("").unwrap());
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!receiver.path().exists());
}

#[test]
fn without_a_token_there_is_no_such_path() {
    let receiver = Receiver::with(Variables { internal_token: String::new(), ..variables() });
    for authorization in ["Bearer ", "Bearer internal"] {
        assert_eq!(receiver.ask(request(authorization)).0.status(), StatusCode::NOT_FOUND);
    }
    let (response, _) = receiver.ask(Request::get("/internal/reconcile").body("").unwrap());
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[test]
fn broken_configuration_is_503() {
    let receiver = Receiver::with(Variables { targets: "broken".to_owned(), ..variables() });
    let (response, _) = receiver.ask(good());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn broken_database_is_told() {
    let receiver = Receiver::new();
    std::fs::write(receiver.path(), "this is no database, whatever its name may say").unwrap();
    let (response, _) = receiver.ask(good());
    assert!(response.status().is_server_error());
    assert!(body(&response)["error"].is_string());
}

//! `/api/v1/promotions` and `/api/v1/deliveries`: what the webhook stored can be read back.

mod support;

use futures::executor::block_on;
use ledger::{DeliveryKey, NewDecision, NewDelivery, NewPromotion, Store};
use serde_json::json;
use support::{Tracker, body};

fn promotion() -> NewPromotion {
    NewPromotion {
        target: "api/staging".to_owned(),
        service: "api".to_owned(),
        environment: "staging".to_owned(),
        image: "ghcr.io/acme/api".to_owned(),
        tag: "1.2.3".to_owned(),
        digest: String::new(),
        source_commit: None,
    }
}

/// A tracker whose ledger holds one delivery, and the id of the promotion that it made.
fn with_delivery() -> (Tracker, String) {
    let tracker = Tracker::open();
    let delivery = NewDelivery {
        key: DeliveryKey { source: "github".to_owned(), id: "1".to_owned() },
        event: "package".to_owned(),
        decisions: vec![NewDecision::Promote { promotion: promotion(), reason: "a release".to_owned() }],
    };
    let accepted = block_on(tracker.store().accept(&delivery)).unwrap();
    let id = accepted.decisions()[0].promotion.unwrap().to_string();
    (tracker, id)
}

#[test]
fn promotion_is_shown_with_where_it_stands() {
    let (tracker, id) = with_delivery();
    let shown = body(&tracker.get(&format!("/api/v1/promotions/{id}")));
    let expected = [
        ("id", json!(id)),
        ("target", json!("api/staging")),
        ("tag", json!("1.2.3")),
        ("digest", json!("")),
        ("state", json!("waiting")),
        ("attempts", json!(0)),
        ("delivery", json!({ "source": "github", "id": "1" })),
    ];
    for (key, value) in expected {
        assert_eq!(shown[key], value, "{key}");
    }
    assert_eq!(body(&tracker.get("/api/v1/promotions")), json!([shown]));
}

#[test]
fn promotions_are_filtered() {
    let (tracker, _) = with_delivery();
    let count =
        |query: &str| body(&tracker.get(&format!("/api/v1/promotions?{query}"))).as_array().unwrap().len();
    assert_eq!(count("state=waiting&service=api&environment=staging"), 1);
    assert_eq!(count("state=failed"), 0);
    assert_eq!(count("service=web"), 0);
    assert_eq!(count("environment=production"), 0);
}

#[test]
fn unknown_state_is_refused_with_the_states_that_exist() {
    let (tracker, _) = with_delivery();
    let response = tracker.get("/api/v1/promotions?state=lost");
    assert_eq!(response.status(), 400);
    let sentence =
        "state must be one of waiting, running, committed, unchanged, superseded, held, rejected, failed";
    assert_eq!(body(&response), json!({ "error": sentence }));
}

#[test]
fn delivery_is_shown_with_its_decisions() {
    let (tracker, id) = with_delivery();
    let shown = body(&tracker.get("/api/v1/deliveries"))[0].clone();
    assert_eq!((&shown["source"], &shown["id"]), (&json!("github"), &json!("1")));
    assert_eq!((&shown["event"], &shown["outcome"]), (&json!("package"), &json!("created")));
    let decision =
        json!({ "target": "api/staging", "verdict": "created", "reason": "a release", "promotion": id });
    assert_eq!(shown["decisions"], json!([decision]));
}

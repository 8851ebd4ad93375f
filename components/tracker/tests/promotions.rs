//! `/api/v1/promotions` and `/api/v1/deliveries`: what the webhook stored can be read back.

mod support;

use std::time::Duration;

use futures::executor::block_on;
use ledger::{DeliveryKey, Gather, NewDecision, NewDelivery, NewPromotion, Outcome, Store};
use serde_json::json;
use support::{Tracker, body};

fn promotion() -> NewPromotion {
    NewPromotion {
        target: "api/staging".to_owned(),
        branch: "acme/gitops@main".to_owned(),
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
        ("branch", json!("acme/gitops@main")),
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

/// Ends the only promotion as failed.
fn fail(tracker: &Tracker) {
    let store = tracker.store();
    let claims = block_on(store.claim_due(1, Duration::from_secs(60), &Gather::default())).unwrap();
    block_on(store.finish(&claims[0], &Outcome::Failed { reason: "given up".to_owned() })).unwrap();
}

#[test]
fn failed_promotion_is_retried_as_a_new_one() {
    let (tracker, id) = with_delivery();
    fail(&tracker);
    let response = tracker.post(&format!("/api/v1/promotions/{id}/retry"), &json!(null));
    assert_eq!(response.status(), 201);
    let made = body(&response);
    assert_eq!((&made["state"], &made["retry_of"]), (&json!("waiting"), &json!(id)));
    let location = response.headers()["location"].to_str().unwrap();
    assert_eq!(location, format!("/api/v1/promotions/{}", made["id"].as_str().unwrap()));
    assert_eq!(body(&tracker.get(location)), made);
    assert_eq!(body(&tracker.get(&format!("/api/v1/promotions/{id}")))["state"], "failed");
}

#[test]
fn waiting_promotion_is_tried_next() {
    let (tracker, id) = with_delivery();
    let response = tracker.post(&format!("/api/v1/promotions/{id}/retry"), &json!(null));
    assert_eq!((response.status().as_u16(), &body(&response)["id"]), (202, &json!(id)));
}

#[test]
fn retry_of_what_ended_well_is_refused_with_a_sentence() {
    let (tracker, id) = with_delivery();
    let store = tracker.store();
    let claims = block_on(store.claim_due(1, Duration::from_secs(60), &Gather::default())).unwrap();
    block_on(store.finish(&claims[0], &Outcome::Committed { commit: "aaa".to_owned() })).unwrap();
    let response = tracker.post(&format!("/api/v1/promotions/{id}/retry"), &json!(null));
    assert_eq!(response.status(), 409);
    assert_eq!(body(&response), json!({ "error": "the promotion has ended in a commit" }));
}

#[test]
fn retry_of_an_unknown_promotion_is_404_and_only_post_is_allowed() {
    let (tracker, id) = with_delivery();
    for unknown in ["7", "01890000-0000-7000-8000-000000000000"] {
        assert_eq!(tracker.post(&format!("/api/v1/promotions/{unknown}/retry"), &json!(null)).status(), 404);
    }
    let response = tracker.get(&format!("/api/v1/promotions/{id}/retry"));
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "OPTIONS, POST");
}

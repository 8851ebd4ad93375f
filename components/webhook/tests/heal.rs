//! Deliveries that never arrived are asked for again.

mod support;

use gitops::host::{Attempt, AttemptId, HostError};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use support::{INTERNAL_TOKEN, Receiver, body, variables};
use webhook::Variables;

const HOUR: i64 = 60 * 60 * 1000;

fn receiver() -> Receiver {
    Receiver::with(Variables { github_hooks: "repos/acme/api/hooks/7".to_owned(), ..variables() })
}

fn attempt(id: u64, guid: &str, status_code: u16) -> Attempt {
    Attempt {
        id: AttemptId(id),
        guid: guid.to_owned(),
        event: "registry_package".to_owned(),
        delivered_at: now() - HOUR,
        status: if (200..300).contains(&status_code) { "OK" } else { "trouble" }.to_owned(),
        status_code,
        redelivery: false,
    }
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// What a reconciliation says about healing.
fn healed(receiver: &Receiver) -> Value {
    let request =
        Request::post("/internal/reconcile").header("authorization", format!("Bearer {INTERNAL_TOKEN}"));
    let (response, _) = receiver.ask(request.body("").unwrap());
    assert_eq!(response.status(), StatusCode::OK);
    body(&response)["heal"].clone()
}

fn minutes_pass(receiver: &Receiver) {
    receiver.run("UPDATE sweeps SET begun_at = begun_at - 5 * 60 * 1000");
}

#[test]
fn what_failed_and_is_not_in_the_ledger_is_asked_for_again() {
    let receiver = receiver();
    receiver.push("arrived all the same", "1.4.2");
    for attempt in [
        attempt(1, "5xx", 503),
        attempt(2, "transport", 0),
        attempt(3, "delivered", 202),
        attempt(4, "refused", 401),
        attempt(5, "arrived all the same", 504),
        Attempt { event: "ping".to_owned(), ..attempt(6, "ping", 502) },
        Attempt { delivered_at: now() - 73 * HOUR, ..attempt(7, "too old", 502) },
    ] {
        // The log is newest first, and this one has the oldest at its end.
        receiver.host.log(attempt);
    }
    let report = healed(&receiver);
    assert_eq!(receiver.host.redelivered(), [2, 1]);
    assert_eq!(report["requested"], 2, "{report}");
}

#[test]
fn only_the_newest_attempt_counts() {
    let receiver = receiver();
    for attempt in [
        attempt(1, "healed by hand", 502),
        attempt(2, "failed again", 502),
        attempt(3, "healed by hand", 202),
        attempt(4, "failed again", 504),
        attempt(5, "now refused", 502),
        attempt(6, "now refused", 401),
    ] {
        receiver.host.log(attempt);
    }
    healed(&receiver);
    assert_eq!(receiver.host.redelivered(), [4]);
}

#[test]
fn delivery_is_asked_for_three_times_and_no_more() {
    let receiver = receiver();
    receiver.host.log(attempt(1, "lost", 502));
    for round in 1..=5 {
        healed(&receiver);
        minutes_pass(&receiver);
        assert_eq!(receiver.host.redelivered().len(), round.min(3), "round {round}");
    }
}

#[test]
fn log_is_looked_at_every_five_minutes_only() {
    let receiver = receiver();
    assert!(healed(&receiver).is_object());
    assert!(healed(&receiver).is_null());
    minutes_pass(&receiver);
    assert!(healed(&receiver).is_object());
}

#[test]
fn nothing_is_asked_without_hooks() {
    let receiver = Receiver::new();
    receiver.host.log(attempt(1, "lost", 502));
    assert!(healed(&receiver).is_null());
    assert!(receiver.host.redelivered().is_empty());
}

#[test]
fn trouble_at_the_host_is_told_and_does_no_harm_to_the_sweep() {
    let receiver = receiver();
    receiver.push("1", "1.4.2");
    receiver.host.fail_log(HostError::NotFound("deliveries".to_owned()));
    let report = healed(&receiver);
    assert_eq!(
        report["errors"],
        json!(["repos/acme/api/hooks/7: deliveries was not found, or the token may not see it"])
    );
    assert_eq!(receiver.host.deployed().len(), 1);
}

#[test]
fn hooks_that_are_none_are_a_problem_of_the_configuration() {
    let receiver = Receiver::with(Variables { github_hooks: "acme/api".to_owned(), ..variables() });
    assert!(receiver.config.problems()[0].starts_with("github_hooks: line 1: `acme/api` is not a webhook"));
}

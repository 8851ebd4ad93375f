//! The fields of a deployment: what is checked.

use ledger::{FieldError, NewDeployment, NewEvent, Status};
use serde_json::{Value, json};
use uuid::Uuid;

fn check(fields: Value) -> Result<NewDeployment, FieldError> {
    NewDeployment::from_fields(fields.as_object().unwrap())
}

#[test]
fn refused_field_is_named_in_one_sentence() {
    let full = json!({ "service_name": "api", "version": "1.0.0", "environment": "staging" });
    let cases = [
        ("service_name", Value::Null, "service_name is required"),
        ("version", json!(1), "version must be a string"),
        ("environment", json!(" \t"), "environment must not be blank"),
        ("service_name", json!("a".repeat(129)), "service_name must have at most 128 characters"),
        ("image", json!(""), "image must not be blank"),
        ("digest", json!(["sha256:00"]), "digest must be a string"),
        ("version", json!("1.0\n"), "version must not contain control characters"),
        ("gitops_commit", json!("a".repeat(65)), "gitops_commit must have at most 64 characters"),
    ];
    for (field, value, sentence) in cases {
        let mut fields = full.clone();
        fields[field] = value;
        assert_eq!(check(fields).unwrap_err().to_string(), sentence);
    }
    assert_eq!(check(json!({})), Err(FieldError::Missing { field: "service_name" }));
}

#[test]
fn field_limits_count_characters_not_bytes() {
    let fields = json!({ "service_name": "ü".repeat(128), "version": "1", "environment": "staging" });
    assert!(check(fields).is_ok());
}

#[test]
fn higher_status_outranks_lower() {
    use Status::{Failed, Pending, RolledBack, Running, Succeeded, Superseded};
    assert!([Pending, Running, Superseded, Succeeded, Failed, RolledBack].is_sorted());
}

fn check_event(fields: &Value) -> Result<NewEvent, FieldError> {
    NewEvent::from_fields("api", Some("ci"), fields.as_object().unwrap())
}

#[test]
fn refused_field_of_an_event_is_named_in_one_sentence() {
    const NAMES: &str = "status must be one of pending, running, superseded, succeeded, failed, rolled_back";
    let large = json!({ "text": "x".repeat(16 * 1024) });
    let cases = [
        (json!({}), "kind or status is required"),
        (json!({ "kind": 1 }), "kind must be a string"),
        (json!({ "kind": "k".repeat(65) }), "kind must have at most 64 characters"),
        (json!({ "status": "done" }), NAMES),
        (json!({ "status": 2 }), "status must be a string"),
        (json!({ "kind": "x", "id": "" }), "id must not be blank"),
        (json!({ "kind": "x", "id": "a\nb" }), "id must not contain control characters"),
        (json!({ "kind": "x", "detail": [] }), "detail must be a JSON object"),
        (json!({ "kind": "x", "detail": large }), "detail must have at most 16384 bytes as JSON"),
    ];
    for (fields, sentence) in cases {
        assert_eq!(check_event(&fields).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn event_without_kind_is_named_by_its_status_and_has_an_id_of_its_own() {
    let event = check_event(&json!({ "status": "failed", "actor": "somebody else" })).unwrap();
    assert_eq!((event.kind.as_str(), event.status), ("failed", Some(Status::Failed)));
    assert_eq!((event.source.as_str(), event.actor.as_deref()), ("api", Some("ci")));
    assert_ne!(event.id, check_event(&json!({ "status": "failed" })).unwrap().id);
    let given =
        check_event(&json!({ "kind": "smoke test", "id": "run-7", "detail": { "ok": true } })).unwrap();
    assert_eq!((given.kind.as_str(), given.status, given.id.as_str()), ("smoke test", None, "run-7"));
    assert_eq!(json!(given.detail), json!({ "ok": true }));
}

#[test]
fn status_that_is_said_twice_is_one_event() {
    let deployment = Uuid::now_v7();
    let say = |fields: Value| {
        NewEvent::from_status("api", None, deployment, fields.as_object().unwrap()).map(|event| event.id)
    };
    assert_eq!(say(json!({ "status": "failed" })), say(json!({ "status": "failed", "x": 1 })));
    assert_ne!(say(json!({ "status": "failed" })), say(json!({ "status": "succeeded" })));
    assert_eq!(say(json!({})), Err(FieldError::Missing { field: "status" }));
}

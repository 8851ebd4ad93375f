//! The fields of a deployment: what is checked.

use ledger::{FieldError, NewDeployment, Status};
use serde_json::{Value, json};

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

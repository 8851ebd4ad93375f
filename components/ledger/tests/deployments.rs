//! Deployments: what is checked, kept and found again.

mod support;

use futures::executor::block_on;
use ledger::{DeploymentFilter, FieldError, NewDeployment, Page, Status, Store, StoreError};
use serde_json::{Value, json};
use support::{Database, new_deployment, record};
use uuid::Uuid;

fn check(fields: Value) -> Result<NewDeployment, FieldError> {
    NewDeployment::from_fields(fields.as_object().unwrap())
}

#[test]
fn recorded_deployment_is_pending_and_found_by_id() {
    let database = Database::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    assert_eq!(made.status, Status::Pending);
    assert_eq!(made.id.get_version_num(), 7);
    assert_eq!(made.created_at, made.updated_at);
    assert_eq!(block_on(store.deployment(made.id)), Ok(Some(made)));
}

#[test]
fn optional_fields_are_kept() {
    let database = Database::new();
    let store = database.store();
    let fields = json!({
        "service_name": "api", "version": "1.2.3", "environment": "staging", "image": "ghcr.io/acme/api",
        "digest": "sha256:00", "source_commit": "aaa", "gitops_commit": "bbb",
    });
    let made = block_on(store.record_deployment(&check(fields.clone()).unwrap())).unwrap();
    let shown = serde_json::to_value(&made).unwrap();
    for (field, value) in fields.as_object().unwrap() {
        assert_eq!(shown[field], *value, "{field}");
    }
}

#[test]
fn absent_fields_are_not_shown() {
    let database = Database::new();
    let made = record(&database.store(), "api", "staging");
    let shown = serde_json::to_value(&made).unwrap();
    let mut keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["created_at", "environment", "id", "service_name", "status", "updated_at", "version"]);
}

#[test]
fn unknown_id_finds_nothing() {
    let database = Database::new();
    assert_eq!(block_on(database.store().deployment(Uuid::now_v7())), Ok(None));
}

#[test]
fn filters_narrow_the_list_and_the_newest_comes_first() {
    let database = Database::new();
    let store = database.store();
    let first = record(&store, "api", "staging");
    record(&store, "api", "production");
    record(&store, "web", "staging");
    let last = record(&store, "api", "staging");
    let count = |service: Option<&str>, environment: Option<&str>| {
        let filter = DeploymentFilter {
            service: service.map(str::to_owned),
            environment: environment.map(str::to_owned),
        };
        block_on(store.deployments(&filter, &Page::default())).unwrap().items
    };
    assert_eq!(count(Some("api"), Some("staging")), [last, first]);
    assert_eq!(count(Some("api"), None).len(), 3);
    assert_eq!(count(None, Some("staging")).len(), 3);
    assert_eq!(count(None, None).len(), 4);
    assert_eq!(count(Some("' OR 1=1 --"), None), []);
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

#[test]
fn record_that_no_release_wrote_is_an_error_without_internals() {
    let database = Database::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    database.run("UPDATE deployments SET status = 'perhaps'");
    let error = block_on(store.deployment(made.id)).unwrap_err();
    assert!(matches!(&error, StoreError::Unreadable { detail } if detail.contains("status")), "{error:?}");
    assert_eq!(error.to_string(), "a stored record cannot be read");
}

#[test]
fn failed_statement_shows_no_sql() {
    let database = Database::new();
    let store = database.store();
    block_on(store.ping()).unwrap();
    database.run("ALTER TABLE deployments RENAME TO elsewhere");
    let error = block_on(store.record_deployment(&new_deployment("api", "staging"))).unwrap_err();
    assert_eq!(error.to_string(), "the database could not do what was asked");
    assert!(format!("{error:?}").contains("deployments"), "the log has the cause: {error:?}");
}

#[test]
fn store_is_migrated_by_its_first_call() {
    let database = Database::new();
    let store = database.store();
    assert!(!store.is_migrated());
    record(&store, "api", "staging");
    assert!(store.is_migrated());
}

#[test]
fn ping_answers() {
    let database = Database::new();
    assert_eq!(block_on(database.store().ping()), Ok(()));
}

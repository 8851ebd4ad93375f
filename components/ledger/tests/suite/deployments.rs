//! Deployments: what is checked, kept and found again.

use super::support::{Database, new_deployment, record};
use futures::executor::block_on;
use ledger::{DeploymentFilter, FieldError, NewDeployment, Page, Status, Store, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

fn check(fields: Value) -> Result<NewDeployment, FieldError> {
    NewDeployment::from_fields(fields.as_object().unwrap())
}

pub fn recorded_deployment_is_pending_and_found_by_id<D: Database>() {
    let database = D::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    assert_eq!(made.status, Status::Pending);
    assert_eq!(made.id.get_version_num(), 7);
    assert_eq!(made.created_at, made.updated_at);
    assert_eq!(block_on(store.deployment(made.id)), Ok(Some(made)));
}

pub fn optional_fields_are_kept<D: Database>() {
    let database = D::new();
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

pub fn absent_fields_are_not_shown<D: Database>() {
    let database = D::new();
    let made = record(&database.store(), "api", "staging");
    let shown = serde_json::to_value(&made).unwrap();
    let mut keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["created_at", "environment", "id", "service_name", "status", "updated_at", "version"]);
}

pub fn unknown_id_finds_nothing<D: Database>() {
    let database = D::new();
    assert_eq!(block_on(database.store().deployment(Uuid::now_v7())), Ok(None));
}

pub fn filters_narrow_the_list_and_the_newest_comes_first<D: Database>() {
    let database = D::new();
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
    for strange in ["' OR 1=1 --", "api\0", ""] {
        assert_eq!(count(Some(strange), None), []);
    }
}

pub fn record_that_no_release_wrote_is_an_error_without_internals<D: Database>() {
    let database = D::new();
    let store = database.store();
    let made = record(&store, "api", "staging");
    database.run("UPDATE deployments SET status = 'perhaps'");
    let error = block_on(store.deployment(made.id)).unwrap_err();
    assert!(matches!(&error, StoreError::Unreadable { detail } if detail.contains("status")), "{error:?}");
    assert_eq!(error.to_string(), "a stored record cannot be read");
}

pub fn failed_statement_shows_no_sql<D: Database>() {
    let database = D::new();
    let store = database.store();
    block_on(store.ping()).unwrap();
    database.run("ALTER TABLE deployments RENAME TO elsewhere");
    let error = block_on(store.record_deployment(&new_deployment("api", "staging"))).unwrap_err();
    assert_eq!(error.to_string(), "the database could not do what was asked");
    assert!(format!("{error:?}").contains("deployments"), "the log has the cause: {error:?}");
}

pub fn ping_answers<D: Database>() {
    let database = D::new();
    assert_eq!(block_on(database.store().ping()), Ok(()));
}

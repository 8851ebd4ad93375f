//! A real SQLite file, and short ways to fill it.
#![allow(dead_code)] // Each test file uses its own part.

use std::path::PathBuf;
use std::time::Duration;

use futures::executor::block_on;
use ledger::native::FileConnection;
use ledger::sql::{Connection, Rows, Value};
use ledger::{
    Accepted, Claim, DeliveryKey, Deployment, NewDecision, NewDelivery, NewDeployment, NewPromotion,
    SqliteStore, Store,
};
use serde_json::json;
use uuid::Uuid;

pub type FileStore = SqliteStore<FileConnection>;

/// A lease that outlasts any test.
pub const LONG: Duration = Duration::from_secs(600);

pub struct Database {
    folder: tempfile::TempDir,
}

impl Database {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    /// A store with a connection of its own.
    pub fn store(&self) -> FileStore {
        SqliteStore::new(FileConnection::open(self.path()).unwrap())
    }

    /// Runs a statement beside the store, to look at or to spoil what it keeps.
    pub fn run(&self, statement: &str) -> Rows {
        let connection = FileConnection::open(self.path()).unwrap();
        block_on(connection.execute(statement, &[])).unwrap()
    }

    pub fn count(&self, table: &str) -> i64 {
        match self.run(&format!("SELECT count(*) FROM {table}")).rows[0][0] {
            Value::Integer(count) => count,
            ref other => panic!("{other:?}"),
        }
    }

    /// Lets every lease and every delay end now.
    pub fn let_time_pass(&self) {
        self.run("UPDATE promotions SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL");
    }
}

pub fn new_deployment(service: &str, environment: &str) -> NewDeployment {
    let fields = json!({ "service_name": service, "version": "1.0.0", "environment": environment });
    NewDeployment::from_fields(fields.as_object().unwrap()).unwrap()
}

pub fn record(store: &FileStore, service: &str, environment: &str) -> Deployment {
    block_on(store.record_deployment(&new_deployment(service, environment))).unwrap()
}

pub fn promotion(target: &str, tag: &str) -> NewPromotion {
    NewPromotion {
        target: target.to_owned(),
        service: "api".to_owned(),
        environment: "staging".to_owned(),
        image: "ghcr.io/acme/api".to_owned(),
        tag: tag.to_owned(),
        digest: String::new(),
        source_commit: Some("c0ffee".to_owned()),
    }
}

pub fn delivery(id: &str, promotions: impl IntoIterator<Item = NewPromotion>) -> NewDelivery {
    let promote =
        |promotion| NewDecision::Promote { promotion, reason: "the tag satisfies the policy".to_owned() };
    NewDelivery {
        key: DeliveryKey { source: "github".to_owned(), id: id.to_owned() },
        event: "registry_package".to_owned(),
        decisions: promotions.into_iter().map(promote).collect(),
    }
}

/// Accepts a delivery that wants one promotion, and gives the promotion's id.
pub fn wanted(store: &FileStore, id: &str, promotion: NewPromotion) -> Uuid {
    match block_on(store.accept(&delivery(id, [promotion]))).unwrap() {
        Accepted::Stored(decisions) => decisions[0].promotion.unwrap(),
        repeated => panic!("{repeated:?}"),
    }
}

pub fn claimed(store: &FileStore, id: Uuid) -> Claim {
    block_on(store.claim(id, LONG)).unwrap().expect("the promotion is due")
}

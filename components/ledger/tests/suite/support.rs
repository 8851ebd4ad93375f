//! A real database, and short ways to fill it.

use std::time::Duration;

use futures::executor::block_on;
use ledger::sql::{Rows, Value};
use ledger::{
    Accepted, Announced, Claim, DeliveryKey, Deployment, Gather, NewDecision, NewDelivery, NewDeployment,
    NewPromotion, State, Store,
};
use serde_json::json;
use uuid::Uuid;

/// A lease that outlasts any test.
pub const LONG: Duration = Duration::from_secs(600);

/// No window: what is due is due.
pub const AT_ONCE: Gather = Gather { quiet: Duration::ZERO, longest: Duration::ZERO };

/// An empty database of one dialect, which ends with this.
pub trait Database {
    type Store: Store + Sync;

    fn new() -> Self;

    /// A store with a connection of its own.
    fn store(&self) -> Self::Store;

    /// Runs a statement beside the store, to look at or to spoil what it keeps.
    fn run(&self, statement: &str) -> Rows;

    /// A moment, in milliseconds since the Unix epoch, as SQL.
    fn moment(millis: i64) -> String;

    /// A moment that is so much earlier than the one in a column, as SQL.
    fn earlier(column: &str, millis: i64) -> String;

    /// Lets every `INSERT` or `UPDATE` of a table fail.
    fn refuse(&self, event: &str, table: &str);

    /// Takes [`Database::refuse`] back.
    fn allow(&self, table: &str);

    fn count(&self, table: &str) -> i64 {
        match self.run(&format!("SELECT count(*) FROM {table}")).rows[0][0] {
            Value::Integer(count) => count,
            ref other => panic!("{other:?}"),
        }
    }

    /// Lets every lease and every delay end now.
    fn let_time_pass(&self) {
        let epoch = Self::moment(0);
        self.run(&format!(
            "UPDATE promotions SET next_attempt_at = {epoch} WHERE next_attempt_at IS NOT NULL"
        ));
    }
}

pub fn new_deployment(service: &str, environment: &str) -> NewDeployment {
    let fields = json!({ "service_name": service, "version": "1.0.0", "environment": environment });
    NewDeployment::from_fields(fields.as_object().unwrap()).unwrap()
}

pub fn record(store: &impl Store, service: &str, environment: &str) -> Deployment {
    block_on(store.record_deployment(&new_deployment(service, environment))).unwrap()
}

pub fn promotion(target: &str, tag: &str) -> NewPromotion {
    NewPromotion {
        target: target.to_owned(),
        branch: String::new(),
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
pub fn wanted(store: &impl Store, id: &str, promotion: NewPromotion) -> Uuid {
    match block_on(store.accept(&delivery(id, [promotion]))).unwrap() {
        Accepted::Stored(decisions) => decisions[0].promotion.unwrap(),
        repeated => panic!("{repeated:?}"),
    }
}

/// What is due, on no branch, without a window.
pub fn claimed_due(store: &impl Store, limit: u32) -> Vec<Claim> {
    block_on(store.claim_due(limit, LONG, &AT_ONCE)).unwrap()
}

pub fn claimed(store: &impl Store, id: Uuid) -> Claim {
    block_on(store.claim(id, LONG)).unwrap().expect("the promotion is due")
}

/// Announces a promotion that is the latest word about its target, and gives its deployment.
pub fn announced(store: &impl Store, claim: &Claim) -> Uuid {
    match block_on(store.announce(claim)).unwrap() {
        Announced::Recorded(deployment) => deployment,
        superseded => panic!("{superseded:?}"),
    }
}

pub fn state(store: &impl Store, id: Uuid) -> State {
    block_on(store.promotion(id)).unwrap().unwrap().state
}

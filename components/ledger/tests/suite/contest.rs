//! Two promotions of one target, of which the older may have reached Git without anybody knowing.

use super::support::{Database, LONG, announced, claimed, promotion, state, wanted};
use futures::executor::block_on;
use ledger::{Announced, Claim, Contest, Outcome, State, Status, Store, StoreError};
use uuid::Uuid;

fn ends(store: &impl Store, claim: &Claim, outcome: &Outcome) {
    block_on(store.finish(claim, outcome)).unwrap();
}

fn committed() -> Outcome {
    Outcome::Committed { commit: "aaa".to_owned() }
}

fn superseded() -> Outcome {
    Outcome::Superseded { reason: "because".to_owned() }
}

fn contest(store: &impl Store, id: Uuid) -> Contest {
    let promotion = block_on(store.promotion(id)).unwrap().unwrap();
    block_on(store.contest(&promotion)).unwrap()
}

pub fn promotion_that_a_newer_one_replaces_is_not_announced<D: Database>() {
    let database = D::new();
    let store = database.store();
    let older = claimed(&store, wanted(&store, "1", promotion("api/staging", "1.0.0")));
    wanted(&store, "2", promotion("web/staging", "9.9.9"));
    wanted(&store, "3", promotion("api/staging", "1.0.1"));
    let expected = Announced::Superseded { tag: "1.0.1".to_owned() };
    assert_eq!(block_on(store.announce(&older)), Ok(expected));
    assert_eq!(database.count("deployments"), 0);
}

pub fn announced_promotion_is_replaced_all_the_same<D: Database>() {
    let database = D::new();
    let store = database.store();
    let older = claimed(&store, wanted(&store, "1", promotion("api/staging", "1.0.0")));
    announced(&store, &older);
    let newer = wanted(&store, "2", promotion("api/staging", "1.0.1"));
    assert!(matches!(block_on(store.announce(&older)), Ok(Announced::Superseded { .. })));
    ends(&store, &claimed(&store, newer), &Outcome::Rejected { reason: "no such file".to_owned() });
    assert!(matches!(block_on(store.announce(&older)), Ok(Announced::Recorded(_))), "it came to nothing");
}

pub fn older_promotion_that_was_tried_contests_until_a_newer_one_is_committed<D: Database>() {
    let ends_of_older: [Option<Outcome>; 3] =
        [None, Some(superseded()), Some(Outcome::Failed { reason: "x".into() })];
    for end in ends_of_older {
        let database = D::new();
        let store = database.store();
        let older = claimed(&store, wanted(&store, "1", promotion("api/staging", "1.0.0")));
        announced(&store, &older);
        let newer = wanted(&store, "2", promotion("api/staging", "1.0.1"));
        if let Some(end) = &end {
            ends(&store, &older, end);
        }
        let expected = if end.is_some() { Contest::Ended } else { Contest::UnderWay };
        assert_eq!(contest(&store, newer), expected, "{end:?}");
        assert_eq!(contest(&store, older.promotion.id), Contest::Nobody, "what came later does not contest");
        let claim = claimed(&store, newer);
        announced(&store, &claim);
        ends(&store, &claim, &committed());
        let newest = wanted(&store, "3", promotion("api/staging", "1.0.2"));
        assert_eq!(contest(&store, newest), Contest::Nobody, "{end:?}: the branch has moved");
    }
}

pub fn older_promotion_whose_end_is_known_does_not_contest<D: Database>() {
    for end in [committed(), Outcome::Unchanged { reason: "because".to_owned() }] {
        let database = D::new();
        let store = database.store();
        let older = claimed(&store, wanted(&store, "1", promotion("api/staging", "1.0.0")));
        announced(&store, &older);
        ends(&store, &older, &end);
        let newer = wanted(&store, "2", promotion("api/staging", "1.0.1"));
        assert_eq!(contest(&store, newer), Contest::Nobody, "{end:?}");
    }
}

pub fn older_promotion_that_was_never_announced_does_not_contest<D: Database>() {
    let database = D::new();
    let store = database.store();
    claimed(&store, wanted(&store, "1", promotion("api/staging", "1.0.0")));
    announced(&store, &claimed(&store, wanted(&store, "2", promotion("web/staging", "1.0.0"))));
    let newer = wanted(&store, "3", promotion("api/staging", "1.0.1"));
    assert_eq!(contest(&store, newer), Contest::Nobody);
}

pub fn commit_that_nobody_knew_of_is_put_on_record<D: Database>() {
    let database = D::new();
    let store = database.store();
    let id = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    let stale = claimed(&store, id);
    let deployment = announced(&store, &stale);
    database.let_time_pass();
    let fresh = claimed(&store, id);
    block_on(store.correct(id, "aaa")).unwrap();
    assert_eq!(state(&store, id), State::Running, "whoever holds it looks into Git");
    ends(&store, &fresh, &superseded());

    assert_eq!(block_on(store.finish(&stale, &committed())), Err(StoreError::LeaseLost));
    block_on(store.correct(id, "aaa")).unwrap();
    let promotion = block_on(store.promotion(id)).unwrap().unwrap();
    assert_eq!(
        (promotion.state, promotion.reason, promotion.commit.as_deref()),
        (State::Committed, None, Some("aaa"))
    );
    let deployment = block_on(store.deployment(deployment)).unwrap().unwrap();
    assert_eq!(deployment.gitops_commit.as_deref(), Some("aaa"));
    assert_eq!(deployment.status, Status::Superseded, "a status never sinks");

    block_on(store.correct(id, "bbb")).unwrap();
    assert_eq!(block_on(store.promotion(id)).unwrap().unwrap().commit.as_deref(), Some("aaa"));
    assert_eq!(block_on(store.claim(id, LONG)), Ok(None));
}

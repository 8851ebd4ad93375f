//! Accepting deliveries: once each, all or nothing, with every decision kept.

mod support;

use std::sync::Barrier;

use futures::executor::block_on;
use ledger::{Accepted, NewDecision, Outcome, Page, State, Store, Verdict};
use support::{Database, FileStore, LONG, claimed, delivery, promotion, wanted};

#[test]
fn every_decision_is_stored_with_its_reason_and_promotion() {
    let database = Database::new();
    let store = database.store();
    let mut new = delivery("1", [promotion("api/staging", "1.0.0")]);
    let target = || Some("api/production".to_owned());
    new.decisions.push(NewDecision::Ignore { target: target(), reason: "not a release".to_owned() });
    new.decisions.push(NewDecision::Refuse { target: target(), reason: "not an OCI tag".to_owned() });
    let accepted = block_on(store.accept(&new)).unwrap();
    let decisions = accepted.decisions();

    let told: Vec<_> =
        decisions.iter().map(|it| (it.verdict, it.reason.as_str(), it.target.as_deref())).collect();
    assert_eq!(
        told,
        [
            (Verdict::Created, "the tag satisfies the policy", Some("api/staging")),
            (Verdict::Ignored, "not a release", Some("api/production")),
            (Verdict::Refused, "not an OCI tag", Some("api/production")),
        ]
    );
    let stored = block_on(store.deliveries(&Page::default())).unwrap().items;
    assert_eq!(stored.len(), 1);
    assert_eq!((&stored[0].key, stored[0].event.as_str()), (&new.key, "registry_package"));
    assert_eq!((stored[0].outcome, stored[0].decisions.as_slice()), (Verdict::Created, decisions));

    let made = block_on(store.promotion(decisions[0].promotion.unwrap())).unwrap().unwrap();
    assert_eq!((made.state, made.attempts, &made.delivery), (State::Waiting, 0, &new.key));
    assert_eq!((made.tag.as_str(), made.source_commit.as_deref()), ("1.0.0", Some("c0ffee")));
}

#[test]
fn delivery_without_decisions_counts_as_ignored() {
    let database = Database::new();
    let store = database.store();
    block_on(store.accept(&delivery("1", []))).unwrap();
    assert_eq!(block_on(store.deliveries(&Page::default())).unwrap().items[0].outcome, Verdict::Ignored);
}

#[test]
fn repeated_delivery_changes_nothing_and_tells_the_first_decisions() {
    let database = Database::new();
    let store = database.store();
    let first = block_on(store.accept(&delivery("1", [promotion("api/staging", "1.0.0")]))).unwrap();
    let again = block_on(store.accept(&delivery("1", [promotion("api/staging", "2.0.0")]))).unwrap();
    assert_eq!(again, Accepted::Repeated(first.decisions().to_vec()));
    assert_eq!((database.count("deliveries"), database.count("promotions")), (1, 1));
}

#[test]
fn same_id_from_another_source_is_another_delivery() {
    let database = Database::new();
    let store = database.store();
    let mut other = delivery("1", []);
    block_on(store.accept(&other)).unwrap();
    other.key.source = "gitea".to_owned();
    assert!(matches!(block_on(store.accept(&other)), Ok(Accepted::Stored(_))));
    assert_eq!(database.count("deliveries"), 2);
}

#[test]
fn second_event_for_the_same_image_joins_the_promotion_under_way() {
    let database = Database::new();
    let store = database.store();
    let first = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    for id in ["2", "3"] {
        let accepted = block_on(store.accept(&delivery(id, [promotion("api/staging", "1.0.0")]))).unwrap();
        let decision = &accepted.decisions()[0];
        assert_eq!((decision.verdict, decision.promotion), (Verdict::Joined, Some(first)));
        // The first round joins a waiting promotion, the second a running one.
        block_on(store.claim(first, LONG)).unwrap();
    }
    assert_eq!(database.count("promotions"), 1);
}

#[test]
fn other_target_tag_or_digest_is_another_promotion() {
    let database = Database::new();
    let store = database.store();
    wanted(&store, "1", promotion("api/staging", "1.0.0"));
    wanted(&store, "2", promotion("api/production", "1.0.0"));
    wanted(&store, "3", promotion("api/staging", "1.0.1"));
    let with_digest =
        ledger::NewPromotion { digest: "sha256:00".to_owned(), ..promotion("api/staging", "1.0.0") };
    wanted(&store, "4", with_digest);
    assert_eq!(database.count("promotions"), 4);
}

#[test]
fn tag_pushed_again_after_its_promotion_ended_is_a_new_promotion() {
    let database = Database::new();
    let store = database.store();
    let first = wanted(&store, "1", promotion("api/staging", "latest"));
    let claim = claimed(&store, first);
    block_on(store.finish(&claim, &Outcome::Committed { commit: "aaa".to_owned() })).unwrap();
    assert_ne!(wanted(&store, "2", promotion("api/staging", "latest")), first);
}

#[test]
fn one_delivery_that_wants_the_same_thing_twice_makes_one_promotion() {
    let database = Database::new();
    let store = database.store();
    let twice = [promotion("api/staging", "1.0.0"), promotion("api/staging", "1.0.0")];
    let accepted = block_on(store.accept(&delivery("1", twice))).unwrap();
    let verdicts: Vec<_> = accepted.decisions().iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [Verdict::Created, Verdict::Joined]);
}

#[test]
fn of_equal_deliveries_in_parallel_one_wins() {
    let database = Database::new();
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    for round in 0..10 {
        let start = Barrier::new(stores.len());
        let new = delivery(&format!("{round}"), [promotion("api/staging", &format!("{round}"))]);
        let accept = |store: &FileStore| {
            start.wait();
            block_on(store.accept(&new)).unwrap()
        };
        let accepted: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = stores.iter().map(|store| scope.spawn(|| accept(store))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let stored = accepted.iter().filter(|it| matches!(it, Accepted::Stored(_))).count();
        assert_eq!(stored, 1, "{accepted:?}");
        assert!(accepted.iter().all(|it| it.decisions() == accepted[0].decisions()));
    }
    assert_eq!((database.count("deliveries"), database.count("promotions")), (10, 10));
}

#[test]
fn delivery_that_cannot_be_stored_leaves_no_promotion() {
    let database = Database::new();
    let store = database.store();
    block_on(store.ping()).unwrap();
    database.run("CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert!(block_on(store.accept(&delivery("1", [promotion("api/staging", "1.0.0")]))).is_err());
    assert_eq!(database.count("promotions"), 0);
    database.run("DROP TRIGGER full");
    wanted(&store, "1", promotion("api/staging", "1.0.0"));
}

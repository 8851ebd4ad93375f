//! Trying a promotion again on somebody's wish.

use super::support::{Database, LONG, claimed, promotion, state, wanted};
use futures::executor::block_on;
use ledger::{Outcome, Promotion, Retry, State, Store};
use uuid::Uuid;

/// An end with this reason, or commit.
type End = fn(String) -> Outcome;

fn ended(outcome: End, store: &impl Store, id: Uuid) {
    block_on(store.finish(&claimed(store, id), &outcome("because".to_owned()))).unwrap();
}

fn failed(reason: String) -> Outcome {
    Outcome::Failed { reason }
}

fn retried(store: &impl Store, id: Uuid) -> Promotion {
    match block_on(store.retry(id)).unwrap() {
        Retry::Created(promotion) => promotion,
        other => panic!("{other:?}"),
    }
}

pub fn promotion_that_came_to_nothing_is_made_anew<D: Database>() {
    let ends: [(End, State); 3] = [
        (failed, State::Failed),
        (|reason| Outcome::Rejected { reason }, State::Rejected),
        (|reason| Outcome::Held { reason }, State::Held),
    ];
    for (outcome, end) in ends {
        let database = D::new();
        let store = database.store();
        let first = wanted(&store, "1", promotion("api/staging", "1.0.0"));
        ended(outcome, &store, first);
        let again = retried(&store, first);
        assert_eq!((again.state, again.attempts, again.retry_of), (State::Waiting, 0, Some(first)));
        let before = block_on(store.promotion(first)).unwrap().unwrap();
        assert_eq!(before.state, end, "the end of the first one stays on record");
        assert_eq!((again.tag, again.delivery), (before.tag, before.delivery));
        assert_eq!(claimed(&store, again.id).promotion.id, again.id);
    }
}

pub fn promotion_that_waits_becomes_due<D: Database>() {
    let database = D::new();
    let store = database.store();
    let id = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    block_on(store.postpone(&claimed(&store, id), "GitHub is down", LONG)).unwrap();
    let Retry::Hastened(promotion) = block_on(store.retry(id)).unwrap() else { panic!("it waits") };
    assert_eq!((promotion.id, promotion.last_error.as_deref()), (id, Some("GitHub is down")));
    assert_eq!(claimed(&store, id).promotion.attempts, 2);
    assert_eq!(database.count("promotions"), 1);
}

pub fn promotion_that_needs_no_retry_is_refused_with_a_reason<D: Database>() {
    let ends: [(End, &str); 3] = [
        (|commit| Outcome::Committed { commit }, "commit"),
        (|reason| Outcome::Unchanged { reason }, "already"),
        (|reason| Outcome::Superseded { reason }, "newer"),
    ];
    for (outcome, word) in ends {
        let database = D::new();
        let store = database.store();
        let id = wanted(&store, "1", promotion("api/staging", "1.0.0"));
        let claim = claimed(&store, id);
        let Retry::Refused { reason } = block_on(store.retry(id)).unwrap() else { panic!("it is running") };
        assert!(reason.contains("right now"), "{reason}");
        block_on(store.finish(&claim, &outcome("because".to_owned()))).unwrap();
        let Retry::Refused { reason } = block_on(store.retry(id)).unwrap() else { panic!("it has ended") };
        assert!(reason.contains(word), "{reason}");
        assert_eq!(database.count("promotions"), 1);
    }
}

pub fn unknown_promotion_cannot_be_retried<D: Database>() {
    assert_eq!(block_on(D::new().store().retry(Uuid::now_v7())), Ok(Retry::Unknown));
}

pub fn retry_never_overtakes_a_newer_promotion<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    ended(failed, &store, first);
    let newer = wanted(&store, "2", promotion("api/staging", "2.0.0"));
    let Retry::Refused { reason } = block_on(store.retry(first)).unwrap() else {
        panic!("a newer one waits")
    };
    assert!(reason.contains("newer"), "{reason}");
    ended(failed, &store, newer);
    assert_eq!(retried(&store, first).retry_of, Some(first), "the newer one came to nothing");
}

pub fn of_retries_in_parallel_one_makes_a_promotion<D: Database>() {
    let database = D::new();
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    let first = wanted(&stores[0], "1", promotion("api/staging", "1.0.0"));
    ended(failed, &stores[0], first);
    let results: Vec<Retry> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            stores.iter().map(|store| scope.spawn(move || block_on(store.retry(first)).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|retry| matches!(retry, Retry::Created(_))).count(), 1, "{results:?}");
    assert_eq!((database.count("promotions"), state(&stores[0], first)), (2, State::Failed));
}

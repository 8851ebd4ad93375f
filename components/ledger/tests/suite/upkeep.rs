//! What the engine needs to look after itself: work that comes round, deliveries that were missed, counts.

use std::time::Duration;

use super::support::{Database, LONG, claimed, delivery, promotion, wanted};
use futures::executor::block_on;
use ledger::{
    DeliveryCount, DeliveryKey, Durations, Outcome, Redeliveries, State, Statistics, Store, Verdict,
};

fn key(id: &str) -> DeliveryKey {
    DeliveryKey { source: "github".to_owned(), id: id.to_owned() }
}

fn missed(store: &impl Store, ids: &[&str]) -> Vec<String> {
    let ids: Vec<_> = ids.iter().map(|&id| id.to_owned()).collect();
    block_on(store.missed("github", &ids, 3)).unwrap()
}

pub fn work_that_comes_round_is_begun_once_a_period<D: Database>() {
    let database = D::new();
    let (one, other) = (database.store(), database.store());
    let begin = |store: &D::Store, name, period| block_on(store.begin_sweep(name, period)).unwrap();
    assert!(begin(&one, "heal", LONG));
    assert!(!begin(&other, "heal", LONG), "another replica has just begun it");
    assert!(begin(&other, "reconcile", LONG), "each kind has its own time");
    assert!(begin(&other, "heal", Duration::ZERO));
}

pub fn delivery_is_missed_until_it_is_stored<D: Database>() {
    let database = D::new();
    let store = database.store();
    assert_eq!(missed(&store, &["b", "a"]), ["b", "a"]);
    block_on(store.accept(&delivery("a", []))).unwrap();
    assert_eq!(missed(&store, &["b", "a"]), ["b"]);
    assert_eq!(missed(&store, &[]), [] as [String; 0]);
    let elsewhere = block_on(store.missed("gitea", &["a".to_owned()], 3)).unwrap();
    assert_eq!(elsewhere, ["a"]);
}

pub fn delivery_is_asked_for_only_so_often<D: Database>() {
    let database = D::new();
    let store = database.store();
    for request in 0..3 {
        assert_eq!(missed(&store, &["a", "b"]), ["a", "b"], "request {request}");
        block_on(store.count_redelivery(&key("a"))).unwrap();
    }
    assert_eq!(missed(&store, &["a", "b"]), ["b"]);
}

pub fn empty_ledger_has_statistics<D: Database>() {
    assert_eq!(block_on(D::new().store().statistics()), Ok(Statistics::default()));
}

pub fn statistics_count_everything<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    wanted(&store, "2", promotion("web/staging", "1.0.0"));
    block_on(store.accept(&delivery("3", []))).unwrap();
    block_on(store.finish(&claimed(&store, first), &Outcome::Committed { commit: "aaa".to_owned() }))
        .unwrap();
    database.run(&format!("UPDATE promotions SET created_at = {}", D::earlier("created_at", 45_000)));
    block_on(store.begin_sweep("reconcile", LONG)).unwrap();
    block_on(store.count_redelivery(&key("3"))).unwrap();
    block_on(store.count_redelivery(&key("9"))).unwrap();
    block_on(store.count_redelivery(&key("9"))).unwrap();

    let Statistics { mut deliveries, mut promotions, oldest_waiting, commits, sweeps, redeliveries } =
        block_on(store.statistics()).unwrap();
    deliveries.sort_by_key(|kind| kind.count);
    let kind = |outcome, count| DeliveryCount {
        source: "github".to_owned(),
        event: "registry_package".to_owned(),
        outcome,
        count,
    };
    assert_eq!(deliveries, [kind(Verdict::Ignored, 1), kind(Verdict::Created, 2)]);
    promotions.sort_by_key(|(state, _)| *state);
    assert_eq!(promotions, [(State::Waiting, 1), (State::Committed, 1)]);
    assert!((45..90).contains(&oldest_waiting.unwrap().as_secs()), "{oldest_waiting:?}");
    assert_eq!((commits.count, commits.sum.as_secs()), (1, 45));
    let expected = Durations::BOUNDS.map(|bound| u64::from(bound >= 60));
    assert_eq!(commits.within, expected);
    assert_eq!(sweeps.len(), 1);
    assert!(sweeps[0].0 == "reconcile" && sweeps[0].1.as_secs() < 60, "{sweeps:?}");
    assert_eq!(redeliveries, Redeliveries { requested: 3, missing: 1 });
}

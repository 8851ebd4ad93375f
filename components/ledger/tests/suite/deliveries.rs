//! Accepting deliveries: once each, all or nothing, with every decision kept.

use std::sync::Barrier;

use super::support::{Database, LONG, claimed, claimed_due, delivery, promotion, state, wanted};
use futures::executor::block_on;
use ledger::{Accepted, NewDecision, NewPromotion, Outcome, Page, PromotionFilter, State, Store, Verdict};

pub fn every_decision_is_stored_with_its_reason_and_promotion<D: Database>() {
    let database = D::new();
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

pub fn delivery_without_decisions_counts_as_ignored<D: Database>() {
    let database = D::new();
    let store = database.store();
    block_on(store.accept(&delivery("1", []))).unwrap();
    assert_eq!(block_on(store.deliveries(&Page::default())).unwrap().items[0].outcome, Verdict::Ignored);
}

pub fn repeated_delivery_changes_nothing_and_tells_the_first_decisions<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = block_on(store.accept(&delivery("1", [promotion("api/staging", "1.0.0")]))).unwrap();
    let again = block_on(store.accept(&delivery("1", [promotion("api/staging", "2.0.0")]))).unwrap();
    assert_eq!(again, Accepted::Repeated(first.decisions().to_vec()));
    assert_eq!((database.count("deliveries"), database.count("promotions")), (1, 1));
}

pub fn same_id_from_another_source_is_another_delivery<D: Database>() {
    let database = D::new();
    let store = database.store();
    let mut other = delivery("1", []);
    block_on(store.accept(&other)).unwrap();
    other.key.source = "gitea".to_owned();
    assert!(matches!(block_on(store.accept(&other)), Ok(Accepted::Stored(_))));
    assert_eq!(database.count("deliveries"), 2);
}

pub fn second_event_for_the_same_image_joins_the_promotion_under_way<D: Database>() {
    let database = D::new();
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

pub fn other_target_tag_or_digest_is_another_promotion<D: Database>() {
    let database = D::new();
    let store = database.store();
    wanted(&store, "1", promotion("api/staging", "1.0.0"));
    wanted(&store, "2", promotion("api/production", "1.0.0"));
    wanted(&store, "3", promotion("api/staging", "1.0.1"));
    let with_digest = NewPromotion { digest: "sha256:00".to_owned(), ..promotion("api/staging", "1.0.0") };
    wanted(&store, "4", with_digest);
    assert_eq!(database.count("promotions"), 4);
}

pub fn tag_pushed_again_after_its_promotion_ended_is_a_new_promotion<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", promotion("api/staging", "latest"));
    let claim = claimed(&store, first);
    block_on(store.finish(&claim, &Outcome::Committed { commit: "aaa".to_owned() })).unwrap();
    assert_ne!(wanted(&store, "2", promotion("api/staging", "latest")), first);
}

pub fn one_delivery_that_wants_the_same_thing_twice_makes_one_promotion<D: Database>() {
    let database = D::new();
    let store = database.store();
    let twice = [promotion("api/staging", "1.0.0"), promotion("api/staging", "1.0.0")];
    let accepted = block_on(store.accept(&delivery("1", twice))).unwrap();
    let verdicts: Vec<_> = accepted.decisions().iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [Verdict::Created, Verdict::Joined]);
}

pub fn of_equal_deliveries_in_parallel_one_wins<D: Database>() {
    let database = D::new();
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    for round in 0..10 {
        let start = Barrier::new(stores.len());
        let new = delivery(&format!("{round}"), [promotion("api/staging", &format!("{round}"))]);
        let accept = |store: &D::Store| {
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

pub fn delivery_that_cannot_be_stored_leaves_no_promotion<D: Database>() {
    let database = D::new();
    let store = database.store();
    block_on(store.ping()).unwrap();
    database.refuse("INSERT", "deliveries");
    assert!(block_on(store.accept(&delivery("1", [promotion("api/staging", "1.0.0")]))).is_err());
    assert_eq!(database.count("promotions"), 0);
    database.allow("deliveries");
    wanted(&store, "1", promotion("api/staging", "1.0.0"));
}

/// Pushes of a mutable tag: the digests differ, and so do the promotions.
fn push(digest: &str) -> NewPromotion {
    NewPromotion { digest: format!("sha256:{digest}"), ..promotion("api/staging", "latest") }
}

pub fn mutable_tag_pushed_a_b_a_ends_with_the_third_push<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    let second = wanted(&store, "2", push("b"));
    let third = wanted(&store, "3", push("a"));
    assert_ne!(third, first);
    assert_eq!(
        [first, second, third].map(|id| state(&store, id)),
        [State::Superseded, State::Superseded, State::Waiting]
    );
    let ended = block_on(store.promotion(first)).unwrap().unwrap();
    let reason = "a newer promotion of the target, of tag latest, took its place";
    assert_eq!((ended.reason.as_deref(), ended.next_attempt_at), (Some(reason), None));
    assert_eq!(claimed_due(&store, 10).len(), 1);
}

pub fn redelivery_of_the_first_push_changes_nothing<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    let second = wanted(&store, "2", push("b"));
    let again = block_on(store.accept(&delivery("1", [push("a")]))).unwrap();
    assert!(matches!(&again, Accepted::Repeated(decisions) if decisions[0].promotion == Some(first)));
    assert_eq!((state(&store, first), state(&store, second)), (State::Superseded, State::Waiting));
    assert_eq!(database.count("promotions"), 2);
}

pub fn running_promotion_is_left_to_its_holder_and_not_joined_past_a_newer_one<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    let claim = claimed(&store, first);
    block_on(store.announce(&claim)).unwrap();
    let second = wanted(&store, "2", push("b"));
    let third = wanted(&store, "3", push("a"));
    assert_eq!(state(&store, first), State::Running);
    assert_eq!((state(&store, second), state(&store, third)), (State::Superseded, State::Waiting));
    // The holder of the first one goes on as if nothing were.
    block_on(store.postpone(&claim, "conflict", LONG)).unwrap();
    assert_eq!(state(&store, first), State::Waiting);
    let joined = block_on(store.accept(&delivery("4", [push("a")]))).unwrap();
    assert_eq!(joined.decisions()[0].promotion, Some(third));
}

pub fn push_of_what_is_being_tried_is_new_once_another_was_committed_after_it<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    claimed(&store, first);
    let second = wanted(&store, "2", push("b"));
    let claim = claimed(&store, second);
    block_on(store.finish(&claim, &Outcome::Committed { commit: "bbb".to_owned() })).unwrap();
    let third = wanted(&store, "3", push("a"));
    assert_ne!(third, first);
}

pub fn newer_promotion_that_came_to_nothing_does_not_keep_others_from_joining<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    claimed(&store, first);
    let claim = claimed(&store, wanted(&store, "2", push("b")));
    block_on(store.finish(&claim, &Outcome::Rejected { reason: "no such file".to_owned() })).unwrap();
    let joined = block_on(store.accept(&delivery("3", [push("a")]))).unwrap();
    assert_eq!(joined.decisions()[0].promotion, Some(first));
}

pub fn untried_promotion_is_superseded_when_it_is_postponed_past_a_newer_one<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    let claim = claimed(&store, first);
    let second = wanted(&store, "2", NewPromotion { tag: "next".to_owned(), ..push("a") });
    block_on(store.postpone(&claim, "GitHub is down", LONG)).unwrap();
    let ended = block_on(store.promotion(first)).unwrap().unwrap();
    let reason = "a newer promotion of the target, of tag next, took its place";
    assert_eq!((ended.state, ended.reason.as_deref()), (State::Superseded, Some(reason)));
    assert_eq!(ended.last_error.as_deref(), Some("GitHub is down"));
    assert_eq!(state(&store, second), State::Waiting);
}

pub fn announced_promotion_that_waits_is_left_to_whoever_looks_into_git<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", push("a"));
    let claim = claimed(&store, first);
    block_on(store.announce(&claim)).unwrap();
    block_on(store.postpone(&claim, "no answer to the commit", LONG)).unwrap();
    wanted(&store, "2", push("b"));
    assert_eq!(state(&store, first), State::Waiting);
}

pub fn other_targets_are_not_superseded<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    wanted(&store, "2", promotion("api/production", "1.0.1"));
    assert_eq!(state(&store, first), State::Waiting);
}

pub fn of_different_deliveries_of_one_push_in_parallel_one_creates_and_the_others_join<D: Database>() {
    let database = D::new();
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    for round in 0..10 {
        let start = Barrier::new(stores.len());
        let accept = |index: usize| {
            let (first, second) = (promotion("api/staging", "1"), promotion("api/production", "1"));
            let both = if index.is_multiple_of(2) { [first, second] } else { [second, first] };
            let both = both.map(|it| NewPromotion { tag: format!("{round}"), ..it });
            start.wait();
            block_on(stores[index].accept(&delivery(&format!("{round}-{index}"), both))).unwrap()
        };
        let accept = &accept;
        let accepted: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..stores.len()).map(|index| scope.spawn(move || accept(index))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let decisions = accepted.iter().flat_map(Accepted::decisions);
        let created = decisions.filter(|decision| decision.verdict == Verdict::Created).count();
        assert_eq!(created, 2, "{accepted:?}");
    }
    assert_eq!((database.count("deliveries"), database.count("promotions")), (40, 20));
}

pub fn text_that_no_database_keeps_as_it_is_does_no_harm<D: Database>() {
    let database = D::new();
    let store = database.store();
    let mut new = delivery("1", []);
    new.decisions.push(NewDecision::Ignore { target: None, reason: "a\0b 'c' \\u0000".to_owned() });
    let first = block_on(store.accept(&new)).unwrap();
    assert!(first.decisions()[0].reason.ends_with("b 'c' \\u0000"));
    assert_eq!(block_on(store.accept(&new)).unwrap(), Accepted::Repeated(first.decisions().to_vec()));
}

pub fn of_promotions_within_a_millisecond_the_later_one_is_newer<D: Database>() {
    let database = D::new();
    let store = database.store();
    let ids: Vec<_> = (0..50)
        .map(|push| wanted(&store, &push.to_string(), promotion("api/staging", &format!("1.0.{push}"))))
        .collect();
    let listing = block_on(store.promotions(&PromotionFilter::default(), &Page::default())).unwrap();
    let newest_first: Vec<_> = listing.items.iter().map(|promotion| promotion.id).collect();
    assert_eq!(newest_first, ids.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(listing.items[0].state, State::Waiting);
}

//! Promotions of one branch, which may be committed together.

use std::time::Duration;

use super::support::{AT_ONCE, Database, LONG, claimed, claimed_due, promotion, wanted};
use futures::executor::block_on;
use ledger::{Gather, NewPromotion, Outcome, Store};
use uuid::Uuid;

const MAIN: &str = "acme/gitops@main";
const OTHER: &str = "acme/other@main";
const MINUTE: Duration = Duration::from_secs(60);
const WINDOW: Gather = Gather { quiet: MINUTE, longest: Duration::from_secs(300) };

fn on(branch: &str, target: &str, tag: &str) -> NewPromotion {
    NewPromotion { branch: branch.to_owned(), ..promotion(target, tag) }
}

fn claim(store: &impl Store, limit: u32, gather: &Gather) -> Vec<Uuid> {
    let claims = block_on(store.claim_due(limit, LONG, gather)).unwrap();
    claims.iter().map(|claim| claim.promotion.id).collect()
}

/// Moves everything into the past.
fn seconds_pass<D: Database>(database: &D, seconds: i64) {
    let earlier = |column: &str| format!("{column} = {}", D::earlier(column, seconds * 1000));
    let columns = ["created_at", "waiting_since", "next_attempt_at"].map(earlier).join(", ");
    database.run(&format!("UPDATE promotions SET {columns}"));
}

pub fn promotions_of_one_branch_are_claimed_together<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", on(MAIN, "api", "1"));
    let elsewhere = wanted(&store, "2", on(OTHER, "docs", "1"));
    let second = wanted(&store, "3", on(MAIN, "web", "1"));
    assert_eq!(claim(&store, 10, &AT_ONCE), [first, second]);
    assert_eq!(claim(&store, 10, &AT_ONCE), [elsewhere]);
}

pub fn branch_that_somebody_works_on_is_left_alone<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", on(MAIN, "api", "1"));
    let second = wanted(&store, "2", on(MAIN, "web", "1"));
    let elsewhere = wanted(&store, "3", on(OTHER, "docs", "1"));
    let held = claimed(&store, first);
    assert_eq!(claim(&store, 10, &AT_ONCE), [elsewhere]);
    assert_eq!(claim(&store, 10, &AT_ONCE), [] as [Uuid; 0]);
    block_on(store.finish(&held, &Outcome::Unchanged { reason: "because".to_owned() })).unwrap();
    assert_eq!(claim(&store, 10, &AT_ONCE), [second]);
}

pub fn branch_whose_worker_falls_silent_is_not_held_up<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", on(MAIN, "api", "1"));
    let second = wanted(&store, "2", on(MAIN, "web", "1"));
    claimed(&store, first);
    database.run(&format!("UPDATE promotions SET updated_at = {}", D::earlier("updated_at", 9_000)));
    assert_eq!(claim(&store, 10, &AT_ONCE), [] as [Uuid; 0]);
    database.run(&format!("UPDATE promotions SET updated_at = {}", D::earlier("updated_at", 2_000)));
    assert_eq!(claim(&store, 10, &AT_ONCE), [second], "the first one's lease is left to it");
}

pub fn branch_whose_worker_has_gone_is_taken_over<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", on(MAIN, "api", "1"));
    let second = wanted(&store, "2", on(MAIN, "web", "1"));
    claimed(&store, first);
    database.let_time_pass();
    assert_eq!(claim(&store, 10, &AT_ONCE), [first, second]);
}

pub fn quiet_window_waits_for_the_last_of_the_branch<D: Database>() {
    let database = D::new();
    let store = database.store();
    let first = wanted(&store, "1", on(MAIN, "api", "1"));
    seconds_pass(&database, 50);
    let second = wanted(&store, "2", on(MAIN, "web", "1"));
    let elsewhere = wanted(&store, "3", on(OTHER, "docs", "1"));
    seconds_pass(&database, 50);
    assert_eq!(claim(&store, 10, &WINDOW), [] as [Uuid; 0], "the second came 50 s ago");
    seconds_pass(&database, 15);
    assert_eq!(claim(&store, 10, &WINDOW), [first, second]);
    assert_eq!(claim(&store, 10, &WINDOW), [elsewhere]);
}

pub fn branch_that_never_is_quiet_waits_only_so_long<D: Database>() {
    let database = D::new();
    let store = database.store();
    // The same target over and over: each promotion supersedes the one before, and takes over since when it waited.
    for push in 0..6 {
        wanted(&store, &format!("{push}"), on(MAIN, "api", &format!("1.{push}")));
        assert_eq!(claim(&store, 10, &WINDOW), [] as [Uuid; 0], "push {push}");
        seconds_pass(&database, 50);
    }
    let last = wanted(&store, "last", on(MAIN, "api", "1.6"));
    assert_eq!(claim(&store, 10, &WINDOW), [last], "300 s after the first push");
}

pub fn what_is_tried_again_waits_for_no_window<D: Database>() {
    let database = D::new();
    let store = database.store();
    let again = wanted(&store, "1", on(MAIN, "api", "1"));
    block_on(store.postpone(&claimed(&store, again), "GitHub is down", Duration::ZERO)).unwrap();
    let fresh = wanted(&store, "2", on(MAIN, "web", "1"));
    assert_eq!(
        claim(&store, 10, &WINDOW),
        [again, fresh],
        "a commit that is made anyway takes along what is there"
    );
}

pub fn limit_holds_within_a_branch<D: Database>() {
    let database = D::new();
    let store = database.store();
    for number in 0..5 {
        wanted(&store, &number.to_string(), on("", &number.to_string(), "1"));
    }
    let sizes: Vec<_> = std::iter::repeat_with(|| claimed_due(&store, 2).len()).take(4).collect();
    assert_eq!(sizes, [2, 2, 1, 0]);
}

//! The life of a promotion: claimed by one at a time, announced once, ended once.

use std::collections::HashSet;
use std::sync::Barrier;
use std::time::Duration;

use super::support::{Database, LONG, announced, claimed, claimed_due, promotion, state, wanted};
use futures::executor::block_on;
use ledger::{Claim, Deployment, Outcome, Page, PromotionFilter, State, Status, Store, StoreError};
use uuid::Uuid;

fn reason() -> String {
    "because".to_owned()
}

fn committed() -> Outcome {
    Outcome::Committed { commit: "bbb".to_owned() }
}

/// A promotion that is waiting, and a store to move it with.
fn waiting<D: Database>() -> (D, D::Store, Uuid) {
    let database = D::new();
    let store = database.store();
    let id = wanted(&store, "1", promotion("api/staging", "1.0.0"));
    (database, store, id)
}

fn deployment(store: &impl Store, id: Uuid) -> Deployment {
    block_on(store.deployment(id)).unwrap().unwrap()
}

pub fn claim_makes_the_promotion_running_until_its_lease_ends<D: Database>() {
    let (_database, store, id) = waiting::<D>();
    let claim = claimed(&store, id);
    let Claim { promotion, fence } = &claim;
    assert_eq!((promotion.id, promotion.state, promotion.attempts, *fence), (id, State::Running, 1, 1));
    let lease = promotion.next_attempt_at.unwrap().unix_millis() - promotion.updated_at.unix_millis();
    assert_eq!(lease, 600_000);
    assert_eq!(block_on(store.claim(id, LONG)), Ok(None));
    assert_eq!(claimed_due(&store, 10), []);
}

pub fn claim_of_an_unknown_promotion_finds_nothing<D: Database>() {
    let database = D::new();
    assert_eq!(block_on(database.store().claim(Uuid::now_v7(), LONG)), Ok(None));
}

pub fn due_promotions_are_claimed_up_to_the_limit_oldest_first<D: Database>() {
    let (database, store, first) = waiting::<D>();
    let second = wanted(&store, "2", promotion("api/production", "1.0.1"));
    let third = wanted(&store, "3", promotion("api/canary", "1.0.2"));
    let ids = |claims: Vec<Claim>| claims.iter().map(|claim| claim.promotion.id).collect::<Vec<_>>();
    assert_eq!(ids(claimed_due(&store, 2)).len(), 2);
    assert_eq!(ids(claimed_due(&store, 2)).len(), 1);
    database.let_time_pass();
    assert_eq!(ids(claimed_due(&store, 10)), [first, second, third]);
}

pub fn of_parallel_claims_each_promotion_goes_to_one<D: Database>() {
    let database = D::new();
    let stores: Vec<_> = (0..4).map(|_| database.store()).collect();
    for number in 0..40 {
        let tag = format!("1.0.{number}");
        wanted(&stores[0], &tag, promotion(&tag, &tag));
    }
    let start = Barrier::new(stores.len());
    let claim_all = |store: &D::Store| {
        start.wait();
        let batches = std::iter::from_fn(|| Some(claimed_due(store, 3)).filter(|claims| !claims.is_empty()));
        batches.flatten().map(|claim| claim.promotion.id).collect::<Vec<_>>()
    };
    let claims: Vec<Uuid> = std::thread::scope(|scope| {
        let threads: Vec<_> = stores.iter().map(|store| scope.spawn(|| claim_all(store))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(claims.len(), 40);
    assert_eq!(claims.iter().collect::<HashSet<_>>().len(), 40);
}

pub fn expired_lease_is_claimed_again_and_the_stale_claim_can_do_nothing<D: Database>() {
    let (database, store, id) = waiting::<D>();
    let stale = claimed(&store, id);
    database.let_time_pass();
    let fresh = claimed(&store, id);
    assert_eq!((fresh.fence, fresh.promotion.attempts), (2, 2));

    assert_eq!(block_on(store.announce(&stale)), Err(StoreError::LeaseLost));
    assert_eq!(block_on(store.finish(&stale, &committed())), Err(StoreError::LeaseLost));
    assert_eq!(block_on(store.postpone(&stale, "late", LONG)), Err(StoreError::LeaseLost));
    assert_eq!((state(&store, id), database.count("deployments")), (State::Running, 0));
    assert_eq!(block_on(store.finish(&fresh, &committed())), Ok(()));
}

pub fn short_lease_ends_by_the_databases_clock<D: Database>() {
    let (_database, store, id) = waiting::<D>();
    let claim = block_on(store.claim(id, Duration::from_millis(20))).unwrap().unwrap();
    std::thread::sleep(Duration::from_millis(40));
    assert!(block_on(store.claim(id, LONG)).unwrap().unwrap().fence > claim.fence);
}

pub fn ended_promotion_is_never_claimed_or_ended_again<D: Database>() {
    let (database, store, id) = waiting::<D>();
    let claim = claimed(&store, id);
    block_on(store.finish(&claim, &committed())).unwrap();
    database.let_time_pass();
    assert_eq!(claimed_due(&store, 10), []);
    assert_eq!(
        block_on(store.finish(&claim, &Outcome::Failed { reason: reason() })),
        Err(StoreError::LeaseLost)
    );
    let ended = block_on(store.promotion(id)).unwrap().unwrap();
    assert_eq!((ended.state, ended.commit.as_deref()), (State::Committed, Some("bbb")));
    assert_eq!(ended.next_attempt_at, None);
}

pub fn postponed_promotion_waits_for_its_delay_and_remembers_the_error<D: Database>() {
    let (database, store, id) = waiting::<D>();
    block_on(store.postpone(&claimed(&store, id), "rate limited", LONG)).unwrap();
    let postponed = block_on(store.promotion(id)).unwrap().unwrap();
    assert_eq!((postponed.state, postponed.last_error.as_deref()), (State::Waiting, Some("rate limited")));
    assert_eq!(block_on(store.claim(id, LONG)), Ok(None));
    database.let_time_pass();
    assert_eq!(claimed(&store, id).promotion.attempts, 2);
}

pub fn endless_delay_does_not_overflow<D: Database>() {
    let (_database, store, id) = waiting::<D>();
    assert_eq!(block_on(store.postpone(&claimed(&store, id), "never", Duration::MAX)), Ok(()));
    assert_eq!(block_on(store.claim(id, LONG)), Ok(None));
}

pub fn announcement_records_one_pending_deployment_however_often_it_is_made<D: Database>() {
    let (database, store, id) = waiting::<D>();
    let claim = claimed(&store, id);
    let deployment_id = announced(&store, &claim);
    assert_eq!(announced(&store, &claim), deployment_id);
    block_on(store.postpone(&claim, "conflict", Duration::ZERO)).unwrap();
    assert_eq!(announced(&store, &claimed(&store, id)), deployment_id);

    assert_eq!(database.count("deployments"), 1);
    let made = deployment(&store, deployment_id);
    assert_eq!((made.service_name.as_str(), made.version.as_str()), ("api", "1.0.0"));
    assert_eq!((made.environment.as_str(), made.status), ("staging", Status::Pending));
    assert_eq!((made.image.as_deref(), made.digest), (Some("ghcr.io/acme/api"), None));
    assert_eq!(made.source_commit.as_deref(), Some("c0ffee"));
    assert_eq!(block_on(store.promotion(id)).unwrap().unwrap().deployment_id, Some(deployment_id));
}

pub fn end_of_the_promotion_settles_the_announced_deployment<D: Database>() {
    let cases = [
        (committed(), State::Committed, Status::Pending),
        (Outcome::Unchanged { reason: reason() }, State::Unchanged, Status::Superseded),
        (Outcome::Superseded { reason: reason() }, State::Superseded, Status::Superseded),
        (Outcome::Held { reason: reason() }, State::Held, Status::Superseded),
        (Outcome::Rejected { reason: reason() }, State::Rejected, Status::Failed),
        (Outcome::Failed { reason: reason() }, State::Failed, Status::Failed),
    ];
    for (outcome, state, status) in cases {
        let (_database, store, id) = waiting::<D>();
        let claim = claimed(&store, id);
        let announced = announced(&store, &claim);
        block_on(store.finish(&claim, &outcome)).unwrap();
        let ended = block_on(store.promotion(id)).unwrap().unwrap();
        assert_eq!((ended.state, ended.reason.as_deref()), (state, outcome.reason()));
        let settled = deployment(&store, announced);
        assert_eq!((settled.status, settled.gitops_commit.as_deref()), (status, outcome.commit()));
    }
}

pub fn end_of_the_promotion_never_lowers_a_status<D: Database>() {
    let (database, store, id) = waiting::<D>();
    let claim = claimed(&store, id);
    let announced = announced(&store, &claim);
    database.run("UPDATE deployments SET status = 'succeeded'");
    block_on(store.finish(&claim, &committed())).unwrap();
    let settled = deployment(&store, announced);
    assert_eq!((settled.status, settled.gitops_commit.as_deref()), (Status::Succeeded, Some("bbb")));
}

pub fn end_without_announcement_records_no_deployment<D: Database>() {
    let (database, store, id) = waiting::<D>();
    block_on(store.finish(&claimed(&store, id), &Outcome::Unchanged { reason: reason() })).unwrap();
    assert_eq!((state(&store, id), database.count("deployments")), (State::Unchanged, 0));
}

pub fn end_that_cannot_be_recorded_as_a_whole_is_not_recorded<D: Database>() {
    let (database, store, id) = waiting::<D>();
    let claim = claimed(&store, id);
    block_on(store.announce(&claim)).unwrap();
    database.refuse("UPDATE", "deployments");
    assert!(block_on(store.finish(&claim, &committed())).is_err());
    assert_eq!(state(&store, id), State::Running);
    database.allow("deployments");
    assert_eq!(block_on(store.finish(&claim, &committed())), Ok(()));
}

pub fn filters_narrow_the_list<D: Database>() {
    let (_database, store, first) = waiting::<D>();
    let other = ledger::NewPromotion { service: "web".to_owned(), ..promotion("web/staging", "2.0.0") };
    let second = wanted(&store, "2", other);
    claimed(&store, second);
    let ids = |filter: PromotionFilter| -> Vec<Uuid> {
        let listing = block_on(store.promotions(&filter, &Page::default())).unwrap();
        listing.items.iter().map(|promotion| promotion.id).collect()
    };
    let all = PromotionFilter::default;
    assert_eq!(ids(all()), [second, first]);
    assert_eq!(ids(PromotionFilter { state: Some(State::Running), ..all() }), [second]);
    assert_eq!(ids(PromotionFilter { service: Some("api".to_owned()), ..all() }), [first]);
    assert!(ids(PromotionFilter { environment: Some("production".to_owned()), ..all() }).is_empty());
}

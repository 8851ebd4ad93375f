//! GitHub is slow, busy, broken or away: in the end there is exactly one commit.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::example;
use tests::github::{Effect, Fault};
use tests::wait::eventually;

use crate::world::{Edit, IN_TIME, NEW_TAG, OLD_TAG, SOON, World, package, registry_package};

const COMMIT: &str = "createCommitOnBranch";

#[tokio::test]
async fn competing_push_is_kept_and_the_commit_follows_it() {
    let world = World::start().await;
    let before = &example::gitops_repository()[Edit::Helm.file()];
    let theirs = before.replace("replicaCount: 2", "replicaCount: 3");
    let files = BTreeMap::from([(Edit::Helm.file().to_owned(), theirs.clone())]);
    world.github().fail(Fault::new(Effect::CompetingPush { files }));

    let decision = world.accepted(&registry_package()).await;
    let promotion = world.ended(&decision["promotion"], SOON).await;
    assert_eq!(promotion["state"], "committed", "{promotion}");
    assert_eq!(world.github().waiting_faults(), 0, "the push has landed");
    assert_eq!(world.commits(), 3, "the first one, theirs, ours");
    let text = world.repository.file(Edit::Helm.file()).expect("the file");
    assert_eq!(text, theirs.replace(OLD_TAG, NEW_TAG));
}

#[tokio::test]
async fn commit_of_which_nobody_heard_is_not_made_again() {
    let world = World::start().await;
    world.github().fail(Fault::new(Effect::DropAfter).body(COMMIT));
    let decision = world.accepted(&registry_package()).await;
    world.commits_reach(2, SOON).await;
    let promotion = swept_until_ended(&world, &decision["promotion"]).await;
    assert_eq!(promotion["state"], "committed", "{promotion}");
    assert_eq!(world.commits(), 2, "{}", world.repository.log_patch().expect("a log"));
    let deployments = world.list("/api/v1/deployments").await;
    assert_eq!(deployments.len(), 1);
    assert_eq!(deployments[0]["gitops_commit"], world.repository.head().expect("a commit").as_str());
}

#[tokio::test]
async fn passing_trouble_at_github_heals() {
    for effect in [
        Effect::Status { status: 503 },
        Effect::DropBefore,
        Effect::SecondaryRateLimit { status: 403, retry_after: 1 },
        Effect::PrimaryRateLimit { reset_after: 1 },
    ] {
        let world = World::start().await;
        world.github().fail(Fault::new(effect.clone()).body(COMMIT));
        let decision = world.accepted(&registry_package()).await;
        let promotion = swept_until_ended(&world, &decision["promotion"]).await;
        assert_eq!(promotion["state"], "committed", "{effect:?}: {promotion}");
        assert_eq!((world.commits(), world.github().waiting_faults()), (2, 0), "{effect:?}");
        world.assert_one_line_changed(Edit::Helm.file());
    }
}

#[tokio::test]
async fn github_that_was_down_gets_the_commit_with_a_later_webhook() {
    let mut world = World::start().await;
    world.github_goes_down();
    let decision = world.accepted(&registry_package()).await;
    world.github_comes_back().await;
    eventually(IN_TIME, "the commit after a later webhook", async || {
        // Every accepted delivery goes on with what is due.
        world.accepted(&package()).await;
        (world.commits() == 2).then_some(())
    })
    .await;
    assert_eq!(world.ended(&decision["promotion"], SOON).await["state"], "committed");
    world.assert_one_line_changed(Edit::Helm.file());
    assert_eq!(world.list("/api/v1/deployments").await.len(), 1);
}

#[tokio::test]
async fn github_that_was_down_gets_the_commit_by_a_sweep() {
    let mut world = World::start().await;
    world.github_goes_down();
    let decision = world.accepted(&registry_package()).await;
    world.github_comes_back().await;
    let promotion = swept_until_ended(&world, &decision["promotion"]).await;
    assert_eq!(promotion["state"], "committed", "{promotion}");
    world.assert_one_line_changed(Edit::Helm.file());
}

#[tokio::test]
async fn promotion_survives_a_crash() {
    let mut world = World::start().await;
    let slowly = Effect::Delay { milliseconds: 60_000 };
    world.github().fail(Fault::new(slowly).path("/git/ref/"));
    let decision = world.accepted(&registry_package()).await;
    let is_asked = || async { (world.github().waiting_faults() == 0).then_some(()) };
    eventually(SOON, "GitHub being asked by the process that crashes then", is_asked).await;
    world.restart_after_crash().await;
    let promotion = swept_until_ended(&world, &decision["promotion"]).await;
    assert_eq!(promotion["state"], "committed", "{promotion}");
    assert_eq!(world.commits(), 2);
}

#[tokio::test]
async fn retry_does_not_wait_for_its_time() {
    let mut world = World::start().await;
    world.github_goes_down();
    let decision = world.accepted(&registry_package()).await;
    let id = decision["promotion"].as_str().expect("an id");
    let path = format!("/api/v1/promotions/{id}");
    eventually(SOON, "an attempt that failed", async || {
        let promotion = world.slipway.get(&path).await.ok()?.json();
        promotion["last_error"].is_string().then_some(())
    })
    .await;
    world.github_comes_back().await;
    let answer = world.slipway.post(&format!("{path}/retry"), &json!(null)).await.expect("an answer");
    assert_eq!((answer.status, &answer.json()["id"]), (202, &decision["promotion"]), "{}", answer.text());
    assert_eq!(world.sweep().await["committed"], 1);
    let answer = world.slipway.post(&format!("{path}/retry"), &json!(null)).await.expect("an answer");
    assert_eq!(answer.status, 409, "{}", answer.text());
}

#[tokio::test]
async fn delivery_that_never_arrived_is_asked_for_again() {
    let mut world = World::start().await;
    let hook = world.create_hook();
    world.slipway.kill().expect("it runs");
    world.github().deliver(hook, registry_package()).await.expect("an attempt");
    world.slipway.start_again().expect("slipway starts again");
    world.slipway.wait_until_ready().await.expect("slipway is ready");

    let heal = world.sweep().await["heal"].clone();
    assert_eq!((&heal["attempts"], &heal["requested"]), (&json!(1), &json!(1)), "{heal}");
    world.commits_reach(2, SOON).await;
    world.assert_one_line_changed(Edit::Helm.file());
    let metrics = world.slipway.metrics().await.expect("metrics");
    assert_eq!(metrics.value("slipway_redeliveries_requested_total", &[]), Some(1.0));
}

/// Sweeps until the promotion has ended.
async fn swept_until_ended(world: &World, promotion: &Value) -> Value {
    eventually(IN_TIME, "the end of a promotion that is swept", async || {
        world.sweep().await;
        world.if_ended(promotion).await
    })
    .await
}

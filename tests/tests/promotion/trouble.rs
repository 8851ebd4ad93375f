//! GitHub is slow, busy, broken or away: in the end there is exactly one commit.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;
use tests::example;
use tests::github::{Effect, Fault};
use tests::wait::eventually;

use crate::world::{Edit, IN_TIME, INTERNAL_TOKEN, NEW_TAG, OLD_TAG, SOON, World, package, registry_package};

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

/// Sweeps by the internal path, as a CronJob does, until the promotion has ended.
async fn swept_until_ended(world: &World, promotion: &Value) -> Value {
    let url = world.slipway.admin_url("/internal/reconcile");
    let authorization = format!("Bearer {INTERNAL_TOKEN}");
    eventually(IN_TIME, "the end of a promotion that is swept", async || {
        let headers = [("authorization", authorization.as_str())];
        let answer = world.slipway.client().send(Method::POST, &url, &headers, Bytes::new()).await;
        let status = answer.expect("an answer").status;
        assert!((200..300).contains(&status), "the sweep is answered with {status}");
        world.if_ended(promotion).await
    })
    .await
}

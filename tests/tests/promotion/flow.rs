//! All is well: one push, one commit, one record.

use serde_json::json;
use tests::wait::eventually;
use tests::webhook::{Delivery, Push};

use crate::world::{Edit, IMAGE, NEW_TAG, SECRET, SOON, World, package, push, registry_package};

#[tokio::test]
async fn signed_push_becomes_one_commit_that_changes_one_line() {
    let world = World::start().await;
    let decision = world.accepted(&registry_package()).await;
    assert_eq!(decision["decision"], "promote");
    assert_eq!((&decision["service"], &decision["environment"]), (&json!("api"), &json!("staging")));
    assert_eq!(decision["value"], NEW_TAG);
    assert!(decision["why"].as_str().is_some_and(|why| why.contains(">=1.0.0")), "{decision}");

    let promotion = world.ended(&decision["promotion"], SOON).await;
    assert_eq!(promotion["state"], "committed", "{promotion}");
    assert_eq!(world.commits(), 2);
    world.assert_one_line_changed(Edit::Helm.file());
    let head = world.repository.head().expect("a commit");
    let message = world.repository.commit(&head).expect("a commit").message;
    assert!(message.starts_with("Deploy api 1.4.2 to staging"), "{message}");
    world.repository.fsck().expect("a sound repository");
}

#[tokio::test]
async fn deployment_is_recorded_with_image_digest_and_commits() {
    let world = World::start().await;
    let decision = world.accepted(&registry_package()).await;
    world.ended(&decision["promotion"], SOON).await;
    let deployments = world.list("/api/v1/deployments?service=api&environment=staging").await;
    assert_eq!(deployments.len(), 1, "{deployments:?}");
    let deployment = &deployments[0];
    assert_eq!(deployment["service_name"], "api");
    assert_eq!(deployment["environment"], "staging");
    assert_eq!(deployment["version"], NEW_TAG);
    assert_eq!(deployment["status"], "pending");
    assert_eq!(deployment["image"], IMAGE);
    assert_eq!(deployment["digest"].as_str(), push().digest());
    assert_eq!(deployment["source_commit"].as_str(), push().source_commit());
    assert_eq!(deployment["gitops_commit"], world.repository.head().expect("a commit").as_str());

    let id = deployment["id"].as_str().expect("an id");
    let one = world.slipway.get(&format!("/api/v1/deployments/{id}")).await.expect("an answer");
    let mut alone = deployment.clone();
    alone["events"] = json!([]);
    assert_eq!((one.status, one.json()), (200, alone));
}

#[tokio::test]
async fn requests_are_counted_under_their_routes() {
    let world = World::start().await;
    world.accepted(&registry_package()).await;
    world.send(&Delivery::ping()).await;
    let count = async |status: &str| {
        let labels =
            [("component", "webhook"), ("method", "POST"), ("route", "/webhooks/github"), ("status", status)];
        world.slipway.metrics().await.ok()?.value("http_requests_total", &labels)
    };
    eventually(SOON, "both requests in /metrics", async || {
        (count("202").await == Some(1.0) && count("401").await == Some(1.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn kustomization_gets_its_new_tag() {
    let world = World::start_with(Edit::Kustomize).await;
    let decision = world.accepted(&package()).await;
    let promotion = world.ended(&decision["promotion"], SOON).await;
    assert_eq!(promotion["state"], "committed", "{promotion}");
    world.assert_one_line_changed(Edit::Kustomize.file());
}

#[tokio::test]
async fn form_encoded_delivery_is_as_good_as_json() {
    let world = World::start().await;
    let delivery = Delivery::registry_package(&push()).as_form().signed(SECRET);
    let decision = world.accepted(&delivery).await;
    assert_eq!(world.ended(&decision["promotion"], SOON).await["state"], "committed");
    world.assert_one_line_changed(Edit::Helm.file());
}

#[tokio::test]
async fn push_without_a_digest_is_promoted_by_its_tag() {
    let world = World::start().await;
    let push = Push::new(IMAGE, NEW_TAG).expect("an image").without_digest();
    let decision = world.accepted(&Delivery::registry_package(&push).signed(SECRET)).await;
    assert_eq!(world.ended(&decision["promotion"], SOON).await["state"], "committed");
    assert!(world.list("/api/v1/deployments").await[0].get("digest").is_none());
}

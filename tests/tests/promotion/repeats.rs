//! The same push told again changes nothing, and the answer says so.

use tests::github::{Effect, Fault};
use tests::webhook::{Delivery, Push};

use crate::world::{Edit, IMAGE, NEW_TAG, SECRET, SOON, World, package, registry_package};

#[tokio::test]
async fn redelivery_changes_nothing_and_says_so() {
    let world = World::start().await;
    let delivery = registry_package();
    let decision = world.accepted(&delivery).await;
    world.ended(&decision["promotion"], SOON).await;
    let (rows, asked) = (world.rows(), world.github().requests().len());

    for _ in 0..3 {
        let answer = world.send(&delivery).await;
        assert_eq!(
            (answer.status, answer.json()["outcome"].as_str()),
            (200, Some("repeated")),
            "{}",
            answer.text()
        );
    }
    assert_eq!(world.rows(), rows);
    assert_eq!(world.github().requests().len(), asked, "GitHub is not even asked");
    assert_eq!(world.commits(), 2);
}

#[tokio::test]
async fn other_event_of_the_same_push_finds_the_value_in_git() {
    let world = World::start().await;
    let first = world.accepted(&registry_package()).await;
    world.ended(&first["promotion"], SOON).await;

    let twin = world.accepted(&package()).await;
    let promotion = world.ended(&twin["promotion"], SOON).await;
    assert_eq!(promotion["state"], "unchanged", "{promotion}");
    assert_eq!(world.commits(), 2);
    assert_eq!(world.list("/api/v1/deployments").await.len(), 1);
}

#[tokio::test]
async fn other_event_joins_while_the_first_is_under_way() {
    let world = World::start().await;
    let slowly = Effect::Delay { milliseconds: 2_000 };
    world.github().fail(Fault::new(slowly).path("/graphql"));
    let first = world.accepted(&registry_package()).await;
    let twin = world.accepted(&package()).await;
    assert_eq!(twin["decision"], "joined", "{twin}");
    assert_eq!(twin["promotion"], first["promotion"]);
    assert_eq!(world.ended(&first["promotion"], SOON).await["state"], "committed");
    assert_eq!(world.commits(), 2);
    world.assert_one_line_changed(Edit::Helm.file());
}

#[tokio::test]
async fn mutable_tag_pushed_a_b_a_ends_with_a_and_a_redelivery_changes_nothing() {
    let world = World::start_with(Edit::Pinned).await;
    let [a, b] = ["a", "b"].map(|digit| format!("sha256:{}", digit.repeat(64)));
    let push = |digest: &str| {
        let push = Push::new(IMAGE, NEW_TAG).expect("an image").with_digest(digest);
        Delivery::registry_package(&push).signed(SECRET)
    };
    let first = push(&a);
    for delivery in [&first, &push(&b), &push(&a)] {
        let decision = world.accepted(delivery).await;
        assert_eq!(world.ended(&decision["promotion"], SOON).await["state"], "committed");
    }
    let holds = |digest: &str| {
        let text = world.repository.file(Edit::Pinned.file()).expect("the file");
        text.contains(&format!("{NEW_TAG}@{digest}"))
    };
    assert!(holds(&a));
    assert_eq!(world.commits(), 4);

    world.accepted(&push(&b)).await;
    world.commits_reach(5, SOON).await;
    assert_eq!(world.send(&first).await.json()["outcome"], "repeated");
    world.sweep().await;
    assert!(holds(&b));
    assert_eq!(world.commits(), 5);
}

#[tokio::test]
async fn deliveries_that_race_make_one_commit() {
    let world = World::start().await;
    let deliveries: Vec<_> = (0..4).flat_map(|_| [registry_package(), package()]).collect();
    let url = world.slipway.url("/webhooks/github");
    let sent = deliveries.into_iter().map(|delivery| {
        let (client, url) = (world.slipway.client().clone(), url.clone());
        tokio::spawn(async move { delivery.send(&client, &url).await.expect("an answer") })
    });
    for answer in sent.collect::<Vec<_>>() {
        let answer = answer.await.expect("an end");
        assert_eq!(answer.status, 202, "{}", answer.text());
        world.ended(&answer.json()["decisions"][0]["promotion"], SOON).await;
    }
    assert_eq!(world.commits(), 2, "{}", world.repository.log_patch().expect("a log"));
    assert_eq!(world.list("/api/v1/deployments").await.len(), 1);
}

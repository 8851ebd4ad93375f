//! What must not get in leaves no trace; what is of no use is answered with the reason.

use serde_json::json;
use tests::webhook::{Delivery, Push};

use crate::world::{IMAGE, NEW_TAG, SECRET, SOON, World, push, registry_package};

#[tokio::test]
async fn delivery_without_the_right_signature_is_401_and_leaves_no_trace() {
    let world = World::start().await;
    // The first request makes the tables.
    assert!(world.list("/api/v1/deployments").await.is_empty());
    let rows = world.rows();
    assert!(rows.contains_key("deliveries"), "{rows:?}");

    let plain = || Delivery::registry_package(&push());
    let of_another_body = Delivery::ping().signed(SECRET);
    let (_, foreign) =
        of_another_body.headers().into_iter().find(|(name, _)| *name == "x-hub-signature-256").expect("one");
    for (what, delivery) in [
        ("missing", plain()),
        ("wrong", plain().signed("another secret")),
        ("of another body", plain().with_signature(foreign)),
        ("empty header", plain().with_signature("")),
        ("empty digest", plain().with_signature("sha256=")),
        ("of an empty secret", plain().signed("")),
        ("SHA-1 only", plain().signed_with_sha1(SECRET)),
        ("no hexadecimal", plain().with_signature("sha256=zz")),
        ("of a body that is no JSON", Delivery::raw("registry_package", b"{".to_vec())),
        ("of an event nobody knows", Delivery::raw("nonsense", b"{}".to_vec())),
    ] {
        let answer = world.send(&delivery).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        assert!(answer.json()["error"].is_string(), "{what}: {}", answer.text());
    }
    assert_eq!(world.rows(), rows);
    assert!(world.github().requests().is_empty());
    assert_eq!(world.commits(), 1);
}

#[tokio::test]
async fn ping_is_answered() {
    let world = World::start().await;
    let answer = world.send(&Delivery::ping().signed(SECRET)).await;
    assert_eq!((answer.status, &answer.json()["outcome"]), (200, &json!("pong")), "{}", answer.text());
}

#[tokio::test]
async fn event_of_no_use_is_answered_with_the_reason() {
    let world = World::start().await;
    let image = |image: &str, tag: &str| Push::new(image, tag).expect("an image");
    for (what, delivery) in [
        ("one platform", Delivery::package(&push().of_one_platform("arm64"))),
        ("another image", Delivery::package(&image("ghcr.io/acme/other", NEW_TAG))),
        ("tag outside the rule", Delivery::package(&image(IMAGE, "0.9.0"))),
        ("tag that is no version", Delivery::package(&image(IMAGE, "latest"))),
        ("unknown event", Delivery::new("star", &json!({ "action": "created" }))),
        ("no image", Delivery::new("registry_package", &json!({ "action": "published" }))),
        ("no JSON", Delivery::raw("registry_package", b"not JSON".to_vec())),
    ] {
        let answer = world.send(&delivery.signed(SECRET)).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["outcome"], "ignored", "{what}: {body}");
        let reasons = [&body["reason"], &body["decisions"][0]["why"]];
        assert!(
            reasons.iter().any(|reason| reason.as_str().is_some_and(|text| !text.is_empty())),
            "{what}: {body}"
        );
    }
    assert!(world.github().requests().is_empty());
    assert_eq!(world.commits(), 1);
}

#[tokio::test]
async fn secrets_appear_in_no_log() {
    let world = World::start().await;
    let decision = world.accepted(&registry_package()).await;
    world.ended(&decision["promotion"], SOON).await;
    let log = world.slipway.log();
    for secret in [SECRET, world.github().token()] {
        assert!(!log.contains(secret));
    }
}

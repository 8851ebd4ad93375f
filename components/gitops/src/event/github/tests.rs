use proptest::prelude::*;
use serde_json::json;

use super::*;

const DIGEST: &str = "sha256:4e9bbcb2c4dd5fb7f3aeb7d5d2a44a31ad7df9d6bb5b3e60aabbccddeeff0011";

fn package() -> Value {
    json!({
        "id": 7,
        "name": "api",
        "namespace": "acme/api",
        "ecosystem": "CONTAINER",
        "package_type": "CONTAINER",
        "owner": { "login": "Acme", "type": "Organization" },
        "created_at": "0001-01-01T00:00:00Z",
        "package_version": {
            "version": DIGEST,
            "package_url": "ghcr.io/acme/api:1.4.2",
            "container_metadata": {
                "tag": { "name": "1.4.2", "digest": DIGEST },
                "labels": { "all_labels": {
                    "org.opencontainers.image.revision": "8F1D2C3B4A5968778695A4B3C2D1E0F001020304"
                } },
                "manifest": { "digest": DIGEST, "media_type": "application/vnd.oci.image.index.v1+json" }
            }
        },
        "registry": { "url": "https://ghcr.io/acme" }
    })
}

fn delivery(key: &str, package: Value) -> Value {
    json!({ "action": "published", key: package, "repository": null, "sender": {} })
}

fn read(event: &str, payload: &Value) -> Event {
    parse(event, Encoding::Json, payload.to_string().as_bytes())
}

fn push_of(payload: &Value) -> ImagePush {
    match read("registry_package", payload) {
        Event::Push(push) => push,
        other => panic!("{other:?}"),
    }
}

/// The push after one change to the package.
fn changed(pointer: &str, value: Value) -> Value {
    let mut package = package();
    *package.pointer_mut(pointer).unwrap() = value;
    delivery("registry_package", package)
}

fn reason_of(event: &str, payload: &Value) -> String {
    match read(event, payload) {
        Event::Ignored { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn registry_package_names_image_tag_digest_and_commit() {
    assert_eq!(
        push_of(&delivery("registry_package", package())),
        ImagePush {
            image: ImageName::parse("ghcr.io/acme/api").unwrap(),
            tag: Tag::parse("1.4.2").unwrap(),
            digest: Some(Digest::parse(DIGEST).unwrap()),
            source_commit: Some("8f1d2c3b4a5968778695a4b3c2d1e0f001020304".to_owned()),
        }
    );
}

#[test]
fn package_event_of_the_same_push_says_the_same() {
    let twin = read("package", &delivery("package", package()));
    assert_eq!(twin, read("registry_package", &delivery("registry_package", package())));
}

#[test]
fn form_encoding_says_the_same_as_json() {
    let payload = delivery("package", package());
    let form =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    assert_eq!(parse("package", Encoding::Form, form.as_bytes()), read("package", &payload));
}

#[test]
fn updated_counts_and_other_actions_do_not() {
    let mut payload = delivery("package", package());
    payload["action"] = json!("updated");
    assert!(matches!(read("package", &payload), Event::Push(_)));
    payload["action"] = json!("deleted");
    assert_eq!(reason_of("package", &payload), "the action `deleted` is neither `published` nor `updated`");
    payload["action"] = Value::Null;
    assert_eq!(reason_of("package", &payload), "the payload names no action");
}

#[test]
fn container_kinds_are_compared_without_case() {
    for kind in ["container", "Container", "DOCKER", "docker"] {
        let mut package = package();
        package["package_type"] = json!(kind);
        package["ecosystem"] = Value::Null;
        push_of(&delivery("registry_package", package));
    }
    push_of(&changed("/package_type", Value::Null));
}

#[test]
fn other_kinds_are_ignored() {
    let mut package = package();
    package["package_type"] = json!("npm");
    package["ecosystem"] = json!("npm");
    let reason = reason_of("package", &delivery("package", package));
    assert_eq!(reason, "the package is of type `npm`, not a container image");
}

#[test]
fn colon_that_is_left_behind_is_dropped() {
    let push = push_of(&changed("/package_version/package_url", json!("ghcr.io/acme/api:")));
    assert_eq!(push.image.as_str(), "ghcr.io/acme/api");
}

#[test]
fn port_of_a_registry_is_no_tag() {
    let push =
        push_of(&changed("/package_version/package_url", json!("containers.example.com:8443/Acme/Api")));
    assert_eq!(push.image.as_str(), "containers.example.com:8443/acme/api");
}

#[test]
fn without_a_url_the_image_comes_from_owner_and_name() {
    for url in [Value::Null, json!(""), json!(":"), json!("ghcr.io/:"), json!("not a url"), json!(7)] {
        let push = push_of(&changed("/package_version/package_url", url));
        assert_eq!(push.image.as_str(), "ghcr.io/acme/api");
    }
}

#[test]
fn namespace_stands_in_for_the_owner_with_and_without_repository() {
    for namespace in ["acme", "acme/api", "ACME/other"] {
        let mut package = package();
        package["owner"] = Value::Null;
        package["namespace"] = json!(namespace);
        package["package_version"]["package_url"] = Value::Null;
        let push = push_of(&delivery("registry_package", package));
        assert_eq!(push.image.as_str(), "ghcr.io/acme/api");
    }
}

#[test]
fn part_of_a_multi_platform_image_is_ignored() {
    for name in [json!(""), Value::Null] {
        let reason = reason_of("package", &changed("/package_version/container_metadata/tag/name", name));
        assert!(reason.starts_with("the version has no tag"), "{reason}");
    }
}

#[test]
fn digest_is_never_taken_for_a_tag() {
    let reason =
        reason_of("package", &changed("/package_version/container_metadata/tag/name", json!(DIGEST)));
    assert!(reason.contains("cannot be used"), "{reason}");
}

#[test]
fn digest_is_found_wherever_the_event_has_it() {
    let mut payload = changed("/package_version/container_metadata/tag/digest", json!("sha256:short"));
    assert!(push_of(&payload).digest.is_some());
    payload["registry_package"]["package_version"]["container_metadata"]["manifest"] = Value::Null;
    assert!(push_of(&payload).digest.is_some());
    payload["registry_package"]["package_version"]["version"] =
        json!("da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_eq!(push_of(&payload).digest, None);
}

#[test]
fn revision_label_that_is_no_commit_is_left_out() {
    for label in [json!("main"), json!(""), json!(5), json!("0".repeat(65)), json!("abcdef0\nX: y")] {
        let payload = changed(
            "/package_version/container_metadata/labels/all_labels",
            json!({ "org.opencontainers.image.revision": label }),
        );
        assert_eq!(push_of(&payload).source_commit, None);
    }
}

#[test]
fn absent_parts_are_ignored_with_a_reason() {
    let cases = [
        (json!({ "action": "published" }), "the payload describes no package"),
        (json!([]), "the payload describes no package"),
        (delivery("package", Value::Null), "the payload describes no package"),
        (changed("/package_version", Value::Null), "the payload names no version of the package"),
        (changed("/package_version", json!([1])), "the payload names no version of the package"),
    ];
    for (payload, reason) in cases {
        assert_eq!(reason_of("registry_package", &payload), reason);
    }
    let reason = reason_of("package", &changed("/package_version/container_metadata", Value::Null));
    assert!(reason.starts_with("the version has no tag"), "{reason}");
}

#[test]
fn ping_is_understood() {
    let zen = read("ping", &json!({ "zen": "Keep it logically awesome.", "hook_id": 1 }));
    assert_eq!(zen, Event::Ping { zen: "Keep it logically awesome.".to_owned() });
    assert_eq!(read("ping", &json!({})), Event::Ping { zen: String::new() });
}

#[test]
fn other_events_are_ignored_by_name_and_their_body_is_not_read() {
    let event = parse("pu\nsh", Encoding::Json, b"{");
    let reason = "the event `pu sh` is not one that releases anything".to_owned();
    assert_eq!(event, Event::Ignored { reason });
}

#[test]
fn body_that_is_not_json_is_ignored() {
    for (encoding, body) in [
        (Encoding::Json, "{"),
        (Encoding::Form, "payload=%7B"),
        (Encoding::Form, "other=1"),
        (Encoding::Json, ""),
    ] {
        assert!(matches!(parse("package", encoding, body.as_bytes()), Event::Ignored { .. }), "{body}");
    }
}

#[test]
fn content_types_are_compared_without_case_and_parameters() {
    assert_eq!(Encoding::from_content_type("Application/JSON; charset=utf-8"), Some(Encoding::Json));
    assert_eq!(Encoding::from_content_type("application/x-www-form-urlencoded"), Some(Encoding::Form));
    assert_eq!(Encoding::from_content_type("text/plain"), None);
    assert_eq!(Encoding::from_content_type(""), None);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every place that the parser looks at.
const POINTERS: [&str; 13] = [
    "/action",
    "/registry_package",
    "/registry_package/package_type",
    "/registry_package/owner",
    "/registry_package/owner/login",
    "/registry_package/name",
    "/registry_package/package_version",
    "/registry_package/package_version/package_url",
    "/registry_package/package_version/version",
    "/registry_package/package_version/container_metadata",
    "/registry_package/package_version/container_metadata/tag",
    "/registry_package/package_version/container_metadata/tag/name",
    "/registry_package/package_version/container_metadata/labels/all_labels",
];

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body: Vec<u8>, form: bool, event in "ping|package|registry_package") {
        parse(&event, if form { Encoding::Form } else { Encoding::Json }, &body);
    }

    #[test]
    fn arbitrary_json_in_any_place_never_panics(at in 0..POINTERS.len(), value in any_json()) {
        let mut payload = delivery("registry_package", package());
        *payload.pointer_mut(POINTERS[at]).unwrap() = value;
        read("registry_package", &payload);
    }
}

//! Deliveries of GitHub: what is refused, what is stored, and what is answered.

mod support;

use http::{Request, StatusCode};
use serde_json::{Value, json};
use support::{DIGEST, Receiver, SECRET, body, delivery, package, registry_package, sign, variables};
use webhook::{Variables, Work};

/// A delivery whose signature is this header.
fn signed(header: Option<&str>) -> Request<String> {
    let mut request = delivery("1", "registry_package", registry_package("1.4.2").to_string());
    request.headers_mut().remove("x-hub-signature-256");
    if let Some(header) = header {
        request.headers_mut().insert("x-hub-signature-256", header.parse().unwrap());
    }
    request
}

fn without(header: &str) -> Request<String> {
    let mut request = delivery("1", "registry_package", registry_package("1.4.2").to_string());
    request.headers_mut().remove(header);
    request
}

#[test]
fn push_that_a_target_takes_is_accepted_and_explained() {
    let receiver = Receiver::new();
    let answer = receiver.push("72d3162e", "1.4.2");
    let promotion = receiver.promotion();
    assert_eq!(
        answer,
        json!({
            "delivery": "72d3162e",
            "event": "registry_package",
            "outcome": "accepted",
            "image": "ghcr.io/acme/api:1.4.2",
            "decisions": [{
                "target": "api/staging/ghcr.io/acme/api",
                "service": "api",
                "environment": "staging",
                "decision": "promote",
                "value": "1.4.2",
                "why": "tag 1.4.2 satisfies semver >=1.0.0",
                "promotion": promotion.id,
            }],
        })
    );
    assert_eq!(promotion.digest, DIGEST);
    assert_eq!(promotion.delivery.id, "72d3162e");
}

#[test]
fn tag_that_the_policy_does_not_take_is_ignored_and_explained() {
    let receiver = Receiver::new();
    let (response, work) = receiver.deliver("1", "registry_package", &registry_package("2.0.0-rc1"));
    assert_eq!((response.status(), work), (StatusCode::OK, Work::Nothing));
    let answer = body(&response);
    assert_eq!(answer["outcome"], "ignored");
    assert_eq!(answer["decisions"][0]["decision"], "skip");
    assert_eq!(answer["decisions"][0]["why"], "tag 2.0.0-rc1 does not satisfy semver >=1.0.0");
    assert_eq!(answer["decisions"][0].get("value"), None);
    assert_eq!((receiver.promotions().len(), receiver.deliveries()), (0, 1));
}

#[test]
fn every_target_that_names_the_image_is_told() {
    let production = support::TARGETS.replace("staging", "production").replace(">=1.0.0", "<1.0.0");
    let targets = format!("{}{production}", support::TARGETS);
    let receiver = Receiver::with(Variables { targets, ..variables() });
    let answer = receiver.push("1", "1.4.2");
    let decisions: Vec<_> = answer["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| (decision["environment"].as_str().unwrap(), decision["decision"].as_str().unwrap()))
        .collect();
    assert_eq!(decisions, [("staging", "promote"), ("production", "skip")]);
}

#[test]
fn image_that_no_target_names_is_ignored_and_stored() {
    let receiver = Receiver::new();
    let mut payload = registry_package("1.4.2");
    payload["registry_package"]["package_version"]["package_url"] = json!("ghcr.io/acme/web:1.4.2");
    let (response, _) = receiver.deliver("1", "registry_package", &payload);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(body(&response)["reason"], "no target names the image ghcr.io/acme/web");
    assert_eq!(receiver.deliveries(), 1);
}

#[test]
fn unusable_deliveries_are_ignored_with_a_reason_and_stored() {
    let receiver = Receiver::new();
    let cases = [
        ("push", "{}", "the event `push` is not one that releases anything"),
        ("package", "{}", "the payload describes no package"),
        ("package", "[[", "the payload is not JSON: EOF while parsing a list at line 1 column 2"),
    ];
    for (index, (event, payload, reason)) in cases.into_iter().enumerate() {
        let (response, work) = receiver.ask(delivery(&index.to_string(), event, payload.to_owned()));
        assert_eq!((response.status(), work), (StatusCode::OK, Work::Nothing));
        let answer = body(&response);
        assert_eq!((&answer["outcome"], &answer["reason"]), (&json!("ignored"), &json!(reason)));
    }
    assert_eq!(receiver.deliveries(), cases.len());
}

#[test]
fn redelivery_changes_nothing_and_says_so() {
    let receiver = Receiver::new();
    let first = receiver.push("1", "1.4.2");
    let (response, work) = receiver.deliver("1", "registry_package", &registry_package("1.4.2"));
    assert_eq!((response.status(), work), (StatusCode::OK, Work::Sweep));
    let again = body(&response);
    assert_eq!(again["outcome"], "repeated");
    assert_eq!(again["reason"], "the delivery was received before; nothing was changed");
    assert_eq!(again["decisions"], first["decisions"]);
    assert_eq!((receiver.promotions().len(), receiver.deliveries()), (1, 1));
}

#[test]
fn twin_event_of_a_push_joins_the_promotion_that_is_under_way() {
    let receiver = Receiver::new();
    let first = receiver.push("1", "1.4.2");
    let twin = json!({ "action": "published", "package": package("1.4.2") });
    let (response, _) = receiver.deliver("2", "package", &twin);
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let answer = body(&response);
    assert_eq!(answer["decisions"][0]["decision"], "joined");
    assert_eq!(answer["decisions"][0]["promotion"], first["decisions"][0]["promotion"]);
    assert_eq!(receiver.promotions().len(), 1);
}

#[test]
fn form_encoding_is_accepted() {
    let receiver = Receiver::new();
    // Nothing in it but the braces, quotes and colons needs encoding.
    let payload = registry_package("1.4.2").to_string();
    let encoded: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut request = delivery("1", "registry_package", format!("payload={encoded}"));
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(receiver.ask(request).0.status(), StatusCode::ACCEPTED);
}

#[test]
fn ping_is_answered_and_leaves_no_trace() {
    let receiver = Receiver::new();
    let (response, work) = receiver.deliver("1", "ping", &json!({ "zen": "Design for failure." }));
    assert_eq!((response.status(), work), (StatusCode::OK, Work::Nothing));
    assert_eq!(body(&response), json!({ "delivery": "1", "event": "ping", "outcome": "pong" }));
    assert!(!receiver.path().exists());
}

#[test]
fn bad_signatures_are_refused_and_leave_no_trace() {
    let receiver = Receiver::new();
    let wrong = sign("another secret", b"{}");
    let empty = sign("", registry_package("1.4.2").to_string().as_bytes());
    let headers = [
        None,
        Some(""),
        Some("sha256="),
        Some("sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"),
        Some(wrong.as_str()),
        Some(empty.as_str()),
    ];
    for header in headers {
        let (response, work) = receiver.ask(signed(header));
        assert_eq!((response.status(), work), (StatusCode::UNAUTHORIZED, Work::Nothing), "{header:?}");
        assert!(body(&response)["error"].is_string());
    }
    assert!(!receiver.path().exists(), "the database was not even opened");
}

#[test]
fn bad_signature_is_401_whatever_else_is_wrong() {
    let receiver = Receiver::with(Variables { targets: "broken".to_owned(), ..variables() });
    for header in ["content-type", "x-github-delivery", "x-github-event"] {
        let mut request = signed(None);
        request.headers_mut().remove(header);
        assert_eq!(receiver.ask(request).0.status(), StatusCode::UNAUTHORIZED, "{header}");
    }
    let large = Request::post("/webhooks/github").body(vec![b'a'; 3 * 1024 * 1024]).unwrap();
    assert_eq!(receiver.ask(large).0.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn secret_before_is_accepted_while_it_is_rotated() {
    let variables = Variables {
        github_webhook_secret: "new".to_owned(),
        github_webhook_secret_previous: SECRET.to_owned(),
        ..variables()
    };
    Receiver::with(variables).push("1", "1.4.2");
}

#[test]
fn without_a_secret_all_deliveries_are_refused() {
    let receiver = Receiver::with(Variables { github_webhook_secret: String::new(), ..variables() });
    let empty = sign("", registry_package("1.4.2").to_string().as_bytes());
    for header in [None, Some(empty.as_str())] {
        let (response, _) = receiver.ask(signed(header));
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let sentence = "deliveries are refused until the variable github_webhook_secret is set";
        assert_eq!(body(&response)["error"], sentence);
    }
}

#[test]
fn signed_deliveries_of_the_wrong_form_are_refused() {
    let receiver = Receiver::new();
    let mut text = delivery("1", "ping", "{}".to_owned());
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    let long = delivery(&"a".repeat(129), "ping", "{}".to_owned());
    let cases = [
        (text, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (without("content-type"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (without("x-github-delivery"), StatusCode::BAD_REQUEST),
        (without("x-github-event"), StatusCode::BAD_REQUEST),
        (long, StatusCode::BAD_REQUEST),
        (delivery("1", "ping", " ".repeat(2 * 1024 * 1024 + 1)), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (request, status) in cases {
        let (response, _) = receiver.ask(request);
        assert_eq!(response.status(), status);
        assert!(body(&response)["error"].is_string());
    }
    assert!(!receiver.path().exists());
}

#[test]
fn body_of_the_largest_size_is_read() {
    let receiver = Receiver::new();
    let (response, _) = receiver.ask(delivery("1", "ping", " ".repeat(2 * 1024 * 1024 - 2) + "{}"));
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn mistake_in_the_targets_is_503_without_details() {
    let receiver =
        Receiver::with(Variables { targets: "[[target]]\nsecret-name = 1".to_owned(), ..variables() });
    let (response, work) = receiver.deliver("1", "registry_package", &registry_package("1.4.2"));
    assert_eq!((response.status(), work), (StatusCode::SERVICE_UNAVAILABLE, Work::Nothing));
    let answer = body(&response);
    assert!(answer["error"].as_str().unwrap().starts_with("the configuration is not valid"));
    assert!(!answer.to_string().contains("secret-name"));
    assert!(!receiver.path().exists(), "so that the delivery can be sent again");
}

#[test]
fn database_that_cannot_be_used_is_told_without_details() {
    let receiver = Receiver::new();
    std::fs::write(receiver.path(), "this is no database, whatever its name may say").unwrap();
    let (response, work) = receiver.deliver("1", "registry_package", &registry_package("1.4.2"));
    assert!(response.status().is_server_error());
    assert_eq!(work, Work::Nothing);
    let sentence = body(&response)["error"].as_str().unwrap().to_owned();
    assert!(
        ["something went wrong on our side", "the database is not available, please try again"]
            .contains(&sentence.as_str())
    );
}

#[test]
fn other_methods_are_not_allowed() {
    let receiver = Receiver::new();
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
        let request = Request::builder().method(method).uri("/webhooks/github").body("").unwrap();
        let (response, _) = receiver.ask(request);
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(response.headers()["allow"], "OPTIONS, POST");
        assert_eq!(response.body().is_empty(), method == "HEAD");
    }
    let options = Request::options("/webhooks/github").body("").unwrap();
    let (response, _) = receiver.ask(options);
    assert_eq!(
        (response.status(), &response.headers()["allow"]),
        (StatusCode::NO_CONTENT, &"OPTIONS, POST".parse().unwrap())
    );
}

#[test]
fn every_answer_names_its_route() {
    let receiver = Receiver::new();
    let route = |path: &str| {
        let (response, _) = receiver.ask(Request::get(path).body("").unwrap());
        (response.status().as_u16(), response.headers()["slipway-route"].to_str().unwrap().to_owned())
    };
    assert_eq!(route("/webhooks/github"), (405, "/webhooks/github".to_owned()));
    assert_eq!(route("/webhooks/github/"), (405, "/webhooks/github".to_owned()));
    assert_eq!(route("/webhooks/else"), (404, "other".to_owned()));
    assert_eq!(route("/internal/reconcile"), (401, "/internal/reconcile".to_owned()));
    let (response, _) = receiver.deliver("1", "ping", &Value::Null);
    assert_eq!(response.headers()["slipway-route"], "/webhooks/github");
}

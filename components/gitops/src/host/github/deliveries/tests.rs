use std::time::Duration;

use futures::executor::block_on;
use http::Method;
use serde_json::json;

use super::*;
use crate::host::github::ApiUrl;
use crate::host::github::canned::Canned;

const ID: u64 = 3_842_091_948_768_772_097;

fn hook() -> Hook {
    "repos/acme/api/hooks/42".parse().unwrap()
}

fn item() -> Value {
    json!({
        "id": ID, "guid": "58474f00-b361-11eb-836d-0e4f3503ccbe", "delivered_at": "2026-03-01T12:00:00.123Z",
        "redelivery": true, "duration": 0.03, "status": "failed to connect to host", "status_code": 502,
        "event": "registry_package", "action": "published", "installation_id": null, "repository_id": 7,
    })
}

fn list(canned: &Canned) -> Result<DeliveryPage, HostError> {
    block_on(canned.github().deliveries(&hook(), None))
}

fn list_of(item: Value) -> Result<DeliveryPage, HostError> {
    list(&Canned::json(200, json!([item])))
}

fn next_by(link: &str) -> Option<String> {
    let page = list(&Canned::answer(200, &[("link", link)], "[]")).unwrap();
    page.next.map(|cursor| cursor.0)
}

#[test]
fn attempts_are_read_as_github_writes_them() {
    let canned = Canned::json(200, json!([item()]));
    let expected = Attempt {
        id: AttemptId(ID),
        guid: "58474f00-b361-11eb-836d-0e4f3503ccbe".into(),
        event: "registry_package".into(),
        delivered_at: 1_772_366_400_123,
        status: "failed to connect to host".into(),
        status_code: 502,
        redelivery: true,
    };
    assert_eq!(list(&canned), Ok(DeliveryPage { attempts: vec![expected], next: None }));
    let request = canned.request();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(
        request.uri(),
        "https://api.github.com/repos/acme/api/hooks/42/deliveries?per_page=100",
        "all of them: a filter by status would leave out what was not answered"
    );
    assert_eq!(request.headers()["accept"], "application/vnd.github+json");
}

#[test]
fn time_is_read_with_and_without_fractions_and_in_any_zone() {
    let at = |text: &str| {
        let mut item = item();
        item["delivered_at"] = text.into();
        list_of(item).map(|page| page.attempts[0].delivered_at)
    };
    assert_eq!(at("2026-03-01T12:00:00Z"), Ok(1_772_366_400_000));
    assert_eq!(at("2026-03-01T13:00:00.5+01:00"), Ok(1_772_366_400_500));
    for text in ["", "yesterday", "2026-03-01", "2026-13-01T12:00:00Z"] {
        assert!(matches!(at(text), Err(HostError::Transient(_))), "{text}");
    }
}

#[test]
fn attempt_without_a_status_has_none() {
    for code in [json!(null), json!("502"), json!(-1), json!(100_000), json!(2.5)] {
        let mut item = item();
        item["status_code"] = code.clone();
        item["status"] = json!(null);
        let attempt = list_of(item).unwrap().attempts.remove(0);
        assert_eq!((attempt.status_code, attempt.status.as_str()), (0, ""), "{code}");
    }
}

#[test]
fn list_with_an_attempt_that_cannot_be_told_apart_is_not_believed() {
    for key in ["id", "guid", "delivered_at"] {
        let mut item = item();
        item.as_object_mut().unwrap().remove(key);
        assert!(matches!(list_of(item), Err(HostError::Transient(_))), "{key}");
    }
    for body in ["", "{}", "null", "[1]", "[{\"id\":1.5,\"guid\":\"g\"}]"] {
        assert!(matches!(list(&Canned::answer(200, &[], body)), Err(HostError::Transient(_))), "{body}");
    }
}

#[test]
fn next_page_is_asked_for_by_the_cursor_alone() {
    let link = "<https://api.github.com/x?cursor=v1_9>; rel=\"prev\", \
                <https://evil.example/y?a=1,2&cursor=v1_4%262&per_page=1>; rel=\"next\"";
    let canned = Canned::answer(200, &[("link", link)], "[]");
    let next = list(&canned).unwrap().next.unwrap();
    let canned = Canned::json(200, json!([]));
    assert_eq!(block_on(canned.github().deliveries(&hook(), Some(&next))).unwrap().next, None);
    assert_eq!(
        canned.request().uri(),
        "https://api.github.com/repos/acme/api/hooks/42/deliveries?per_page=100&cursor=v1_4%262"
    );
}

#[test]
fn link_that_names_no_next_cursor_ends_the_list() {
    assert_eq!(next_by("<https://x/?cursor=v1_4>; rel=next"), Some("v1_4".into()));
    assert_eq!(next_by("<https://x/?cursor=v1_4>; title=\"a\"; rel=\"next\""), Some("v1_4".into()));
    for link in [
        "",
        "<",
        "<>; rel=\"next\"",
        "<https://x/>; rel=\"next\"",
        "<https://x/?cursor=>; rel=\"next\"",
        "<https://x/?page=2>; rel=\"next\"",
        "<https://x/?cursor=v1_4>; rel=\"first\"",
        "https://x/?cursor=v1_4; rel=\"next\"",
    ] {
        assert_eq!(next_by(link), None, "{link}");
    }
}

#[test]
fn redelivery_is_asked_for_by_the_attempt() {
    let canned = Canned::json(202, json!({}));
    let hook: Hook = "orgs/acme/hooks/7".parse().unwrap();
    let api = ApiUrl::parse("https://git.example.com/api/v3").unwrap();
    let github = GitHub::new(&canned, api, "t");
    assert_eq!(block_on(github.redeliver(&hook, AttemptId(ID))), Ok(()));
    let request = canned.request();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(
        request.uri().to_string(),
        format!("https://git.example.com/api/v3/orgs/acme/hooks/7/deliveries/{ID}/attempts")
    );
    assert!(request.body().is_empty());
}

#[test]
fn refusals_keep_their_meaning() {
    let redeliver = |canned: &Canned| block_on(canned.github().redeliver(&hook(), AttemptId(9)));
    assert_eq!(
        redeliver(&Canned::json(404, json!({ "message": "Not Found" }))),
        Err(HostError::NotFound("delivery 9 of repos/acme/api/hooks/42".into()))
    );
    let limited = Canned::answer(429, &[("retry-after", "5")], "");
    assert_eq!(redeliver(&limited), Err(HostError::RateLimited { retry_after: Duration::from_secs(5) }));
    assert_eq!(list(&Canned::json(401, json!({}))), Err(HostError::Unauthorized));
    assert!(matches!(list(&Canned::json(422, json!({}))), Err(HostError::Refused(_))));
    assert!(matches!(list(&Canned::default()), Err(HostError::Transient(_))));
}

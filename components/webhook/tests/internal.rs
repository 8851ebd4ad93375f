//! `/internal/ready` and `/internal/metrics`.

mod support;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use support::{INTERNAL_TOKEN, Receiver, body, variables};
use webhook::Variables;

const PATHS: [&str; 2] = ["/internal/ready", "/internal/metrics"];

fn get(receiver: &Receiver, path: &str) -> Response<Bytes> {
    let request = Request::get(path).header("authorization", format!("Bearer {INTERNAL_TOKEN}"));
    receiver.ask(request.body("").unwrap()).0
}

fn metrics(receiver: &Receiver) -> String {
    let response = get(receiver, "/internal/metrics");
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[track_caller]
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
}

#[test]
fn token_is_required() {
    let receiver = Receiver::new();
    for path in PATHS {
        let (response, _) = receiver.ask(Request::get(path).body("").unwrap());
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    assert!(!receiver.path().exists());
    let without = Receiver::with(Variables { internal_token: String::new(), ..variables() });
    for path in PATHS {
        assert_eq!(get(&without, path).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn only_reading_is_allowed() {
    let receiver = Receiver::new();
    for path in PATHS {
        let request = Request::post(path).header("authorization", format!("Bearer {INTERNAL_TOKEN}"));
        let (response, _) = receiver.ask(request.body("").unwrap());
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "GET, HEAD, OPTIONS");
    }
}

#[test]
fn good_configuration_and_database_are_ready() {
    assert_eq!(get(&Receiver::new(), "/internal/ready").status(), StatusCode::OK);
}

#[test]
fn schema_that_is_too_new_is_not_ready_and_says_so() {
    let receiver = Receiver::new();
    get(&receiver, "/internal/ready");
    receiver.run("INSERT INTO slipway_migrations VALUES (99, 'x', 'x', 99, 0)");
    let response = get(&receiver, "/internal/ready");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let sentence = "the database schema is too new: version 99 needs a release that knows version 99";
    assert_eq!(body(&response)["error"], sentence);
}

#[test]
fn broken_configuration_is_not_ready() {
    let receiver = Receiver::with(Variables { targets: "broken".to_owned(), ..variables() });
    assert_eq!(get(&receiver, "/internal/ready").status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn every_series_exists_from_the_first_scrape() {
    let text = metrics(&Receiver::new());
    for line in [
        "# TYPE slipway_deliveries_total counter",
        r#"slipway_deliveries_total{source="github",event="package",outcome="ignored"} 0"#,
        r#"slipway_deliveries_total{source="github",event="registry_package",outcome="created"} 0"#,
        r#"slipway_promotions{state="waiting"} 0"#,
        r#"slipway_promotions{state="failed"} 0"#,
        "slipway_promotions_queue_depth 0",
        "slipway_promotions_oldest_waiting_seconds 0",
        "# TYPE slipway_promotion_commit_duration_seconds histogram",
        r#"slipway_promotion_commit_duration_seconds_bucket{le="+Inf"} 0"#,
        "slipway_promotion_commit_duration_seconds_count 0",
        r#"slipway_sweep_age_seconds{sweep="reconcile"} inf"#,
        r#"slipway_sweep_age_seconds{sweep="heal"} inf"#,
        "slipway_redeliveries_requested_total 0",
        "slipway_redeliveries_missing 0",
    ] {
        assert_line(&text, line);
    }
}

#[test]
fn metrics_follow_what_happens() {
    let receiver = Receiver::new();
    receiver.push("1", "1.4.2");
    let text = metrics(&receiver);
    assert_line(
        &text,
        r#"slipway_deliveries_total{source="github",event="registry_package",outcome="created"} 1"#,
    );
    assert_line(&text, r#"slipway_promotions{state="waiting"} 1"#);
    assert_line(&text, "slipway_promotions_queue_depth 1");

    let reconcile =
        Request::post("/internal/reconcile").header("authorization", format!("Bearer {INTERNAL_TOKEN}"));
    assert_eq!(receiver.ask(reconcile.body("").unwrap()).0.status(), StatusCode::OK);
    let text = metrics(&receiver);
    assert_line(&text, r#"slipway_promotions{state="committed"} 1"#);
    assert_line(&text, "slipway_promotions_queue_depth 0");
    assert_line(&text, r#"slipway_promotion_commit_duration_seconds_bucket{le="300"} 1"#);
    let age =
        text.lines().find_map(|line| line.strip_prefix(r#"slipway_sweep_age_seconds{sweep="reconcile"} "#));
    assert!(age.unwrap().parse::<f64>().unwrap() < 60.0, "{age:?}");
}

#[test]
fn stalled_deployments_are_counted() {
    let receiver = Receiver::with(Variables { stalled_after_seconds: "60".to_owned(), ..variables() });
    assert_line(&metrics(&receiver), "slipway_deployments_stalled 0");
    for (status, silent) in [("pending", 90_000), ("running", 90_000), ("running", 0), ("failed", 90_000)] {
        receiver.run(&format!(
            "INSERT INTO deployments (id, service_name, version, environment, status, created_at, updated_at) \
             SELECT lower(hex(randomblob(16))), 'api', '1', 'staging', '{status}', 0, \
             CAST(unixepoch('subsec') * 1000 AS INTEGER) - {silent}"
        ));
    }
    assert_line(&metrics(&receiver), "slipway_deployments_stalled 2");
    let receiver = Receiver::with(Variables { stalled_after_seconds: "soon".to_owned(), ..variables() });
    let response = get(&receiver, "/internal/ready");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

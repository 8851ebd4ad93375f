//! The table of paths as callers see it: status, route and sentence of every kind of request.

mod support;

use http::Request;
use support::{Tracker, body, header};
use tracker::{Config, Variables};

const GET_ONLY: &str = "GET, HEAD, OPTIONS";
const UNKNOWN: &str = "/0198c0de-0000-7000-8000-000000000000";

#[test]
fn every_request_gets_its_status_route_and_sentence() {
    let tracker = Tracker::open();
    let one = "/api/v1/deployments/{id}";
    let cases = [
        ("GET", "/", 200, "/", ""),
        ("GET", "/api/v1/deployments", 200, "/api/v1/deployments", ""),
        ("GET", "/api/v1/deployments/", 200, "/api/v1/deployments", ""),
        ("GET", "/api/v1/deployments/none", 404, one, "deployment not found"),
        ("GET", &format!("/api/v1/deployments{UNKNOWN}"), 404, one, "deployment not found"),
        ("GET", &format!("/api/v1/deployments{UNKNOWN}/"), 404, one, "deployment not found"),
        ("GET", "/api/v1/promotions/", 200, "/api/v1/promotions", ""),
        ("GET", "/api/v1/promotions/none", 404, "/api/v1/promotions/{id}", "promotion not found"),
        (
            "GET",
            &format!("/api/v1/promotions{UNKNOWN}"),
            404,
            "/api/v1/promotions/{id}",
            "promotion not found",
        ),
        ("GET", "/api/v1/deliveries", 200, "/api/v1/deliveries", ""),
        ("GET", "/api/v1/deliveries/1", 404, "other", "path not found"),
        ("GET", "/favicon.ico", 404, "other", "path not found"),
        ("POST", "/nowhere", 404, "other", "path not found"),
        ("POST", "/", 405, "/", "the method is not allowed here"),
        ("DELETE", "/api/v1/deployments", 405, "/api/v1/deployments", "the method is not allowed here"),
        ("PUT", "/api/v1/deployments/none", 405, one, "the method is not allowed here"),
        ("BREW", "/api/v1/deliveries", 405, "/api/v1/deliveries", "the method is not allowed here"),
        (
            "POST",
            "/api/v1/deployments",
            415,
            "/api/v1/deployments",
            "the content type must be application/json",
        ),
    ];
    for (method, path, status, route, sentence) in cases {
        let response = tracker.ask(Request::builder().method(method).uri(path).body("").unwrap());
        let case = format!("{method} {path}");
        assert_eq!(response.status(), status, "{case}");
        assert_eq!(header(&response, "slipway-route"), route, "{case}");
        assert_eq!(header(&response, "cache-control"), "no-store", "{case}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{case}");
        assert_eq!(header(&response, "content-length"), response.body().len().to_string(), "{case}");
        if !sentence.is_empty() {
            assert_eq!(header(&response, "content-type"), "application/json", "{case}");
            assert_eq!(body(&response), serde_json::json!({ "error": sentence }), "{case}");
        }
    }
}

#[test]
fn refused_method_names_the_allowed_ones() {
    let tracker = Tracker::open();
    let cases = [
        ("/", GET_ONLY),
        ("/api/v1/deployments", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/deployments/none", "GET, HEAD, OPTIONS, PATCH"),
        ("/api/v1/deployments/none/events", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/promotions", GET_ONLY),
    ];
    for (path, allow) in cases {
        let refused = tracker.ask(Request::delete(path).body("").unwrap());
        assert_eq!((refused.status().as_u16(), header(&refused, "allow")), (405, allow), "{path}");
        let options = tracker.ask(Request::options(path).body("").unwrap());
        assert_eq!((options.status().as_u16(), header(&options, "allow")), (204, allow), "{path}");
        assert!(options.body().is_empty() && !options.headers().contains_key("content-length"), "{path}");
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let tracker = Tracker::open();
    let made = tracker.record("api", "staging");
    tracker.record("web", "staging");
    let one = format!("/api/v1/deployments/{}", made["id"].as_str().unwrap());
    for path in ["/", "/api/v1/deployments?limit=1", &one, "/api/v1/deployments/none", "/nowhere"] {
        let get = tracker.get(path);
        let head = tracker.ask(Request::head(path).body("").unwrap());
        assert_eq!((head.status(), head.headers()), (get.status(), get.headers()), "{path}");
        assert!(head.body().is_empty() && !get.body().is_empty(), "{path}");
    }
}

#[test]
fn refused_request_never_touches_the_database() {
    let tracker = Tracker::with("false", "");
    assert_eq!(tracker.get("/api/v1/deployments").status(), 503);
    assert_eq!(tracker.get("/nowhere").status(), 404);
    assert_eq!(std::fs::metadata(tracker.path()).unwrap().len(), 0);
}

#[test]
fn failing_database_is_a_500_without_internals() {
    let tracker = Tracker::open();
    tracker.record("api", "staging");
    tracker.run("ALTER TABLE deployments RENAME TO elsewhere");
    let response = tracker.get("/api/v1/deployments");
    assert_eq!(response.status(), 500);
    assert_eq!(body(&response), serde_json::json!({ "error": "something went wrong on our side" }));
}

#[test]
fn schema_of_an_incompatible_release_is_a_503() {
    let tracker = Tracker::open();
    tracker.record("api", "staging");
    tracker.run("INSERT INTO slipway_migrations VALUES (99, 'later', 'x', 99, 0)");
    assert_eq!(tracker.get("/api/v1/deployments").status(), 503);
}

#[test]
fn unusable_configuration_is_a_503_that_leaves_the_problems_to_the_log() {
    let problems =
        Config::from_variables(Variables { open_access: "maybe", ..Variables::default() }).unwrap_err();
    let response = tracker::misconfigured(&problems);
    assert_eq!((response.status().as_u16(), header(&response, "slipway-route")), (503, "other"));
    assert!(!String::from_utf8_lossy(response.body()).contains("open_access"));
}

//! `/api/v1/deployments`: recording, listing and finding.

mod support;

use std::cell::Cell;
use std::convert::Infallible;

use bytes::Bytes;
use futures::executor::block_on;
use futures::stream;
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};
use support::{Tracker, body, header};
use tracker::handle;

fn valid() -> Value {
    json!({ "service_name": "api", "version": "1.0.0", "environment": "staging" })
}

#[test]
fn recorded_deployment_is_answered_with_its_place_and_found_there() {
    let tracker = Tracker::open();
    for path in ["/api/v1/deployments", "/api/v1/deployments/"] {
        let response = tracker.post(path, &valid());
        assert_eq!(response.status(), 201);
        let made = body(&response);
        assert_eq!((&made["service_name"], &made["version"]), (&json!("api"), &json!("1.0.0")));
        assert_eq!((&made["environment"], &made["status"]), (&json!("staging"), &json!("pending")));
        assert!(made["created_at"].as_str().unwrap().ends_with('Z'));
        let location = header(&response, "location");
        assert_eq!(location, format!("/api/v1/deployments/{}", made["id"].as_str().unwrap()));
        assert_eq!(made["stalled"], json!(false));
        let mut alone = made;
        alone["events"] = json!([]);
        assert_eq!(body(&tracker.get(location)), alone);
        assert_eq!(body(&tracker.get(&format!("{location}/"))), alone);
    }
}

#[test]
fn optional_fields_are_recorded() {
    let tracker = Tracker::open();
    let mut fields = valid();
    for field in ["image", "digest", "source_commit", "gitops_commit"] {
        fields[field] = json!(format!("some {field}"));
    }
    let made = body(&tracker.post("/api/v1/deployments", &fields));
    for (field, value) in fields.as_object().unwrap() {
        assert_eq!(made[field], *value, "{field}");
    }
}

#[test]
fn status_cannot_be_chosen_by_the_caller() {
    let mut fields = valid();
    fields["status"] = json!("succeeded");
    fields["id"] = json!("1");
    let tracker = Tracker::open();
    assert_eq!(body(&tracker.post("/api/v1/deployments", &fields))["status"], "pending");
}

#[test]
fn body_that_cannot_be_used_is_refused_in_one_sentence() {
    let tracker = Tracker::open();
    let deep = "[".repeat(10_000);
    let cases = [
        ("", "the body must be a JSON object"),
        ("{", "the body must be a JSON object"),
        ("[]", "the body must be a JSON object"),
        ("null", "the body must be a JSON object"),
        ("{} x", "the body must be a JSON object"),
        (&deep, "the body must be a JSON object"),
        ("{}", "service_name is required"),
        (r#"{"service_name":"api","version":"1"}"#, "environment is required"),
        (r#"{"service_name":"api","version":1,"environment":"x"}"#, "version must be a string"),
        (r#"{"service_name":" ","version":"1","environment":"x"}"#, "service_name must not be blank"),
    ];
    for (text, sentence) in cases {
        let request = Request::post("/api/v1/deployments").header("content-type", "application/json");
        let response = tracker.ask(request.body(text.to_owned()).unwrap());
        assert_eq!(
            (response.status().as_u16(), body(&response)),
            (400, json!({ "error": sentence })),
            "{text:.40}"
        );
    }
    let not_utf8 = Request::post("/api/v1/deployments").header("content-type", "application/json");
    assert_eq!(tracker.ask(not_utf8.body(vec![b'"', 0xff, b'"']).unwrap()).status(), 400);
    assert_eq!(body(&tracker.get("/api/v1/deployments")), json!([]));
}

#[test]
fn media_type_decides_and_its_parameters_do_not() {
    let tracker = Tracker::open();
    let cases = [
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 201),
        ("application/jsonp", 415),
        ("text/plain", 415),
        ("", 415),
    ];
    for (media_type, status) in cases {
        let request = Request::post("/api/v1/deployments").header("content-type", media_type);
        assert_eq!(tracker.ask(request.body(valid().to_string()).unwrap()).status(), status, "{media_type}");
    }
}

#[test]
fn body_up_to_the_cap_is_read_and_one_byte_more_is_refused() {
    let tracker = Tracker::open();
    for (size, status) in [(64 * 1024, 201), (64 * 1024 + 1, 413)] {
        let json = valid().to_string();
        let text = [json.as_str(), &" ".repeat(size - json.len())].concat();
        let request = Request::post("/api/v1/deployments").header("content-type", "application/json");
        assert_eq!(tracker.ask(request.body(text).unwrap()).status(), status, "{size}");
    }
}

#[test]
fn endless_body_is_not_read_to_its_end() {
    let tracker = Tracker::open();
    let chunks = Cell::new(0);
    let endless = stream::repeat_with(|| {
        chunks.set(chunks.get() + 1);
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b' '; 1024])))
    });
    let request = Request::post("/api/v1/deployments").header("content-type", "application/json");
    let request = request.body(StreamBody::new(endless)).unwrap();
    assert_eq!(block_on(handle(request, &tracker.config, &tracker.store())).status(), 413);
    assert_eq!(chunks.get(), 65);
}

#[test]
fn body_that_breaks_off_is_refused() {
    let tracker = Tracker::open();
    let broken = stream::iter([Ok(Frame::data(Bytes::from_static(b"{"))), Err("connection reset")]);
    let request = Request::post("/api/v1/deployments").header("content-type", "application/json");
    let response =
        block_on(handle(request.body(StreamBody::new(broken)).unwrap(), &tracker.config, &tracker.store()));
    assert_eq!(
        (response.status().as_u16(), body(&response)),
        (400, json!({ "error": "the body could not be read" }))
    );
}

#[test]
fn list_is_an_array_with_the_newest_first() {
    let tracker = Tracker::open();
    assert_eq!(body(&tracker.get("/api/v1/deployments")), json!([]));
    let first = tracker.record("api", "staging");
    let second = tracker.record("web", "production");
    let third = tracker.record("api", "production");
    let list = |query: &str| body(&tracker.get(&format!("/api/v1/deployments/{query}")));
    assert_eq!(list(""), json!([third, second, first]));
    assert_eq!(list("?service=api"), json!([third, first]));
    assert_eq!(list("?environment=production"), json!([third, second]));
    assert_eq!(list("?service=api&environment=staging&unknown=1"), json!([first]));
    assert_eq!(list("?service=&environment="), json!([third, second, first]));
    assert_eq!(list("?service=none"), json!([]));
}

#[test]
fn next_link_leads_through_the_whole_filtered_list() {
    let tracker = Tracker::open();
    for _ in 0..5 {
        tracker.record("a & b", "staging");
        tracker.record("other", "staging");
    }
    let mut path = "/api/v1/deployments?service=a+%26+b&limit=2".to_owned();
    let mut sizes = Vec::new();
    loop {
        let response = tracker.get(&path);
        let rows = body(&response).as_array().unwrap().clone();
        assert!(rows.iter().all(|row| row["service_name"] == "a & b"));
        sizes.push(rows.len());
        match header(&response, "link")
            .strip_prefix('<')
            .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn bad_limit_or_cursor_is_refused_in_one_sentence() {
    let tracker = Tracker::open();
    for list in ["deployments", "promotions", "deliveries"] {
        for (query, word) in
            [("limit=0", "limit"), ("limit=201", "limit"), ("limit=", "limit"), ("cursor=x", "cursor")]
        {
            let response = tracker.get(&format!("/api/v1/{list}?{query}"));
            assert_eq!(response.status(), 400, "{list} {query}");
            assert!(body(&response)["error"].as_str().unwrap().starts_with(word), "{list} {query}");
        }
    }
}

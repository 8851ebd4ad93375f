//! The landing page.

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};
use support::{Tracker, header};

fn page(tracker: &Tracker) -> String {
    String::from_utf8(tracker.get("/").into_body().to_vec()).unwrap()
}

#[test]
fn page_shows_the_latest_deployments_and_links_to_the_api() {
    let tracker = Tracker::open();
    assert!(page(&tracker).contains("Nothing was deployed yet."));
    let made = tracker.record("checkout", "staging");
    let page = page(&tracker);
    for part in [
        "<title>Slipway</title>",
        ">checkout</a>",
        "<td>staging</td>",
        ">pending<",
        "href=\"/api/v1/deployments\"",
        "href=\"/api/v1/promotions\"",
        "href=\"/api/v1/deliveries\"",
        &format!("href=\"/api/v1/deployments/{}\"", made["id"].as_str().unwrap()),
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn recorded_text_cannot_become_markup() {
    let tracker = Tracker::open();
    let script = "<script>\"'&</script>";
    let fields = json!({
        "service_name": script, "version": script, "environment": script, "gitops_commit": script,
    });
    assert_eq!(tracker.post("/api/v1/deployments", &fields).status(), 201);
    let page = page(&tracker);
    assert!(!page.contains("<script"), "{page}");
    assert_eq!(page.matches("&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;").count(), 3);
}

#[test]
fn browser_may_load_nothing_but_the_style_of_the_page() {
    let tracker = Tracker::open();
    let response = tracker.get("/");
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    let page = page(&tracker);
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = header(&response, "content-security-policy");
    assert!(
        policy.starts_with("default-src 'none';") && policy.contains(&format!("'sha256-{hash}'")),
        "{policy}"
    );
    assert!(!page.contains("http://") && !page.contains("https://"), "no external resource");
}

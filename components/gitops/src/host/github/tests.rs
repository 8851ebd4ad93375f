use std::time::Duration;

use futures::executor::block_on;
use serde_json::json;

use super::canned::{Canned, TOKEN};
use super::*;

const OID: &str = "0123456789abcdef0123456789abcdef01234567";

fn some_oid() -> Oid {
    Oid::parse(OID).unwrap()
}

fn head(canned: &Canned) -> Result<Oid, HostError> {
    block_on(canned.github().head("acme/gitops", "main"))
}

fn read(canned: &Canned) -> Result<String, HostError> {
    block_on(canned.github().read("acme/gitops", &some_oid(), "values.yaml"))
}

fn commit(canned: &Canned) -> Result<Oid, HostError> {
    let files = [FileText { path: "values.yaml".into(), text: "tag: ü\r\n".into() }];
    let message = CommitMessage { headline: "Deploy".into(), body: "Service: api".into() };
    block_on(canned.github().commit("acme/gitops", "main", &some_oid(), &files, &message))
}

#[test]
fn every_request_says_who_asks_in_which_version() {
    let canned = Canned::json(200, json!({ "object": { "sha": OID } }));
    assert_eq!(head(&canned), Ok(some_oid()));
    let request = canned.request();
    assert_eq!(request.uri(), "https://api.github.com/repos/acme/gitops/git/ref/heads/main");
    assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.headers()["x-github-api-version"], "2022-11-28");
    assert!(request.headers()["user-agent"].to_str().unwrap().starts_with("slipway/"));
}

#[test]
fn file_is_read_raw_at_the_commit() {
    let canned = Canned::answer(200, &[], "\u{feff}a: ü\r\n");
    assert_eq!(read(&canned).unwrap(), "\u{feff}a: ü\r\n");
    let request = canned.request();
    assert_eq!(
        request.uri().to_string(),
        format!("https://api.github.com/repos/acme/gitops/contents/values.yaml?ref={OID}")
    );
    assert_eq!(request.headers()["accept"], "application/vnd.github.raw+json");
}

#[test]
fn file_that_is_huge_or_not_text_is_refused() {
    let huge = Canned::answer(200, &[], vec![b'a'; MAX_FILE + 1]);
    assert!(matches!(read(&huge), Err(HostError::Refused(_))));
    let binary = Canned::answer(200, &[], vec![0xff, 0xfe]);
    assert!(matches!(read(&binary), Err(HostError::Refused(_))));
}

#[test]
fn commit_names_the_expected_head_and_leaves_empty_lists_out() {
    let canned =
        Canned::json(200, json!({ "data": { "createCommitOnBranch": { "commit": { "oid": OID } } } }));
    assert_eq!(commit(&canned), Ok(some_oid()));
    let request = canned.request();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://api.github.com/graphql");
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body["variables"]["input"],
        json!({
            "branch": { "repositoryNameWithOwner": "acme/gitops", "branchName": "main" },
            "expectedHeadOid": OID,
            "message": { "headline": "Deploy", "body": "Service: api" },
            "fileChanges": { "additions": [{ "path": "values.yaml", "contents": "dGFnOiDDvA0K" }] },
        })
    );
}

#[test]
fn stale_data_is_a_conflict() {
    let canned =
        Canned::json(200, json!({ "data": null, "errors": [{ "type": "STALE_DATA", "message": "moved" }] }));
    assert_eq!(commit(&canned), Err(HostError::Conflict));
}

#[test]
fn other_graphql_errors_keep_their_meaning() {
    let error =
        |error: Value| commit(&Canned::json(200, json!({ "data": null, "errors": [error] }))).unwrap_err();
    assert!(matches!(error(json!({ "type": "NOT_FOUND", "message": "x" })), HostError::NotFound(_)));
    assert!(matches!(error(json!({ "type": "FORBIDDEN", "message": "x" })), HostError::Refused(_)));
    assert!(matches!(error(json!({ "message": "Something went wrong" })), HostError::Transient(_)));
    let form = json!({ "message": "x", "extensions": { "code": "undefinedField" } });
    assert!(matches!(error(form), HostError::Refused(_)));
    let limited = Canned::answer(
        200,
        &[("retry-after", "9")],
        json!({ "errors": [{ "type": "RATE_LIMITED", "message": "x" }] }).to_string(),
    );
    assert_eq!(commit(&limited), Err(HostError::RateLimited { retry_after: Duration::from_secs(9) }));
}

#[test]
fn statuses_keep_their_meaning() {
    let error = |status, headers: &[_], message: &str| {
        head(&Canned::answer(status, headers, json!({ "message": message }).to_string())).unwrap_err()
    };
    let wait = |seconds| HostError::RateLimited { retry_after: Duration::from_secs(seconds) };
    assert_eq!(error(401, &[], "Bad credentials"), HostError::Unauthorized);
    assert_eq!(error(404, &[], "Not Found"), HostError::NotFound("branch main of acme/gitops".into()));
    assert_eq!(error(429, &[("retry-after", "5")], ""), wait(5));
    assert_eq!(error(403, &[("retry-after", "5")], ""), wait(5));
    assert_eq!(error(403, &[], "You have exceeded a secondary rate limit."), wait(60));
    assert_eq!(error(403, &[("x-ratelimit-remaining", "0")], ""), wait(60));
    for status in [500, 502, 503] {
        assert!(matches!(error(status, &[], ""), HostError::Transient(_)));
    }
    assert_eq!(
        error(403, &[("x-ratelimit-remaining", "4000")], "Resource not\naccessible"),
        HostError::Refused("403 Forbidden for branch main of acme/gitops: Resource not accessible".into())
    );
    assert!(matches!(error(422, &[], ""), HostError::Refused(_)));
    assert!(matches!(error(301, &[], ""), HostError::Refused(_)));
}

#[test]
fn no_answer_and_broken_answers_are_transient() {
    assert!(matches!(head(&Canned::default()), Err(HostError::Transient(_))));
    for body in ["", "{", "[]", "{\"object\":{\"sha\":\"xyz\"}}"] {
        assert!(matches!(head(&Canned::answer(200, &[], body)), Err(HostError::Transient(_))), "{body}");
        assert!(matches!(commit(&Canned::answer(200, &[], body)), Err(HostError::Transient(_))), "{body}");
    }
}

#[test]
fn commit_is_found_by_a_whole_line_of_its_message() {
    let other = "1".repeat(40);
    let commits = json!([
        { "sha": other, "commit": { "message": "Deploy\n\nSlipway-Promotion: abcd" } },
        { "sha": OID, "commit": { "message": "Deploy\n\nSlipway-Promotion: abc\nService: api" } },
    ]);
    let find = |line| {
        let canned = Canned::json(200, commits.clone());
        let found = block_on(canned.github().find("acme/gitops", &some_oid(), "a/b.yaml", line));
        (found, canned.request().uri().to_string())
    };
    let (found, uri) = find("Slipway-Promotion: abc");
    assert_eq!(found, Ok(Some(some_oid())));
    assert_eq!(
        uri,
        format!("https://api.github.com/repos/acme/gitops/commits?sha={OID}&path=a%2Fb.yaml&per_page=100")
    );
    assert_eq!(find("Slipway-Promotion: x").0, Ok(None));
}

#[test]
fn token_is_in_no_error_and_an_empty_one_is_not_sent() {
    let canned = Canned::answer(200, &[], "");
    let broken = GitHub::new(&canned, ApiUrl::default(), "ghp_secret\nx");
    let error = block_on(broken.head("a/b", "main")).unwrap_err();
    assert_eq!(error, HostError::Unauthorized);
    let empty = GitHub::new(&canned, ApiUrl::default(), " ");
    assert_eq!(block_on(empty.head("a/b", "main")), Err(HostError::Unauthorized));
    assert!(canned.requests.borrow().is_empty());
}

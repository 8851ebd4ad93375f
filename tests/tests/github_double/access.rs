//! Who gets in, what every answer carries, and the double's own life.

use std::collections::BTreeMap;
use std::time::Duration;

use tests::github::{GithubDouble, Options};
use tests::http::HttpClient;
use tests::wait::eventually;

use crate::hub::{Hub, client};

const REF: &str = "/git/ref/heads/main";

#[tokio::test]
async fn missing_and_wrong_tokens_are_401() {
    let hub = Hub::new();
    let nobody = HttpClient::new().with_header("user-agent", "tests");
    let answer = nobody.get(&hub.url(REF)).await.expect("an answer");
    assert_eq!((answer.status, answer.json()["message"].as_str()), (401, Some("Requires authentication")));

    let answer = client("wrong").get(&hub.url(REF)).await.expect("an answer");
    assert_eq!((answer.status, answer.json()["message"].as_str()), (401, Some("Bad credentials")));
    assert_eq!(answer.json()["status"], "401");
}

#[tokio::test]
async fn both_spellings_of_the_scheme_are_let_in() {
    let hub = Hub::new();
    for scheme in ["Bearer", "token"] {
        let authorization = format!("{scheme} {}", hub.double.token());
        let client =
            HttpClient::new().with_header("user-agent", "tests").with_header("authorization", &authorization);
        assert_eq!(client.get(&hub.url(REF)).await.expect("an answer").status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn request_without_user_agent_is_403() {
    let hub = Hub::new();
    let authorization = format!("Bearer {}", hub.double.token());
    let client = HttpClient::new().with_header("authorization", &authorization);
    let answer = client.get(&hub.url(REF)).await.expect("an answer");
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("User-Agent"), "{}", answer.text());
}

#[tokio::test]
async fn every_answer_carries_rate_limit_and_request_id() {
    let hub = Hub::new();
    let refused = client("wrong").get(&hub.url(REF)).await.expect("an answer");
    let found = hub.get(REF).await;
    let missing = hub.get("/nothing").await;
    for (used, answer) in [(1, &refused), (2, &found), (3, &missing)] {
        let number = |name: &str| answer.header(name).and_then(|text| text.parse::<i64>().ok());
        assert_eq!(number("x-ratelimit-limit"), Some(5_000));
        assert_eq!(number("x-ratelimit-used"), Some(used));
        assert_eq!(number("x-ratelimit-remaining"), Some(5_000 - used));
        assert!(number("x-ratelimit-reset").is_some_and(|reset| reset > 1_700_000_000));
        assert_eq!(answer.header("x-ratelimit-resource"), Some("core"));
        assert!(answer.header("x-github-request-id").is_some_and(|id| !id.is_empty()));
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_in_githubs_form() {
    let hub = Hub::new();
    for path in
        ["/git/ref/heads/none", "/git/ref/heads/a..b", "/contents/none.yaml", "/nothing", "/git/blobs"]
    {
        let answer = hub.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let body = answer.json();
        assert_eq!(
            (body["message"].as_str(), body["status"].as_str()),
            (Some("Not Found"), Some("404")),
            "{path}"
        );
        assert!(body["documentation_url"].is_string(), "{path}");
    }
    for repository in ["acme/none", "..%2F..%2Facme/gitops", "acme/..%2Fgitops", "acme/-gitops"] {
        let url = format!("{}/repos/{repository}{REF}", hub.double.base_url());
        assert_eq!(hub.client.get(&url).await.expect("an answer").status, 404, "{repository}");
    }
}

#[tokio::test]
async fn repositories_of_one_root_know_nothing_of_each_other() {
    let hub = Hub::new();
    let files = BTreeMap::from([("other.txt".to_owned(), "other\n".to_owned())]);
    let other = hub.double.create_repository("else/where", &files).expect("a repository");
    assert!(hub.root.path().join("else/where.git/HEAD").is_file());
    hub.push("more.txt", "more\n");
    assert_eq!((hub.commits(), other.commit_count().expect("a count")), (2, 1));
    assert_eq!(hub.get("/contents/other.txt").await.status, 404);
}

#[tokio::test]
async fn log_tells_method_path_and_status_and_never_a_token() {
    let hub = Hub::new();
    hub.get(REF).await;
    hub.get("/contents/none?ref=main").await;
    let url = format!("{}/_double/log", hub.double.base_url());
    let log = HttpClient::new().get(&url).await.expect("an answer");
    assert_eq!(log.json()[1]["path"], "/repos/acme/gitops/contents/none");
    assert_eq!(log.json()[1]["method"], "GET");
    assert_eq!(log.json()[1]["status"], 404);
    assert_eq!(log.json().as_array().map(Vec::len), Some(2));
    assert!(!log.text().contains(hub.double.token()));
    assert_eq!(hub.double.requests().len(), 2);
}

#[tokio::test]
async fn stopped_double_frees_its_port_and_another_finds_the_repositories() {
    let root = tempfile::tempdir().expect("a folder");
    let first = GithubDouble::start(Options::new(root.path())).expect("a double");
    first.create_repository("acme/gitops", &BTreeMap::new()).expect("a repository");
    let (address, url) = (first.address(), format!("{}/repos/acme/gitops{REF}", first.base_url()));
    let kept_open = client(first.token());
    assert_eq!(kept_open.get(&url).await.expect("an answer").status, 200);
    drop(first);
    assert!(kept_open.get(&url).await.is_err(), "the connection is closed and nobody listens");

    let options = Options { listen: address, ..Options::new(root.path()) };
    // A `git` that another test starts at this moment holds the old listener until its exec.
    let again =
        eventually(Duration::from_secs(5), "a free port", async || GithubDouble::start(options.clone()).ok())
            .await;
    assert_eq!(client(again.token()).get(&url).await.expect("an answer").status, 200);
}

//! The contents API and the history.

use hyper::Method;
use serde_json::{Value, json};

use crate::hub::{FILE, Hub, TEXT, base64};

#[tokio::test]
async fn file_comes_as_base64_in_lines() {
    let hub = Hub::new();
    let long = "0123456789".repeat(20);
    hub.push("long.txt", &long);
    let body = hub.get("/contents/long.txt?ref=main").await.json();
    assert_eq!((body["type"].as_str(), body["encoding"].as_str()), (Some("file"), Some("base64")));
    assert_eq!((body["size"].as_u64(), body["name"].as_str()), (Some(200), Some("long.txt")));
    let content = body["content"].as_str().expect("content");
    assert_eq!(content.lines().next().map(str::len), Some(60));
    assert_eq!(content.replace('\n', ""), base64(&long));
}

#[tokio::test]
async fn file_comes_raw_when_asked_for() {
    let hub = Hub::new();
    for kind in
        ["application/vnd.github.raw+json", "application/vnd.github.raw", "application/vnd.github.v3.raw"]
    {
        let url = hub.url(&format!("/contents/{FILE}"));
        let answer = hub.client.send(Method::GET, &url, &[("accept", kind)], Default::default()).await;
        assert_eq!(answer.expect("an answer").text(), TEXT, "{kind}");
    }
}

#[tokio::test]
async fn file_is_read_at_any_branch_tag_or_commit() {
    let hub = Hub::new();
    let before = hub.head();
    hub.push(FILE, "changed\n");
    let at = async |reference: &str| {
        let body = hub.get(&format!("/contents/{FILE}?ref={reference}")).await.json();
        body["content"].as_str().unwrap_or_default().replace('\n', "")
    };
    assert_eq!(at(&before).await, base64(TEXT));
    assert_eq!(at("main").await, base64("changed\n"));
    assert_eq!(hub.get(&format!("/contents/{FILE}?ref=none")).await.status, 404);
}

#[tokio::test]
async fn folder_comes_as_an_array() {
    let hub = Hub::new();
    for (path, expected) in [
        ("/contents", vec![("README.md", "file"), ("deploy", "dir")]),
        ("/contents/deploy", vec![(FILE, "file")]),
    ] {
        let body = hub.get(path).await.json();
        let entries: Vec<_> =
            body.as_array().expect("an array").iter().map(|e| (&e["path"], &e["type"])).collect();
        let expected: Vec<_> = expected.iter().map(|(path, kind)| (json!(path), json!(kind))).collect();
        assert_eq!(entries, expected.iter().map(|(path, kind)| (path, kind)).collect::<Vec<_>>());
    }
}

async fn put(hub: &Hub, path: &str, text: &str, sha: Option<&str>) -> (u16, Value) {
    let mut body = json!({ "message": "Change", "content": base64(text), "branch": "main" });
    if let Some(sha) = sha {
        body["sha"] = json!(sha);
    }
    let answer = hub.send(Method::PUT, &format!("/contents/{path}"), body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn put_with_the_right_sha_makes_one_commit() {
    let hub = Hub::new();
    let (status, body) = put(&hub, FILE, "image:\n  tag: 1.1.0 # here\n", Some(&hub.file_sha().await)).await;
    assert_eq!(status, 200);
    assert_eq!(body["commit"]["sha"], hub.head());
    assert_eq!(body["content"]["sha"], hub.file_sha().await);
    assert_eq!(hub.commits(), 2);
    let changes = hub.repository.changes(&hub.repository.head().expect("a commit")).expect("changes");
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].path.as_str(), changes[0].additions, changes[0].deletions), (FILE, 1, 1));
    assert_eq!(hub.file("README.md").as_deref(), Some("# GitOps\n"));
}

#[tokio::test]
async fn put_creates_a_file_whatever_sha_is_given() {
    let hub = Hub::new();
    let (status, _) = put(&hub, "new.txt", "new\n", None).await;
    assert_eq!(status, 201);
    let (status, _) = put(&hub, "gone.txt", "back\n", Some(&hub.file_sha().await)).await;
    assert_eq!(status, 201, "a file that was deleted is silently made again");
    assert_eq!(hub.file("gone.txt").as_deref(), Some("back\n"));
}

#[tokio::test]
async fn put_with_a_stale_sha_is_409() {
    let hub = Hub::new();
    let stale = hub.file_sha().await;
    hub.push(FILE, "by somebody else\n");
    let (status, body) = put(&hub, FILE, "mine\n", Some(&stale)).await;
    assert_eq!(status, 409);
    assert_eq!(body["message"], format!("{FILE} does not match {stale}"));
    assert_eq!(hub.file(FILE).as_deref(), Some("by somebody else\n"));
}

#[tokio::test]
async fn put_that_lacks_something_is_422() {
    let hub = Hub::new();
    let (status, body) = put(&hub, FILE, "mine\n", None).await;
    assert_eq!(
        (status, body["message"].as_str()),
        (422, Some("Invalid request.\n\n\"sha\" wasn't supplied."))
    );
    for body in [
        json!({ "content": "" }),
        json!({ "message": "m" }),
        json!({ "message": "m", "content": "%%%" }),
        json!({ "message": 1, "content": "" }),
    ] {
        let answer = hub.send(Method::PUT, "/contents/new.txt", body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
    }
    let answer =
        hub.send(Method::PUT, "/contents/a%2F..%2F..%2Fb", json!({ "message": "m", "content": "" })).await;
    assert_eq!(answer.status, 422);
    assert_eq!(hub.commits(), 1);
}

#[tokio::test]
async fn put_to_a_missing_branch_is_404_and_broken_json_400() {
    let hub = Hub::new();
    let body = json!({ "message": "m", "content": "", "branch": "none" });
    assert_eq!(hub.send(Method::PUT, "/contents/new.txt", body).await.status, 404);
    let url = hub.url("/contents/new.txt");
    let answer = hub.client.send(Method::PUT, &url, &[], "{".into()).await.expect("an answer");
    assert_eq!((answer.status, answer.json()["message"].as_str()), (400, Some("Problems parsing JSON")));
}

#[tokio::test]
async fn of_parallel_puts_exactly_one_wins() {
    let hub = Hub::new();
    let sha = hub.file_sha().await;
    let puts = (0..6).map(|number| {
        let (client, url) = (hub.client.clone(), hub.url(&format!("/contents/{FILE}")));
        let body = json!({ "message": "m", "content": base64(&number.to_string()), "sha": sha });
        tokio::spawn(
            async move { client.send_json(Method::PUT, &url, &body).await.expect("an answer").status },
        )
    });
    let mut statuses = Vec::new();
    for put in puts.collect::<Vec<_>>() {
        statuses.push(put.await.expect("an end"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(hub.commits(), 2);
}

#[tokio::test]
async fn history_is_newest_first_and_can_be_asked_by_path() {
    let hub = Hub::new();
    let second = hub.push("other.txt", "1\n");
    let third = hub.push(FILE, "changed\n");
    let list = hub.get("/commits?sha=main&per_page=2").await.json();
    assert_eq!(
        (list[0]["sha"].as_str(), list[1]["sha"].as_str()),
        (Some(third.as_str()), Some(second.as_str()))
    );
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert_eq!(list[0]["commit"]["message"], "By somebody else");
    assert_eq!(list[0]["parents"][0]["sha"], second);
    let list = hub.get(&format!("/commits?path={FILE}")).await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "the first commit and the third");
}

#[tokio::test]
async fn commit_tells_which_files_it_changed() {
    let hub = Hub::new();
    hub.push(FILE, "image:\n  tag: 2 # here\n");
    let body = hub.get("/commits/main").await.json();
    assert_eq!(body["files"].as_array().map(Vec::len), Some(1));
    assert_eq!(body["files"][0]["filename"], FILE);
    assert_eq!(body["files"][0]["status"], "modified");
    assert_eq!(body["stats"], json!({ "additions": 1, "deletions": 1, "total": 2 }));
    assert_eq!(hub.get("/commits/none").await.status, 422);
}

//! Blobs, trees, commits and references: a commit made by hand.

use hyper::Method;
use serde_json::{Value, json};

use crate::hub::{FILE, Hub, TEXT, base64};

async fn post(hub: &Hub, path: &str, body: Value) -> Value {
    let answer = hub.send(Method::POST, path, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// A commit on `parent` that sets the file; no branch points at it.
async fn commit(hub: &Hub, parent: &str, text: &str) -> String {
    let blob = post(hub, "/git/blobs", json!({ "content": base64(text), "encoding": "base64" })).await;
    let entry = json!({ "path": FILE, "mode": "100644", "type": "blob", "sha": blob["sha"] });
    let tree = post(hub, "/git/trees", json!({ "base_tree": parent, "tree": [entry] })).await;
    let body = json!({ "message": "By hand", "tree": tree["sha"], "parents": [parent] });
    let commit = post(hub, "/git/commits", body).await;
    commit["sha"].as_str().expect("a sha").to_owned()
}

async fn move_main(hub: &Hub, sha: &str, force: bool) -> (u16, Value) {
    let body = json!({ "sha": sha, "force": force });
    let answer = hub.send(Method::PATCH, "/git/refs/heads/main", body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn ref_tells_what_it_points_at() {
    let hub = Hub::new();
    let body = hub.get("/git/ref/heads/main").await.json();
    assert_eq!(body["ref"], "refs/heads/main");
    assert_eq!(
        (body["object"]["type"].as_str(), body["object"]["sha"].as_str()),
        (Some("commit"), Some(&*hub.head()))
    );
    assert!(body["url"].as_str().is_some_and(|url| url.ends_with("/repos/acme/gitops/git/refs/heads/main")));
    assert!(body["node_id"].as_str().is_some_and(|id| !id.is_empty()));
}

#[tokio::test]
async fn commit_made_by_hand_lands_on_the_branch_and_keeps_other_files() {
    let hub = Hub::new();
    let parent = hub.head();
    let sha = commit(&hub, &parent, "by hand\n").await;
    assert_eq!(hub.head(), parent, "no branch has moved yet");
    let (status, body) = move_main(&hub, &sha, false).await;
    assert_eq!((status, body["object"]["sha"].as_str()), (200, Some(&*sha)));
    assert_eq!(hub.file(FILE).as_deref(), Some("by hand\n"));
    assert!(hub.file("README.md").is_some());
    let body = hub.get(&format!("/git/commits/{sha}")).await.json();
    assert_eq!(
        (body["message"].as_str(), body["parents"][0]["sha"].as_str()),
        (Some("By hand"), Some(&*parent))
    );
}

#[tokio::test]
async fn update_that_is_no_fast_forward_is_422_unless_forced() {
    let hub = Hub::new();
    let sha = commit(&hub, &hub.head(), "mine\n").await;
    hub.push(FILE, "by somebody else\n");
    let (status, body) = move_main(&hub, &sha, false).await;
    assert_eq!((status, body["message"].as_str()), (422, Some("Update is not a fast forward")));
    assert_eq!(hub.file(FILE).as_deref(), Some("by somebody else\n"));
    let (status, _) = move_main(&hub, &sha, true).await;
    assert_eq!((status, hub.file(FILE).as_deref()), (200, Some("mine\n")));
}

#[tokio::test]
async fn tree_takes_text_and_removes_what_is_null() {
    let hub = Hub::new();
    let entries = json!([
        { "path": "README.md", "mode": "100644", "type": "blob", "sha": null },
        { "path": "run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n" },
    ]);
    let tree = post(&hub, "/git/trees", json!({ "base_tree": hub.head(), "tree": entries })).await;
    let names: Vec<_> =
        tree["tree"].as_array().expect("entries").iter().map(|e| (&e["path"], &e["mode"])).collect();
    assert_eq!(names, [(&json!("deploy"), &json!("040000")), (&json!("run.sh"), &json!("100755"))]);
}

#[tokio::test]
async fn objects_that_do_not_exist_are_422() {
    let hub = Hub::new();
    let none = "0123456789012345678901234567890123456789";
    let tree = post(&hub, "/git/trees", json!({ "base_tree": hub.head(), "tree": [] })).await["sha"].clone();
    let entry = json!({ "path": "a", "mode": "100644", "type": "blob", "sha": none });
    for (path, body) in [
        ("/git/trees", json!({ "base_tree": none, "tree": [] })),
        ("/git/trees", json!({ "tree": [entry] })),
        ("/git/trees", json!({ "tree": [{ "path": ".git/config", "mode": "100644", "content": "" }] })),
        ("/git/trees", json!({ "tree": [{ "path": "a", "mode": "160000", "content": "" }] })),
        ("/git/commits", json!({ "message": "m", "tree": none })),
        ("/git/commits", json!({ "message": "m", "tree": tree, "parents": [none] })),
        ("/git/commits", json!({ "message": "m", "tree": tree, "parents": [tree] })),
        ("/git/refs", json!({ "ref": "refs/heads/new", "sha": none })),
        ("/git/refs", json!({ "ref": "heads", "sha": hub.head() })),
    ] {
        let answer = hub.send(Method::POST, path, body.clone()).await;
        assert_eq!(answer.status, 422, "{path} {body}: {}", answer.text());
    }
    assert_eq!(move_main(&hub, none, true).await.0, 422);
    assert_eq!(hub.get(&format!("/git/commits/{none}")).await.status, 404);
}

#[tokio::test]
async fn branch_is_made_once() {
    let hub = Hub::new();
    let body = json!({ "ref": "refs/heads/feature/a", "sha": hub.head() });
    post(&hub, "/git/refs", body.clone()).await;
    let answer = hub.send(Method::POST, "/git/refs", body).await;
    assert_eq!((answer.status, answer.json()["message"].as_str()), (422, Some("Reference already exists")));
    assert_eq!(hub.get("/git/ref/heads/feature/a").await.status, 200);
    let answer = hub.send(Method::PATCH, "/git/refs/heads/none", json!({ "sha": hub.head() })).await;
    assert_eq!((answer.status, answer.json()["message"].as_str()), (422, Some("Reference does not exist")));
    assert_eq!(hub.file(FILE).as_deref(), Some(TEXT));
}

//! `createCommitOnBranch`, the query for a branch's head, and refusals.

use serde_json::{Value, json};

use crate::hub::{COMMIT, FILE, Hub, TEXT, base64, commit_input};

#[tokio::test]
async fn query_tells_the_head_of_a_branch() {
    let hub = Hub::new();
    let query = "query($owner: String!, $name: String!, $ref: String!) {
      repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { target { oid } } }
    }";
    for name in ["refs/heads/main", "main"] {
        let variables = json!({ "owner": "acme", "name": "gitops", "ref": name });
        let body = hub.graphql(query, variables).await;
        assert_eq!(body, json!({ "data": { "repository": { "ref": { "target": { "oid": hub.head() } } } } }));
    }
    let body =
        hub.graphql(query, json!({ "owner": "acme", "name": "gitops", "ref": "refs/heads/none" })).await;
    assert_eq!(body, json!({ "data": { "repository": { "ref": null } } }));
}

#[tokio::test]
async fn query_may_use_aliases_fragments_and_literals() {
    let hub = Hub::new();
    let query = r#"{
      it: repository(owner: "acme", name: "gitops") {
        nameWithOwner
        defaultBranchRef { ...branch }
      }
    }
    fragment branch on Ref { name prefix target { __typename ... on Commit { messageHeadline } } }"#;
    let body = hub.graphql(query, Value::Null).await;
    let target = json!({ "__typename": "Commit", "messageHeadline": "Initial commit" });
    let branch = json!({ "name": "main", "prefix": "refs/heads/", "target": target });
    assert_eq!(
        body,
        json!({ "data": { "it": { "nameWithOwner": "acme/gitops", "defaultBranchRef": branch } } })
    );
}

#[tokio::test]
async fn mutation_commits_several_files_at_once() {
    let hub = Hub::new();
    let mut variables = commit_input(&hub.head(), FILE, "changed\n");
    variables["input"]["fileChanges"]["deletions"] = json!([{ "path": "README.md" }]);
    let parent = hub.repository.head().expect("a commit");
    let body = hub.graphql(COMMIT, variables).await;
    let commit = &body["data"]["createCommitOnBranch"]["commit"];
    assert_eq!(commit["oid"], hub.head(), "{body}");
    assert!(commit["url"].as_str().is_some_and(|url| url.ends_with(&hub.head())));
    assert!(body.get("errors").is_none());
    assert_eq!((hub.file(FILE).as_deref(), hub.file("README.md")), (Some("changed\n"), None));
    let commit = hub.repository.commit(&hub.repository.head().expect("a commit")).expect("a commit");
    assert_eq!((commit.message.as_str(), commit.parents), ("Release\n\nBecause of a push.", vec![parent]));
}

#[tokio::test]
async fn branch_may_be_named_by_its_id() {
    let hub = Hub::new();
    let mut variables = commit_input(&hub.head(), FILE, "changed\n");
    let id = hub.get("/git/ref/heads/main").await.json()["node_id"].clone();
    variables["input"]["branch"] = json!({ "id": id });
    variables["input"]["clientMutationId"] = json!("mine");
    let query = "mutation($input: CreateCommitOnBranchInput!) {
      createCommitOnBranch(input: $input) { clientMutationId ref { name } commit { oid } }
    }";
    let body = hub.graphql(query, variables).await;
    let expected =
        json!({ "clientMutationId": "mine", "ref": { "name": "main" }, "commit": { "oid": hub.head() } });
    assert_eq!(body["data"]["createCommitOnBranch"], expected, "{body}");
}

#[tokio::test]
async fn stale_head_is_stale_data_with_status_200() {
    let hub = Hub::new();
    let stale = hub.head();
    hub.push("other.txt", "another file altogether\n");
    let body = hub.graphql(COMMIT, commit_input(&stale, FILE, "mine\n")).await;
    assert_eq!(body["data"], json!({ "createCommitOnBranch": null }));
    let error = &body["errors"][0];
    assert_eq!(
        (error["type"].as_str(), &error["path"]),
        (Some("STALE_DATA"), &json!(["createCommitOnBranch"]))
    );
    let message = format!("Expected branch to point to \"{stale}\" but it did not.  Pull and try again.");
    assert_eq!(error["message"], message);
    assert_eq!(error["locations"], json!([{ "line": 2, "column": 3 }]));
    assert_eq!(hub.file(FILE).as_deref(), Some(TEXT));
}

#[tokio::test]
async fn of_parallel_commits_exactly_one_wins() {
    let hub = Hub::new();
    let head = hub.head();
    let commits = (0..6).map(|number| {
        let (client, url) = (hub.client.clone(), format!("{}/graphql", hub.double.base_url()));
        let variables = commit_input(&head, FILE, &format!("{number}\n"));
        let body = json!({ "query": COMMIT, "variables": variables });
        tokio::spawn(async move { client.post(&url, &body).await.expect("an answer").json() })
    });
    let mut won = Vec::new();
    for commit in commits.collect::<Vec<_>>() {
        let body = commit.await.expect("an end");
        match body["data"]["createCommitOnBranch"]["commit"]["oid"].as_str() {
            Some(oid) => won.push(oid.to_owned()),
            None => assert_eq!(body["errors"][0]["type"], "STALE_DATA", "{body}"),
        }
    }
    assert_eq!(won, [hub.head()]);
    assert_eq!(hub.commits(), 2);
}

#[tokio::test]
async fn what_cannot_be_committed_is_told_and_not_done() {
    let hub = Hub::new();
    let good = commit_input(&hub.head(), FILE, "mine\n");
    let cases = [
        ("/branch/repositoryNameWithOwner", json!("acme/none"), Some("NOT_FOUND")),
        ("/branch/branchName", json!("none"), Some("NOT_FOUND")),
        ("/branch", json!({ "id": "REF_none" }), Some("NOT_FOUND")),
        ("/message/headline", json!(" "), Some("UNPROCESSABLE")),
        ("/fileChanges", json!({ "deletions": [{ "path": "none" }] }), Some("UNPROCESSABLE")),
        ("/fileChanges/additions/0/contents", json!("%%%"), Some("UNPROCESSABLE")),
        ("/fileChanges/additions/0/path", json!("../out"), None),
        ("/expectedHeadOid", Value::Null, None),
        ("/expectedHeadOid", json!("main"), None),
    ];
    for (pointer, value, kind) in cases {
        let mut variables = good.clone();
        *variables["input"].pointer_mut(pointer).expect("a field") = value.clone();
        let body = hub.graphql(COMMIT, variables).await;
        assert_eq!(body["data"], json!({ "createCommitOnBranch": null }), "{pointer} {value}");
        assert_eq!(body["errors"][0]["type"].as_str(), kind, "{pointer} {value}: {body}");
    }
    assert_eq!(hub.commits(), 1);
}

#[tokio::test]
async fn what_is_not_supported_is_named_before_anything_is_done() {
    let hub = Hub::new();
    let commit_and_more = COMMIT.replace("oid url", "oid tarballUrl");
    for (query, part) in [
        (commit_and_more.as_str(), "'tarballUrl' doesn't exist on type 'Commit'"),
        ("{ viewer { login } }", "'viewer' doesn't exist on type 'Query'"),
        ("mutation { addStar }", "'addStar' doesn't exist on type 'Mutation'"),
        ("subscription { events }", "Subscriptions are not supported"),
        ("{ repository(owner: \"acme\", name: \"gitops\") }", "must have a selection"),
        (
            "{ repository(owner: \"acme\", name: \"gitops\") { name @include(if: true) } }",
            "Directive '@include'",
        ),
        ("{ repository(owner: \"acme\", name: \"gitops\") { ...none } }", "Fragment 'none'"),
        ("{ repository(", "Parse error"),
        ("query a { __typename } query b { __typename }", "An operation name is required"),
    ] {
        let body = hub.graphql(query, commit_input(&hub.head(), FILE, "mine\n")).await;
        assert!(body.get("data").is_none(), "{query}: {body}");
        let message = body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{query}: {message}");
    }
    assert_eq!(hub.commits(), 1);
}

#[tokio::test]
async fn enterprise_path_answers_too() {
    let hub = Hub::new();
    let url = format!("{}/api/graphql", hub.double.base_url());
    let body = json!({ "query": COMMIT, "variables": commit_input(&hub.head(), FILE, "changed\n") });
    let answer = hub.client.post(&url, &body).await.expect("an answer");
    assert_eq!(answer.json()["data"]["createCommitOnBranch"]["commit"]["oid"], hub.head());
    assert_eq!(base64(hub.file(FILE).as_deref().unwrap_or_default()), base64("changed\n"));
    assert_eq!(answer.header("x-ratelimit-resource"), Some("graphql"));
}

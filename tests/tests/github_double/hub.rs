//! A double with one repository, and a client that may use it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::github::{GithubDouble, Options, Repository};
use tests::http::{HttpClient, HttpResponse};

/// The file that the tests change.
pub const FILE: &str = "deploy/values.yaml";
/// Its text at first.
pub const TEXT: &str = "image:\n  tag: 1.0.0 # here\n";

pub const COMMIT: &str = "mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid url } }
}";

pub struct Hub {
    pub double: GithubDouble,
    pub repository: Repository,
    pub client: HttpClient,
    pub root: TempDir,
}

impl Hub {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let double = GithubDouble::start(Options::new(root.path())).expect("a double");
        let files = BTreeMap::from([(FILE, TEXT), ("README.md", "# GitOps\n")]);
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        let repository = double.create_repository("acme/gitops", &files).expect("a repository");
        let client = client(double.token());
        Self { double, repository, client, root }
    }

    /// URL below `/repos/acme/gitops`.
    pub fn url(&self, path: &str) -> String {
        format!("{}/repos/acme/gitops{path}", self.double.base_url())
    }

    pub async fn get(&self, path: &str) -> HttpResponse {
        self.client.get(&self.url(path)).await.expect("an answer")
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> HttpResponse {
        self.client.send_json(method, &self.url(path), &body).await.expect("an answer")
    }

    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let url = format!("{}/graphql", self.double.base_url());
        let body = json!({ "query": query, "variables": variables });
        let answer = self.client.post(&url, &body).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The commit that `main` points at.
    pub fn head(&self) -> String {
        self.repository.head().expect("a commit").to_string()
    }

    pub fn file(&self, path: &str) -> Option<String> {
        self.repository.file(path).ok()
    }

    pub fn commits(&self) -> usize {
        self.repository.commit_count().expect("a count")
    }

    /// Somebody else's commit.
    pub fn push(&self, path: &str, text: &str) -> String {
        let files = BTreeMap::from([(path.to_owned(), text.to_owned())]);
        self.repository.push(&files, "By somebody else").expect("a push").to_string()
    }

    /// The sha that a change of the file must name.
    pub async fn file_sha(&self) -> String {
        let answer = self.get(&format!("/contents/{FILE}")).await.json();
        answer["sha"].as_str().expect("a sha").to_owned()
    }
}

impl Drop for Hub {
    /// Whatever a test did: the repository must be sound.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.repository.fsck().expect("a sound repository");
        }
    }
}

pub fn client(token: &str) -> HttpClient {
    HttpClient::new()
        .with_header("user-agent", "tests")
        .with_header("authorization", &format!("Bearer {token}"))
}

pub fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// Variables of [`COMMIT`] that set one file.
pub fn commit_input(head: &str, path: &str, text: &str) -> Value {
    json!({ "input": {
        "branch": { "repositoryNameWithOwner": "acme/gitops", "branchName": "main" },
        "expectedHeadOid": head,
        "message": { "headline": "Release", "body": "Because of a push." },
        "fileChanges": { "additions": [{ "path": path, "contents": base64(text) }] },
    } })
}

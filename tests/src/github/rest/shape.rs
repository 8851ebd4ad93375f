//! The JSON that GitHub answers with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::github::commit::{Commit, FileChange};
use crate::github::name::{Oid, RefName, RepositoryName};
use crate::github::tree::Entry;

/// Writes answers about one repository.
#[derive(Clone, Debug)]
pub struct Shape<'a> {
    /// The double's address.
    pub base_url: &'a str,
    /// The repository.
    pub repository: &'a RepositoryName,
}

impl Shape<'_> {
    /// URL below `/repos/{owner}/{name}`.
    pub fn url(&self, rest: &str) -> String {
        format!("{}/repos/{}/{rest}", self.base_url, self.repository)
    }

    /// URL of the page for people; nothing answers there.
    pub fn html_url(&self, rest: &str) -> String {
        format!("https://github.com/{}/{rest}", self.repository)
    }

    /// A reference; `kind` is the type of the object that it points at.
    pub fn reference(&self, name: &RefName, oid: &Oid, kind: &str) -> Value {
        json!({
            "ref": name.as_str(),
            "node_id": ref_id(self.repository, name),
            "url": self.url(&format!("git/{name}")),
            "object": { "type": kind, "sha": oid, "url": self.url(&format!("git/{kind}s/{oid}")) },
        })
    }

    /// A file or folder without its content.
    pub fn entry(&self, entry: &Entry, reference: &str) -> Value {
        let (path, sha) = (&entry.path, &entry.oid);
        let (kind, git) = if entry.kind == "tree" { ("dir", "trees") } else { ("file", "blobs") };
        let url = self.url(&format!("contents/{path}?ref={reference}"));
        let git_url = self.url(&format!("git/{git}/{sha}"));
        let html_url = self.html_url(&format!("blob/{reference}/{path}"));
        json!({
            "name": path.file_name(),
            "path": path,
            "sha": sha,
            "size": entry.size,
            "url": url,
            "html_url": html_url,
            "git_url": git_url,
            "download_url": (kind == "file").then(|| self.html_url(&format!("raw/{reference}/{path}"))),
            "type": kind,
            "_links": { "self": url, "git": git_url, "html": html_url },
        })
    }

    /// A commit of the git database.
    pub fn git_commit(&self, commit: &Commit) -> Value {
        json!({
            "sha": commit.oid,
            "node_id": commit_id(self.repository, &commit.oid),
            "url": self.url(&format!("git/commits/{}", commit.oid)),
            "html_url": self.html_url(&format!("commit/{}", commit.oid)),
            "author": commit.author,
            "committer": commit.committer,
            "message": commit.message,
            "tree": self.tree(commit),
            "parents": self.parents(commit),
            "verification": unsigned(),
        })
    }

    /// A commit of the history.
    pub fn commit(&self, commit: &Commit) -> Value {
        json!({
            "sha": commit.oid,
            "node_id": commit_id(self.repository, &commit.oid),
            "url": self.url(&format!("commits/{}", commit.oid)),
            "html_url": self.html_url(&format!("commit/{}", commit.oid)),
            "commit": {
                "url": self.url(&format!("git/commits/{}", commit.oid)),
                "author": commit.author,
                "committer": commit.committer,
                "message": commit.message,
                "tree": self.tree(commit),
                "comment_count": 0,
                "verification": unsigned(),
            },
            "author": null,
            "committer": null,
            "parents": self.parents(commit),
        })
    }

    /// A commit with the files that it changed.
    pub fn commit_with_files(&self, commit: &Commit, changes: &[FileChange]) -> Value {
        let additions: u64 = changes.iter().map(|change| change.additions).sum();
        let deletions: u64 = changes.iter().map(|change| change.deletions).sum();
        let files: Vec<Value> = changes
            .iter()
            .map(|change| {
                json!({
                    "filename": change.path,
                    "status": change.status,
                    "additions": change.additions,
                    "deletions": change.deletions,
                    "changes": change.additions + change.deletions,
                })
            })
            .collect();
        let mut shape = self.commit(commit);
        shape["stats"] =
            json!({ "additions": additions, "deletions": deletions, "total": additions + deletions });
        shape["files"] = Value::Array(files);
        shape
    }

    fn tree(&self, commit: &Commit) -> Value {
        json!({ "sha": commit.tree, "url": self.url(&format!("git/trees/{}", commit.tree)) })
    }

    fn parents(&self, commit: &Commit) -> Vec<Value> {
        let parent = |oid: &Oid| {
            json!({
                "sha": oid,
                "url": self.url(&format!("commits/{oid}")),
                "html_url": self.html_url(&format!("commit/{oid}")),
            })
        };
        commit.parents.iter().map(parent).collect()
    }
}

fn unsigned() -> Value {
    json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null })
}

/// Node id of a reference; opaque to callers, as GitHub's are.
pub fn ref_id(repository: &RepositoryName, name: &RefName) -> String {
    format!("REF_{}", URL_SAFE_NO_PAD.encode(format!("{repository}:{name}")))
}

/// The reference that a node id of [`ref_id`] stands for.
pub fn ref_of_id(id: &str) -> Option<(RepositoryName, RefName)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id.strip_prefix("REF_")?).ok()?).ok()?;
    let (repository, name) = text.split_once(':')?;
    Some((repository.parse().ok()?, name.parse().ok()?))
}

fn commit_id(repository: &RepositoryName, oid: &Oid) -> String {
    format!("C_{}", URL_SAFE_NO_PAD.encode(format!("{repository}:{oid}")))
}

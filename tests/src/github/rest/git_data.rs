//! Blobs, trees and commits: <https://docs.github.com/rest/git>

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::shape::Shape;
use super::{InRepository, blocking, body};
use crate::github::commit::NewCommit;
use crate::github::error::{ApiError, json_response};
use crate::github::name::{Oid, TreePath};
use crate::github::repository::Repository;
use crate::github::state::State;
use crate::github::tree::{Entry, TreeChange};

#[derive(Deserialize)]
struct NewBlob {
    content: Option<String>,
    #[serde(default)]
    encoding: Encoding,
}

#[derive(Default, Deserialize)]
enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "base64")]
    Base64,
}

/// `POST /repos/{owner}/{name}/git/blobs`
pub async fn create_blob(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<InRepository>,
    bytes: Bytes,
) -> Response {
    blocking(move || {
        let repository = state.repository(&at.owner, &at.name)?;
        let blob: NewBlob = body::parse(&bytes)?;
        let content = body::required("content", blob.content)?;
        let content = match blob.encoding {
            Encoding::Utf8 => content.into_bytes(),
            Encoding::Base64 => body::decode_base64(&content)?,
        };
        let sha = repository.write_blob(&content)?;
        let shape = Shape { base_url: &state.base_url, repository: repository.name() };
        let answer = json!({ "sha": sha, "url": shape.url(&format!("git/blobs/{sha}")) });
        Ok(json_response(StatusCode::CREATED, &answer))
    })
    .await
}

#[derive(Deserialize)]
struct NewTree {
    base_tree: Option<Oid>,
    tree: Option<Vec<NewEntry>>,
}

#[derive(Deserialize)]
struct NewEntry {
    path: TreePath,
    mode: Option<String>,
    /// Left out, or `null`: those are different things here.
    #[serde(default, deserialize_with = "present")]
    sha: Option<Option<Oid>>,
    content: Option<String>,
}

/// Tells `"sha": null`, which removes a file, from no `sha` at all.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Oid>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `POST /repos/{owner}/{name}/git/trees`
pub async fn create_tree(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<InRepository>,
    bytes: Bytes,
) -> Response {
    blocking(move || {
        let repository = state.repository(&at.owner, &at.name)?;
        let new: NewTree = body::parse(&bytes)?;
        if let Some(base) = &new.base_tree {
            require(&repository, base, &["tree", "commit"], "base_tree is not a valid tree oid")?;
        }
        let entries = body::required("tree", new.tree)?;
        let changes =
            entries.into_iter().map(|entry| change(&repository, entry)).collect::<Result<Vec<_>, _>>()?;
        let sha = repository.write_tree(new.base_tree.as_ref(), &changes)?;
        Ok(json_response(StatusCode::CREATED, &tree_shape(&state, &repository, &sha)?))
    })
    .await
}

fn change(repository: &Repository, entry: NewEntry) -> Result<TreeChange, ApiError> {
    let object = match (entry.sha, entry.content) {
        (Some(None), None) => return Ok(TreeChange::remove(entry.path)),
        (Some(Some(sha)), None) => sha,
        (None, Some(content)) => repository.write_blob(content.as_bytes())?,
        _ => {
            return Err(ApiError::unprocessable("Must supply either tree.sha or tree.content"));
        }
    };
    let mode = body::required("mode", entry.mode)?;
    let kind = if mode == "040000" { "tree" } else { "blob" };
    require(repository, &object, &[kind], &format!("tree.sha {object} is not a valid {kind}"))?;
    TreeChange::write_as(entry.path, &mode, object)
        .ok_or_else(|| ApiError::unprocessable(format!("tree.mode {mode} is not supported")))
}

fn tree_shape(state: &State, repository: &Repository, sha: &Oid) -> Result<Value, ApiError> {
    let shape = Shape { base_url: &state.base_url, repository: repository.name() };
    let entries: Vec<Value> = repository
        .list(sha, None)?
        .iter()
        .map(|entry| {
            let Entry { path, mode, kind, oid, size } = entry;
            json!({ "path": path, "mode": mode, "type": kind, "sha": oid, "size": size })
        })
        .collect();
    Ok(
        json!({ "sha": sha, "url": shape.url(&format!("git/trees/{sha}")), "tree": entries, "truncated": false }),
    )
}

#[derive(Deserialize)]
struct Commit {
    message: Option<String>,
    tree: Option<Oid>,
    #[serde(default)]
    parents: Vec<Oid>,
    author: Option<body::Person>,
    committer: Option<body::Person>,
}

/// `POST /repos/{owner}/{name}/git/commits`
pub async fn create_commit(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<InRepository>,
    bytes: Bytes,
) -> Response {
    blocking(move || {
        let repository = state.repository(&at.owner, &at.name)?;
        let new: Commit = body::parse(&bytes)?;
        let message = body::required("message", new.message)?;
        let tree = body::required("tree", new.tree)?;
        require(&repository, &tree, &["tree"], "Tree SHA does not exist")?;
        for parent in &new.parents {
            require(&repository, parent, &["commit"], "Parent SHA does not exist or is not a commit object")?;
        }
        let author = new.author.map_or_else(|| Ok(body::token_owner()), body::Person::signature)?;
        let committer = new.committer.map_or_else(|| Ok(author.clone()), body::Person::signature)?;
        let commit = NewCommit { tree, parents: new.parents, author, committer, message };
        let sha = repository.write_commit(&commit)?;
        let shape = Shape { base_url: &state.base_url, repository: repository.name() };
        Ok(json_response(StatusCode::CREATED, &shape.git_commit(&repository.commit(&sha)?)))
    })
    .await
}

/// Path parameters of one commit.
#[derive(Clone, Debug, Deserialize)]
pub struct One {
    owner: String,
    name: String,
    sha: String,
}

/// `GET /repos/{owner}/{name}/git/commits/{sha}`
pub async fn get_commit(Shared(state): Shared<Arc<State>>, Path(one): Path<One>) -> Response {
    blocking(move || {
        let repository = state.repository(&one.owner, &one.name)?;
        let oid: Oid = one.sha.parse().map_err(|_| ApiError::not_found())?;
        let oid = repository.resolve(oid.as_str())?.ok_or_else(ApiError::not_found)?;
        let shape = Shape { base_url: &state.base_url, repository: repository.name() };
        Ok(json_response(StatusCode::OK, &shape.git_commit(&repository.commit(&oid)?)))
    })
    .await
}

fn require(repository: &Repository, oid: &Oid, kinds: &[&str], refusal: &str) -> Result<(), ApiError> {
    match repository.object_type(oid)? {
        Some(kind) if kinds.contains(&kind.as_str()) => Ok(()),
        _ => Err(ApiError::unprocessable(refusal)),
    }
}

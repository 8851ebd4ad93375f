//! <https://docs.github.com/rest/repos/contents>

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::Shape;
use super::{InRepository, blocking, body};
use crate::github::commit::NewCommit;
use crate::github::error::{ApiError, json_response};
use crate::github::name::{Oid, RefName, TreePath};
use crate::github::repository::Repository;
use crate::github::state::State;
use crate::github::tree::{Entry, TreeChange};

/// Characters on a line of base64 in an answer.
const BASE64_LINE: usize = 60;
/// Largest file whose content is in the JSON answer, in bytes; larger ones are to be had raw only.
const CONTENT_LIMIT: u64 = 1 << 20;

/// Path parameters of a file.
#[derive(Clone, Debug, Deserialize)]
pub struct File {
    owner: String,
    name: String,
    path: String,
}

/// Query of a reading request.
#[derive(Clone, Debug, Deserialize)]
pub struct At {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

/// `GET /repos/{owner}/{name}/contents`: the top folder.
pub async fn get_root(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<InRepository>,
    Query(query): Query<At>,
) -> Response {
    blocking(move || {
        let repository = state.repository(&at.owner, &at.name)?;
        let place = Place::find(&state, &repository, query.reference)?;
        place.folder(None)
    })
    .await
}

/// `GET /repos/{owner}/{name}/contents/{path}`: a file, raw when `Accept` says so, or a folder.
pub async fn get(
    Shared(state): Shared<Arc<State>>,
    Path(file): Path<File>,
    Query(query): Query<At>,
    headers: HeaderMap,
) -> Response {
    blocking(move || {
        let repository = state.repository(&file.owner, &file.name)?;
        let place = Place::find(&state, &repository, query.reference)?;
        let path: TreePath = file.path.trim_end_matches('/').parse()?;
        let entry = repository.entry(&place.commit, &path)?.ok_or_else(ApiError::not_found)?;
        match entry.kind.as_str() {
            "tree" => place.folder(Some(&path)),
            _ if wants_raw(&headers) => raw(&repository.read_blob(&entry.oid)?),
            _ => place.file(&entry),
        }
    })
    .await
}

/// Where a reading request looks.
struct Place<'a> {
    repository: &'a Repository,
    shape: Shape<'a>,
    reference: String,
    commit: Oid,
}

impl<'a> Place<'a> {
    fn find(
        state: &'a State,
        repository: &'a Repository,
        reference: Option<String>,
    ) -> Result<Self, ApiError> {
        let reference = match reference.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => repository.default_branch()?.short().to_owned(),
        };
        let commit = repository.resolve(&reference)?.ok_or_else(|| {
            ApiError::new(StatusCode::NOT_FOUND, format!("No commit found for the ref {reference}"))
        })?;
        let shape = Shape { base_url: &state.base_url, repository: repository.name() };
        Ok(Self { repository, shape, reference, commit })
    }

    fn folder(&self, path: Option<&TreePath>) -> Result<Response, ApiError> {
        let entries = self.repository.list(&self.commit, path)?;
        let shapes: Vec<Value> =
            entries.iter().map(|entry| self.shape.entry(entry, &self.reference)).collect();
        Ok(json_response(StatusCode::OK, &Value::Array(shapes)))
    }

    fn file(&self, entry: &Entry) -> Result<Response, ApiError> {
        let mut shape = self.shape.entry(entry, &self.reference);
        if entry.size <= CONTENT_LIMIT {
            shape["content"] = json!(wrapped_base64(&self.repository.read_blob(&entry.oid)?));
            shape["encoding"] = json!("base64");
        } else {
            shape["content"] = json!("");
            shape["encoding"] = json!("none");
        }
        Ok(json_response(StatusCode::OK, &shape))
    }
}

/// `application/vnd.github.raw+json`, and the older `application/vnd.github.v3.raw` and `.raw`.
fn wants_raw(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| {
        let kind = kind.trim();
        kind.starts_with("application/vnd.github.") && (kind.ends_with(".raw") || kind.ends_with(".raw+json"))
    })
}

fn raw(bytes: &[u8]) -> Result<Response, ApiError> {
    let content_type = [(header::CONTENT_TYPE, "application/vnd.github.raw+json; charset=utf-8")];
    Ok((content_type, bytes.to_vec()).into_response())
}

/// Base64 with line breaks, as GitHub writes it: a client that forgets them must fail here too.
fn wrapped_base64(bytes: &[u8]) -> String {
    let dense = STANDARD.encode(bytes);
    let mut wrapped = String::with_capacity(dense.len() + dense.len() / BASE64_LINE + 1);
    for (at, character) in dense.chars().enumerate() {
        if at > 0 && at % BASE64_LINE == 0 {
            wrapped.push('\n');
        }
        wrapped.push(character);
    }
    wrapped.push('\n');
    wrapped
}

#[derive(Deserialize)]
struct Put {
    message: Option<String>,
    content: Option<String>,
    sha: Option<String>,
    branch: Option<String>,
    author: Option<body::Person>,
    committer: Option<body::Person>,
}

/// `PUT /repos/{owner}/{name}/contents/{path}`: creates (201) or changes (200) one file in one commit.
pub async fn put(Shared(state): Shared<Arc<State>>, Path(file): Path<File>, bytes: Bytes) -> Response {
    blocking(move || {
        let repository = state.repository(&file.owner, &file.name)?;
        let path: TreePath = file.path.parse()?;
        put_file(&state, &repository, &path, body::parse(&bytes)?)
    })
    .await
}

fn put_file(state: &State, repository: &Repository, path: &TreePath, put: Put) -> Result<Response, ApiError> {
    let message = body::required("message", put.message)?;
    let content = body::decode_base64(&body::required("content", put.content)?)?;
    let branch = match put.branch {
        Some(name) => RefName::branch(&name)?,
        None => repository.default_branch()?,
    };
    let head = repository.reference(&branch)?.ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, format!("Branch {} not found", branch.short()))
    })?;
    let existing = repository.entry(&head, path)?;
    check_sha(path, existing.as_ref(), put.sha.as_deref())?;

    let author = put.author.map_or_else(|| Ok(body::token_owner()), body::Person::signature)?;
    let committer = put.committer.map_or_else(|| Ok(body::github()), body::Person::signature)?;
    let blob = repository.write_blob(&content)?;
    let tree = repository.write_tree(Some(&head), &[TreeChange::write(path.clone(), blob)])?;
    let commit = NewCommit { tree, parents: vec![head.clone()], author, committer, message };
    let commit = repository.write_commit(&commit)?;
    if !state.advance(repository, &branch, &head, &commit)? {
        let now = repository.reference(&branch)?.map_or_else(|| "gone".to_owned(), String::from);
        return Err(ApiError::conflict(format!("is at {now} but expected {head}")));
    }

    let shape = Shape { base_url: &state.base_url, repository: repository.name() };
    let entry = repository.entry(&commit, path)?.ok_or_else(ApiError::not_found)?;
    let answer = json!({
        "content": shape.entry(&entry, branch.short()),
        "commit": shape.git_commit(&repository.commit(&commit)?),
    });
    let status = if existing.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok(json_response(status, &answer))
}

/// A file that is there is changed only by those who know it. For one that is not there any `sha` will do: GitHub
/// creates it again, without a word.
fn check_sha(path: &TreePath, existing: Option<&Entry>, sha: Option<&str>) -> Result<(), ApiError> {
    let Some(existing) = existing else { return Ok(()) };
    if existing.kind == "tree" {
        return Err(ApiError::unprocessable(format!("{path} is a folder")));
    }
    let sha = body::required("sha", sha)?;
    if sha == existing.oid.as_str() {
        Ok(())
    } else {
        Err(ApiError::conflict(format!("{path} does not match {sha}")))
    }
}

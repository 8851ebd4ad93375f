//! <https://docs.github.com/rest/git/refs>

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::shape::Shape;
use super::{InRepository, blocking, body};
use crate::github::error::{ApiError, json_response};
use crate::github::name::{Oid, RefName};
use crate::github::repository::Repository;
use crate::github::state::State;

/// Path parameters of one reference: `heads/main`, `tags/v1`.
#[derive(Clone, Debug, Deserialize)]
pub struct One {
    owner: String,
    name: String,
    reference: String,
}

impl One {
    fn ref_name(&self) -> Result<RefName, ApiError> {
        Ok(format!("refs/{}", self.reference).parse()?)
    }
}

/// `GET /repos/{owner}/{name}/git/ref/{ref}`
pub async fn get(Shared(state): Shared<Arc<State>>, Path(one): Path<One>) -> Response {
    blocking(move || {
        let repository = state.repository(&one.owner, &one.name)?;
        let name = one.ref_name().map_err(|_| ApiError::not_found())?;
        let oid = repository.reference(&name)?.ok_or_else(ApiError::not_found)?;
        answer(StatusCode::OK, &state, &repository, &name, &oid)
    })
    .await
}

#[derive(Deserialize)]
struct NewRef {
    #[serde(rename = "ref")]
    name: Option<String>,
    sha: Option<Oid>,
}

/// `POST /repos/{owner}/{name}/git/refs`
pub async fn create(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<InRepository>,
    bytes: Bytes,
) -> Response {
    blocking(move || {
        let repository = state.repository(&at.owner, &at.name)?;
        let new: NewRef = body::parse(&bytes)?;
        let name: RefName = body::required("ref", new.name)?.parse()?;
        let sha = body::required("sha", new.sha)?;
        require_commit(&repository, &sha)?;
        if !repository.compare_and_swap(&name, None, &sha)? {
            return Err(ApiError::unprocessable("Reference already exists"));
        }
        answer(StatusCode::CREATED, &state, &repository, &name, &sha)
    })
    .await
}

#[derive(Deserialize)]
struct Update {
    sha: Option<Oid>,
    #[serde(default)]
    force: bool,
}

/// `PATCH /repos/{owner}/{name}/git/refs/{ref}`: moves a branch forward, or anywhere with `force`.
pub async fn update(Shared(state): Shared<Arc<State>>, Path(one): Path<One>, bytes: Bytes) -> Response {
    blocking(move || {
        let repository = state.repository(&one.owner, &one.name)?;
        let name = one.ref_name()?;
        let update: Update = body::parse(&bytes)?;
        let sha = body::required("sha", update.sha)?;
        require_commit(&repository, &sha)?;
        state.land_competing_push(&repository, &name)?;
        while !advanced(&repository, &name, &sha, update.force)? {}
        answer(StatusCode::OK, &state, &repository, &name, &sha)
    })
    .await
}

/// One try; `false` when the reference moved in the middle of it, so that everything has to be asked anew.
fn advanced(repository: &Repository, name: &RefName, sha: &Oid, force: bool) -> Result<bool, ApiError> {
    let old =
        repository.reference(name)?.ok_or_else(|| ApiError::unprocessable("Reference does not exist"))?;
    if !force && !repository.is_ancestor(&old, sha)? {
        return Err(ApiError::unprocessable("Update is not a fast forward"));
    }
    Ok(repository.compare_and_swap(name, Some(&old), sha)?)
}

fn require_commit(repository: &Repository, sha: &Oid) -> Result<(), ApiError> {
    match repository.object_type(sha)?.as_deref() {
        Some("commit") => Ok(()),
        _ => Err(ApiError::unprocessable("Object does not exist")),
    }
}

fn answer(
    status: StatusCode,
    state: &State,
    repository: &Repository,
    name: &RefName,
    oid: &Oid,
) -> Result<Response, ApiError> {
    let kind = repository.object_type(oid)?.unwrap_or_else(|| "commit".to_owned());
    let shape = Shape { base_url: &state.base_url, repository: repository.name() };
    Ok(json_response(status, &shape.reference(name, oid, &kind)))
}

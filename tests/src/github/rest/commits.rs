//! <https://docs.github.com/rest/commits/commits>

use std::sync::Arc;

use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::shape::Shape;
use super::{InRepository, blocking};
use crate::github::error::{ApiError, json_response};
use crate::github::name::TreePath;
use crate::github::state::State;

/// Commits on a page when nobody says, and at most.
const PER_PAGE: usize = 30;
const MOST_PER_PAGE: usize = 100;

/// Query of the list.
#[derive(Clone, Debug, Deserialize)]
pub struct Filter {
    sha: Option<String>,
    path: Option<String>,
    per_page: Option<usize>,
}

/// `GET /repos/{owner}/{name}/commits`: the newest commits, of a branch, touching a path.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<InRepository>,
    Query(filter): Query<Filter>,
) -> Response {
    blocking(move || {
        let repository = state.repository(&at.owner, &at.name)?;
        let start = match filter.sha {
            Some(text) => repository.resolve(&text)?.ok_or_else(ApiError::not_found)?,
            None => repository.head()?,
        };
        let path: Option<TreePath> = filter.path.map(|path| path.parse()).transpose()?;
        let limit = filter.per_page.unwrap_or(PER_PAGE).clamp(1, MOST_PER_PAGE);
        let commits = repository.history(&start, path.as_ref(), limit)?;
        let shape = Shape { base_url: &state.base_url, repository: repository.name() };
        let shapes: Vec<Value> = commits.iter().map(|commit| shape.commit(commit)).collect();
        Ok(json_response(StatusCode::OK, &Value::Array(shapes)))
    })
    .await
}

/// Path parameters of one commit.
#[derive(Clone, Debug, Deserialize)]
pub struct One {
    owner: String,
    name: String,
    reference: String,
}

/// `GET /repos/{owner}/{name}/commits/{ref}`: one commit and the files that it changed.
pub async fn get(Shared(state): Shared<Arc<State>>, Path(one): Path<One>) -> Response {
    blocking(move || {
        let repository = state.repository(&one.owner, &one.name)?;
        let oid = repository
            .resolve(&one.reference)?
            .ok_or_else(|| ApiError::unprocessable(format!("No commit found for SHA: {}", one.reference)))?;
        let shape = Shape { base_url: &state.base_url, repository: repository.name() };
        let answer = shape.commit_with_files(&repository.commit(&oid)?, &repository.changes(&oid)?);
        Ok(json_response(StatusCode::OK, &answer))
    })
    .await
}

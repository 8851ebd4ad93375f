//! The REST endpoints, each file named after its part of <https://docs.github.com/rest>.

pub mod body;
pub mod commits;
pub mod contents;
pub mod git_data;
pub mod hooks;
pub mod refs;
pub mod shape;

use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Path parameters of everything below `/repos/{owner}/{name}`.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct InRepository {
    /// User or organisation.
    pub owner: String,
    /// Repository without its owner.
    pub name: String,
}

/// Runs a handler that waits for `git` on a thread where waiting is allowed.
pub(super) async fn blocking(work: impl FnOnce() -> Result<Response, ApiError> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.into_response(),
        Err(error) => {
            eprintln!("github double: a handler ended early: {error}");
            ApiError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "Server Error").into_response()
        }
    }
}

//! Answers that say no, in GitHub's form.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::git::GitError;
use super::name::NameError;
use super::repository::RepositoryError;

/// Where GitHub sends those who want to know more.
pub const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// An answer that says no: status and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// One sentence, GitHub's own where it is known.
    pub message: String,
}

impl ApiError {
    /// Any other refusal.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 409: somebody else was faster.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 422: understood, but it cannot be done.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.message,
            "documentation_url": DOCUMENTATION,
            "status": self.status.as_u16().to_string(),
        });
        json_response(self.status, &body)
    }
}

/// A JSON answer with GitHub's media type.
pub fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, content_type, body.to_string()).into_response()
}

impl From<GitError> for ApiError {
    fn from(error: GitError) -> Self {
        // A developer reads this in the test's output; the caller learns no more than from GitHub.
        eprintln!("github double: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
    }
}

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        Self::unprocessable(error.to_string())
    }
}

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Git(error) => error.into(),
            RepositoryError::Name(error) => error.into(),
            RepositoryError::Missing(_) => Self::not_found(),
            RepositoryError::Folder(_) | RepositoryError::Contended => {
                eprintln!("github double: {error}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
            }
        }
    }
}

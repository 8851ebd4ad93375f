//! `POST /graphql`: the few fields of <https://docs.github.com/graphql> that committing needs. A request for anything
//! else is refused as a whole, with an error that names it, before anything is done.

mod commit_on_branch;
mod execute;
mod schema;
mod validate;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{ApiError, json_response};
use super::rest::{blocking, body};
use super::state::State;

#[derive(Deserialize)]
struct Request {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
}

/// `POST /graphql`: always 200 once the body is JSON; what went wrong is in `errors`.
pub async fn post(Shared(state): Shared<Arc<State>>, bytes: Bytes) -> Response {
    blocking(move || {
        let request: Request = body::parse(&bytes)?;
        Ok(json_response(StatusCode::OK, &answer(&state, &request)))
    })
    .await
}

fn answer(state: &State, request: &Request) -> Value {
    let document = match async_graphql_parser::parse_query(&request.query) {
        Ok(document) => document,
        Err(error) => return refused(&[json!({ "message": format!("Parse error: {error}") })]),
    };
    let operation = match execute::operation(&document, request.operation_name.as_deref()) {
        Ok(operation) => operation,
        Err(message) => return refused(&[json!({ "message": message })]),
    };
    let problems = validate::operation(&document, operation);
    if !problems.is_empty() {
        return refused(&problems);
    }
    let variables = request.variables.clone().unwrap_or_default();
    execute::Execution::new(state, &document, operation, variables).run(operation)
}

fn refused(errors: &[Value]) -> Value {
    json!({ "errors": errors })
}

/// Why a field has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    /// `NOT_FOUND`, `STALE_DATA`, …; none for faults of the request's form.
    kind: Option<&'static str>,
    message: String,
}

impl Refusal {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Some(kind), message: message.into() }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        match error.status {
            StatusCode::NOT_FOUND => Self::new("NOT_FOUND", error.message),
            StatusCode::INTERNAL_SERVER_ERROR => {
                Self { kind: None, message: "Something went wrong while executing your query.".to_owned() }
            }
            _ => Self::new("UNPROCESSABLE", error.message),
        }
    }
}

impl From<super::GitError> for Refusal {
    fn from(error: super::GitError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<super::RepositoryError> for Refusal {
    fn from(error: super::RepositoryError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<super::NameError> for Refusal {
    fn from(error: super::NameError) -> Self {
        ApiError::from(error).into()
    }
}

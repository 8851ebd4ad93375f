//! The one place that says how a failure looks outside.

use bytes::Bytes;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use ledger::sql::DatabaseError;
use ledger::{FieldError, PageError, StoreError, UnknownName};

use crate::access::AccessError;
use crate::answer;

/// The id that the host gave to the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Seconds after which a caller may try a busy database again.
const BUSY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not done. The text of a caller's mistake is the sentence that the caller gets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0} not found")]
    NotFound(&'static str),
    #[error("the method is not allowed here")]
    MethodNotAllowed { allow: &'static str },
    #[error("{0}")]
    Conflict(&'static str),
    #[error("the body must have at most {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the content type must be application/json")]
    UnsupportedMediaType,
    #[error("the body could not be read")]
    BodyUnreadable,
    #[error("the body must be a JSON object")]
    NotAnObject,
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("an answer cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::BodyTooLarge { .. } | Self::Field(FieldError::TooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyUnreadable | Self::NotAnObject | Self::Field(_) | Self::Page(_) | Self::Name(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Access(AccessError::Missing | AccessError::Unknown) => StatusCode::UNAUTHORIZED,
            Self::Access(AccessError::Scope(_)) => StatusCode::FORBIDDEN,
            Self::Access(AccessError::Closed) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => store_status(error),
            Self::Unwritable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A header that the status calls for.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
            Self::Access(AccessError::Missing) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            // RFC 6750, section 3.1.
            Self::Access(AccessError::Unknown) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer error="invalid_token""#)))
            }
            Self::Access(AccessError::Scope(_)) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer error="insufficient_scope""#)))
            }
            Self::Store(StoreError::Database(DatabaseError::Busy | DatabaseError::Conflict { .. })) => {
                Some((RETRY_AFTER, BUSY_SECONDS))
            }
            _ => None,
        }
    }

    /// The sentence for the caller; what is our own fault is not told in detail.
    fn sentence(&self) -> String {
        match self {
            Self::Store(error @ (StoreError::Migration(_) | StoreError::Configuration { .. })) => {
                error.to_string()
            }
            Self::Store(_) if self.status() == StatusCode::SERVICE_UNAVAILABLE => {
                "the database is not available, please try again".to_owned()
            }
            Self::Store(_) | Self::Unwritable(_) => "something went wrong on our side".to_owned(),
            _ => self.to_string(),
        }
    }

    /// The answer to the caller; a failure of ours is logged with its cause.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response<Bytes> {
        if self.status().is_server_error() {
            let id = request.get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or("-");
            // `Debug` keeps the cause on one line and holds the detail that `Display` leaves out.
            eprintln!("request {id} failed: {self:?}");
        }
        let mut response = answer::error(self.status(), &self.sentence());
        response.headers_mut().extend(self.header());
        response
    }
}

fn store_status(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Database(DatabaseError::Failed { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
        StoreError::Database(_) | StoreError::Migration(_) | StoreError::Configuration { .. } => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        StoreError::LeaseLost | StoreError::Unreadable { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use ledger::MigrationError;

    use super::*;

    fn detail() -> String {
        "near \"SELEKT\": syntax error".to_owned()
    }

    #[test]
    fn failures_of_ours_hide_their_detail() {
        let cases = [
            (StoreError::Database(DatabaseError::Failed { detail: detail() }), 500),
            (StoreError::Unreadable { detail: detail() }, 500),
            (StoreError::LeaseLost, 500),
            (StoreError::Database(DatabaseError::Busy), 503),
            (StoreError::Database(DatabaseError::Full), 503),
            (StoreError::Database(DatabaseError::Unavailable { detail: detail() }), 503),
            (StoreError::Migration(MigrationError::Changed { version: 1 }), 503),
        ];
        for (error, status) in cases {
            let response = ApiError::from(error).answer(&HeaderMap::new());
            assert_eq!(response.status(), status);
            let body = String::from_utf8(response.into_body().to_vec()).unwrap();
            assert!(body.starts_with(r#"{"error":""#) && !body.contains("SELEKT"), "{body}");
        }
    }

    #[test]
    fn busy_database_says_when_to_try_again() {
        let response = ApiError::from(StoreError::Database(DatabaseError::Busy)).answer(&HeaderMap::new());
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn schema_and_choice_of_the_database_are_told_in_words() {
        let old = StoreError::Migration(MigrationError::TooOld { version: 1, needed: 2 });
        let none = StoreError::Configuration { problem: "the variable database_url is empty" };
        for (error, part) in [(old, "run slipway migrate up"), (none, "database_url")] {
            let response = ApiError::from(error).answer(&HeaderMap::new());
            assert_eq!(response.status(), 503);
            let body = String::from_utf8(response.into_body().to_vec()).unwrap();
            assert!(body.contains(part), "{body}");
        }
    }
}

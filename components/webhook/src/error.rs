//! The one place that says how a failure looks outside.

use bytes::Bytes;
use gitops::signature::SignatureError;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use ledger::sql::DatabaseError;
use ledger::{FieldError, StoreError};

use crate::answer;

/// The id that the host gave to the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Seconds after which a caller may try a busy database again.
const BUSY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not done. The text of a caller's mistake is the sentence that the caller gets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookError {
    #[error("path not found")]
    NotFound,
    #[error("the method is not allowed here")]
    MethodNotAllowed { allow: &'static str },
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("the internal token is required")]
    Token,
    #[error("notifications of Argo are refused until the variable argo_webhook_token is set")]
    ArgoClosed,
    #[error("the bearer token of the variable argo_webhook_token is required")]
    ArgoToken,
    #[error("the body must have at most {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body could not be read")]
    BodyUnreadable,
    #[error("the content type must be application/json or application/x-www-form-urlencoded")]
    UnsupportedMediaType,
    #[error("the content type must be application/json")]
    NotJson,
    #[error("{sentence}")]
    Notification { sentence: String },
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("the header {0} is missing, or is not a short text")]
    Header(&'static str),
    #[error("the configuration is not valid, so that nothing can be decided; the log says why")]
    Misconfigured { problems: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("an answer cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
    #[error("the metrics cannot be written")]
    Metrics(#[from] prometheus::Error),
}

impl WebhookError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Signature(_) | Self::Token | Self::ArgoClosed | Self::ArgoToken => StatusCode::UNAUTHORIZED,
            Self::BodyTooLarge { .. } | Self::Field(FieldError::TooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::BodyUnreadable | Self::Header(_) | Self::Notification { .. } | Self::Field(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::UnsupportedMediaType | Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Misconfigured { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => store_status(error),
            Self::Unwritable(_) | Self::Metrics(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A header that the status calls for.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
            Self::Token | Self::ArgoClosed | Self::ArgoToken => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
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
            Self::Signature(SignatureError::NotConfigured) => {
                "deliveries are refused until the variable github_webhook_secret is set".to_owned()
            }
            Self::Store(error @ (StoreError::Migration(_) | StoreError::Configuration { .. })) => {
                error.to_string()
            }
            Self::Store(_) if self.status() == StatusCode::SERVICE_UNAVAILABLE => {
                "the database is not available, please try again".to_owned()
            }
            Self::Store(_) | Self::Unwritable(_) | Self::Metrics(_) => {
                "something went wrong on our side".to_owned()
            }
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

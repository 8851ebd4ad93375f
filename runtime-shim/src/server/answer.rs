//! Answers that the shim makes itself.

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use super::body::Body;

/// An answer on its way to a client.
pub type Answer = Response<Body>;

/// A body of this content type with this status.
pub fn with(status: StatusCode, content_type: &'static str, body: impl Into<bytes::Bytes>) -> Answer {
    let mut answer = Response::new(Body::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// `{"error": "<sentence>"}` with this status.
pub fn error(status: StatusCode, sentence: &str) -> Answer {
    with(status, "application/json", serde_json::json!({ "error": sentence }).to_string())
}

/// The answer to more work than there is room for.
pub fn overloaded() -> Answer {
    let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, "too many requests are in progress, try again");
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

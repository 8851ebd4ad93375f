//! Building responses.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::error::WebhookError;

/// Tells the host which route was taken; the host uses it as a label and takes it out.
const ROUTE: HeaderName = HeaderName::from_static("slipway-route");

/// A value as JSON.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response<Bytes>, WebhookError> {
    Ok(with_body(status, serde_json::to_vec(value)?.into()))
}

/// 200 with text of this type.
pub(crate) fn text(content_type: &str, text: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

/// 204 with the methods that are allowed.
pub(crate) fn options(allow: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// A failure, as one sentence.
pub(crate) fn error(status: StatusCode, sentence: &str) -> Response<Bytes> {
    with_body(status, serde_json::json!({ "error": sentence }).to_string().into())
}

/// Adds what every answer has; an answer to HEAD keeps its headers and loses its body (RFC 9110, section 9.3.2).
pub(crate) fn complete(mut response: Response<Bytes>, route: &'static str, head: bool) -> Response<Bytes> {
    let length = response.body().len();
    let headers = response.headers_mut();
    headers.insert(ROUTE, HeaderValue::from_static(route));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if length > 0 {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    if head {
        *response.body_mut() = Bytes::new();
    }
    response
}

fn with_body(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

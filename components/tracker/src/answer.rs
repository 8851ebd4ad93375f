//! Building responses.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LINK, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use ledger::Listing;
use serde::Serialize;

use crate::error::ApiError;
use crate::query::Query;

/// Tells the host which route was taken; the host uses it as a label and takes it out.
const ROUTE: HeaderName = HeaderName::from_static("slipway-route");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with a value.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response<Bytes>, ApiError> {
    Ok(with_body(StatusCode::OK, JSON, serde_json::to_vec(value)?.into()))
}

/// 201 with a value that lives at `location`.
pub(crate) fn created<T: Serialize>(value: &T, location: &str) -> Result<Response<Bytes>, ApiError> {
    let mut response = json(value)?;
    *response.status_mut() = StatusCode::CREATED;
    insert(&mut response, LOCATION, location);
    Ok(response)
}

/// 202 with a value.
pub(crate) fn accepted<T: Serialize>(value: &T) -> Result<Response<Bytes>, ApiError> {
    let mut response = json(value)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// 200 with the rows of one page as an array; where there is a next page, `Link` leads to it (RFC 8288).
pub(crate) fn listing<T: Serialize>(
    listing: &Listing<T>,
    path: &str,
    query: &Query<'_>,
) -> Result<Response<Bytes>, ApiError> {
    let mut response = json(&listing.items)?;
    if let Some(cursor) = &listing.next {
        insert(&mut response, LINK, &format!("<{path}?{}>; rel=\"next\"", query.at(cursor)));
    }
    Ok(response)
}

/// 200 with a page.
pub(crate) fn html(page: String) -> Response<Bytes> {
    with_body(StatusCode::OK, HeaderValue::from_static("text/html; charset=utf-8"), page.into())
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
    let body = serde_json::json!({ "error": sentence }).to_string();
    with_body(status, JSON, body.into())
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

fn with_body(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Adds a header whose value was made of parts; all of them are ASCII, so that none is ever left out.
fn insert(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

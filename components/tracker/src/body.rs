//! Reading the body of a request.

use std::fmt::Display;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Most bytes of a body: a deployment has a few hundred.
const LIMIT: usize = 64 * 1024;

/// Reads a JSON object, and stops as soon as the body is too large.
pub(crate) async fn object<B>(headers: &HeaderMap, body: B) -> Result<Map<String, Value>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    if !is_json(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let body = body.map_err(|error| error.to_string());
    let bytes = Limited::new(body, LIMIT).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ApiError::BodyTooLarge { limit: LIMIT }
        } else {
            ApiError::BodyUnreadable
        }
    })?;
    match serde_json::from_slice(&bytes.to_bytes()) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(ApiError::NotAnObject),
    }
}

/// Whether the media type, without its parameters, is `application/json`.
fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

//! Who may ask: a named client with the right token.

use axum::http::{HeaderMap, StatusCode, header};

use super::error::ApiError;

/// Refuses a request without `User-Agent` (403) or without the token (401), as GitHub does.
///
/// # Errors
/// The refusal.
pub fn check(headers: &HeaderMap, token: &str) -> Result<(), ApiError> {
    if headers.get(header::USER_AGENT).is_none_or(|agent| agent.is_empty()) {
        let message = "Request forbidden by administrative rules. \
             Please make sure your request has a User-Agent header.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    let unauthorized = |message| Err(ApiError::new(StatusCode::UNAUTHORIZED, message));
    match headers.get(header::AUTHORIZATION) {
        None => unauthorized("Requires authentication"),
        Some(value) if value.to_str().ok().and_then(bearer) == Some(token) => Ok(()),
        Some(_) => unauthorized("Bad credentials"),
    }
}

/// The token of `Bearer <token>` or `token <token>`; the scheme's case does not matter.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then(|| token.trim())
}

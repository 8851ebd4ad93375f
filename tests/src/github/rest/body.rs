//! Request bodies.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::github::commit::Signature;
use crate::github::error::ApiError;

/// Reads a JSON body.
///
/// # Errors
/// 400 when it is no JSON, 422 when it is not what the endpoint takes.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ApiError::unprocessable(format!("Invalid request.\n\n{error}")),
        _ => ApiError::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"),
    })
}

/// The value of a field that must be there.
///
/// # Errors
/// 422 in GitHub's words.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::unprocessable(format!("Invalid request.\n\n\"{field}\" wasn't supplied.")))
}

/// Decodes base64; line breaks are allowed, as in GitHub's own answers.
///
/// # Errors
/// 422 when it is no base64.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, ApiError> {
    let dense: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(dense).map_err(|_| ApiError::unprocessable("content is not valid Base64"))
}

/// `author` or `committer` of a request.
#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    name: String,
    email: String,
    date: Option<String>,
}

impl Person {
    /// The person as a commit has it; now, when no date was given.
    ///
    /// # Errors
    /// 422 for a date that is none.
    pub fn signature(self) -> Result<Signature, ApiError> {
        let mut signature = Signature::now(&self.name, &self.email);
        if let Some(date) = self.date {
            DateTime::parse_from_rfc3339(&date)
                .map_err(|_| ApiError::unprocessable(format!("{date:?} is not a valid date")))?;
            signature.date = date;
        }
        Ok(signature)
    }
}

/// Whom GitHub names when a request names nobody: the owner of the token.
pub fn token_owner() -> Signature {
    Signature::now("slipway-development[bot]", "slipway-development[bot]@users.noreply.github.com")
}

/// Who commits when GitHub makes the commit itself.
pub fn github() -> Signature {
    Signature::now("GitHub", "noreply@github.com")
}

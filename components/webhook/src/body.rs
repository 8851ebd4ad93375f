//! Reading the body of a request.

use std::fmt::Display;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::WebhookError;

/// Reads the body, and stops as soon as it has more than `limit` bytes.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, WebhookError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    let is_declared_too_large = body.size_hint().lower() > limit as u64;
    if is_declared_too_large {
        return Err(WebhookError::BodyTooLarge { limit });
    }
    let body = body.map_err(|error| error.to_string());
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(WebhookError::BodyTooLarge { limit }),
        Err(_) => Err(WebhookError::BodyUnreadable),
    }
}

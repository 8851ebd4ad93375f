//! Reading the body of a request.

use std::fmt::Display;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::WebhookError;

/// Most bytes of a delivery. GitHub's own limit is 25 MB, which pushes of images stay far below.
pub(crate) const LIMIT: usize = 2 * 1024 * 1024;

/// Reads the body, and stops as soon as it is too large.
pub(crate) async fn read<B>(body: B) -> Result<Bytes, WebhookError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    let is_declared_too_large = body.size_hint().lower() > LIMIT as u64;
    if is_declared_too_large {
        return Err(WebhookError::BodyTooLarge);
    }
    let body = body.map_err(|error| error.to_string());
    match Limited::new(body, LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(WebhookError::BodyTooLarge),
        Err(_) => Err(WebhookError::BodyUnreadable),
    }
}

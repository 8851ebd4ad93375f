//! Bodies of answers, bounded in size and in the time between their parts.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::error::PullError;

/// Time within which more of a body must come.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The whole body, if it has at most `limit` bytes.
pub(super) async fn read(answer: Response<Incoming>, limit: u64, what: &str) -> Result<Vec<u8>, PullError> {
    let mut content = Vec::new();
    each_part(answer, limit, what, |part| {
        content.extend_from_slice(&part);
        Ok(())
    })
    .await?;
    Ok(content)
}

/// Gives a body to `take`, part by part, as long as it has at most `limit` bytes.
pub(super) async fn each_part(
    answer: Response<Incoming>,
    limit: u64,
    what: &str,
    mut take: impl FnMut(Bytes) -> io::Result<()>,
) -> Result<(), PullError> {
    let mut body = answer.into_body();
    let mut left = limit;
    while let Some(frame) = timeout(STALL_TIMEOUT, body.frame()).await.map_err(|_| PullError::Late)? {
        let frame = frame.map_err(|error| PullError::transport(&error))?;
        let Ok(part) = frame.into_data() else { continue };
        let rest = left.checked_sub(part.len() as u64);
        left = rest.ok_or_else(|| PullError::TooLarge { what: what.to_owned(), limit })?;
        take(part)?;
    }
    Ok(())
}

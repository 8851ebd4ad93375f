//! Questions that the shim asks for itself, and whose answers it reads whole.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Limited};

/// Time for a whole answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Most bytes of an answer.
const MAX_BODY: usize = 1024 * 1024;

/// Why a question has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unanswered {
    /// It takes too long.
    #[error("no answer within {TIMEOUT:?}")]
    TooSlow,
    /// It could not be asked, or nobody answered.
    #[error("{0}")]
    Failed(String),
    /// The body is too big, or broke off.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

/// The whole of an answer, within bounds; nothing if there was nobody to ask.
pub async fn whole<B>(
    asked: impl Future<Output = Option<Result<Response<B>, Unanswered>>>,
) -> Option<Result<(StatusCode, Bytes), Unanswered>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let whole = async {
        let (head, body) = match asked.await? {
            Ok(answer) => answer.into_parts(),
            Err(unanswered) => return Some(Err(unanswered)),
        };
        let body = Limited::new(body, MAX_BODY).collect().await;
        let body = body.map_err(|error| Unanswered::Unreadable(error.to_string()));
        Some(body.map(|body| (head.status, body.to_bytes())))
    };
    tokio::time::timeout(TIMEOUT, whole).await.unwrap_or(Some(Err(Unanswered::TooSlow)))
}

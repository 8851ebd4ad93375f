//! HTTP as this crate needs it.

use bytes::Bytes;

/// An HTTP client. It follows no redirect, and bounds what it reads.
pub trait Http {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`HttpError`] when there is no answer, or it cannot be read to its end. A status of any kind is an answer.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(String);

impl HttpError {
    /// Wraps what the client says.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

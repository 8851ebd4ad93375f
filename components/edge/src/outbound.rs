//! `wasi:http` as the HTTP client of the GitOps library.

use bytes::Bytes;
use gitops::http::{Http, HttpError};
use http_body_util::{BodyExt, Full, Limited};

/// Most bytes of an answer that are read: a file of a GitOps repository is far smaller.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// HTTP to the hosts that the manifest allows.
pub struct Outbound;

impl Http for Outbound {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let answer = spin_sdk::http::send(request.map(Full::new))
            .await
            .map_err(|error| HttpError::new(error.to_string()))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| HttpError::new(error.to_string()))?;
        Ok(http::Response::from_parts(head, body.to_bytes()))
    }
}

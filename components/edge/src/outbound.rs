//! `wasi:http` as the HTTP client of the GitOps library.

use bytes::Bytes;
use gitops::http::{Http, HttpError};
use http_body_util::{BodyExt, Full, Limited};
use spin_sdk::wasip3::http::types::RequestOptions;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// Most bytes of an answer that are read: a file of a GitOps repository is far smaller.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Nanoseconds until a connection, and then until an answer. A server that says nothing must not use up the time that a
/// host gives to background work.
const TIMEOUT: u64 = 10_000_000_000;

/// HTTP to the hosts that the manifest allows.
pub struct Outbound;

impl Http for Outbound {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        request.extensions_mut().insert(options());
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

/// Where a host does not know one of these limits, its own holds.
fn options() -> RequestOptionsExtension {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(TIMEOUT));
    let _ = options.set_first_byte_timeout(Some(TIMEOUT));
    RequestOptionsExtension(options)
}

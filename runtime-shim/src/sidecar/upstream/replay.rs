//! Which requests may be sent a second time, when the connection of the first ended without an answer:
//! <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2>. An upstream closes connections that it has not used for a
//! while, and may do so while a request is on its way.

use http::{Method, Request};
use http_body::Body;
use http_body_util::{Either, Empty};

use super::Upload;

/// The same request once more, if it does no harm twice and has no body that may be gone.
pub fn copy(request: &Request<Upload>) -> Option<Request<Upload>> {
    let idempotent = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    if !idempotent || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(Either::Right(Empty::new()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

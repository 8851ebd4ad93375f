//! The body of a client's request on its way to a component. When it breaks, the component sees an error and may well
//! trap; the client is told that it was the body nevertheless.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, WasiBody};

use super::answer::{self, Answer};
use super::idle::{Idle, Interrupted};

/// The status that the body of a request calls for; zero while nothing is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Fault(Arc<AtomicU16>);

impl Fault {
    /// What is noted of a request's body from now on.
    pub fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    fn note(&self, interrupted: Interrupted) -> Error {
        let (status, error) = match interrupted {
            Interrupted::Idle(_) => (StatusCode::REQUEST_TIMEOUT, Error::ConnectionReadTimeout),
            Interrupted::TooLarge(size) => {
                (StatusCode::PAYLOAD_TOO_LARGE, Error::HttpRequestBodySize(Some(size)))
            }
            Interrupted::Broken(error) => (StatusCode::BAD_REQUEST, error.into()),
        };
        self.0.store(status.as_u16(), Ordering::Relaxed);
        error
    }

    /// Says so in the answer of a component that failed because of the body. One that answered something better knew
    /// what to do.
    pub fn blame(&self, answer: &mut Answer) {
        let status = StatusCode::from_u16(self.0.load(Ordering::Relaxed));
        let Ok(status) = status else { return };
        if answer.status().is_server_error() {
            let sentence = match status {
                StatusCode::REQUEST_TIMEOUT => "the request's body did not come in time",
                StatusCode::PAYLOAD_TOO_LARGE => "the request's body is too big",
                _ => "the request's body broke off",
            };
            *answer = answer::error(status, sentence);
        }
    }
}

/// The request with a body that may stand still for `idle` and have `size` bytes at most. [`Fault`] is among its
/// extensions.
pub fn bounded(request: Request<Incoming>, idle: Duration, size: Option<u64>) -> Request<WasiBody> {
    let fault = Fault::default();
    let noted = fault.clone();
    let mut request = request.map(|body| {
        Idle::new(body, idle).at_most(size).map_err(move |error| noted.note(error)).boxed_unsync()
    });
    request.extensions_mut().insert(fault);
    request
}

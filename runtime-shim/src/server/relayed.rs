//! The body of an upstream's answer, on its way to a client.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use wasmtime_wasi_http::Error;

use super::idle::{Idle, Interrupted};
use super::in_flight::InFlight;

/// What a request holds until the end of its answer's body.
pub struct Held {
    /// A drain waits for it, and it has its place among the requests that are worked on.
    pub in_flight: InFlight,
    /// Its place on a connection to the upstream, if that is shared.
    pub place: Option<Arc<()>>,
}

/// A body that is passed on frame by frame.
pub struct Relayed {
    body: Idle<Incoming>,
    _held: Held,
}

impl Relayed {
    /// Passes `body` on, and keeps what is held until its end.
    pub fn new(body: Idle<Incoming>, held: Held) -> Self {
        Self { body, _held: held }
    }
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let failed = |error| {
            tracing::warn!("the upstream's answer ended early: {error}");
            match error {
                Interrupted::Idle(_) => Error::HttpResponseTimeout,
                Interrupted::TooLarge(size) => Error::HttpResponseBodySize(Some(size)),
                Interrupted::Broken(error) => error.into(),
            }
        };
        Pin::new(&mut self.get_mut().body)
            .poll_frame(context)
            .map(|frame| frame.map(|result| result.map_err(failed)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! What an instance is doing, as seen from outside of it: whether it may take a request, and what became of the last one.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether a trap or a time-out has ended the instance while something of a request went on in it.
#[derive(Clone, Debug, Default)]
pub struct Broken(Arc<AtomicBool>);

/// The requests that an instance is at, mostly one, each from its head until nothing of it goes on: neither the body of its
/// answer nor what the component does afterwards. Of several, none ends before all have.
#[derive(Debug, Default)]
pub struct Occupancy(Mutex<Vec<Broken>>);

impl Occupancy {
    /// A request begins.
    pub fn occupy(&self, request: Broken) {
        let mut requests = self.requests();
        // Those whose answers have come to their ends need not know.
        requests.retain(|other| Arc::strong_count(&other.0) > 1);
        requests.push(request);
    }

    /// Nothing goes on any more; tells whether something did before.
    pub fn vacate(&self) -> bool {
        let mut requests = self.requests();
        let did = !requests.is_empty();
        requests.clear();
        did
    }

    /// Whether something of a request goes on.
    pub fn is_occupied(&self) -> bool {
        !self.requests().is_empty()
    }

    /// The instance comes to a bad end. To be called before anything of it is dropped.
    pub fn break_off(&self) {
        for request in self.requests().iter() {
            request.0.store(true, Ordering::Release);
        }
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Broken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A component's body that ends with an error if its instance came to a bad end. wasmtime-wasi-http lets such a body end as
/// if it were whole, and a client could not know that the rest is missing.
pub struct Guarded {
    body: WasiBody,
    broken: Broken,
}

impl Guarded {
    /// Guards the body of the answer to the request that has this state.
    pub fn new(body: WasiBody, broken: Broken) -> Self {
        Self { body, broken }
    }

    fn is_broken(&self) -> bool {
        self.broken.0.load(Ordering::Acquire)
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(None) if self.is_broken() => Poll::Ready(Some(Err(Error::HttpResponseIncomplete))),
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.is_broken()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

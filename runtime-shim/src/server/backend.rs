//! What stands behind the listeners: an application in this process, or an upstream.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::Incoming;

use super::answer::Answer;
use super::core::Core;
use super::dispatch::Listener;
use super::question::Unanswered;
use crate::correlation::Correlation;

/// Answers requests; the probes, metrics and drain of the shim are made from what it tells.
pub trait Backend: Send + Sync + Sized + 'static {
    /// The state that does not depend on what is served.
    fn core(&self) -> &Core;

    /// Answers one request of a client.
    fn answer(
        self: &Arc<Self>,
        listener: Listener,
        request: Request<Incoming>,
        client: SocketAddr,
        correlation: &Correlation,
    ) -> impl Future<Output = Answer> + Send;

    /// Whether requests are welcome, or a sentence that says why not. The phase is not its matter.
    fn ready(self: &Arc<Self>) -> impl Future<Output = Result<(), String>> + Send;

    /// The metrics that it exposes itself, as status and text; nothing if it has none.
    fn exposed(&self) -> impl Future<Output = Option<Result<(StatusCode, Bytes), Unanswered>>> + Send;

    /// Sets gauges that are only looked at when metrics are read.
    fn observe(&self) {}
}

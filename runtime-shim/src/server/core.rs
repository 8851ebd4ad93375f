//! What the shim keeps while it serves, whatever it serves.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body::Body;
use tokio::sync::OwnedSemaphorePermit;

use super::answer::{self, Answer};
use super::component_metrics::ComponentMetrics;
use super::in_flight::Counter;
use crate::access_log::AccessLog;
use crate::cli::{Clients, Drain};
use crate::fault::Faults;
use crate::gate::{Bounds, Gate, Refusal};
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::{Limit, Metrics};
use crate::trace::Tracer;

/// State of a process that serves.
pub struct Core {
    /// All metrics.
    pub metrics: Arc<Metrics>,
    /// Metrics of whatever is served.
    pub component_metrics: ComponentMetrics,
    /// Which requests are logged.
    pub access_log: AccessLog,
    /// What makes spans, if anything does.
    pub tracer: Tracer,
    /// Whether it serves, drains or ends.
    pub lifecycle: Lifecycle,
    /// Requests in flight.
    pub in_flight: Counter,
    /// What clients may do.
    pub clients: Clients,
    /// What goes wrong on purpose; nothing in a release.
    pub faults: Faults,
    /// What requests go through that are worked on.
    requests: Gate,
    /// Time between being unready and having no new requests.
    drain_delay: Duration,
    /// How long what is in flight may then take.
    drain_timeout: Duration,
}

impl Core {
    /// The state before the first request.
    pub fn new(
        metrics: Arc<Metrics>,
        observed: (AccessLog, Tracer),
        lifecycle: Lifecycle,
        requests: Bounds,
        clients: Clients,
        drain: &Drain,
        faults: Faults,
    ) -> Self {
        let (access_log, tracer) = observed;
        Self {
            in_flight: Counter::new(metrics.in_flight.clone()),
            metrics,
            access_log,
            tracer,
            component_metrics: ComponentMetrics::default(),
            lifecycle,
            clients,
            faults,
            requests: Gate::new(requests),
            drain_delay: drain.drain_delay,
            drain_timeout: drain.drain_timeout,
        }
    }

    /// A place among the requests that are worked on, to be kept until the end of the answer.
    ///
    /// # Errors
    /// What the client is told if there is none.
    pub async fn admit(&self) -> Result<OwnedSemaphorePermit, Answer> {
        self.requests.enter().await.map_err(|refusal| self.refuse(Limit::Requests, refusal))
    }

    /// What the client is told of a request that says itself that its body is too big.
    pub fn too_large(&self, request: &Request<impl Body>) -> Option<Answer> {
        let length = request.body().size_hint().lower();
        let is_too_large = self.clients.max_request_body.is_some_and(|most| length > most);
        let answer = || answer::error(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too big");
        is_too_large.then(answer)
    }

    /// The answer that a fault on purpose gives in the application's place, after the delay that it makes. The request is in
    /// flight meanwhile.
    pub async fn injected(&self) -> Option<Answer> {
        if self.faults.are_none() {
            return None;
        }
        let _in_flight = self.in_flight.begin();
        let status = self.faults.strike().await?;
        Some(answer::error(status, "the application fails on purpose, by --fault"))
    }

    /// Counts a request that is refused; what its client is told.
    pub fn refuse(&self, limit: Limit, refusal: Refusal) -> Answer {
        self.metrics.refused(limit, refusal);
        answer::overloaded()
    }

    /// Becomes unready, and returns when load balancers have had time to notice. The time is counted from the first who
    /// asked for the drain, be it a hook or a signal.
    pub async fn unready(&self) {
        let since = self.lifecycle.drain();
        tokio::time::sleep_until((since + self.drain_delay).into()).await;
    }

    /// Whether nothing is in flight any more, after waiting for it as long as a drain may take.
    pub async fn is_idle(&self) -> bool {
        tokio::time::timeout(self.drain_timeout, self.in_flight.none()).await.is_ok()
    }

    /// How long what is in flight may take after [`Core::unready`].
    pub fn drain_timeout(&self) -> Duration {
        self.drain_timeout
    }

    /// Whether the phase lets requests come.
    ///
    /// # Errors
    /// Why not, in a word.
    pub fn serving(&self) -> Result<(), String> {
        match self.lifecycle.phase() {
            Phase::Starting => Err("starting".into()),
            Phase::Draining | Phase::Closing => Err("draining".into()),
            Phase::Serving => Ok(()),
        }
    }
}

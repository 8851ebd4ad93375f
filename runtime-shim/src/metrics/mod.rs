//! Every metric the shim exports, declared once; the doc comment of a field says what its help text says.
//!
//! Naming and labels follow <https://prometheus.io/docs/practices/naming/>. No label ever holds a raw path, a header
//! or anything else whose number of values a client decides.

mod declarations;
pub mod exposition;
mod format;
mod labels;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus::{
    Encoder, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use crate::gate::Refusal;
use declarations::Declarations;
pub use format::Format;
use labels::CLASSES;
pub use labels::OTHER;
use routes::Routes;

/// Seconds. Dense around the 100 ms to 500 ms where release gates usually sit.
const REQUEST_BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Seconds. A call into the host is a local matter, or waits for a network.
const HOST_CALL_BUCKETS: [f64; 9] = [0.000_05, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];

/// The shim's metrics and the registry that exports them.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    responses: IntCounterVec,
    routes: Routes,
    /// Names of all families, also of those that have no series yet.
    names: BTreeSet<String>,
    /// Requests being handled now.
    pub in_flight: IntGauge,
    refused: IntCounterVec,
    connections_cut: IntCounterVec,
    outbound_refused: IntCounterVec,
    /// Component instances created, by component.
    pub instances_created: IntCounterVec,
    /// Requests served by an instance that had served one before, by component.
    pub instances_reused: IntCounterVec,
    /// Instances that ended with a trap or were ended by a limit, by component and reason.
    pub instances_trapped: IntCounterVec,
    /// Duration of calls from components into the host in seconds, by interface.
    pub host_calls: HistogramVec,
    postgres_connections: IntGaugeVec,
    postgres_pool_size: IntGauge,
    postgres_waiting: IntGauge,
    /// Time that components waited for a connection to PostgreSQL, in seconds.
    pub postgres_wait: Histogram,
    /// Without labels; a vector, since it can be absent.
    component_metrics_up: IntGaugeVec,
    spans_exported: IntCounterVec,
    spans_dropped: IntCounterVec,
}

/// Counts spans that no collector will see.
#[derive(Debug, Clone)]
pub struct DroppedSpans {
    queue_full: IntCounter,
    export_failed: IntCounter,
}

/// Connections to PostgreSQL, over all databases.
#[derive(Debug, Default, Clone, Copy)]
pub struct PostgresConnections {
    /// Open and free.
    pub idle: usize,
    /// In use by a component.
    pub in_use: usize,
    /// Most that may be open.
    pub most: usize,
    /// Components that wait for one.
    pub waiting: usize,
}

/// A limit on requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Those that are worked on at once.
    Requests,
    /// Those that compute at once.
    Processors,
}

impl Limit {
    fn label(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Processors => "processors",
        }
    }
}

/// Why a connection of a client was ended. None of these reaches the application, so none is a request that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// There are as many as there may be.
    TooMany,
    /// The head of a request did not come in time.
    HeaderTimeout,
    /// The head of a request was too big: 431.
    HeaderTooLarge,
    /// What came was not HTTP: 400.
    Invalid,
    /// An answer was not read in time.
    Unread,
}

impl Cut {
    const ALL: [Self; 5] =
        [Self::TooMany, Self::HeaderTimeout, Self::HeaderTooLarge, Self::Invalid, Self::Unread];

    fn label(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::HeaderTimeout => "header_timeout",
            Self::HeaderTooLarge => "header_too_large",
            Self::Invalid => "invalid",
            Self::Unread => "unread",
        }
    }
}

/// Why a component's request to another host was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The manifest does not allow the host.
    NotAllowed,
    /// The host's addresses are blocked.
    Blocked,
    /// As many are open as may be.
    TooMany,
}

impl Refused {
    const ALL: [Self; 3] = [Self::NotAllowed, Self::Blocked, Self::TooMany];

    fn label(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::Blocked => "blocked",
            Self::TooMany => "too_many",
        }
    }
}

/// What is known of a request once it was answered.
pub struct Answered<'a> {
    /// Component that the request was routed to.
    pub component: &'a str,
    /// The request's method.
    pub method: &'a Method,
    /// Pattern of the route, never a raw path.
    pub route: &'a str,
    /// Status of the answer.
    pub status: StatusCode,
    /// From the request's head being read to the answer's head being ready.
    pub duration: Duration,
}

impl Metrics {
    /// Declares all metrics.
    ///
    /// # Errors
    /// Only if two metrics have the same name.
    pub fn new() -> prometheus::Result<Self> {
        let mut declare = Declarations::default();
        declare.build()?;
        declare.process()?;
        let metrics = Self {
            requests: declare.counters(
                "http_requests_total",
                "HTTP requests answered.",
                &["component", "method", "route", "status"],
            )?,
            duration: declare.histograms(
                "http_request_duration_seconds",
                "Time from a request's head to its answer's head, in seconds.",
                &["component", "method", "route"],
                &REQUEST_BUCKETS,
            )?,
            responses: declare.counters(
                "http_responses_total",
                "HTTP responses by status class; every class of every component exists from the start.",
                &["component", "class"],
            )?,
            in_flight: declare.gauge("http_requests_in_flight", "HTTP requests being handled now.")?,
            refused: declare.counters(
                "slipway_requests_refused_total",
                "Requests answered with 503 because of too many others, by the limit that was met and by why.",
                &["limit", "reason"],
            )?,
            connections_cut: declare.counters(
                "slipway_connections_cut_total",
                "Connections of clients that were ended for what they did, by what it was.",
                &["reason"],
            )?,
            outbound_refused: declare.counters(
                "slipway_outbound_refused_total",
                "Requests of components to other hosts that were refused, by why.",
                &["component", "reason"],
            )?,
            instances_created: declare.counters(
                "slipway_instances_created_total",
                "Component instances created.",
                &["component"],
            )?,
            instances_reused: declare.counters(
                "slipway_instances_reused_total",
                "Requests served by an instance that had served one before.",
                &["component"],
            )?,
            instances_trapped: declare.counters(
                "slipway_instances_trapped_total",
                "Instances ended by a trap or a limit.",
                &["component", "reason"],
            )?,
            host_calls: declare.histograms(
                "slipway_host_call_duration_seconds",
                "Duration of calls from components into the host, in seconds.",
                &["interface"],
                &HOST_CALL_BUCKETS,
            )?,
            postgres_connections: declare.gauges(
                "slipway_postgres_connections",
                "Open connections to PostgreSQL.",
                &["state"],
            )?,
            postgres_pool_size: declare
                .gauge("slipway_postgres_pool_size", "Most connections to PostgreSQL that may be open.")?,
            postgres_waiting: declare
                .gauge("slipway_postgres_waiting", "Calls waiting for a connection to PostgreSQL.")?,
            postgres_wait: declare.histogram(
                "slipway_postgres_wait_seconds",
                "Time that calls waited for a connection to PostgreSQL, in seconds.",
                &HOST_CALL_BUCKETS,
            )?,
            component_metrics_up: declare.gauges(
                "slipway_component_metrics_up",
                "Whether the application's own metrics could be read; absent if it has none.",
                &[],
            )?,
            spans_exported: declare.counters(
                "slipway_spans_exported_total",
                "Spans that a collector has taken; absent with tracing off.",
                &[],
            )?,
            spans_dropped: declare.counters(
                "slipway_spans_dropped_total",
                "Spans that no collector has taken; absent with tracing off.",
                &["reason"],
            )?,
            routes: Routes::default(),
            names: declare.names,
            registry: declare.registry,
        };
        metrics.declare_refusals();
        Ok(metrics)
    }

    /// Makes the series of what is refused exist at zero.
    fn declare_refusals(&self) {
        for limit in [Limit::Requests, Limit::Processors] {
            for refusal in Refusal::ALL {
                self.refused.with_label_values(&[limit.label(), refusal.label()]);
            }
        }
        for cut in Cut::ALL {
            self.connections_cut.with_label_values(&[cut.label()]);
        }
    }

    /// Makes the series of a component exist at zero: a series that first appears with value 1 is invisible to `rate`.
    pub fn declare_component(&self, component: &str) {
        self.declare_responses(component);
        self.instances_created.with_label_values(&[component]);
        self.instances_reused.with_label_values(&[component]);
        for reason in ["trap", "timeout"] {
            self.instances_trapped.with_label_values(&[component, reason]);
        }
    }

    /// The same for what is no component of ours, and has no instances.
    pub fn declare_responses(&self, component: &str) {
        for class in CLASSES {
            self.responses.with_label_values(&[component, class]);
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, answered: &Answered<'_>) {
        let &Answered { component, route, status, .. } = answered;
        let method = labels::method(answered.method);
        let route = if self.routes.admit(component, route) { route } else { OTHER };
        self.requests.with_label_values(&[component, method, route, status.as_str()]).inc();
        self.duration.with_label_values(&[component, method, route]).observe(answered.duration.as_secs_f64());
        self.responses.with_label_values(&[component, labels::class(status)]).inc();
    }

    /// Counts a request that was refused because of too many others.
    pub fn refused(&self, limit: Limit, refusal: Refusal) {
        self.refused.with_label_values(&[limit.label(), refusal.label()]).inc();
    }

    /// Counts a connection that was ended for what its client did.
    pub fn connection_cut(&self, cut: Cut) {
        self.connections_cut.with_label_values(&[cut.label()]).inc();
    }

    /// Makes the series of refused outbound requests exist at zero.
    pub fn declare_outbound(&self, component: &str) {
        for refused in Refused::ALL {
            self.outbound_refused.with_label_values(&[component, refused.label()]);
        }
    }

    /// Counts a request of a component to another host that was refused.
    pub fn outbound_refused(&self, component: &str, refused: Refused) {
        self.outbound_refused.with_label_values(&[component, refused.label()]).inc();
    }

    /// Records how long a component waited for the host.
    pub fn host_call(&self, interface: &str, duration: Duration) {
        self.host_calls.with_label_values(&[interface]).observe(duration.as_secs_f64());
    }

    /// Sets the gauges of PostgreSQL.
    pub fn postgres_connections(&self, now: &PostgresConnections) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.postgres_connections.with_label_values(&["idle"]).set(gauge(now.idle));
        self.postgres_connections.with_label_values(&["in_use"]).set(gauge(now.in_use));
        self.postgres_pool_size.set(gauge(now.most));
        self.postgres_waiting.set(gauge(now.waiting));
    }

    /// Says whether the application's own metrics could be read; nothing if it has none.
    pub fn component_metrics_up(&self, up: Option<bool>) {
        match up {
            Some(up) => self.component_metrics_up.with_label_values::<&str>(&[]).set(up.into()),
            None => self.component_metrics_up.reset(),
        }
    }

    /// Makes the series of spans exist, at zero.
    pub fn declare_spans(&self) {
        self.spans_exported(0);
        self.dropped_spans();
    }

    /// Counts spans that a collector has taken.
    pub fn spans_exported(&self, spans: usize) {
        self.spans_exported.with_label_values::<&str>(&[]).inc_by(spans as u64);
    }

    /// What counts spans that were dropped.
    pub fn dropped_spans(&self) -> DroppedSpans {
        DroppedSpans {
            queue_full: self.spans_dropped.with_label_values(&["queue_full"]),
            export_failed: self.spans_dropped.with_label_values(&["export_failed"]),
        }
    }

    /// Names of all metrics declared here: nobody else's may be served beside them under one of these.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// All metrics in the Prometheus text format.
    ///
    /// # Errors
    /// If a metric family cannot be encoded.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(16 * 1024);
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

impl DroppedSpans {
    /// One more for which the queue had no room.
    pub fn queue_full(&self) {
        self.queue_full.inc();
    }

    /// More that could not be sent.
    pub fn export_failed(&self, spans: usize) {
        self.export_failed.inc_by(spans as u64);
    }
}

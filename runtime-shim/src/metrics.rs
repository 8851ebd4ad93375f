//! Every metric the shim exports, declared once; the doc comment of a field says what its help text says.
//!
//! Naming and labels follow <https://prometheus.io/docs/practices/naming/>. No label ever holds a raw path, a header
//! or anything else whose number of values a client decides.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// Content type of [`Metrics::render`]: the Prometheus text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Most route patterns that are told apart; what comes later is counted as [`OTHER`].
const MAX_ROUTES: usize = 200;

/// Label for what is not worth, or not safe, a value of its own.
pub const OTHER: &str = "other";

/// Status classes of `http_responses_total`.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

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
    /// Route patterns that are label values, by component.
    routes: RwLock<HashMap<String, HashSet<String>>>,
    /// Requests being handled now.
    pub in_flight: IntGauge,
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
        let registry = Registry::new();
        let metrics = Self {
            requests: counter(
                &registry,
                "http_requests_total",
                "HTTP requests answered.",
                &["component", "method", "route", "status"],
            )?,
            duration: histogram(
                &registry,
                "http_request_duration_seconds",
                "Time from a request's head to its answer's head, in seconds.",
                &["component", "method", "route"],
                &REQUEST_BUCKETS,
            )?,
            responses: counter(
                &registry,
                "http_responses_total",
                "HTTP responses by status class; every class of every component exists from the start.",
                &["component", "class"],
            )?,
            in_flight: register(
                &registry,
                IntGauge::new("http_requests_in_flight", "HTTP requests being handled now.")?,
            )?,
            instances_created: counter(
                &registry,
                "slipway_instances_created_total",
                "Component instances created.",
                &["component"],
            )?,
            instances_reused: counter(
                &registry,
                "slipway_instances_reused_total",
                "Requests served by an instance that had served one before.",
                &["component"],
            )?,
            instances_trapped: counter(
                &registry,
                "slipway_instances_trapped_total",
                "Instances ended by a trap or a limit.",
                &["component", "reason"],
            )?,
            host_calls: histogram(
                &registry,
                "slipway_host_call_duration_seconds",
                "Duration of calls from components into the host, in seconds.",
                &["interface"],
                &HOST_CALL_BUCKETS,
            )?,
            postgres_connections: register(
                &registry,
                IntGaugeVec::new(
                    Opts::new("slipway_postgres_connections", "Open connections to PostgreSQL."),
                    &["state"],
                )?,
            )?,
            postgres_pool_size: register(
                &registry,
                IntGauge::new(
                    "slipway_postgres_pool_size",
                    "Most connections to PostgreSQL that may be open.",
                )?,
            )?,
            postgres_waiting: register(
                &registry,
                IntGauge::new("slipway_postgres_waiting", "Calls waiting for a connection to PostgreSQL.")?,
            )?,
            postgres_wait: register(
                &registry,
                Histogram::with_opts(
                    HistogramOpts::new(
                        "slipway_postgres_wait_seconds",
                        "Time that calls waited for a connection to PostgreSQL, in seconds.",
                    )
                    .buckets(HOST_CALL_BUCKETS.to_vec()),
                )?,
            )?,
            routes: RwLock::default(),
            registry,
        };
        metrics.declare_build()?;
        metrics.declare_process()?;
        Ok(metrics)
    }

    /// Makes the series of a component exist at zero: a series that first appears with value 1 is invisible to `rate`.
    pub fn declare_component(&self, component: &str) {
        for class in CLASSES {
            self.responses.with_label_values(&[component, class]);
        }
        self.instances_created.with_label_values(&[component]);
        self.instances_reused.with_label_values(&[component]);
        for reason in ["trap", "timeout"] {
            self.instances_trapped.with_label_values(&[component, reason]);
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, answered: &Answered<'_>) {
        let &Answered { component, route, status, .. } = answered;
        let method = method_label(answered.method);
        let route = if self.admit(component, route) { route } else { OTHER };
        self.requests.with_label_values(&[component, method, route, status.as_str()]).inc();
        self.duration.with_label_values(&[component, method, route]).observe(answered.duration.as_secs_f64());
        self.responses.with_label_values(&[component, class(status)]).inc();
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

    /// All metrics in the text format of [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// If a metric family cannot be encoded.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(16 * 1024);
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Whether `route` may be a label value of its own.
    fn admit(&self, component: &str, route: &str) -> bool {
        let known = |routes: &HashMap<String, HashSet<String>>| {
            routes.get(component).is_some_and(|patterns| patterns.contains(route))
        };
        if known(&self.routes.read().unwrap_or_else(PoisonError::into_inner)) {
            return true;
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        if routes.values().map(HashSet::len).sum::<usize>() >= MAX_ROUTES {
            return known(&routes);
        }
        routes.entry(component.to_owned()).or_default().insert(route.to_owned());
        true
    }

    fn declare_build(&self) -> prometheus::Result<()> {
        let options = Opts::new("slipway_build_info", "Version and commit of this build; always 1.");
        let gauge = register(&self.registry, IntGaugeVec::new(options, &["version", "commit"])?)?;
        gauge.with_label_values(&[env!("CARGO_PKG_VERSION"), env!("SLIPWAY_COMMIT")]).set(1);
        Ok(())
    }

    /// CPU, memory, descriptors and start time of the process, where the platform tells them.
    fn declare_process(&self) -> prometheus::Result<()> {
        #[cfg(target_os = "linux")]
        self.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(())
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counter(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntCounterVec> {
    register(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> prometheus::Result<HistogramVec> {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    register(registry, HistogramVec::new(options, labels)?)
}

/// The method as a label: a client may send any token as its method.
fn method_label(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT") => {
            known
        }
        _ => OTHER,
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(metrics: &Metrics, route: &str, status: u16) {
        metrics.answered(&Answered {
            component: "app",
            method: &Method::GET,
            route,
            status: StatusCode::from_u16(status).unwrap(),
            duration: Duration::from_millis(3),
        });
    }

    fn rendered(metrics: &Metrics) -> String {
        String::from_utf8(metrics.render().unwrap()).unwrap()
    }

    #[test]
    fn every_class_of_a_component_is_zero_before_the_first_request() {
        let metrics = Metrics::new().unwrap();
        metrics.declare_component("app");
        let text = rendered(&metrics);
        for class in CLASSES {
            assert!(text.contains(&format!("http_responses_total{{class=\"{class}\",component=\"app\"}} 0")));
        }
    }

    #[test]
    fn a_request_is_counted_under_pattern_status_and_class() {
        let metrics = Metrics::new().unwrap();
        answer(&metrics, "/users/:id", 404);
        let text = rendered(&metrics);
        assert!(text.contains(
            "http_requests_total{component=\"app\",method=\"GET\",route=\"/users/:id\",status=\"404\"} 1"
        ));
        assert!(text.contains("http_responses_total{class=\"4xx\",component=\"app\"} 1"));
        assert!(text.contains("http_request_duration_seconds_bucket{component=\"app\",method=\"GET\",route=\"/users/:id\",le=\"0.005\"} 1"));
    }

    #[test]
    fn routes_beyond_the_bound_are_counted_as_other() {
        let metrics = Metrics::new().unwrap();
        for number in 0..MAX_ROUTES + 50 {
            answer(&metrics, &format!("/{number}"), 200);
        }
        let text = rendered(&metrics);
        let series = text.lines().filter(|line| line.starts_with("http_requests_total{")).count();
        assert_eq!(series, MAX_ROUTES + 1);
        assert!(text.contains("route=\"other\",status=\"200\"} 50"));
    }

    #[test]
    fn an_invented_method_does_not_make_a_series() {
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), OTHER);
    }
}

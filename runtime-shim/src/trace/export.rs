//! The way of finished spans to a collector: a bounded queue, and one task that empties it. Nobody who ends a span ever
//! waits; what the queue has no room for is dropped and counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::HttpClient;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::settings::Settings;
use crate::host::outbound;
use crate::metrics::{DroppedSpans, Metrics};

/// Spans that may wait, and that are sent at once: what OpenTelemetry's own processor has,
/// <https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor>.
const QUEUE: usize = 2_048;
const BATCH: usize = 512;

/// How long the first span of a batch waits for others.
const DELAY: Duration = Duration::from_secs(1);

/// How often is looked whether a batch is full: waking up for each span would cost more than the span.
const TICK: Duration = Duration::from_millis(20);

/// Time for one batch to be sent, with all tries.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time that the end of the process leaves for what is queued.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Shortest time between two warnings.
const WARNING_PERIOD: Duration = Duration::from_secs(60);

/// The end of the queue at which spans arrive.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    dropped: DroppedSpans,
}

/// The task that exports.
pub(super) struct Export {
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// Begins to export.
pub(super) fn begin(
    settings: &Settings,
    resource: &Resource,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(Queue, Export)> {
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(settings.endpoint.to_string())
        .with_headers(settings.headers.clone())
        .with_timeout(EXPORT_TIMEOUT)
        .with_shared_http_client(client(settings)?)
        .build()
        .with_context(|| format!("cannot trace to {}", settings.endpoint))?;
    exporter.set_resource(resource);
    metrics.declare_spans();
    let (sender, spans) = mpsc::channel(QUEUE);
    let stop = Arc::new(Notify::new());
    let worker = Worker {
        spans,
        exporter,
        endpoint: settings.endpoint.to_string(),
        metrics: Arc::clone(metrics),
        warned: None,
    };
    let task = tokio::spawn(worker.run(Arc::clone(&stop)));
    let queue = Queue { spans: sender, dropped: metrics.dropped_spans() };
    Ok((queue, Export { stop, task: Mutex::new(Some(task)) }))
}

/// Certificates are only looked for where they are needed: a sidecar's image may have none.
fn client(settings: &Settings) -> anyhow::Result<Arc<dyn HttpClient>> {
    if settings.endpoint.scheme_str() == Some("https") {
        let https = outbound::connector().context("cannot read the machine's certificates")?;
        return Ok(Arc::new(HyperClient::new(https, EXPORT_TIMEOUT, None)));
    }
    Ok(Arc::new(HyperClient::new(HttpConnector::new(), EXPORT_TIMEOUT, None)))
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.spans.try_send(span).is_err() {
            self.dropped.queue_full();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// Flushing is the task's matter, see [`Export::flush`].
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Export {
    /// Sends what is queued. Whoever calls a second time does not wait.
    pub(super) async fn flush(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        self.stop.notify_one();
        if timeout(FLUSH_TIMEOUT, task).await.is_err() {
            tracing::warn!("some spans were not exported within {FLUSH_TIMEOUT:?}");
        }
    }
}

struct Worker {
    spans: mpsc::Receiver<SpanData>,
    exporter: SpanExporter,
    endpoint: String,
    metrics: Arc<Metrics>,
    /// When a warning was last given.
    warned: Option<Instant>,
}

impl Worker {
    async fn run(mut self, stop: Arc<Notify>) {
        let mut batch = Vec::new();
        loop {
            let stopped = tokio::select! {
                () = gather(&mut self.spans, &mut batch) => false,
                () = stop.notified() => true,
            };
            if stopped {
                break;
            }
            self.send(std::mem::take(&mut batch)).await;
        }
        // What ends from now on is not sent, so that this comes to an end.
        self.spans.close();
        while self.spans.recv_many(&mut batch, BATCH).await > 0 {
            self.send(std::mem::take(&mut batch)).await;
        }
        self.send(batch).await;
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len();
        if spans == 0 {
            return;
        }
        match timeout(EXPORT_TIMEOUT, self.exporter.export(batch)).await {
            Ok(Ok(())) => self.metrics.spans_exported(spans),
            Ok(Err(error)) => self.failed(spans, &error),
            Err(_) => self.failed(spans, &format!("no answer within {EXPORT_TIMEOUT:?}")),
        }
    }

    fn failed(&mut self, spans: usize, cause: &dyn std::fmt::Display) {
        self.metrics.dropped_spans().export_failed(spans);
        if self.warned.is_none_or(|warned| warned.elapsed() >= WARNING_PERIOD) {
            self.warned = Some(Instant::now());
            tracing::warn!(spans, "spans cannot be exported to {}: {cause}", self.endpoint);
        }
    }
}

/// Waits for spans until a batch is full or its first span has waited long enough. What has come stays in `batch` even
/// if this is no longer waited for.
async fn gather(spans: &mut mpsc::Receiver<SpanData>, batch: &mut Vec<SpanData>) {
    if spans.recv_many(batch, BATCH).await == 0 {
        // No tracer is left that could end a span; only the end of the process is still to come.
        return std::future::pending().await;
    }
    let deadline = Instant::now() + DELAY;
    while batch.len() < BATCH && Instant::now() < deadline {
        sleep(TICK).await;
        while batch.len() < BATCH
            && let Ok(span) = spans.try_recv()
        {
            batch.push(span);
        }
    }
}

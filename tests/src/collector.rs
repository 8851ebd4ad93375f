//! An OpenTelemetry collector as the tests need it: takes OTLP over HTTP, and keeps what came.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as Code;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::wait::eventually;

/// How long spans may be on their way.
const DEADLINE: Duration = Duration::from_secs(10);

/// The collector; it and its connections end when this is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    received: Arc<Received>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Received {
    connections: AtomicUsize,
    spans: Mutex<Vec<Exported>>,
    /// Paths and headers of the requests.
    requests: Mutex<Vec<(String, HeaderMap)>>,
}

/// A span as it came.
#[derive(Debug, Clone)]
pub struct Exported {
    /// `service.name` of the process that it is from.
    pub service: String,
    span: Span,
}

impl Collector {
    /// Begins to collect, on a port of its own.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let received = Arc::<Received>::default();
        let serving = tokio::spawn(serve(listener, Arc::clone(&received)));
        Ok(Self { address, received, serving })
    }

    /// What `--otlp-endpoint` is to be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were made.
    pub fn connections(&self) -> usize {
        self.received.connections.load(Ordering::Relaxed)
    }

    /// Paths and headers of the requests so far.
    pub fn requests(&self) -> Vec<(String, HeaderMap)> {
        self.received.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans so far.
    pub fn spans(&self) -> Vec<Exported> {
        self.received.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a span like this.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn span(&self, what: &str, is_meant: impl Fn(&Exported) -> bool) -> Exported {
        eventually(DEADLINE, what, || async { self.spans().into_iter().find(&is_meant) }).await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, received: Arc<Received>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        received.connections.fetch_add(1, Ordering::Relaxed);
        let received = Arc::clone(&received);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let received = Arc::clone(&received);
                async move { Ok::<_, Infallible>(received.take(request).await) }
            });
            // Who exports may end at any time.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Received {
    async fn take(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let Ok(export) = ExportTraceServiceRequest::decode(body) else {
            let mut answer = Response::new(Full::default());
            *answer.status_mut() = StatusCode::BAD_REQUEST;
            return answer;
        };
        let request = (head.uri.path().to_owned(), head.headers);
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let spans = export.resource_spans.into_iter().flat_map(exported);
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
        Response::new(Full::default())
    }
}

fn exported(of: ResourceSpans) -> impl Iterator<Item = Exported> {
    let attributes = of.resource.map(|resource| resource.attributes).unwrap_or_default();
    let service = attribute(&attributes, "service.name").unwrap_or_default();
    let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans.map(move |span| Exported { service: service.clone(), span })
}

fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == name)?.value.as_ref();
    match value.and_then(|AnyValue { value }| value.as_ref())? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}

impl Exported {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.span.name
    }

    /// Its trace, in hexadecimal digits.
    pub fn trace(&self) -> String {
        hex::encode(&self.span.trace_id)
    }

    /// Its id, in hexadecimal digits.
    pub fn id(&self) -> String {
        hex::encode(&self.span.span_id)
    }

    /// The id of the span above; empty at the beginning of a trace.
    pub fn parent(&self) -> String {
        hex::encode(&self.span.parent_span_id)
    }

    /// `tracestate`.
    pub fn state(&self) -> &str {
        &self.span.trace_state
    }

    /// Its kind, by the name that the protocol has for it.
    pub fn kind(&self) -> &'static str {
        self.span.kind().as_str_name()
    }

    /// Whether it is the span of a client's request.
    pub fn is_server(&self) -> bool {
        self.span.kind() == SpanKind::Server
    }

    /// An attribute as text; nothing if it is not there.
    pub fn attribute(&self, name: &str) -> Option<String> {
        attribute(&self.span.attributes, name)
    }

    /// Whether it says that the work failed.
    pub fn failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code() == Code::Error)
    }

    /// Everything that is told of it, to look for what must not be.
    pub fn whole(&self) -> String {
        format!("{:?}", self.span)
    }
}

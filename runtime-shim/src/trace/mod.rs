//! Tracing: spans in OpenTelemetry's form, sent to a collector by OTLP over HTTP.
//!
//! A request of traffic is a server span, its run in a component one below it, and each call of the component into its
//! host one below that. Off unless an endpoint is given; then a span is `None`, and headers pass as they came.
//!
//! | file | what it decides |
//! |---|---|
//! | `settings` | whether and where to trace, from arguments and environment |
//! | `w3c` | the form of trace context in headers |
//! | `span` | where in a trace something is, and what is recorded of it |
//! | `semantic`, `component`, `http`, `database` | names and attributes, by OpenTelemetry's conventions |
//! | `export` | the bounded way to the collector |

pub mod component;
pub mod database;
mod export;
pub mod http;
mod semantic;
mod settings;
mod span;
mod tracer;
mod w3c;

pub use opentelemetry::trace::{SpanKind, TraceId};
pub use settings::Settings;
pub use span::{Position, Span};
pub use tracer::Tracer;

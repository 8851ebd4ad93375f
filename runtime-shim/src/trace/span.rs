//! Spans, and the place of a piece of work in its trace.

use std::borrow::Cow;

use http::HeaderMap;
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, Status, TraceContextExt, TraceId, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span as SdkSpan;

use super::semantic::ERROR_TYPE;
use super::tracer::Tracer;
use super::w3c::{self, Parts};

/// Where in a trace a piece of work is: spans that it makes come below.
#[derive(Clone)]
pub struct Position {
    tracer: Tracer,
    /// The span above, here or in another process; not valid at the beginning of a trace.
    above: SpanContext,
}

impl Position {
    /// Where a request says that it is. With tracing off, only its ids are looked at, for the log.
    pub fn of(headers: &HeaderMap, tracer: &Tracer) -> Self {
        let parts = if tracer.is_on() { Parts::All } else { Parts::Ids };
        Self { above: w3c::read(headers, parts), tracer: tracer.clone() }
    }

    /// The trace, if there is one.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.above.is_valid().then(|| self.above.trace_id())
    }

    /// The same place, from where no spans are made.
    pub fn untraced(self) -> Self {
        Self { tracer: Tracer::default(), ..self }
    }

    /// Begins a span. With tracing off nothing is made, and `name` is not asked for.
    pub fn span(&self, kind: SpanKind, name: impl FnOnce() -> Cow<'static, str>) -> Span {
        let Some(tracer) = self.tracer.sdk() else {
            return Span { recording: None, position: self.clone() };
        };
        let mut parent = Context::new();
        if self.above.is_valid() {
            parent = parent.with_remote_span_context(self.above.clone());
        }
        let span = tracer.span_builder(name()).with_kind(kind).start_with_context(tracer, &parent);
        let position = Self { tracer: self.tracer.clone(), above: span.span_context().clone() };
        let recording = span.is_recording().then(|| Box::new(span));
        Span { recording, position }
    }

    /// Tells the receiver of a request where it is. With tracing off, the headers stay as they are.
    pub fn write(&self, headers: &mut HeaderMap) {
        if self.tracer.is_on() && self.above.is_valid() {
            w3c::write(&self.above, headers);
        }
    }
}

impl Default for Position {
    /// Outside of any trace.
    fn default() -> Self {
        Self { tracer: Tracer::default(), above: SpanContext::NONE }
    }
}

/// A piece of work in a trace, which ends when this is dropped.
pub struct Span {
    /// None if tracing is off, or this trace was not sampled.
    recording: Option<Box<SdkSpan>>,
    position: Position,
}

impl Span {
    /// The place below this span.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Adds attributes; they are only made if somebody will see them.
    pub fn record<A: IntoIterator<Item = KeyValue>>(&mut self, attributes: impl FnOnce() -> A) {
        if let Some(span) = &mut self.recording {
            span.set_attributes(attributes());
        }
    }

    /// Names the span anew, when more is known.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(span) = &mut self.recording {
            span.update_name(name());
        }
    }

    /// Says that the work failed, and how in a word that has few values:
    /// <https://opentelemetry.io/docs/specs/semconv/attributes-registry/error/>.
    pub fn fail<K: Into<Cow<'static, str>>>(&mut self, kind: impl FnOnce() -> K) {
        if let Some(span) = &mut self.recording {
            span.set_status(Status::error(""));
            span.set_attribute(KeyValue::new(ERROR_TYPE, kind().into()));
        }
    }
}

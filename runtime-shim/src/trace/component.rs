//! Spans of requests' runs in components.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::semantic::COMPONENT;
use super::span::{Position, Span};

/// What a run is called before the component's name; Spin calls it the same.
const RUN: &str = "execute_wasm_component";

/// Begins the run of a request in this component.
pub fn run(position: &Position, component: &str) -> Span {
    let mut span = position.span(SpanKind::Internal, || format!("{RUN} {component}").into());
    span.record(|| [KeyValue::new(COMPONENT, component.to_owned())]);
    span
}

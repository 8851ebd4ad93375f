//! What joins everything that is done for one request, in logs and in traces.

use std::sync::Arc;

use http::HeaderMap;

use crate::trace::{Position, TraceId, Tracer};

/// For which request something is done, and where in its trace.
#[derive(Clone)]
pub struct Correlation {
    /// Id of the client's request: `x-request-id`.
    pub id: Arc<str>,
    /// Where in its trace.
    pub trace: Position,
}

impl Correlation {
    /// A request that came in with these headers, and was given this id.
    pub fn of(headers: &HeaderMap, id: Arc<str>, tracer: &Tracer) -> Self {
        Self { id, trace: Position::of(headers, tracer) }
    }

    /// The same request, at another place of its trace.
    pub fn at(&self, trace: &Position) -> Self {
        Self { id: Arc::clone(&self.id), trace: trace.clone() }
    }

    /// The same request, for which no spans are made.
    pub fn untraced(self) -> Self {
        Self { trace: self.trace.untraced(), ..self }
    }

    /// The trace as log lines name it; nothing if there is none.
    pub fn trace_id(&self) -> Option<tracing::field::DisplayValue<TraceId>> {
        self.trace.trace_id().map(tracing::field::display)
    }
}

impl Default for Correlation {
    /// Work that no request asked for.
    fn default() -> Self {
        Self { id: "".into(), trace: Position::default() }
    }
}

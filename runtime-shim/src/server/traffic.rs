//! Requests that count: measured and logged once they are answered.

use std::time::Instant;

use http::{HeaderName, HeaderValue, Method};

use super::answer::Answer;
use super::core::Core;
use crate::correlation::Correlation;
use crate::metrics::{Answered, OTHER};
use crate::trace::{self, Span};

/// A component names the pattern of its route in this header; clients do not see it.
pub const ROUTE_HEADER: HeaderName = HeaderName::from_static("slipway-route");

/// Longest pattern taken over from a component.
const MAX_ROUTE: usize = 128;

/// A request as it came.
pub struct Traffic<'a> {
    /// Who is to answer it.
    pub component: &'a str,
    /// Its method.
    pub method: &'a Method,
    /// Its path, for the log alone.
    pub path: &'a str,
    /// Its id and its place in a trace.
    pub correlation: &'a Correlation,
    /// When its head had been read.
    pub started: Instant,
}

impl Traffic<'_> {
    /// Counts and logs the request under the pattern that the answer names, or else `route`, and ends its span; takes the
    /// name off.
    pub fn answered(&self, core: &Core, route: Option<&str>, mut span: Span, answer: &mut Answer) {
        let named = answer.headers_mut().remove(ROUTE_HEADER);
        let route = named.as_ref().map_or(route, pattern);
        let answered = Answered {
            component: self.component,
            method: self.method,
            route: route.unwrap_or(OTHER),
            status: answer.status(),
            duration: self.started.elapsed(),
        };
        core.metrics.answered(&answered);
        trace::http::answered(&mut span, self.method, route, answered.status);
        drop(span);
        if core.access_log.keeps(&answered) {
            self.log(&answered);
        }
    }

    /// The fields are listed in the help of `--access-log`.
    fn log(&self, answered: &Answered<'_>) {
        tracing::info!(
            target: "slipway::access",
            request_id = &*self.correlation.id,
            trace_id = self.correlation.trace_id(),
            component = answered.component,
            method = self.method.as_str(),
            path = self.path,
            route = answered.route,
            status = answered.status.as_u16(),
            duration_ms = answered.duration.as_secs_f64() * 1e3,
        );
    }
}

/// A component's pattern, if it is fit for a label.
fn pattern(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().filter(|text| text.len() <= MAX_ROUTE && !text.is_empty())
}

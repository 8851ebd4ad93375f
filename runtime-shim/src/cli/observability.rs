//! What a process that serves tells of its requests: lines in the log, and spans.

use std::fmt;
use std::time::Duration;

use clap::Args;
use http::{HeaderName, HeaderValue, Uri};

use crate::access_log::{AccessLog, Logged};

/// Which requests are logged.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Access log")]
pub struct AccessLogArguments {
    /// Requests that have a line in the log; answers of 5xx and slow ones have one with `all` and with `errors`.
    ///
    /// Lines are at level info, target slipway::access, with the fields: request_id (also the answer's header
    /// x-request-id), trace_id (if the request has a trace), component, method, path (without query), route (the pattern
    /// under which it is counted), status, duration_ms (milliseconds from the request's head to the answer's head).
    #[arg(long, value_enum, default_value = "all", value_name = "WHICH")]
    pub access_log: Logged,

    /// Share of the requests that are neither failures nor slow to log, with `--access-log all`: 0 to 1.
    #[arg(long, default_value_t = 1.0, value_name = "RATIO", value_parser = ratio)]
    pub access_log_sample: f64,

    /// Time from a request's head to its answer's head from which on a request is slow.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub access_log_slow: Duration,
}

impl AccessLogArguments {
    /// What decides by them.
    pub fn access_log(&self) -> AccessLog {
        AccessLog::new(self.access_log, self.access_log_sample, self.access_log_slow)
    }
}

/// Where spans go, and which.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Tracing")]
pub struct Tracing {
    /// Collector that takes OTLP over HTTP (protobuf), such as http://localhost:4318; /v1/traces is appended. Goes before
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT; without any of them, nothing is traced.
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<Uri>,

    /// Header to send to the collector, in addition to those in OTEL_EXPORTER_OTLP_HEADERS. May be repeated. On the
    /// command line, others can read it.
    #[arg(long = "otlp-header", value_name = "NAME=VALUE")]
    pub otlp_headers: Vec<Header>,

    /// Share of traces that begin here to record: 0 to 1. A request that comes with a trace is recorded if its sender
    /// does so. Goes before OTEL_TRACES_SAMPLER; without either, 1.
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub trace_sample_ratio: Option<f64>,

    /// Name of the service in traces. Goes before OTEL_SERVICE_NAME; without either, the name of the application, or the
    /// `--component` of a sidecar.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub trace_service_name: Option<String>,
}

/// Name and value of a header.
#[derive(Clone, PartialEq)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// As it is sent.
    pub value: String,
}

impl std::str::FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("a header is written NAME=VALUE")?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| "the name is not that of a header")?;
        HeaderValue::from_str(value.trim())
            .map_err(|_| "the value has characters that no header can have")?;
        Ok(Self { name: name.as_str().to_owned(), value: value.trim().to_owned() })
    }
}

impl fmt::Debug for Header {
    /// The value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("name", &self.name).finish_non_exhaustive()
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("a share is a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_name_and_hides_its_value() {
        let header: Header = "Authorization=Basic c2VjcmV0==".parse().unwrap();
        assert_eq!((header.name.as_str(), header.value.as_str()), ("authorization", "Basic c2VjcmV0=="));
        assert!(!format!("{header:?}").contains("c2Vj"));
        for wrong in ["authorization", "a b=c", "a=\u{7f}", "=x"] {
            assert!(wrong.parse::<Header>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_from_0_to_1() {
        assert_eq!((ratio("0"), ratio("0.25"), ratio("1")), (Ok(0.0), Ok(0.25), Ok(1.0)));
        for wrong in ["-0.1", "1.1", "NaN", "all"] {
            assert!(ratio(wrong).is_err(), "{wrong}");
        }
    }
}

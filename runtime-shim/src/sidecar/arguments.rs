//! The command line of `slipway sidecar`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::uri::PathAndQuery;

use super::upstream::Origin;
use crate::cli::{AccessLogArguments, Clients, Drain, Queue, Tracing};
use crate::fault::FaultArguments;

/// Arguments of `slipway sidecar`.
#[derive(Debug, Clone, Args)]
#[command(args_override_self = true, next_help_heading = "Upstream")]
pub struct Sidecar {
    /// Files with more arguments, one a line with its value; lines that begin with # are comments. What comes later
    /// overrules what came before.
    #[arg(value_name = "@FILE", help_heading = "Arguments from files")]
    pub files: Vec<String>,

    /// The HTTP server to pass requests on to.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub upstream: Origin,

    /// What the upstream speaks: HTTP/1.1, or HTTP/2 without TLS as gRPC needs it.
    #[arg(long, value_enum, default_value = "http1", value_name = "PROTOCOL")]
    pub upstream_protocol: Protocol,

    /// Address for requests, in HTTP/1.1 and in HTTP/2 without TLS (h2c).
    #[arg(long, default_value = "0.0.0.0:8081", value_name = "ADDRESS", help_heading = "Listeners")]
    pub listen: SocketAddr,

    /// Address for probes, metrics and /drain.
    #[arg(long, default_value = "0.0.0.0:9090", value_name = "ADDRESS", help_heading = "Listeners")]
    pub admin_listen: SocketAddr,

    /// Value of the label `component` in metrics.
    #[arg(long, default_value = "app", value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub component: String,

    /// Path of the upstream that is asked for /readyz: any status below 500 within a second means ready. Better a path of
    /// the application than one that its host answers, such as /.well-known/spin/health.
    #[arg(long, default_value = "/", value_name = "PATH", value_parser = path)]
    pub ready_path: PathAndQuery,

    /// Path of the upstream's own metrics, to be served beside those of the shim; without it, there are none.
    #[arg(long, value_name = "PATH", value_parser = path)]
    pub upstream_metrics: Option<PathAndQuery>,

    /// Limits and times of requests.
    #[command(flatten)]
    pub limits: Limits,

    /// Times of the drain.
    #[command(flatten)]
    pub drain: Drain,

    /// Which requests are logged.
    #[command(flatten)]
    pub access_log: AccessLogArguments,

    /// Where spans go.
    #[command(flatten)]
    pub tracing: Tracing,

    /// What goes wrong on purpose.
    #[command(flatten)]
    pub faults: FaultArguments,
}

/// What an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, begun at once ("prior knowledge"). What gRPC needs.
    H2c,
}

/// Limits and times of requests.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Time a request may take until its answer begins; after it, the client gets a 504.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub request_timeout: Duration,

    /// Time to connect to the upstream; after it, the client gets a 502.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub connect_timeout: Duration,

    /// Time that a body may stand still, in either direction, while somebody waits for it.
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub body_idle_timeout: Duration,

    /// Time after which a connection to the upstream that nobody uses is closed: less than what the upstream allows.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub upstream_idle_timeout: Duration,

    /// Requests that are worked on at once, to the end of their answers.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_concurrent_requests: u32,

    /// What happens to requests beyond those.
    #[command(flatten)]
    pub queue: Queue,

    /// What clients may do.
    #[command(flatten)]
    pub clients: Clients,
}

fn path(text: &str) -> Result<PathAndQuery, String> {
    if !text.starts_with('/') {
        return Err("a path begins with /".to_owned());
    }
    text.parse().map_err(|error| format!("no path: {error}"))
}

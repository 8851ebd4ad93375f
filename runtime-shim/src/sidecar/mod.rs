//! `slipway sidecar`: the shim's metrics, probes and drain in front of any HTTP server, as a reverse proxy.
//!
//! [`proxy`] answers a request; [`headers`] says what is passed on, [`upstream`] finds a connection for it, and
//! [`tunnel`] takes over what leaves HTTP behind.

pub mod arguments;
mod headers;
mod hop;
mod proxy;
mod questions;
pub mod response_file;
mod tunnel;
mod upstream;

use std::sync::Arc;

use anyhow::Result;

use crate::fault::Faults;
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;
use crate::server::{Core, Lanes};
use crate::serving::Bound;
use crate::trace::{Settings, Tracer};
use arguments::{Limits, Sidecar};
use proxy::Proxy;

/// Serves until a signal ends the process.
///
/// # Errors
/// If a port is taken, spans cannot be sent as is asked, or requests outlast the drain.
pub fn run(sidecar: Sidecar) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(serve_until_signal(sidecar));
    // Nothing is left but idle connections and questions to the upstream.
    runtime.shutdown_background();
    result
}

async fn serve_until_signal(sidecar: Sidecar) -> Result<()> {
    let bound = Bound::new(sidecar.listen, Some(sidecar.admin_listen)).await?;
    let metrics = Arc::new(Metrics::new()?);
    metrics.declare_responses(&sidecar.component);
    let Limits { max_concurrent_requests, queue, clients, request_timeout, .. } = sidecar.limits;
    let faults = Faults::new(&sidecar.faults, request_timeout);
    let requests = queue.requests(max_concurrent_requests);
    let tracer = Tracer::new(Settings::new(&sidecar.tracing, &sidecar.component)?, &metrics)?;
    let observed = (sidecar.access_log.access_log(), tracer);
    let core = Core::new(metrics, observed, Lifecycle::default(), requests, clients, &sidecar.drain, faults);
    let core = Arc::new(core);
    tracing::info!("in front of {}", sidecar.upstream);
    let public = Lanes::threads(|| Proxy::new(Arc::clone(&core), &sidecar))?;
    bound.serve(Arc::new(Proxy::new(Arc::clone(&core), &sidecar)), public).await
}

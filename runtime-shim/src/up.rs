//! `slipway up`: serves an application until it is told to end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use crate::assemble::assemble;
use crate::cli::Up;
use crate::lifecycle::{Lifecycle, Phase};
use crate::server::{App, Listener, serve, sweep};

/// Serves until a signal ends the process.
///
/// # Errors
/// If a port is taken, the application cannot be served, or requests outlast the drain.
pub fn run(up: Up) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve_until_signal(up));
    // What a component still does in the background is not waited for: it is done again by whoever comes next.
    runtime.shutdown_background();
    result
}

async fn serve_until_signal(up: Up) -> Result<()> {
    let started = Instant::now();
    // Ports first: a port that is taken is found before components are compiled.
    let public = bind(up.listen).await?;
    let admin = match up.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let mut signals = Signals::new()?;
    let lifecycle = Lifecycle::default();
    let app = Arc::new(assemble(&up, lifecycle.clone())?);
    let mut servers = JoinSet::new();
    tracing::info!("serving on http://{}", public.local_addr()?);
    servers.spawn(serve(Arc::clone(&app), public, Listener::Public));
    if let Some(admin) = admin {
        tracing::info!("probes and metrics on http://{}", admin.local_addr()?);
        servers.spawn(serve(Arc::clone(&app), admin, Listener::Admin));
    }
    lifecycle.advance(Phase::Serving);
    tracing::info!(ready_ms = started.elapsed().as_secs_f64() * 1e3, "ready");
    if let Some(period) = up.sweep_every {
        tokio::spawn(sweep(Arc::clone(&app), period));
    }
    signals.next().await;
    tokio::select! {
        result = drain(&up, &app, servers) => result,
        () = signals.next() => bail!("ended by a second signal"),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Becomes unready, waits for load balancers to notice, accepts no more, finishes what is in flight.
async fn drain(up: &Up, app: &App, mut servers: JoinSet<()>) -> Result<()> {
    tracing::info!(delay = ?up.drain.drain_delay, timeout = ?up.drain.drain_timeout, "draining");
    app.lifecycle.advance(Phase::Draining);
    tokio::time::sleep(up.drain.drain_delay).await;
    app.lifecycle.advance(Phase::Closing);
    let finished = async { while servers.join_next().await.is_some() {} };
    if tokio::time::timeout(up.drain.drain_timeout, finished).await.is_err() {
        bail!("requests were still in flight {:?} after the drain began to close", up.drain.drain_timeout);
    }
    tracing::info!("drained");
    Ok(())
}

/// SIGTERM and SIGINT, which mean the same.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

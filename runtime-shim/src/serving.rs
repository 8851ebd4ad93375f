//! From bound ports to a finished drain: the same for whatever is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use crate::descriptors;
use crate::lifecycle::Phase;
use crate::server::{Backend, Core, Lanes, Listener, serve};

/// Ports and signals, taken before anything else is made: what is taken already is found at once.
pub struct Bound {
    started: Instant,
    public: TcpListener,
    admin: Option<TcpListener>,
    signals: Signals,
}

impl Bound {
    /// Takes the ports and the signals.
    ///
    /// # Errors
    /// If one of them cannot be had.
    pub async fn new(public: SocketAddr, admin: Option<SocketAddr>) -> Result<Self> {
        let started = Instant::now();
        descriptors::raise();
        let public = bind(public).await?;
        let admin = match admin {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { started, public, admin, signals: Signals::new()? })
    }

    /// What `preparing` comes to, or nothing if a signal comes first: what is pulled may take its time.
    pub async fn unless_ended<T>(&mut self, preparing: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = preparing => Some(result),
            () = self.signals.next() => None,
        }
    }

    /// Serves until a signal comes and the drain has ended: `public` the clients, `backend` probes and metrics.
    ///
    /// # Errors
    /// If requests outlast the drain, or a second signal comes.
    pub async fn serve<B: Backend>(mut self, backend: Arc<B>, public: Lanes<B>) -> Result<()> {
        let mut servers = JoinSet::new();
        tracing::info!("serving on http://{}", self.public.local_addr()?);
        servers.spawn(serve(public, self.public, Listener::Public));
        if let Some(admin) = self.admin {
            tracing::info!("probes and metrics on http://{}", admin.local_addr()?);
            servers.spawn(serve(Lanes::here(Arc::clone(&backend)), admin, Listener::Admin));
        }
        backend.core().lifecycle.advance(Phase::Serving);
        backend.core().faults.begin();
        tracing::info!(ready_ms = self.started.elapsed().as_secs_f64() * 1e3, "ready");
        self.signals.next().await;
        tokio::select! {
            result = end(backend.core(), servers) => result,
            () = self.signals.next() => bail!("ended by a second signal"),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Drains, and then sends the spans of the last requests, also those that were not waited for to the end.
async fn end(core: &Core, servers: JoinSet<()>) -> Result<()> {
    let result = drain(core, servers).await;
    core.tracer.flush().await;
    result
}

/// Becomes unready, waits for load balancers to notice, accepts no more, finishes what is in flight.
async fn drain(core: &Core, mut servers: JoinSet<()>) -> Result<()> {
    let timeout = core.drain_timeout();
    tracing::info!(?timeout, "draining");
    core.unready().await;
    core.lifecycle.advance(Phase::Closing);
    let finished = async {
        while servers.join_next().await.is_some() {}
        // What has left its connection behind, as an upgrade does.
        core.in_flight.none().await;
    };
    if tokio::time::timeout(timeout, finished).await.is_err() {
        bail!("requests were still in flight {timeout:?} after the drain began to close");
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

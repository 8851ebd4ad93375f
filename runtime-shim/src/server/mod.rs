//! Listens, and serves each connection until it ends or the drain does.

mod admin;
mod answer;
mod app;
mod backend;
mod body;
mod chaining;
mod component_metrics;
mod connections;
mod core;
mod dispatch;
mod idle;
mod in_flight;
mod internal;
mod lanes;
mod question;
mod readiness;
mod relayed;
mod request_id;
mod stall;
mod sweep;
mod traffic;
mod upload;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

pub use self::core::Core;
pub use admin::answer as admin_answer;
pub use answer::{Answer, error as error_answer};
pub use app::{App, InternalToken};
pub use backend::Backend;
pub use body::Body;
pub use dispatch::Listener;
pub use idle::{Idle, Interrupted};
pub use lanes::Lanes;
pub use question::{Unanswered, whole};
pub use readiness::Readiness;
pub use relayed::{Held, Relayed};
pub use sweep::sweep;
pub use traffic::Traffic;

use crate::cli::Clients;
use crate::lifecycle::Phase;
use crate::metrics::Cut;
use connections::Connections;
use lanes::Lane;
use stall::Stall;

/// How often a connection of HTTP/2 is asked for a sign of life.
const PING: Duration = Duration::from_secs(20);

/// Pause after a failed accept, as when descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `listener` until the application is closing and its connections have ended.
pub async fn serve<B: Backend>(mut lanes: Lanes<B>, tcp: TcpListener, listener: Listener) {
    let connections = GracefulShutdown::new();
    let core = Arc::clone(lanes.backend());
    let core = core.core();
    let http = protocols(&core.clients);
    let open = Connections::new(&core.clients);
    let closing = core.lifecycle.reached(Phase::Closing);
    tokio::pin!(closing);
    loop {
        tokio::select! {
            accepted = tcp.accept() => match accepted {
                Ok((stream, client)) => match open.admit() {
                    Some(place) => {
                        let from = From { stream, client, place };
                        connection(lanes.in_turn(), &http, &connections, listener, from);
                    }
                    None => {
                        core.metrics.connection_cut(Cut::TooMany);
                        connections::turn_away(&stream);
                    }
                },
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut closing => break,
        }
    }
    drop(tcp);
    connections.shutdown().await;
}

/// HTTP/1.1 and HTTP/2 with prior knowledge, within the limits on clients.
fn protocols(clients: &Clients) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(clients.header_timeout)
        .max_buf_size(clients.max_header_bytes as usize);
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(clients.max_header_bytes)
        .keep_alive_interval(PING);
    http
}

/// A connection that was accepted.
struct From {
    stream: TcpStream,
    client: SocketAddr,
    place: OwnedSemaphorePermit,
}

fn connection(
    lane: &Lane<impl Backend>,
    http: &auto::Builder<TokioExecutor>,
    connections: &GracefulShutdown,
    listener: Listener,
    From { stream, client, place }: From,
) {
    // Without this, answers wait up to 40 ms for the client's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let (backend, core) = (Arc::clone(&lane.backend), Arc::clone(&lane.backend));
    let clients = core.core().clients;
    let service = service_fn(move |request| {
        let backend = Arc::clone(&backend);
        async move { Ok::<_, Infallible>(dispatch::dispatch(&backend, listener, request, client).await) }
    });
    let spawned = lane.spawn(stream, |stream| {
        let stream = Stall::new(TokioIo::new(stream), clients.header_timeout, clients.write_timeout);
        let asked = stream.asked();
        let served = http.serve_connection_with_upgrades(stream, service).into_owned();
        let served = connections.watch(served);
        async move {
            let _place = place;
            if let Err(error) = served.await {
                if let Some(cut) = connections::cut(&*error, asked.get()) {
                    core.core().metrics.connection_cut(cut);
                }
                // Clients hang up at any time; this is news only to somebody who looks for it.
                tracing::debug!(%client, "connection ended: {error}");
            }
        }
    });
    if let Err(error) = spawned {
        tracing::warn!(%client, "cannot serve a connection: {error}");
    }
}

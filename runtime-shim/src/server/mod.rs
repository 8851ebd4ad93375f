//! Listens, and serves each connection until it ends or the drain does.

mod admin;
mod answer;
mod app;
mod body;
mod dispatch;
mod in_flight;
mod request_id;
mod sweep;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

pub use app::{App, InternalToken};
pub use dispatch::Listener;
pub use in_flight::Counter;
pub use sweep::sweep;

use crate::lifecycle::Phase;

/// Time for a client to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause after a failed accept, as when descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `listener` until the application is closing and its connections have ended.
pub async fn serve(app: Arc<App>, tcp: TcpListener, listener: Listener) {
    let connections = GracefulShutdown::new();
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    http.http2().timer(TokioTimer::new());
    let closing = app.lifecycle.reached(Phase::Closing);
    tokio::pin!(closing);
    loop {
        tokio::select! {
            accepted = tcp.accept() => match accepted {
                Ok((stream, client)) => connection(&app, &http, &connections, listener, stream, client),
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

fn connection(
    app: &Arc<App>,
    http: &auto::Builder<TokioExecutor>,
    connections: &GracefulShutdown,
    listener: Listener,
    stream: TcpStream,
    client: SocketAddr,
) {
    // Without this, answers wait up to 40 ms for the client's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let app = Arc::clone(app);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(dispatch::dispatch(&app, listener, request, client).await) }
    });
    let served = http.serve_connection(TokioIo::new(stream), service).into_owned();
    let served = connections.watch(served);
    tokio::spawn(async move {
        if let Err(error) = served.await {
            // Clients hang up at any time; this is news only to somebody who looks for it.
            tracing::debug!(%client, "connection ended: {error}");
        }
    });
}

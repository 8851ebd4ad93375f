//! An upstream that speaks HTTP/2 without TLS: few connections, each with many requests at once.
//!
//! The pool of `hyper-util` names its connections by the authority of a request's URI. With HTTP/2 that is the host which
//! the client asked for, so that clients could have it make any number of connections; hence one of our own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::{Failure, Origin, Upload, replay};

/// Requests on one connection before another is made: what a server should allow at least,
/// <https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2>.
const STREAMS: usize = 100;

/// How often a connection in use is asked for a sign of life, and how long it may take to give it.
const PING: Duration = Duration::from_secs(20);

/// The connections.
pub struct Http2 {
    origin: Origin,
    connect_timeout: Duration,
    open: Mutex<Vec<Connection>>,
    /// Held by the one who makes a connection, so that not everybody does at once.
    dialling: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Connection {
    sender: SendRequest<Upload>,
    /// Cloned for each request on it.
    place: Place,
}

/// One of the requests on a connection, to the end of its answer's body.
#[derive(Clone)]
pub struct Place(pub Arc<()>);

impl Http2 {
    /// No connection yet.
    pub fn new(origin: Origin, connect_timeout: Duration) -> Self {
        Self { origin, connect_timeout, open: Mutex::default(), dialling: tokio::sync::Mutex::default() }
    }

    /// Sends a request. One that was never written, since its connection had just been closed, is sent again; one that
    /// may have been, only if it may be.
    pub async fn send(&self, request: Request<Upload>) -> Result<Response<Incoming>, Failure> {
        let again = replay::copy(&request);
        let mut connection = self.connection().await?;
        let mut error = match connection.sender.try_send_request(request).await {
            Ok(answer) => return Ok(connection.counts(answer)),
            Err(error) => error,
        };
        let unsent = error.take_message();
        let failure = Failure::on_connection(error.into_error());
        let Some(request) = unsent.or(again.filter(|_| matches!(failure, Failure::Closed(_)))) else {
            return Err(failure);
        };
        let mut connection = self.dial().await?;
        let sent = connection.sender.send_request(request).await.map_err(Failure::on_connection)?;
        Ok(connection.counts(sent))
    }

    /// A connection with room for one more request.
    async fn connection(&self) -> Result<Connection, Failure> {
        if let Some(connection) = self.with_room() {
            return Ok(connection);
        }
        let _dialling = self.dialling.lock().await;
        match self.with_room() {
            Some(connection) => Ok(connection),
            None => self.dial().await,
        }
    }

    fn with_room(&self) -> Option<Connection> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| !connection.sender.is_closed());
        open.iter().find(|connection| Arc::strong_count(&connection.place.0) <= STREAMS).cloned()
    }

    /// A new connection, which others then share.
    async fn dial(&self) -> Result<Connection, Failure> {
        let connected = tokio::time::timeout(self.connect_timeout, TcpStream::connect(self.origin.address()));
        let stream = connected
            .await
            .map_err(|late| Failure::Unreachable(late.into()))?
            .map_err(|error| Failure::Unreachable(error.into()))?;
        stream.set_nodelay(true).map_err(|error| Failure::Unreachable(error.into()))?;
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::on_connection)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("connection to the upstream ended: {error}");
            }
        });
        let connection = Connection { sender, place: Place(Arc::new(())) };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(connection.clone());
        Ok(connection)
    }
}

impl Connection {
    /// The answer, which takes the request's place on the connection with it.
    fn counts(self, mut answer: Response<Incoming>) -> Response<Incoming> {
        answer.extensions_mut().insert(self.place);
        answer
    }
}

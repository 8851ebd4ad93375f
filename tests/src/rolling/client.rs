//! A client that always has a request in flight, and takes no failure for granted.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONNECTION, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::endpoints::Endpoints;
use super::report::Report;

/// Longest time that the component takes for a request, in milliseconds. Long, since the point is to have many in flight:
/// more requests a second than the processors can do would be refused, rightly.
const WORK: u64 = 1_000;
/// Most bytes that are sent to be sent back.
const ECHO: usize = 100_000;
/// How long a whole request may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// Pause while no replica is ready.
const PAUSE: Duration = Duration::from_millis(5);

enum Connection {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

/// Sends one request after the other until it is dropped.
pub async fn go_on(endpoints: &Endpoints, report: &Report, http2: bool, seed: u64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut open: Option<(SocketAddr, Connection)> = None;
    loop {
        let ready = endpoints.ready();
        let Some(address) = chance.choice(&ready).copied() else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // A connection that the server has closed, or asked not to use again, was not asked for anything.
        let kept = open.take().filter(|(to, connection)| *to == address && connection.is_open());
        let result = async {
            let mut connection = match kept {
                Some((_, connection)) => connection,
                None => Connection::open(address, http2).await?,
            };
            let request = endpoints.during(connection.ask(address, &mut chance));
            let keep = timeout(DEADLINE, request).await.context("no answer in time")??;
            anyhow::Ok(keep.then_some((address, connection)))
        };
        match result.await {
            Ok(kept) => {
                report.answered();
                open = kept;
            }
            Err(error) => report.failed(format!("{address}, HTTP/{}: {error:#}", if http2 { 2 } else { 1 })),
        }
    }
}

impl Connection {
    async fn open(address: SocketAddr, http2: bool) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        if http2 {
            let (sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            return Ok(Self::Http2(sender));
        }
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    /// Whether a further request may be sent.
    fn is_open(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_ready(),
            Self::Http2(sender) => sender.is_ready(),
        }
    }

    /// Sends one request and reads its answer; tells whether the connection may be used again.
    async fn ask(&mut self, address: SocketAddr, chance: &mut fastrand::Rng) -> anyhow::Result<bool> {
        let (path, body) = if chance.u8(..10) == 0 {
            ("/echo".to_owned(), vec![chance.u8(..); chance.usize(1..ECHO)])
        } else {
            (format!("/wait?{}", chance.u64(..WORK)), Vec::new())
        };
        let expected = if body.is_empty() { b"waited".to_vec() } else { body.clone() };
        let method = if body.is_empty() { Method::GET } else { Method::POST };
        let request = Request::builder().method(method).body(Full::from(body))?;
        let (head, body) = match self {
            Self::Http1(sender) => {
                let (mut head, body) = request.into_parts();
                head.uri = path.parse()?;
                head.headers.insert(HOST, address.to_string().parse()?);
                sender.send_request(Request::from_parts(head, body)).await?
            }
            Self::Http2(sender) => {
                let (mut head, body) = request.into_parts();
                head.uri = format!("http://{address}{path}").parse()?;
                sender.send_request(Request::from_parts(head, body)).await?
            }
        }
        .into_parts();
        let body = body.collect().await.context("the answer broke off")?.to_bytes();
        ensure!(head.status == StatusCode::OK, "{}: {}", head.status, String::from_utf8_lossy(&body));
        ensure!(body == expected, "{} bytes came instead of {}", body.len(), expected.len());
        Ok(head.headers.get(CONNECTION).is_none_or(|value| value != "close"))
    }
}

//! An upstream that does what the path says, in HTTP/1.1 and h2c.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, HeaderMap, HeaderValue, TE, UPGRADE};
use hyper::http::HeaderName;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// The server; it and its connections end when this is dropped.
pub struct Upstream {
    pub address: SocketAddr,
    /// Requests that came.
    pub requests: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Upstream {
    pub async fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::default();
        let serving = tokio::spawn(serve(listener, Arc::clone(&requests)));
        Self { address, requests, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it, and waits until its port is free.
    pub async fn stop(mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, requests: Arc<AtomicUsize>) {
    let released = Arc::new(Notify::new());
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (released, requests) = (Arc::clone(&released), Arc::clone(&requests));
        connections.spawn(async move {
            let answer = service_fn(move |request| {
                let released = Arc::clone(&released);
                requests.fetch_add(1, Ordering::Relaxed);
                async move { Ok::<_, Infallible>(answer(request, released).await) }
            });
            let http = Builder::new(TokioExecutor::new());
            // Clients hang up at any time.
            let _ = http.serve_connection_with_upgrades(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(mut request: Request<Incoming>, released: Arc<Notify>) -> Response<Body> {
    let argument = request.uri().query().unwrap_or_default().to_owned();
    let number = argument.parse::<u64>().unwrap_or_default();
    match request.uri().path() {
        "/" | "/hello" => text("hello"),
        "/seen" => text(seen(&request)),
        "/echo" => Response::new(request.into_body().boxed_unsync()),
        "/count" => text(count(request.into_body()).await),
        "/big" => Response::new(big(number)),
        "/events" => events(released),
        "/release" => {
            released.notify_one();
            text("")
        }
        "/wait" => {
            tokio::time::sleep(Duration::from_millis(number)).await;
            text("waited")
        }
        "/grpc" => grpc(request),
        "/pattern" => with(&[("slipway-route", "/pattern/{id}")]),
        "/hop" => with(&[
            ("connection", "x-inner"),
            ("x-inner", "1"),
            ("keep-alive", "timeout=5"),
            ("x-outer", "2"),
            ("x-request-id", "another"),
        ]),
        "/status" => {
            let mut answer = text("");
            *answer.status_mut() = StatusCode::from_u16(number as u16).expect("a status");
            answer
        }
        "/fail" => {
            let mut answer = text("");
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        }
        "/socket" => socket(&mut request),
        "/metrics" => text("# TYPE shop_things gauge\nshop_things 3\nhttp_requests_total 700\n"),
        _ => {
            let mut answer = text("");
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
    }
}

fn text(text: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(text.into()).map_err(|never| match never {}).boxed_unsync())
}

fn with(headers: &[(&'static str, &'static str)]) -> Response<Body> {
    let mut answer = text("");
    for (name, value) in headers {
        answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    answer
}

/// The head of the request, a line each.
fn seen(request: &Request<Incoming>) -> String {
    let mut lines = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
    for (name, value) in request.headers() {
        lines += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    lines
}

async fn count(mut body: Incoming) -> String {
    let mut count = 0;
    while let Some(Ok(frame)) = body.frame().await {
        count += frame.data_ref().map_or(0, Bytes::len);
    }
    count.to_string()
}

fn big(bytes: u64) -> Body {
    const CHUNK: u64 = 64 * 1024;
    let chunks =
        stream::iter(0..bytes / CHUNK).map(|_| Ok(Frame::data(Bytes::from(vec![7; CHUNK as usize]))));
    StreamBody::new(chunks).boxed_unsync()
}

/// One event at once, and the other when somebody asks for `/release`.
fn events(released: Arc<Notify>) -> Response<Body> {
    let events = stream::unfold(0, move |number| {
        let released = Arc::clone(&released);
        async move {
            match number {
                0 => {}
                1 => released.notified().await,
                _ => return None,
            }
            Some((Ok(Frame::data(Bytes::from(format!("data: {number}\n\n")))), number + 1))
        }
    });
    let mut answer = Response::new(StreamBody::new(events).boxed_unsync());
    answer.headers_mut().insert("content-type", HeaderValue::from_static("text/event-stream"));
    answer
}

/// Answers as a gRPC server does: the message first, how it went in the trailers.
fn grpc(request: Request<Incoming>) -> Response<Body> {
    if request.headers().get(TE).is_none_or(|te| te != "trailers") {
        let mut answer = text("te: trailers is missing");
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        return answer;
    }
    let status = async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Some(Ok(trailers))
    };
    let mut answer = Response::new(request.into_body().with_trailers(status).boxed_unsync());
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    answer.headers_mut().insert("trailer", HeaderValue::from_static("grpc-status"));
    answer
}

/// Sends back whatever comes, once HTTP is left behind.
fn socket(request: &mut Request<Incoming>) -> Response<Body> {
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let socket = TokioIo::new(upgrade.await.expect("an upgrade"));
        let (mut reader, mut writer) = tokio::io::split(socket);
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
    });
    let mut answer = text("");
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.headers_mut().insert("sec-websocket-accept", HeaderValue::from_static("accepted"));
    answer
}

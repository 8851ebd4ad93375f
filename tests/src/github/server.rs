//! The listener, and what happens to a request before and after its handler: faults, rights, headers, the log.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::auth;
use super::error::{ApiError, json_response};
use super::fault::Effect;
use super::rate_limit;
use super::router;
use super::state::{SeenRequest, State};

/// Largest body that is read, in bytes: GitHub takes blobs of up to 40 MB, as base64 in JSON.
const BODY_LIMIT: usize = 64 << 20;
/// How long the end of a server waits for its listener to close.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// A running server with threads of its own, so that tests without an async runtime can have one too.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    stopped: mpsc::Receiver<Infallible>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves on a listener that is bound already.
    ///
    /// # Errors
    /// When threads or the listener cannot be had.
    pub fn start(listener: TcpListener, state: Arc<State>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, mut stopping) = oneshot::channel();
        let (alive, stopped) = mpsc::channel();
        runtime.spawn(async move {
            // Gone when this task has ended, and with it the listener and every connection.
            let _alive = alive;
            tokio::select! {
                () = accept(listener, state) => {}
                _ = &mut stopping => {}
            }
        });
        Ok(Self { address, stop: Some(stop), stopped, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails only when the task has ended already.
            let _ = stop.send(());
        }
        // The channel never carries a message: it closes when the listener is gone.
        let _ = self.stopped.recv_timeout(STOP_DEADLINE);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, state: Arc<State>) {
    let router = router::routes(Arc::clone(&state));
    let mut connections = JoinSet::new();
    loop {
        // Out of file descriptors, or a connection that was gone at once: the next one may do better.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (state, router) = (Arc::clone(&state), router.clone());
        connections.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&state), router.clone(), request));
            // A broken connection is the client's to notice, and often what the test asked for.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

async fn answer(state: Arc<State>, router: Router, request: Request<Incoming>) -> Result<Response, Dropped> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let request = Whole { parts, body: body.to_bytes() };
    if request.path().starts_with(router::CONTROL) {
        return Ok(request.route(router).await);
    }
    let number = note(&state, &request);
    let path = request.path().to_owned();
    let effect = state.faults().take(request.parts.method.as_str(), &path, &request.body);
    let mut response = match effect {
        Some(effect) => suffer(effect, &state, router, request).await?,
        None => handle(&state, router, request).await,
    };
    finish(&state, &path, &mut response);
    if let Some(seen) = state.seen().get_mut(number) {
        seen.status = Some(response.status().as_u16());
    }
    Ok(response)
}

struct Whole {
    parts: Parts,
    body: bytes::Bytes,
}

impl Whole {
    fn path(&self) -> &str {
        self.parts.uri.path()
    }

    async fn route(self, router: Router) -> Response {
        let Ok(response) = router.oneshot(Request::from_parts(self.parts, Body::from(self.body))).await;
        response
    }
}

/// Writes the request into the log and gives its place there.
fn note(state: &State, request: &Whole) -> usize {
    let mut seen = state.seen();
    seen.push(SeenRequest {
        method: request.parts.method.to_string(),
        path: request.path().to_owned(),
        status: None,
    });
    seen.len() - 1
}

async fn handle(state: &State, router: Router, request: Whole) -> Response {
    match auth::check(&request.parts.headers, &state.token) {
        Ok(()) => request.route(router).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn suffer(effect: Effect, state: &State, router: Router, request: Whole) -> Result<Response, Dropped> {
    match effect {
        Effect::Status { status } => Ok(failure(status)),
        Effect::PrimaryRateLimit { reset_after } => Ok(primary_rate_limit(reset_after, request.path())),
        Effect::SecondaryRateLimit { status, retry_after } => Ok(secondary_rate_limit(status, retry_after)),
        Effect::Delay { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(handle(state, router, request).await)
        }
        Effect::NoAnswer => std::future::pending().await,
        Effect::DropBefore => Err(Dropped),
        Effect::DropAfter => {
            handle(state, router, request).await;
            Err(Dropped)
        }
        // Lands where a branch moves, see `State::advance`.
        Effect::CompetingPush { .. } => Ok(handle(state, router, request).await),
    }
}

fn failure(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(status, status.canonical_reason().unwrap_or("Error")).into_response()
}

/// REST answers 403, GraphQL 200 with an error of type `RATE_LIMITED`.
fn primary_rate_limit(reset_after: u64, path: &str) -> Response {
    const MESSAGE: &str = "API rate limit exceeded for installation ID 1.";
    let mut response = if path.ends_with("/graphql") {
        json_response(StatusCode::OK, &json!({ "errors": [{ "type": "RATE_LIMITED", "message": MESSAGE }] }))
    } else {
        ApiError::new(StatusCode::FORBIDDEN, MESSAGE).into_response()
    };
    rate_limit::used_up(reset_after, response.headers_mut());
    response
}

fn secondary_rate_limit(status: u16, retry_after: u64) -> Response {
    const MESSAGE: &str =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = ApiError::new(status, MESSAGE).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

/// Sets what every answer of GitHub carries.
fn finish(state: &State, path: &str, response: &mut Response) {
    let headers = response.headers_mut();
    state.rate_limit.count(path, headers);
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-github-request-id", id);
    }
}

//! The application's internal paths: let through on the admin port with the token, asked by the shim itself, and never
//! traffic.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use wasmtime_wasi_http::WasiBody;

use super::answer::{self, Answer};
use super::app::App;
use super::dispatch::{From, run};
use super::question::{Unanswered, whole};
use super::request_id;
use super::traffic::ROUTE_HEADER;
use crate::correlation::Correlation;

/// Start of the paths that are never served to the public.
pub const PREFIX: &str = "/internal/";

/// Where the shim's own requests come from.
pub(super) const OURSELVES: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Answers a client's request to an internal path.
pub async fn serve(
    app: &Arc<App>,
    request: Request<WasiBody>,
    client: SocketAddr,
    correlation: &Correlation,
) -> Answer {
    let authorization = request.headers().get(AUTHORIZATION);
    if !app.internal_token.as_ref().is_some_and(|token| token.accepts(authorization)) {
        return answer::error(StatusCode::UNAUTHORIZED, "internal paths need the internal token");
    }
    forward(app, request, client, correlation.clone())
        .await
        .unwrap_or_else(|| answer::error(StatusCode::NOT_FOUND, "no route matches this path"))
}

/// Whether the application can be asked for `path`.
pub fn has(app: &App, path: &str) -> bool {
    app.internal_token.is_some() && app.router.route(path).is_some()
}

/// Asks the application; nothing if it has no such path.
pub async fn ask(app: &App, method: Method, path: &'static str) -> Option<Answer> {
    let token = app.internal_token.as_ref()?;
    let request = Request::builder().method(method).uri(path).header(AUTHORIZATION, token.authorization());
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let mut request = request.body(body).ok()?;
    let id = request_id::assign(request.headers_mut());
    let correlation = Correlation::of(request.headers(), id, &app.core.tracer);
    forward(app, request, OURSELVES, correlation).await
}

/// `GET` of a whole answer within bounds; nothing if the application has no such path.
pub async fn get(app: &App, path: &'static str) -> Option<Result<(StatusCode, Bytes), Unanswered>> {
    whole(async { ask(app, Method::GET, path).await.map(Ok) }).await
}

/// Needs no permit: a probe must not fail because clients are many. Work is traced; what is only asked, every few
/// seconds, is not.
async fn forward(
    app: &App,
    request: Request<WasiBody>,
    client: SocketAddr,
    correlation: Correlation,
) -> Option<Answer> {
    let correlation = if *request.method() == Method::GET { correlation.untraced() } else { correlation };
    let path = request.uri().path().to_owned();
    let matched = app.router.route(&path)?;
    let from = From { client, correlation: &correlation, turn: None };
    let mut answer = run(app, &matched, request, from, app.core.in_flight.begin_uncounted()).await;
    answer.headers_mut().remove(ROUTE_HEADER);
    Some(answer)
}

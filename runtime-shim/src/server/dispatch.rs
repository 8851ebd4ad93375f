//! The way of a request: id, route, component, metrics, answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::{CONNECTION, HOST, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderName, Request, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use super::admin;
use super::answer::{self, Answer};
use super::app::{App, INTERNAL_PREFIX};
use super::body::Body;
use super::request_id;
use crate::engine::{Failure, RequestData};
use crate::lifecycle::Phase;
use crate::metrics::{Answered, OTHER};
use crate::routing::{Match, is_spin_header, spin_headers};

/// A component names the pattern of its route in this header; clients do not see it.
const ROUTE_HEADER: HeaderName = HeaderName::from_static("slipway-route");

/// Longest pattern taken over from a component.
const MAX_ROUTE: usize = 128;

/// Which listener a request came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The application's own port.
    Public,
    /// The port for probes and metrics.
    Admin,
}

/// Answers one request of a client.
pub async fn dispatch<B>(
    app: &Arc<App>,
    listener: Listener,
    request: Request<B>,
    client: SocketAddr,
) -> Answer
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    let mut request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    let id = request_id::assign(request.headers_mut());
    let version = request.version();
    let mut answer = by_listener(app, listener, request, client, &id).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(request_id::HEADER, value);
    }
    if app.lifecycle.phase() >= Phase::Draining && version <= Version::HTTP_11 {
        // Clients that keep connections open are to open their next one elsewhere.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

async fn by_listener(
    app: &Arc<App>,
    listener: Listener,
    request: Request<WasiBody>,
    client: SocketAddr,
    id: &Arc<str>,
) -> Answer {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let path = uri.path();
    let internal = app.internal_token.is_some() && path.starts_with(INTERNAL_PREFIX);
    match listener {
        Listener::Admin if internal => internal_request(app, request, client, id).await,
        Listener::Admin => admin::answer(app, &method, path).await,
        Listener::Public if internal => answer::error(StatusCode::NOT_FOUND, "not found"),
        Listener::Public if app.router.route(path).is_some() => traffic(app, request, client, id).await,
        Listener::Public if !app.own_admin_port && admin::is_shared(path) => {
            admin::answer(app, &method, path).await
        }
        Listener::Public => answer::error(StatusCode::NOT_FOUND, "no route matches this path"),
    }
}

/// A request that counts: it is measured, logged and bounded.
async fn traffic(app: &Arc<App>, request: Request<WasiBody>, client: SocketAddr, id: &Arc<str>) -> Answer {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let Some(matched) = app.router.route(uri.path()) else {
        return answer::error(StatusCode::NOT_FOUND, "no route matches this path");
    };
    let component = &app.components[matched.component];
    let mut answer = bounded(app, &matched, request, client, id).await;
    let named = answer.headers_mut().remove(ROUTE_HEADER);
    let route = named.as_ref().map_or(Some(matched.pattern), pattern).unwrap_or(OTHER);
    let answered = Answered {
        component: &component.granted().id,
        method: &method,
        route,
        status: answer.status(),
        duration: started.elapsed(),
    };
    app.metrics.answered(&answered);
    tracing::info!(
        target: "slipway::access",
        request_id = &**id,
        component = answered.component,
        method = method.as_str(),
        path = uri.path(),
        route,
        status = answered.status.as_u16(),
        duration_ms = answered.duration.as_secs_f64() * 1e3,
    );
    answer
}

/// A component's pattern, if it is fit for a label.
fn pattern(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().filter(|text| text.len() <= MAX_ROUTE && !text.is_empty())
}

async fn bounded(
    app: &Arc<App>,
    matched: &Match<'_, '_>,
    request: Request<WasiBody>,
    client: SocketAddr,
    id: &Arc<str>,
) -> Answer {
    let Ok(_permit) = app.permits.try_acquire() else {
        return answer::overloaded();
    };
    let in_flight = app.in_flight.begin();
    let request = prepared(matched, request, client);
    match app.components[matched.component].handle(RequestData { id: Arc::clone(id) }, request).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            Answer::from_parts(head, Body::of_component(body, in_flight).await)
        }
        Err(error) => failed(&error, id),
    }
}

/// The request as the component sees it: an absolute URI, and headers that only the host may set.
fn prepared(matched: &Match<'_, '_>, request: Request<WasiBody>, client: SocketAddr) -> Request<WasiBody> {
    let (mut head, body) = request.into_parts();
    let host = head
        .uri
        .authority()
        .map(ToString::to_string)
        .or_else(|| head.headers.get(HOST).and_then(|value| value.to_str().ok()).map(str::to_owned));
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    let own: Vec<HeaderName> = head.headers.keys().filter(|name| is_spin_header(name)).cloned().collect();
    for name in own {
        head.headers.remove(name);
    }
    head.headers.extend(spin_headers(matched, &head.uri, &host, client));
    head.uri = absolute(&head.uri, &host);
    Request::from_parts(head, body)
}

fn absolute(uri: &Uri, host: &str) -> Uri {
    let target = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let made = Uri::builder().scheme(Scheme::HTTP).authority(host).path_and_query(target).build();
    // A host that is no authority leaves the component with the path alone.
    made.unwrap_or_else(|_| uri.clone())
}

/// What a client hears of a component that did not answer; the log has the cause.
fn failed(failure: &Failure, id: &str) -> Answer {
    let (status, sentence) = match failure {
        Failure::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "the application did not answer in time"),
        Failure::NotStarted(_) => (StatusCode::SERVICE_UNAVAILABLE, "the application could not be started"),
        Failure::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the application failed"),
    };
    tracing::error!(request_id = id, status = status.as_u16(), "request {failure}");
    answer::error(status, sentence)
}

/// A request to an internal path: let through with the token, and no traffic.
async fn internal_request(
    app: &Arc<App>,
    request: Request<WasiBody>,
    client: SocketAddr,
    id: &Arc<str>,
) -> Answer {
    let authorization = request.headers().get(http::header::AUTHORIZATION);
    if !app.internal_token.as_ref().is_some_and(|token| token.accepts(authorization)) {
        return answer::error(StatusCode::UNAUTHORIZED, "internal paths need the internal token");
    }
    let path = request.uri().path().to_owned();
    let Some(matched) = app.router.route(&path) else {
        return answer::error(StatusCode::NOT_FOUND, "no route matches this path");
    };
    let mut answer = bounded(app, &matched, request, client, id).await;
    answer.headers_mut().remove(ROUTE_HEADER);
    answer
}

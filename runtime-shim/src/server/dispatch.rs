//! The way of a request: id, route, component, metrics, answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::{CONNECTION, HOST, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderName, Method, Request, StatusCode, Uri, Version};
use hyper::body::Incoming;
use wasmtime_wasi_http::WasiBody;

use super::admin;
use super::answer::{self, Answer};
use super::app::App;
use super::backend::Backend;
use super::body::Body;
use super::in_flight::InFlight;
use super::traffic::Traffic;
use super::upload::Fault;
use super::{internal, request_id};
use crate::correlation::Correlation;
use crate::engine::{Failure, RequestData, Turn};
use crate::host::chaining::Depth;
use crate::lifecycle::Phase;
use crate::metrics::Limit;
use crate::routing::{Match, is_spin_header, spin_headers};
use crate::trace::{self, Position};

/// Which listener a request came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The application's own port.
    Public,
    /// The port for probes and metrics.
    Admin,
}

/// Answers one request of a client.
pub async fn dispatch(
    backend: &Arc<impl Backend>,
    listener: Listener,
    mut request: Request<Incoming>,
    client: SocketAddr,
) -> Answer {
    let id = request_id::assign(request.headers_mut());
    let version = request.version();
    let correlation = Correlation::of(request.headers(), id, &backend.core().tracer);
    let mut answer = backend.answer(listener, request, client, &correlation).await;
    if let Ok(value) = HeaderValue::from_str(&correlation.id) {
        answer.headers_mut().insert(request_id::HEADER, value);
    }
    let upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if backend.core().lifecycle.phase() >= Phase::Draining && version <= Version::HTTP_11 && !upgraded {
        // Clients that keep connections open are to open their next one elsewhere.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Answers a request of an application's client.
pub(super) async fn by_listener(
    app: &Arc<App>,
    listener: Listener,
    request: Request<WasiBody>,
    client: SocketAddr,
    correlation: &Correlation,
) -> Answer {
    let uri = request.uri().clone();
    let path = uri.path();
    let internal = app.internal_token.is_some() && path.starts_with(internal::PREFIX);
    match listener {
        Listener::Admin if internal => Box::pin(internal::serve(app, request, client, correlation)).await,
        Listener::Admin => admin::answer(app, &request.into_parts().0).await,
        Listener::Public if internal => answer::error(StatusCode::NOT_FOUND, "not found"),
        Listener::Public if app.router.route(path).is_some() => {
            traffic(app, request, client, correlation).await
        }
        Listener::Public if !app.own_admin_port && admin::is_shared(path) => {
            admin::answer(app, &request.into_parts().0).await
        }
        Listener::Public => answer::error(StatusCode::NOT_FOUND, "no route matches this path"),
    }
}

/// A request that counts: it is measured, logged and bounded.
async fn traffic(
    app: &Arc<App>,
    request: Request<WasiBody>,
    client: SocketAddr,
    correlation: &Correlation,
) -> Answer {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let Some(matched) = app.router.route(uri.path()) else {
        return answer::error(StatusCode::NOT_FOUND, "no route matches this path");
    };
    let fault = Fault::of(&request);
    let span = trace::http::server(&correlation.trace, &request, client.ip(), &correlation.id);
    let correlation = correlation.at(span.position());
    let mut answer = bounded(app, &matched, request, client, &correlation).await;
    fault.blame(&mut answer);
    let component = &app.components[matched.component].granted().id;
    let traffic =
        Traffic { component, method: &method, path: uri.path(), correlation: &correlation, started };
    traffic.answered(&app.core, Some(matched.pattern), span, &mut answer);
    answer
}

async fn bounded(
    app: &App,
    matched: &Match<'_, '_>,
    request: Request<WasiBody>,
    client: SocketAddr,
    correlation: &Correlation,
) -> Answer {
    if let Some(refused) = app.core.too_large(&request) {
        return refused;
    }
    let permit = match app.core.admit().await {
        Ok(permit) => permit,
        Err(refused) => return refused,
    };
    // Before its turn on the processors: a request that is kept waiting computes nothing.
    if let Some(injected) = app.core.injected().await {
        return injected;
    }
    let turn = match app.turns.enter().await {
        Ok(permit) => Turn::new(permit),
        Err(refusal) => return app.core.refuse(Limit::Processors, refusal),
    };
    let in_flight = app.core.in_flight.begin().holding(permit);
    run(app, matched, request, From { client, correlation, turn: Some(turn) }, in_flight).await
}

/// Whom a request comes from, and by what right.
pub(super) struct From<'a> {
    /// Address of the client.
    pub client: SocketAddr,
    /// The request among others, in logs and traces.
    pub correlation: &'a Correlation,
    /// Its turn on the processors. Only requests of clients wait for one: those of components are part of one, and probes
    /// must not fail because clients are many.
    pub turn: Option<Turn>,
}

/// Hands a request to its component; it is in flight until the end of the answer's body.
pub(super) async fn run(
    app: &App,
    matched: &Match<'_, '_>,
    request: Request<WasiBody>,
    From { client, correlation, turn }: From<'_>,
    in_flight: InFlight,
) -> Answer {
    let component = &app.components[matched.component];
    let mut span = trace::component::run(&correlation.trace, &component.granted().id);
    let is_head = *request.method() == Method::HEAD;
    let request = prepared(matched, request, client, span.position());
    let data = RequestData::new(correlation.at(span.position()), Depth::of(&request).0, turn);
    let answered = match component.handle(data, request).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            // Here, a length without a body is no fault: https://www.rfc-editor.org/rfc/rfc9110#section-8.6
            let bodiless = is_head || head.status == StatusCode::NOT_MODIFIED;
            match Body::of_component(body, in_flight).await {
                Ok(body) => Ok(Answer::from_parts(head, body)),
                Err(_) if bodiless => Ok(Answer::from_parts(head, Body::whole(""))),
                // The body broke off before the head was sent.
                Err(error) => Err(Failure::Failed(error.into())),
            }
        }
        Err(failure) => Err(failure),
    };
    answered.unwrap_or_else(|failure| {
        span.fail(|| failure.kind());
        failed(&failure, correlation)
    })
}

/// The request as the component sees it: an absolute URI, and headers that only the host may set.
fn prepared(
    matched: &Match<'_, '_>,
    request: Request<WasiBody>,
    client: SocketAddr,
    trace: &Position,
) -> Request<WasiBody> {
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
    trace.write(&mut head.headers);
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
fn failed(failure: &Failure, correlation: &Correlation) -> Answer {
    let (status, sentence) = match failure {
        Failure::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "the application did not answer in time"),
        Failure::NotStarted(_) => (StatusCode::SERVICE_UNAVAILABLE, "the application could not be started"),
        Failure::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the application failed"),
    };
    tracing::error!(
        request_id = &*correlation.id,
        trace_id = correlation.trace_id(),
        status = status.as_u16(),
        "request {failure}"
    );
    answer::error(status, sentence)
}

//! The application as its own components reach it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use super::app::App;
use super::dispatch::{From, Listener, by_listener, run};
use super::internal::OURSELVES;
use super::request_id;
use super::traffic::ROUTE_HEADER;
use crate::correlation::Correlation;
use crate::engine::Component;
use crate::host::chaining::{Answering, Application, Target};

/// Who a component hears of as client when another component calls it; the same as in Spin.
const A_COMPONENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl Application for App {
    fn answer(
        self: Arc<Self>,
        target: Target,
        mut request: Request<WasiBody>,
        correlation: Correlation,
    ) -> Answering {
        if let Ok(value) = HeaderValue::from_str(&correlation.id) {
            request.headers_mut().insert(request_id::HEADER, value);
        }
        Box::pin(async move {
            match target {
                Target::Component(component) => by_component(&self, &component, request, &correlation).await,
                Target::Own => Ok(by_route(&self, request, &correlation).await),
            }
        })
    }
}

/// No traffic of the application: that is counted where it comes in. A drain waits for it nevertheless.
async fn by_component(
    app: &App,
    component: &str,
    request: Request<WasiBody>,
    correlation: &Correlation,
) -> Result<Response<WasiBody>, Error> {
    // Hosts have no upper case, ids may.
    let is_meant = |known: &Component| known.granted().id.eq_ignore_ascii_case(component);
    let Some(index) = app.components.iter().position(is_meant) else {
        tracing::warn!(
            request_id = &*correlation.id,
            trace_id = correlation.trace_id(),
            "no component {component:?} is here to be called"
        );
        return Err(Error::DestinationNotFound);
    };
    let path = request.uri().path().to_owned();
    let matched = app.router.direct(index, &path);
    let from = From { client: A_COMPONENT, correlation, turn: None };
    let mut answer = run(app, &matched, request, from, app.core.in_flight.begin_uncounted()).await;
    answer.headers_mut().remove(ROUTE_HEADER);
    Ok(answer.map(BodyExt::boxed_unsync))
}

/// As if a client had sent it: it counts, and internal paths are not there.
async fn by_route(
    app: &Arc<App>,
    mut request: Request<WasiBody>,
    correlation: &Correlation,
) -> Response<WasiBody> {
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    // The host that the component names is no name by which others could reach the application.
    request.headers_mut().remove(HOST);
    by_listener(app, Listener::Public, request, OURSELVES, correlation).await.map(BodyExt::boxed_unsync)
}

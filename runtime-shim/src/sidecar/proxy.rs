//! The way of a request: permit, upstream, answer, metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::Either;
use hyper::body::Incoming;

use super::arguments::{Limits, Protocol, Sidecar};
use super::questions::Questions;
use super::tunnel::Tunnel;
use super::upstream::{Failure, Place, Upload, Upstream};
use super::{headers, hop};
use crate::correlation::Correlation;
use crate::server::{
    Answer, Backend, Body, Core, Held, Idle, Listener, Relayed, Traffic, Unanswered, admin_answer,
    error_answer,
};
use crate::trace;

/// A proxy in front of one upstream, with connections of its own.
pub struct Proxy {
    core: Arc<Core>,
    component: String,
    upstream: Arc<Upstream>,
    protocol: Protocol,
    limits: Limits,
    questions: Questions,
}

impl Proxy {
    /// A proxy without connections; the first request makes one.
    pub fn new(core: Arc<Core>, arguments: &Sidecar) -> Self {
        let Sidecar { upstream, upstream_protocol, limits, component, ready_path, upstream_metrics, .. } =
            arguments.clone();
        let upstream = Arc::new(Upstream::new(upstream, upstream_protocol, &limits));
        let questions = Questions::new(Arc::clone(&upstream), ready_path, upstream_metrics);
        Self { core, component, upstream, protocol: upstream_protocol, limits, questions }
    }

    /// A request that counts: it is measured, logged and bounded.
    async fn traffic(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
        correlation: &Correlation,
    ) -> Answer {
        let started = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let span = trace::http::server(&correlation.trace, &request, client.ip(), &correlation.id);
        let correlation = &correlation.at(span.position());
        let mut answer = self.bounded(request, client, correlation).await;
        let traffic =
            Traffic { component: &self.component, method: &method, path: uri.path(), correlation, started };
        traffic.answered(&self.core, None, span, &mut answer);
        answer
    }

    async fn bounded(
        &self,
        mut request: Request<Incoming>,
        client: SocketAddr,
        correlation: &Correlation,
    ) -> Answer {
        if let Some(refused) = self.core.too_large(&request) {
            return refused;
        }
        let permit = match self.core.admit().await {
            Ok(permit) => permit,
            Err(refused) => return refused,
        };
        if let Some(injected) = self.core.injected().await {
            return injected;
        }
        let held = Held { in_flight: self.core.in_flight.begin().holding(permit), place: None };
        let tunnel = Tunnel::asked_for(&mut request);
        if request.method() == Method::CONNECT {
            return error_answer(StatusCode::NOT_IMPLEMENTED, "CONNECT is not offered");
        }
        if tunnel.is_some() && self.protocol == Protocol::H2c {
            return error_answer(StatusCode::NOT_IMPLEMENTED, "the upstream's HTTP/2 has no upgrades");
        }
        match self.ask(request, client, tunnel.is_some(), correlation).await {
            Ok(response) => relay(response, tunnel, held, &self.limits),
            Err(failure) => {
                let (request_id, trace_id) = (&*correlation.id, correlation.trace_id());
                tracing::warn!(request_id, trace_id, "{failure}");
                failure.answer()
            }
        }
    }

    /// The upstream's answer, as soon as its head is there.
    async fn ask(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
        upgrade: bool,
        correlation: &Correlation,
    ) -> Result<Response<Incoming>, Failure> {
        let (mut head, body) = request.into_parts();
        headers::to_upstream(&mut head, client.ip(), self.upstream.authority(), self.protocol);
        if upgrade {
            headers::ask_upgrade(&mut head.headers, Tunnel::protocol());
        }
        let body: Upload = Either::Left(
            Idle::new(body, self.limits.body_idle_timeout).at_most(self.limits.clients.max_request_body),
        );
        let mut request = Request::from_parts(head, body);
        let mut span = trace::http::client(&correlation.trace, &request);
        span.position().write(request.headers_mut());
        let limit = self.limits.request_timeout;
        let sent = tokio::time::timeout(limit, self.upstream.send(request)).await;
        let result = sent.unwrap_or(Err(Failure::TooSlow(limit)));
        match &result {
            Ok(answer) => trace::http::received(&mut span, answer.status()),
            Err(failure) => span.fail(|| failure.kind()),
        }
        result
    }
}

/// Passes an answer on to the client.
fn relay(
    mut response: Response<Incoming>,
    tunnel: Option<Tunnel>,
    mut held: Held,
    limits: &Limits,
) -> Answer {
    hop::strip(response.headers_mut());
    // That of the connection to the client is another matter.
    *response.version_mut() = Version::HTTP_11;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        held.place = response.extensions_mut().remove::<Place>().map(|place| place.0);
        let idle = limits.body_idle_timeout;
        return response.map(|body| Body::Relayed(Relayed::new(Idle::new(body, idle), held)));
    }
    let Some(tunnel) = tunnel else {
        return error_answer(StatusCode::BAD_GATEWAY, "the upstream changed the protocol unasked");
    };
    tunnel.open(hyper::upgrade::on(&mut response), held);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(UPGRADE, Tunnel::protocol());
    response.map(|_| Body::whole(Bytes::new()))
}

impl Backend for Proxy {
    fn core(&self) -> &Core {
        &self.core
    }

    async fn answer(
        self: &Arc<Self>,
        listener: Listener,
        request: Request<Incoming>,
        client: SocketAddr,
        correlation: &Correlation,
    ) -> Answer {
        match listener {
            Listener::Admin => admin_answer(self, &request.into_parts().0).await,
            Listener::Public => self.traffic(request, client, correlation).await,
        }
    }

    async fn ready(self: &Arc<Self>) -> Result<(), String> {
        self.questions.ready().await
    }

    async fn exposed(&self) -> Option<Result<(StatusCode, Bytes), Unanswered>> {
        self.questions.metrics().await
    }
}

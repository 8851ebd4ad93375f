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
use crate::metrics::OTHER;
use crate::server::{
    Answer, Backend, Body, Core, Held, Idle, Listener, Relayed, Traffic, Unanswered, admin_answer,
    error_answer, overloaded,
};

/// A proxy in front of one upstream.
pub struct Proxy {
    core: Core,
    component: String,
    upstream: Arc<Upstream>,
    protocol: Protocol,
    limits: Limits,
    questions: Questions,
}

impl Proxy {
    /// A proxy without connections; the first request makes one.
    pub fn new(core: Core, arguments: Sidecar) -> Self {
        let Sidecar { upstream, upstream_protocol: protocol, limits, .. } = arguments;
        let upstream = Arc::new(Upstream::new(upstream, protocol, &limits));
        let questions =
            Questions::new(Arc::clone(&upstream), arguments.ready_path, arguments.upstream_metrics);
        Self { core, component: arguments.component, upstream, protocol, limits, questions }
    }

    /// A request that counts: it is measured, logged and bounded.
    async fn traffic(&self, request: Request<Incoming>, client: SocketAddr, id: &str) -> Answer {
        let started = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let mut answer = self.bounded(request, client, id).await;
        let traffic = Traffic { component: &self.component, method: &method, path: uri.path(), id, started };
        traffic.answered(&self.core.metrics, OTHER, &mut answer);
        answer
    }

    async fn bounded(&self, mut request: Request<Incoming>, client: SocketAddr, id: &str) -> Answer {
        let Ok(permit) = Arc::clone(&self.core.permits).try_acquire_owned() else {
            return overloaded();
        };
        let held = Held { in_flight: self.core.in_flight.begin(), permit, place: None };
        let tunnel = Tunnel::asked_for(&mut request);
        if request.method() == Method::CONNECT {
            return error_answer(StatusCode::NOT_IMPLEMENTED, "CONNECT is not offered");
        }
        if tunnel.is_some() && self.protocol == Protocol::H2c {
            return error_answer(StatusCode::NOT_IMPLEMENTED, "the upstream's HTTP/2 has no upgrades");
        }
        match self.ask(request, client, tunnel.is_some()).await {
            Ok(response) => relay(response, tunnel, held, &self.limits),
            Err(failure) => {
                tracing::warn!(request_id = id, "{failure}");
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
    ) -> Result<Response<Incoming>, Failure> {
        let (mut head, body) = request.into_parts();
        headers::to_upstream(&mut head, client.ip(), self.upstream.authority(), self.protocol);
        if upgrade {
            headers::ask_upgrade(&mut head.headers, Tunnel::protocol());
        }
        let body: Upload = Either::Left(Idle::new(body, self.limits.body_idle_timeout));
        let limit = self.limits.request_timeout;
        let sent = self.upstream.send(Request::from_parts(head, body));
        tokio::time::timeout(limit, sent).await.unwrap_or(Err(Failure::TooSlow(limit)))
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
        id: &Arc<str>,
    ) -> Answer {
        match listener {
            Listener::Admin => admin_answer(self, request.method(), request.uri().path()).await,
            Listener::Public => self.traffic(request, client, id).await,
        }
    }

    async fn ready(self: &Arc<Self>) -> Result<(), String> {
        self.questions.ready().await
    }

    async fn exposed(&self) -> Option<Result<(StatusCode, Bytes), Unanswered>> {
        self.questions.metrics().await
    }
}

//! A running application: what every request needs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use subtle::ConstantTimeEq;

use super::answer::Answer;
use super::backend::Backend;
use super::core::Core;
use super::dispatch::{Listener, by_listener};
use super::internal;
use super::question::Unanswered;
use super::readiness::{self, Readiness};
use super::upload;
use crate::correlation::Correlation;
use crate::engine::Component;
use crate::gate::Gate;
use crate::host::postgres::Pools;
use crate::routing::Router;

/// Where an application exposes its metrics.
const METRICS_PATH: &str = "/internal/metrics";

/// A running application.
pub struct App {
    /// What does not depend on what is served.
    pub core: Core,
    /// From paths to components.
    pub router: Router,
    /// The components, by the router's indices.
    pub components: Vec<Component>,
    /// Time that the body of a request may stand still.
    pub body_idle_timeout: Duration,
    /// Turns on the processors, over all components.
    pub turns: Gate,
    /// Pools of connections to PostgreSQL.
    pub postgres: Arc<Pools>,
    /// What the application itself says of its readiness.
    pub readiness: Readiness,
    /// Guards the paths under `/internal/`; none if the application has no such token.
    pub internal_token: Option<InternalToken>,
    /// Whether probes and metrics are on a port of their own.
    pub own_admin_port: bool,
}

impl Backend for App {
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
        let request = upload::bounded(request, self.body_idle_timeout, self.core.clients.max_request_body);
        by_listener(self, listener, request, client, correlation).await
    }

    async fn ready(self: &Arc<Self>) -> Result<(), String> {
        readiness::ready(self).await
    }

    async fn exposed(&self) -> Option<Result<(StatusCode, Bytes), Unanswered>> {
        internal::get(self, METRICS_PATH).await
    }

    fn observe(&self) {
        self.postgres.observe();
    }
}

/// The secret that callers of internal paths send as bearer.
pub struct InternalToken(String);

impl InternalToken {
    /// Takes over a token.
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The value of an `authorization` header that is accepted.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether `authorization` holds this token; takes the same time wherever it differs.
    pub fn accepts(&self, authorization: Option<&http::HeaderValue>) -> bool {
        authorization.is_some_and(|value| value.as_bytes().ct_eq(self.authorization().as_bytes()).into())
    }
}

//! A running application: what every request needs.

use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::in_flight::Counter;
use crate::engine::Component;
use crate::host::postgres::Pools;
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::Metrics;
use crate::routing::Router;

/// Start of the paths that are never served to the public.
pub const INTERNAL_PREFIX: &str = "/internal/";

/// A running application.
pub struct App {
    /// From paths to components.
    pub router: Router,
    /// The components, by the router's indices.
    pub components: Vec<Component>,
    /// Pools of connections to PostgreSQL.
    pub postgres: Arc<Pools>,
    /// All metrics.
    pub metrics: Arc<Metrics>,
    /// Whether it serves, drains or ends.
    pub lifecycle: Lifecycle,
    /// Requests in flight.
    pub in_flight: Counter,
    /// One permit for each request that components may work on at once.
    pub permits: Semaphore,
    /// Guards the paths under [`INTERNAL_PREFIX`]; none if the application has no such token.
    pub internal_token: Option<InternalToken>,
    /// Whether probes and metrics are on a port of their own.
    pub own_admin_port: bool,
    /// How long a drain may take.
    pub drain_timeout: Duration,
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

impl App {
    /// Whether the application may be asked for more: what `/readyz` answers.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub async fn ready(&self) -> Result<(), String> {
        match self.lifecycle.phase() {
            Phase::Starting => return Err("starting".into()),
            Phase::Draining | Phase::Closing => return Err("draining".into()),
            Phase::Serving => {}
        }
        let mut databases = self.components.iter().flat_map(|component| component.granted().databases.iter());
        let answer = match databases.try_for_each(|database| database.ping()) {
            Ok(()) => self.postgres.ping().await,
            failed => failed,
        };
        answer.map_err(|error| {
            tracing::warn!(error, "database does not answer");
            "the database does not answer".into()
        })
    }
}

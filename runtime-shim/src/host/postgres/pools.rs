//! Pools of connections, one for each address.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Error;
use super::address::Address;
use super::pool::Pool;
use super::probe::PingError;
use crate::metrics::{Metrics, PostgresConnections};
use crate::outbound::allow::AllowedHosts;

/// Most addresses that have a pool at the same time.
const MAX_POOLS: usize = 16;

/// Longest time between two looks for idle connections.
const MAX_IDLE_PERIOD: Duration = Duration::from_secs(30);

/// Bounds on pools.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Most connections to one address.
    pub size: usize,
    /// Time to wait for one of them to be free.
    pub wait_timeout: Duration,
    /// Time to make a new one.
    pub connect_timeout: Duration,
    /// Time that a statement may take in the database; none for what the database itself has set.
    pub statement_timeout: Option<Duration>,
    /// Time after which a connection that nobody uses is closed.
    pub idle_timeout: Duration,
}

/// The pools of a process.
pub struct Pools {
    settings: Settings,
    metrics: Arc<Metrics>,
    pools: Mutex<HashMap<Key, Arc<Pool>>>,
}

/// An address as it was given, and the authority that is to have signed the server's certificate.
type Key = (String, Option<String>);

impl Pools {
    /// No pools yet; they are made when an address is first opened.
    pub fn new(settings: Settings, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { settings, metrics, pools: Mutex::default() })
    }

    /// The pool for an address that a component with these `allowed` hosts opens.
    pub(super) fn open(
        &self,
        address: String,
        authority: Option<String>,
        allowed: &AllowedHosts,
    ) -> Result<Arc<Pool>, Error> {
        let parsed: Address = address.parse()?;
        parsed.permit(allowed)?;
        let key = (address, authority);
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&key) {
            return Ok(Arc::clone(pool));
        }
        if pools.len() >= MAX_POOLS {
            let unused =
                pools.iter().find(|(_, pool)| Arc::strong_count(pool) == 1).map(|(key, _)| key.clone());
            let full = || Error::ConnectionFailed(format!("more than {MAX_POOLS} databases are in use"));
            pools.remove(&unused.ok_or_else(full)?);
        }
        let pool = Pool::new(&parsed, key.1.as_deref(), self.settings.clone(), Arc::clone(&self.metrics))?;
        let pool = Arc::new(pool);
        pools.insert(key, Arc::clone(&pool));
        Ok(pool)
    }

    /// Whether all databases in use answer: what readiness means for them.
    ///
    /// # Errors
    /// A sentence that says why one does not.
    pub async fn ping(&self) -> Result<(), String> {
        let pings = self.all().into_iter().map(|pool| async move { pool.ping().await });
        let answers: Result<(), PingError> = futures::future::join_all(pings).await.into_iter().collect();
        answers.map_err(|error| error.to_string())
    }

    /// Closes idle connections and drops pools that nobody uses any more, for as long as it is polled.
    pub async fn close_idle(self: Arc<Self>) {
        let idle = self.settings.idle_timeout;
        let period = (idle / 4).clamp(Duration::from_millis(100), MAX_IDLE_PERIOD);
        loop {
            tokio::time::sleep(period).await;
            for (key, pool) in self.entries() {
                if pool.close_idle(idle) {
                    drop(pool);
                    self.drop_unused(&key);
                }
            }
        }
    }

    /// Nobody can open a pool while the lock is held, so that one without users has none afterwards.
    fn drop_unused(&self, key: &Key) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.get(key).is_some_and(|pool| Arc::strong_count(pool) == 1) {
            pools.remove(key);
        }
    }

    /// Brings the gauges of the metrics up to date.
    pub fn observe(&self) {
        let mut connections = PostgresConnections::default();
        for pool in self.all() {
            let status = pool.status();
            connections.most += status.max_size;
            connections.idle += status.available;
            connections.in_use += status.size.saturating_sub(status.available);
            connections.waiting += status.waiting;
        }
        self.metrics.postgres_connections(&connections);
    }

    #[cfg(test)]
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    fn all(&self) -> Vec<Arc<Pool>> {
        self.entries().into_iter().map(|(_, pool)| pool).collect()
    }

    fn entries(&self) -> Vec<(Key, Arc<Pool>)> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.iter().map(|(key, pool)| (key.clone(), Arc::clone(pool))).collect()
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys have passwords.
        f.debug_struct("Pools").field("settings", &self.settings).finish_non_exhaustive()
    }
}

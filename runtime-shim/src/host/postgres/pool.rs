//! Pools of connections, one for each address.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime};

use super::address::Address;
use super::probe::Probe;
use super::tls::Connector;
use super::{Error, errors};
use crate::metrics::{Metrics, PostgresConnections};
use crate::outbound::allow::AllowedHosts;

/// Most addresses that have a pool at the same time.
const MAX_POOLS: usize = 16;

/// Time for the clean-up of a connection. It waits for a statement that was given up, so this is how long such a
/// statement still has.
const CLEAN_TIMEOUT: Duration = Duration::from_secs(1);

/// What takes back everything that a session may have changed. Prepared statements stay, they are the host's own. Those
/// of `DISCARD ALL`, see <https://www.postgresql.org/docs/current/sql-discard.html>, and the end of a transaction.
const CLEAN: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; ";

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
        let pings = self.all().into_iter().map(|pool| async move { pool.probe.ping().await });
        futures::future::join_all(pings).await.into_iter().collect()
    }

    /// Brings the gauges of the metrics up to date.
    pub fn observe(&self) {
        let mut connections = PostgresConnections::default();
        for pool in self.all() {
            let status = pool.pool.status();
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

    fn all(&self) -> Vec<Arc<Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys have passwords.
        f.debug_struct("Pools").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The connections to one address.
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    connector: Connector,
    probe: Probe,
    /// [`CLEAN`] and the settings that each session begins with.
    clean: String,
    settings: Settings,
    metrics: Arc<Metrics>,
}

impl Pool {
    fn new(
        address: &Address,
        authority: Option<&str>,
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        let connector = address.connector(authority)?;
        let manager = || {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            Manager::from_config(address.config.clone(), connector.clone(), recycling)
        };
        let probe = Probe::new(manager(), settings.clone())?;
        let begin = session_settings(&settings);
        let clean = format!("{CLEAN}{begin}");
        let pool = deadpool_postgres::Pool::builder(manager())
            .max_size(settings.size)
            .wait_timeout(Some(settings.wait_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .recycle_timeout(Some(settings.connect_timeout))
            .post_create(Hook::async_fn(move |client, _| {
                let begin = begin.clone();
                Box::pin(async move { client.batch_execute(&begin).await.map_err(HookError::Backend) })
            }))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Other(format!("no pool of connections: {error}")))?;
        Ok(Self { pool, connector, probe, clean, settings, metrics })
    }

    /// Takes a connection, and waits for one if need be.
    pub(super) async fn take(&self) -> Result<Object, Error> {
        let started = Instant::now();
        let result = self.pool.get().await;
        self.metrics.postgres_wait.observe(started.elapsed().as_secs_f64());
        result.map_err(|error| {
            let error = errors::connection(&error, &self.settings);
            tracing::warn!("{error}");
            error
        })
    }

    /// Cleans a connection and makes it free for others. One that cannot be cleaned is closed; what still runs on it
    /// is cancelled.
    pub(super) async fn give_back(&self, client: Object) {
        let cleaned = tokio::time::timeout(CLEAN_TIMEOUT, client.batch_execute(&self.clean)).await;
        if matches!(cleaned, Ok(Ok(()))) {
            return;
        }
        let cancel = client.cancel_token();
        let broken = client.is_closed();
        drop(Object::take(client));
        if !broken {
            let cancelled = cancel.cancel_query(self.connector.clone());
            if tokio::time::timeout(self.settings.connect_timeout, cancelled).await.is_err() {
                tracing::warn!("a statement that was given up could not be cancelled");
            }
        }
    }
}

/// What every session begins with. Warnings, as for a rollback without a transaction, would only fill the log.
fn session_settings(settings: &Settings) -> String {
    let mut sql = "SET client_min_messages TO error".to_owned();
    if let Some(limit) = settings.statement_timeout {
        sql += &format!("; SET statement_timeout TO {}", limit.as_millis());
    }
    sql
}

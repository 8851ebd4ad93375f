//! The connections to one address.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime, Status};

use super::address::Address;
use super::pools::Settings;
use super::probe::{PingError, Probe};
use super::tls::Connector;
use super::{Error, errors};
use crate::metrics::Metrics;

/// Time for the clean-up of a connection. It waits for a statement that was given up, so this is how long such a
/// statement still has.
const CLEAN_TIMEOUT: Duration = Duration::from_secs(1);

/// What takes back everything that a session may have changed. Prepared statements stay, they are the host's own. Those
/// of `DISCARD ALL`, see <https://www.postgresql.org/docs/current/sql-discard.html>, and the end of a transaction.
const CLEAN: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; ";

/// Which database it is, for those who look at traces.
#[derive(Debug, PartialEq)]
pub(super) struct Database {
    pub(super) name: String,
    /// The first of its hosts, if there are several.
    pub(super) host: String,
    pub(super) port: u16,
}

/// The connections to one address.
pub(super) struct Pool {
    database: Database,
    pool: deadpool_postgres::Pool,
    connector: Connector,
    probe: Probe,
    /// [`CLEAN`] and the settings that each session begins with.
    clean: String,
    settings: Settings,
    metrics: Arc<Metrics>,
    /// When it was last asked for a connection.
    used: Mutex<Instant>,
}

impl Pool {
    pub(super) fn new(
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
        let begin_timeout = settings.connect_timeout;
        let pool = deadpool_postgres::Pool::builder(manager())
            .max_size(settings.size)
            .wait_timeout(Some(settings.wait_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .recycle_timeout(Some(settings.connect_timeout))
            .post_create(Hook::async_fn(move |client, _| {
                let begin = begin.clone();
                Box::pin(async move {
                    let begun = tokio::time::timeout(begin_timeout, client.batch_execute(&begin)).await;
                    let silent = |_| HookError::message("it did not answer");
                    begun.map_err(silent)?.map_err(HookError::Backend)
                })
            }))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Other(format!("no pool of connections: {error}")))?;
        let used = Mutex::new(Instant::now());
        let database = address.database();
        Ok(Self { database, pool, connector, probe, clean, settings, metrics, used })
    }

    /// Which database it is.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// How many connections are open and free, in use, and waited for.
    pub(super) fn status(&self) -> Status {
        self.pool.status()
    }

    /// Whether the database answers.
    pub(super) async fn ping(&self) -> Result<(), PingError> {
        self.probe.ping().await
    }

    /// Closes the connections that nobody has used for so long. Says whether nothing is left that is worth keeping:
    /// no connection, no use for as long, and no trouble that readiness is to tell of until it is over.
    pub(super) fn close_idle(&self, idle: Duration) -> bool {
        let recent = |_: &_, connection: deadpool_postgres::Metrics| connection.last_used() < idle;
        drop(self.pool.retain(recent));
        let probe = self.probe.close_idle(idle);
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        probe && self.pool.status().size == 0 && used.elapsed() >= idle
    }

    /// Takes a connection, and waits for one if need be.
    pub(super) async fn take(&self) -> Result<Object, Error> {
        let started = Instant::now();
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = started;
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

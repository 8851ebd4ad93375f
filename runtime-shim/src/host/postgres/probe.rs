//! Asks a database whether it answers, on a connection of its own: a pool whose connections are all in use is busy, not
//! broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, Pool};

use super::pools::Settings;
use super::{Error, errors};
use crate::shared::Shared;

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(2);

/// Time to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Why a database did not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum PingError {
    /// Nothing came back: the network is broken, or the server hangs.
    #[error("no answer within {TIMEOUT:?}")]
    Silent,
    /// There is no connection, or the server says why not.
    #[error("{0}")]
    Refused(String),
}

/// The probe of one database.
pub(super) struct Probe {
    /// Of one connection.
    pool: Pool,
    settings: Settings,
    answers: Shared<Result<(), PingError>>,
    /// Whether the last answer was none, or a bad one.
    failing: Arc<AtomicBool>,
}

impl Probe {
    /// A probe that connects by `manager`.
    pub(super) fn new(manager: Manager, settings: Settings) -> Result<Self, Error> {
        let pool = Pool::builder(manager).max_size(1).build();
        let pool = pool.map_err(|error| Error::Other(format!("no pool of connections: {error}")))?;
        Ok(Self { pool, settings, answers: Shared::new(FRESH), failing: Arc::default() })
    }

    /// Whether the database answers, or did a moment ago.
    pub(super) async fn ping(&self) -> Result<(), PingError> {
        let (pool, settings, failing) = (self.pool.clone(), self.settings.clone(), Arc::clone(&self.failing));
        let question = async move {
            let answer = ask(&pool, &settings).await;
            failing.store(answer.is_err(), Ordering::Relaxed);
            answer
        };
        self.answers.get(question).await.unwrap_or(Err(PingError::Silent))
    }

    /// Closes the connection if nobody has asked for so long. Says whether there is none, and no trouble known.
    pub(super) fn close_idle(&self, idle: Duration) -> bool {
        drop(self.pool.retain(|_, connection| connection.last_used() < idle));
        self.pool.status().size == 0 && !self.failing.load(Ordering::Relaxed)
    }
}

async fn ask(pool: &Pool, settings: &Settings) -> Result<(), PingError> {
    let question = async {
        let connection = pool.get().await.map_err(|error| errors::connection(&error, settings))?;
        connection.simple_query("").await.map(drop).map_err(|error| errors::statement(&error))
    };
    match tokio::time::timeout(TIMEOUT, question).await {
        Ok(answer) => answer.map_err(|error| PingError::Refused(error.to_string())),
        Err(_) => {
            // A connection that does not answer is not asked again.
            drop(pool.retain(|_, _| false));
            Err(PingError::Silent)
        }
    }
}

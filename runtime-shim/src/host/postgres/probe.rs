//! Asks a database whether it answers, on a connection of its own: a pool whose connections are all in use is busy, not
//! broken.

use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool};
use tokio::sync::Mutex;

use super::pool::Settings;
use super::{Error, errors};

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(2);

/// Time to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The probe of one database.
pub(super) struct Probe {
    /// Of one connection.
    pool: Pool,
    settings: Settings,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Probe {
    /// A probe that connects by `manager`.
    pub(super) fn new(manager: Manager, settings: Settings) -> Result<Self, Error> {
        let pool = Pool::builder(manager).max_size(1).build();
        let pool = pool.map_err(|error| Error::Other(format!("no pool of connections: {error}")))?;
        Ok(Self { pool, settings, last: Mutex::default() })
    }

    /// Whether the database answers, or did a moment ago.
    pub(super) async fn ping(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < FRESH
        {
            return result.clone();
        }
        let result = match tokio::time::timeout(TIMEOUT, self.ask()).await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => {
                // A connection that does not answer is not asked again.
                self.pool.retain(|_, _| false);
                Err(format!("no answer within {TIMEOUT:?}"))
            }
        };
        *last = Some((Instant::now(), result.clone()));
        result
    }

    async fn ask(&self) -> Result<(), Error> {
        let connection = self.pool.get().await.map_err(|error| errors::connection(&error, &self.settings))?;
        connection.simple_query("").await.map(drop).map_err(|error| errors::statement(&error))
    }
}

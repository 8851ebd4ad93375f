//! A component's use of one database: one connection, from the first statement until the handle is dropped.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use deadpool_postgres::Object;
use futures::TryStream;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;
use tokio_postgres::{RowStream, Statement};

use super::pool::{Database, Pool};
use super::probe::PingError;
use super::residue::leaves_nothing;
use super::{Column, DbValue, Error, ParameterValue, QueryError, RowSet, columns, errors, parameters};

/// Statements that a connection keeps prepared. Beyond, all are forgotten: whoever has so many writes values into them.
const STATEMENT_CACHE: usize = 256;

/// Most bytes that a result may have that is not streamed.
const MAX_RESULT: usize = 64 * 1024 * 1024;

/// How long a statement is waited for before the database is asked whether it still lives.
const PATIENCE: Duration = Duration::from_secs(2);

/// See above; clones share the connection.
#[derive(Clone)]
pub(super) struct Session(Arc<Lease>);

struct Lease {
    pool: Arc<Pool>,
    client: OnceCell<Object>,
    /// Statements that may have left something in the session, or have not been seen to end.
    residues: AtomicUsize,
}

/// A statement whose rows are on their way.
pub(super) struct Running {
    statement: Statement,
    rows: Pin<Box<RowStream>>,
    /// Whether nothing of it is left once it has ended.
    plain: bool,
    /// Keeps the connection until the rows have come.
    session: Session,
}

impl Session {
    /// A session without a connection yet.
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self(Arc::new(Lease { pool, client: OnceCell::new(), residues: AtomicUsize::new(0) }))
    }

    /// The database.
    pub(super) fn database(&self) -> &Database {
        self.0.pool.database()
    }

    /// Runs a statement and says how many rows it touched.
    pub(super) async fn execute(&self, sql: &str, values: &[ParameterValue]) -> Result<u64, Error> {
        let mut running = self.start(sql, values).await?;
        while running.next().await?.is_some() {}
        Ok(running.rows.rows_affected().unwrap_or_default())
    }

    /// Runs a statement and collects its rows.
    pub(super) async fn query(&self, sql: &str, values: &[ParameterValue]) -> Result<RowSet, Error> {
        let mut running = self.start(sql, values).await?;
        let mut rows = Vec::new();
        let mut bytes = 0;
        while let Some(row) = running.next().await? {
            bytes += row.raw_size_bytes();
            if bytes > MAX_RESULT {
                let sentence = format!("the result has more than {MAX_RESULT} bytes: stream it");
                return Err(Error::QueryFailed(QueryError::Text(sentence)));
            }
            rows.push(columns::row(&row)?);
        }
        Ok(RowSet { columns: running.columns(), rows })
    }

    /// Runs a statement until its first rows are there.
    pub(super) async fn start(&self, sql: &str, values: &[ParameterValue]) -> Result<Running, Error> {
        let client = self.0.client.get_or_try_init(|| self.0.watch(self.0.pool.take())).await?;
        if client.statement_cache.size() > STATEMENT_CACHE {
            client.statement_cache.clear();
        }
        self.0.residues.fetch_add(1, Ordering::Relaxed);
        let result = match self.0.watch(attempt(client, sql, values)).await {
            // The schema has changed since the statement was prepared. Nothing was done yet, so it can be done again;
            // in a transaction the second attempt fails, because the first has ended it.
            Err(error) if is_outdated(&error) => {
                client.statement_cache.remove(sql, &[]);
                self.0.watch(attempt(client, sql, values)).await.map_err(|_| error)
            }
            result => result,
        };
        let (statement, rows) = result?;
        let plain = leaves_nothing(sql);
        Ok(Running { statement, rows: Box::pin(rows), plain, session: self.clone() })
    }
}

impl Running {
    /// Names and types of the columns.
    pub(super) fn columns(&self) -> Vec<Column> {
        columns::columns(self.statement.columns())
    }

    /// The next row, or none once the statement has ended. Not to be called after that.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<tokio_postgres::Row>, Error>> {
        let next = self.rows.as_mut().try_poll_next(context);
        if matches!(next, Poll::Ready(None)) && self.plain {
            self.session.0.residues.fetch_sub(1, Ordering::Relaxed);
        }
        next.map(|next| next.transpose().map_err(|error| errors::statement(&error)))
    }

    /// The next row, or none once the statement has ended.
    pub(super) async fn next(&mut self) -> Result<Option<tokio_postgres::Row>, Error> {
        let session = self.session.clone();
        session.0.watch(poll_fn(|context| self.poll_next(context))).await
    }
}

async fn attempt(
    client: &Object,
    sql: &str,
    values: &[ParameterValue],
) -> Result<(Statement, RowStream), Error> {
    let statement = client.prepare_cached(sql).await.map_err(|error| errors::statement(&error))?;
    let values = parameters::encode(values, statement.params())?;
    let rows = client.query_raw(&statement, values).await.map_err(|error| errors::statement(&error))?;
    Ok((statement, rows))
}

/// "cached plan must not change result type", or the statement is gone.
fn is_outdated(error: &Error) -> bool {
    let outdated = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME];
    matches!(error, Error::QueryFailed(QueryError::DbError(error))
        if outdated.iter().any(|state| state.code() == error.code))
}

impl Lease {
    /// Waits for work in the database, however long it takes, unless the database falls silent for others as well: a
    /// connection that a network has lost looks the same as one that is busy.
    async fn watch<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut work = pin!(work);
        loop {
            if let Ok(result) = tokio::time::timeout(PATIENCE, &mut work).await {
                return result;
            }
            if let Err(error @ PingError::Silent) = self.pool.ping().await {
                return Err(Error::ConnectionFailed(format!("the database fell silent: {error}")));
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if *self.residues.get_mut() == 0 {
            // Back to the pool as it is.
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let pool = Arc::clone(&self.pool);
                runtime.spawn(async move { pool.give_back(client).await });
            }
            // Nobody is there to clean it.
            Err(_) => drop(Object::take(client)),
        }
    }
}

/// The values of a row.
pub(super) type Row = Vec<DbValue>;

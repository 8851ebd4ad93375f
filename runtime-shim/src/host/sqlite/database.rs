//! Database files, the pool of connections to each, and the running of statements.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::ffi::{SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::Notify;

use super::values;
use super::{Error, QueryResult, Value};

/// How long a statement waits for another writer before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a waiting statement looks again when nothing wakes it, as when another process holds the lock.
const BUSY_POLL: Duration = Duration::from_millis(5);

/// Connections kept open for the next handle.
const MAX_IDLE: usize = 32;

/// Prepared statements kept by each connection.
const STATEMENT_CACHE: usize = 64;

/// The databases that one component may open, by the label it opens them with.
#[derive(Default, Clone)]
pub struct Databases {
    granted: HashMap<String, Arc<Database>>,
}

impl Databases {
    /// Grants access to `database` under `label`.
    pub fn grant(&mut self, label: String, database: Arc<Database>) {
        self.granted.insert(label, database);
    }

    /// The granted databases.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Database>> {
        self.granted.values()
    }

    /// Opens a handle to the database with this label.
    pub(super) fn open(&self, label: &str) -> Result<Handle, Error> {
        self.granted.get(label).ok_or(Error::AccessDenied)?.open()
    }
}

/// One database file.
pub struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Pooled>>,
    /// Woken whenever a write lock may have been released.
    released: Notify,
}

impl Database {
    /// The database in the file `path`, which is created when it is first opened.
    pub fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path, idle: Mutex::default(), released: Notify::new() })
    }

    /// Whether the database answers: what readiness means for it.
    ///
    /// # Errors
    /// A sentence that says why it does not.
    pub fn ping(self: &Arc<Self>) -> Result<(), String> {
        let handle = self.open().map_err(|error| error.to_string())?;
        let connection = handle.0.lock();
        connection.query_row("SELECT 1", [], |_| Ok(())).map_err(|error| error.to_string())
    }

    fn open(self: &Arc<Self>) -> Result<Handle, Error> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path).map_err(|error| Error::Io(error.to_string()))?,
        };
        Ok(Handle(Arc::new(Session { database: Arc::clone(self), connection: Mutex::new(Some(connection)) })))
    }
}

/// A connection that handles use one after the other.
struct Pooled {
    connection: Connection,
    /// Whether it carries something that the next handle must not find: temporary tables, attached databases, settings.
    marked: Arc<AtomicBool>,
}

/// Write-ahead logging lets readers go on while one writes; with it, `NORMAL` survives a crash of the process.
/// See <https://sqlite.org/wal.html>.
fn connect(path: &Path) -> rusqlite::Result<Pooled> {
    let mut connection = Connection::open(path)?;
    // Waiting is ours to do, see the module above; but the switch to WAL has no other way to wait.
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    let marked = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&marked);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if leaves_a_mark(&context.action) {
            mark.store(true, Ordering::Relaxed);
        }
        authorize(&context.action)
    }))?;
    Ok(Pooled { connection, marked })
}

/// A component has its own databases only, and must not make a thread wait.
fn authorize(action: &AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Attach { filename } if !matches!(*filename, "" | ":memory:") => Authorization::Deny,
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) }
            if pragma_name.eq_ignore_ascii_case("busy_timeout") =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

fn leaves_a_mark(action: &AuthAction<'_>) -> bool {
    matches!(
        action,
        AuthAction::Attach { .. }
            | AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateTempView { .. }
            | AuthAction::Pragma { pragma_value: Some(_), .. }
    )
}

/// A component's use of one connection; clones share it.
#[derive(Clone)]
pub(super) struct Handle(Arc<Session>);

struct Session {
    database: Arc<Database>,
    /// Only [`Drop`] takes it out.
    connection: Mutex<Option<Pooled>>,
}

impl Handle {
    /// Runs one statement and reads all of its rows.
    pub(super) async fn execute(
        &self,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let deadline = Instant::now() + BUSY_TIMEOUT;
        loop {
            let released = self.0.database.released.notified();
            match self.0.attempt(&statement, &parameters) {
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    // Either way the lock is tried again, so the time-out is no failure.
                    let _ = tokio::time::timeout(BUSY_POLL, released).await;
                }
                result => return result.map_err(interface_error),
            }
        }
    }

    pub(super) fn last_insert_rowid(&self) -> i64 {
        self.0.lock().last_insert_rowid()
    }

    pub(super) fn changes(&self) -> u64 {
        self.0.lock().changes()
    }
}

impl Session {
    fn lock(&self) -> impl std::ops::Deref<Target = Connection> + '_ {
        Held(lock(&self.connection))
    }

    fn attempt(&self, statement: &str, parameters: &[Value]) -> rusqlite::Result<QueryResult> {
        let connection = self.lock();
        let result = query(&connection, statement, parameters);
        if result.is_ok() && connection.is_autocommit() {
            self.database.released.notify_waiters();
        }
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(pooled) = lock(&self.connection).take() else { return };
        let clean = pooled.connection.is_autocommit() || pooled.connection.execute_batch("ROLLBACK").is_ok();
        self.database.released.notify_waiters();
        let mut idle = lock(&self.database.idle);
        if clean && !pooled.marked.load(Ordering::Relaxed) && idle.len() < MAX_IDLE {
            idle.push(pooled);
        }
    }
}

/// A locked connection that is known to be there.
struct Held<'a>(MutexGuard<'a, Option<Pooled>>);

impl std::ops::Deref for Held<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        let pooled =
            self.0.as_ref().expect("only Drop takes the connection, and then nobody holds the session");
        &pooled.connection
    }
}

fn query(connection: &Connection, statement: &str, parameters: &[Value]) -> rusqlite::Result<QueryResult> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut results = Vec::new();
    while let Some(row) = rows.next()? {
        results.push(values::row(row, columns.len())?);
    }
    Ok(QueryResult { columns, rows: results })
}

/// Whether waiting may help. It never does for a transaction whose snapshot has become too old to be written from.
fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.extended_code & 0xff == SQLITE_BUSY && error.extended_code != SQLITE_BUSY_SNAPSHOT
    })
}

fn interface_error(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Error::DatabaseFull,
        _ => Error::Io(error.to_string()),
    }
}

/// A panic of another thread leaves no half-done change behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, Arc<Database>) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::new(folder.path().join("test.db"));
        (folder, database)
    }

    async fn run(handle: &Handle, statement: &str) -> Result<QueryResult, Error> {
        handle.execute(statement.to_owned(), Vec::new()).await
    }

    #[tokio::test]
    async fn values_come_back_as_they_were() {
        let (_folder, database) = database();
        let handle = database.open().unwrap();
        let values = vec![
            Value::Integer(i64::MIN),
            Value::Real(0.5),
            Value::Text("äöü\0x".into()),
            Value::Blob(vec![0, 255]),
            Value::Null,
        ];
        let result = handle.execute("SELECT ?, ?, ?, ?, ? AS last".into(), values.clone()).await.unwrap();
        assert_eq!(format!("{:?}", result.rows[0].values), format!("{values:?}"));
        assert_eq!(result.columns[4], "last");
    }

    #[tokio::test]
    async fn a_transaction_left_open_is_rolled_back_before_the_next_handle() {
        let (_folder, database) = database();
        let handle = database.open().unwrap();
        run(&handle, "CREATE TABLE t (x)").await.unwrap();
        run(&handle, "BEGIN IMMEDIATE").await.unwrap();
        run(&handle, "INSERT INTO t VALUES (1)").await.unwrap();
        drop(handle);
        let next = database.open().unwrap();
        assert!(run(&next, "SELECT * FROM t").await.unwrap().rows.is_empty());
        run(&next, "BEGIN IMMEDIATE").await.unwrap();
    }

    #[tokio::test]
    async fn a_writer_waits_for_another_on_the_same_thread() {
        let (_folder, database) = database();
        let (first, second) = (database.open().unwrap(), database.open().unwrap());
        run(&first, "CREATE TABLE t (x)").await.unwrap();
        run(&first, "BEGIN IMMEDIATE").await.unwrap();
        let waiting = tokio::spawn(async move { run(&second, "INSERT INTO t VALUES (2)").await.map(drop) });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        run(&first, "COMMIT").await.unwrap();
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn other_files_cannot_be_attached() {
        let (folder, database) = database();
        let handle = database.open().unwrap();
        let other = folder.path().join("other.db");
        let attach = format!("ATTACH '{}' AS other", other.display());
        assert!(run(&handle, &attach).await.is_err());
        assert!(!other.exists());
        run(&handle, "ATTACH ':memory:' AS scratch").await.unwrap();
    }

    #[tokio::test]
    async fn temporary_tables_are_gone_with_their_handle() {
        let (_folder, database) = database();
        let handle = database.open().unwrap();
        run(&handle, "CREATE TEMP TABLE secret (x)").await.unwrap();
        drop(handle);
        let next = database.open().unwrap();
        assert!(run(&next, "SELECT * FROM secret").await.is_err());
    }

    #[tokio::test]
    async fn a_database_that_was_not_granted_is_denied() {
        assert!(matches!(Databases::default().open("default"), Err(Error::AccessDenied)));
    }
}

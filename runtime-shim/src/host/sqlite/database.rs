//! Database files, the pool of connections to each, and the running of statements.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::ffi::{SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::{Notify, Semaphore};

use super::values;
use super::{Error, QueryResult, Value};

/// How long a statement waits for other writers before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a waiting statement looks again when nothing wakes it, as when another process holds the lock.
const BUSY_POLL: Duration = Duration::from_millis(5);

/// Connections kept open for the next statement.
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
    /// Writers take the lock in the order they came, and only the first of them looks whether it is free: a crowd that all
    /// look keeps the holder from getting on.
    turn: Semaphore,
    /// Woken whenever a write lock may have been released.
    released: Notify,
}

impl Database {
    /// The database in the file `path`, which is created when it is first opened.
    pub fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path, idle: Mutex::default(), turn: Semaphore::new(1), released: Notify::new() })
    }

    /// Whether the database answers: what readiness means for it.
    ///
    /// # Errors
    /// A sentence that says why it does not.
    pub fn ping(self: &Arc<Self>) -> Result<(), String> {
        let answer = self.take().and_then(|pooled| {
            pooled.connection.query_row("SELECT 1", [], |_| Ok(()))?;
            self.put_back(pooled);
            Ok(())
        });
        answer.map_err(|error| error.to_string())
    }

    /// Opens a handle.
    pub(in crate::host) fn open(self: &Arc<Self>) -> Result<Handle, Error> {
        // A database that cannot be opened is told now, and not by the first statement.
        self.take().map(|pooled| self.put_back(pooled)).map_err(|error| Error::Io(error.to_string()))?;
        Ok(Handle(Arc::new(Session { database: Arc::clone(self), state: Mutex::default() })))
    }

    fn take(&self) -> rusqlite::Result<Pooled> {
        let idle = lock(&self.idle).pop();
        idle.map_or_else(|| connect(&self.path), Ok)
    }

    fn put_back(&self, pooled: Pooled) {
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push(pooled);
        }
    }
}

/// A connection that handles use one after the other.
struct Pooled {
    connection: Connection,
    /// Whether it carries something that the next handle must not find: temporary tables, attached databases, settings.
    marked: Arc<AtomicBool>,
}

impl Pooled {
    /// Whether another handle may have it next.
    fn is_clean(&self) -> bool {
        self.connection.is_autocommit() && !self.marked.load(Ordering::Relaxed)
    }
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

/// A component's handle; clones share it. It has a connection of its own only while a transaction is open, or from when it
/// has left a mark: a thousand requests at a time need not open a thousand connections.
#[derive(Clone)]
pub(in crate::host) struct Handle(Arc<Session>);

struct Session {
    database: Arc<Database>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    own: Option<Pooled>,
    last_insert_rowid: i64,
    changes: u64,
}

impl Handle {
    /// Runs one statement and reads all of its rows.
    pub(in crate::host) async fn execute(
        &self,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let deadline = Instant::now() + BUSY_TIMEOUT;
        let turn = if self.0.takes_the_lock(&statement) {
            // Without a turn in time, the one attempt tells that the database is busy.
            tokio::time::timeout(BUSY_TIMEOUT, self.0.database.turn.acquire()).await.ok()
        } else {
            None
        };
        let result = self.wait_and_run(&statement, &parameters, deadline).await;
        drop(turn);
        result
    }

    async fn wait_and_run(
        &self,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
    ) -> Result<QueryResult, Error> {
        loop {
            let released = self.0.database.released.notified();
            match self.0.attempt(statement, parameters) {
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    // Either way the lock is tried again, so the time-out is no failure.
                    let _ = tokio::time::timeout(BUSY_POLL, released).await;
                }
                result => return result.map_err(interface_error),
            }
        }
    }

    pub(super) fn last_insert_rowid(&self) -> i64 {
        lock(&self.0.state).last_insert_rowid
    }

    pub(in crate::host) fn changes(&self) -> u64 {
        lock(&self.0.state).changes
    }
}

impl Session {
    /// Whether the statement begins to write: what follows in its transaction has the lock.
    fn takes_the_lock(&self, statement: &str) -> bool {
        let mut state = lock(&self.state);
        let takes_it = self.with_connection(&mut state, |_, connection| {
            // See <https://sqlite.org/c3ref/stmt_readonly.html>; a statement that is none fails when it is run.
            Ok(connection.is_autocommit() && !connection.prepare_cached(statement)?.readonly())
        });
        takes_it.unwrap_or_default()
    }

    fn attempt(&self, statement: &str, parameters: &[Value]) -> rusqlite::Result<QueryResult> {
        let mut state = lock(&self.state);
        let result = self.with_connection(&mut state, |state, connection| {
            let before = connection.total_changes();
            let result = query(connection, statement, parameters)?;
            if connection.total_changes() != before {
                state.changes = connection.changes();
                state.last_insert_rowid = connection.last_insert_rowid();
            }
            Ok(result)
        });
        if result.is_ok() && state.own.as_ref().is_none_or(|own| own.connection.is_autocommit()) {
            self.database.released.notify_waiters();
        }
        result
    }

    /// Lends a connection: the handle's own, or any.
    fn with_connection<T>(
        &self,
        state: &mut State,
        work: impl FnOnce(&mut State, &Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let pooled = match state.own.take() {
            Some(own) => own,
            None => self.database.take()?,
        };
        let result = work(state, &pooled.connection);
        if pooled.is_clean() {
            self.database.put_back(pooled);
        } else {
            state.own = Some(pooled);
        }
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(own) = lock(&self.state).own.take() else { return };
        let is_over = own.connection.is_autocommit() || own.connection.execute_batch("ROLLBACK").is_ok();
        if is_over && own.is_clean() {
            self.database.put_back(own);
        }
        self.database.released.notify_waiters();
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
    async fn writers_take_turns_in_the_order_they_came() {
        let (_folder, database) = database();
        let first = database.open().unwrap();
        run(&first, "CREATE TABLE t (x INTEGER PRIMARY KEY, who)").await.unwrap();
        run(&first, "BEGIN IMMEDIATE").await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..100 {
            let handle = database.open().unwrap();
            waiting.spawn(async move {
                for statement in
                    ["BEGIN IMMEDIATE", &format!("INSERT INTO t (who) VALUES ({number})"), "COMMIT"]
                {
                    run(&handle, statement).await.unwrap();
                    tokio::task::yield_now().await;
                }
            });
            tokio::task::yield_now().await;
        }
        run(&first, "COMMIT").await.unwrap();
        while let Some(done) = waiting.join_next().await {
            done.unwrap();
        }
        let disorder = "SELECT count(*) FROM t AS a JOIN t AS b ON b.x = a.x + 1 WHERE b.who <> a.who + 1";
        let rows = run(&first, disorder).await.unwrap().rows;
        assert!(matches!(rows[0].values[0], Value::Integer(0)), "{rows:?}");
    }

    #[tokio::test]
    async fn reader_waits_for_no_writer() {
        let (_folder, database) = database();
        let (writer, reader) = (database.open().unwrap(), database.open().unwrap());
        run(&writer, "CREATE TABLE t (x)").await.unwrap();
        run(&writer, "BEGIN IMMEDIATE").await.unwrap();
        let waiting = database.open().unwrap();
        let waiting = tokio::spawn(async move { run(&waiting, "INSERT INTO t VALUES (1)").await.map(drop) });
        tokio::task::yield_now().await;
        let read = tokio::time::timeout(Duration::from_secs(1), run(&reader, "SELECT * FROM t")).await;
        assert!(read.expect("it does not wait").unwrap().rows.is_empty());
        run(&writer, "ROLLBACK").await.unwrap();
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
    async fn many_handles_share_few_connections() {
        let (_folder, database) = database();
        let handles: Vec<_> = (0..100).map(|_| database.open().unwrap()).collect();
        for handle in &handles {
            run(handle, "CREATE TABLE IF NOT EXISTS t (x)").await.unwrap();
        }
        assert_eq!(lock(&database.idle).len(), 1);
    }

    #[tokio::test]
    async fn each_handle_has_its_own_last_row_and_changes() {
        let (_folder, database) = database();
        let (first, second) = (database.open().unwrap(), database.open().unwrap());
        run(&first, "CREATE TABLE t (x)").await.unwrap();
        run(&first, "INSERT INTO t VALUES (1), (2)").await.unwrap();
        assert_eq!((second.last_insert_rowid(), second.changes()), (0, 0));
        run(&second, "SELECT * FROM t").await.unwrap();
        run(&second, "INSERT INTO t VALUES (3)").await.unwrap();
        assert_eq!((first.last_insert_rowid(), first.changes()), (2, 2));
        assert_eq!((second.last_insert_rowid(), second.changes()), (3, 1));
    }

    #[tokio::test]
    async fn handle_keeps_its_temporary_tables() {
        let (_folder, database) = database();
        let (handle, other) = (database.open().unwrap(), database.open().unwrap());
        run(&handle, "CREATE TEMP TABLE scratch (x)").await.unwrap();
        run(&other, "SELECT 1").await.unwrap();
        run(&handle, "INSERT INTO scratch VALUES (1)").await.unwrap();
        assert!(run(&other, "SELECT * FROM scratch").await.is_err());
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

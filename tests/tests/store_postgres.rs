//! The ledger's store on a real Postgres server, and `slipway migrate` that prepares it.

#[path = "../../components/ledger/tests/replay/mod.rs"]
mod replay;
#[path = "../../components/ledger/tests/suite/mod.rs"]
mod suite;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError, Weak};

use futures::executor::block_on;
use ledger::native::ServerConnection;
use ledger::sql::{Connection, Rows, Value};
use ledger::{MigrationError, PostgresStore, State, Store, StoreError};
use replay::schema::Schema;
use slipway::cli::{self, Direction, Migrate};
use suite::support::{Database, delivery, promotion, state, wanted};
use tests::postgres::{Postgres, connect};

const UP: Direction = Direction::Up { dry_run: false };

fn down(count: u32) -> Direction {
    Direction::Down { count, dry_run: false }
}

/// An empty database on the server that all tests share.
struct Empty {
    _server: Arc<Postgres>,
    url: String,
}

impl Empty {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = server(&runtime);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = runtime.block_on(server.database(&name)).unwrap();
        Self { _server: server, url }
    }

    fn migrate(&self, direction: Direction) -> anyhow::Result<String> {
        let database = cli::Database { database_url: Some(self.url.clone()), sqlite: None };
        slipway::migrate::report(&Migrate { database, direction })
    }

    fn store(&self) -> PostgresStore<ServerConnection> {
        PostgresStore::new(ServerConnection::open(&self.url).unwrap())
    }

    fn run(&self, statement: &str) -> Rows {
        let connection = ServerConnection::open(&self.url).unwrap();
        block_on(connection.execute(statement, &[])).unwrap()
    }

    /// Columns and indexes of every table of ours.
    fn schema(&self) -> Rows {
        self.run(
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'slipway_migrations' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'slipway_migrations' \
             ORDER BY line",
        )
    }
}

/// The server; it ends with the last test that holds it.
fn server(runtime: &tokio::runtime::Runtime) -> Arc<Postgres> {
    static SERVER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(runtime.block_on(Postgres::start()).unwrap());
    *shared = Arc::downgrade(&server);
    server
}

/// A migrated database.
struct Migrated(Empty);

impl Database for Migrated {
    type Store = PostgresStore<ServerConnection>;

    fn new() -> Self {
        let database = Empty::new();
        database.migrate(UP).unwrap();
        Self(database)
    }

    fn store(&self) -> Self::Store {
        self.0.store()
    }

    fn run(&self, statement: &str) -> Rows {
        self.0.run(statement)
    }

    fn moment(millis: i64) -> String {
        format!("timestamptz 'epoch' + {millis} * interval '1 millisecond'")
    }

    fn earlier(column: &str, millis: i64) -> String {
        format!("{column} - {millis} * interval '1 millisecond'")
    }

    fn refuse(&self, event: &str, table: &str) {
        self.run(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql \
             AS 'BEGIN RAISE EXCEPTION USING MESSAGE = TG_NAME; END'",
        );
        self.run(&format!(
            "CREATE TRIGGER refuse BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        ));
    }

    fn allow(&self, table: &str) {
        self.run(&format!("DROP TRIGGER refuse ON {table}"));
    }
}

suite::store_tests!(crate::Migrated);

impl Schema for Empty {
    type Connection = ServerConnection;
    type Store<C: Connection> = PostgresStore<C>;

    const DIALECT: &'static str = "postgres";
    const COLUMNS: &'static str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
        WHERE table_schema = 'public' AND table_name <> 'slipway_migrations' ORDER BY table_name, column_name";

    fn empty() -> Self {
        Self::new()
    }

    fn connect(&self) -> ServerConnection {
        ServerConnection::open(&self.url).unwrap()
    }

    fn release<C: Connection>(connection: C) -> PostgresStore<C> {
        PostgresStore::new(connection)
    }

    fn up(&self) {
        self.migrate(UP).unwrap();
    }

    fn batch(&self, statements: &str) {
        let run =
            async { connect(&self.url).await?.batch_execute(statements).await.map_err(anyhow::Error::from) };
        tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
    }
}

replay::replay_tests!(crate::Empty);

/// Names of all migrations, oldest first.
fn migrations() -> Vec<String> {
    let folder = replay::schema::workspace().join("migrations").join(Empty::DIALECT);
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        files.filter_map(|file| file.strip_suffix(".up.sql").map(str::to_owned)).collect();
    names.sort();
    names
}

fn newest() -> String {
    migrations().pop().unwrap()
}

/// What `slipway migrate` tells of migrations, one a line.
fn told(migrations: &[String], what: &str) -> String {
    migrations.iter().map(|name| format!("{name} {what}\n")).collect()
}

#[test]
fn page_of_a_filtered_list_needs_no_sorting() {
    let database = Migrated::new();
    let connection = ServerConnection::open(&database.0.url).unwrap();
    // A planner prefers to read an empty table as a whole.
    for setting in ["enable_seqscan", "enable_bitmapscan"] {
        block_on(connection.execute(&format!("SET {setting} = off"), &[])).unwrap();
    }
    let delivery_key = "((source || '/' || id) COLLATE \"C\")";
    let plans = [
        ("deployments", "service_name = 'a' AND environment = 'b' AND", "created_at", "id"),
        ("deployments", "service_name = 'a' AND", "created_at", "id"),
        ("deployments", "environment = 'b' AND", "created_at", "id"),
        ("deployments", "", "created_at", "id"),
        ("promotions", "state = 'held' AND", "created_at", "id"),
        ("promotions", "service = 'a' AND", "created_at", "id"),
        ("deliveries", "", "received_at", delivery_key),
    ];
    for (table, filter, at, key) in plans {
        let last = if table == "deliveries" { "'x'" } else { "'00000000-0000-0000-0000-000000000000'" };
        let statement = format!(
            "EXPLAIN SELECT * FROM {table} WHERE {filter} ({at}, {key}) < (now(), {last}) \
             ORDER BY {at} DESC, {key} DESC LIMIT 51"
        );
        let plan = format!("{:?}", block_on(connection.execute(&statement, &[])).unwrap().rows);
        assert!(plan.contains("Index Scan Backward") && !plan.contains("Sort"), "{table} {filter}: {plan}");
    }
}

#[test]
fn store_refuses_a_schema_that_nobody_migrated() {
    let database = Empty::new();
    let needed = migrations().len() as i64;
    let refused = |version| Err(StoreError::Migration(MigrationError::TooOld { version, needed }));
    let store = database.store();
    assert_eq!(block_on(store.ping()), refused(0));
    assert!(!store.is_migrated());
    let sentence = block_on(store.ping()).unwrap_err().to_string();
    assert_eq!(
        sentence,
        format!(
            "the database schema is too old: it is at version 0, this release needs {needed}; run slipway migrate up"
        )
    );
    database.migrate(UP).unwrap();
    database.migrate(down(1)).unwrap();
    assert_eq!(block_on(database.store().ping()), refused(needed - 1));
    assert_eq!(
        block_on(database.store().accept(&delivery("1", []))),
        refused(needed - 1).map(|()| unreachable!())
    );
    // The store that met the old schema finds the new one.
    database.migrate(UP).unwrap();
    assert_eq!(block_on(store.ping()), Ok(()));
    assert!(store.is_migrated());
}

#[test]
fn store_refuses_a_newer_schema_only_where_that_says_so() {
    let database = Migrated::new();
    database.run("INSERT INTO slipway_migrations VALUES (99, 'later', 'x', 2, now())");
    assert_eq!(block_on(database.store().ping()), Ok(()));
    database.run("UPDATE slipway_migrations SET min_compatible = 98 WHERE version = 99");
    let refused = MigrationError::TooNew { version: 99, needed: 98 };
    assert_eq!(block_on(database.store().ping()), Err(refused.into()));
}

#[test]
fn store_refuses_a_migration_that_was_edited() {
    let database = Migrated::new();
    database.run("UPDATE slipway_migrations SET checksum = 'other' WHERE version = 1");
    let refused = MigrationError::Changed { version: 1 };
    assert_eq!(block_on(database.store().ping()), Err(refused.into()));
}

#[test]
fn up_down_and_up_again_lead_to_the_same_schema() {
    let database = Empty::new();
    assert_eq!(database.migrate(UP).unwrap(), told(&migrations(), "applied"));
    let full = database.schema();
    assert_eq!(database.migrate(down(1)).unwrap(), told(&[newest()], "taken back"));
    assert_ne!(database.schema(), full);
    assert_eq!(database.migrate(UP).unwrap(), told(&[newest()], "applied"));
    assert_eq!(database.schema(), full);
    database.migrate(down(9)).unwrap();
    assert!(database.schema().rows.is_empty());
    database.migrate(UP).unwrap();
    assert_eq!(database.schema(), full);
    assert_eq!(database.migrate(UP).unwrap(), "nothing to do\n");
}

#[test]
fn every_down_may_be_run_twice() {
    let database = Empty::newest();
    for version in (1..=database.version()).rev() {
        let down = replay::schema::down_file(Empty::DIALECT, version);
        let run = || {
            database.batch(&down);
            database.schema()
        };
        assert_eq!(run(), run(), "{version}");
    }
}

#[test]
fn two_migrations_at_once_migrate_once() {
    let database = Empty::new();
    let start = Barrier::new(4);
    let reports: Vec<_> = std::thread::scope(|scope| {
        let meet = || {
            start.wait();
            database.migrate(UP).unwrap()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(meet)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(reports.iter().filter(|report| report.contains("applied")).count(), 1, "{reports:?}");
    assert_eq!(database.run("SELECT version FROM slipway_migrations").rows.len() as i64, database.version());
}

#[test]
fn dry_run_tells_and_does_nothing() {
    let database = Empty::new();
    let report = database.migrate(Direction::Up { dry_run: true }).unwrap();
    assert_eq!(report, told(&migrations(), "would be applied"));
    assert!(database.schema().rows.is_empty());
}

#[test]
fn status_lists_what_is_there_and_what_is_missing() {
    let database = Empty::new();
    database.migrate(UP).unwrap();
    database.migrate(down(1)).unwrap();
    let status = database.migrate(Direction::Status).unwrap();
    let lines: Vec<_> = status.lines().collect();
    assert!(lines[0].starts_with("0001_ledger applied 20") && lines[0].ends_with('Z'), "{status}");
    assert_eq!(lines.last(), Some(&format!("{} missing", newest()).as_str()));
}

#[test]
fn changed_migration_and_newer_schema_are_not_migrated() {
    let database = Empty::new();
    database.migrate(UP).unwrap();
    database.run("INSERT INTO slipway_migrations VALUES (99, 'later', 'x', 98, now())");
    for direction in [UP, down(1), Direction::Status] {
        let error = database.migrate(direction).unwrap_err().root_cause().to_string();
        assert_eq!(error, "the database schema is too new: version 99 needs a release that knows version 98");
    }
    database.run("DELETE FROM slipway_migrations WHERE version = 99");
    database.run("UPDATE slipway_migrations SET checksum = 'x' WHERE version = 1");
    for direction in [UP, down(1)] {
        let error = database.migrate(direction).unwrap_err().to_string();
        assert_eq!(error, "migration 0001_ledger was applied in another form than this release has it");
    }
}

#[test]
fn database_filled_at_version_1_is_upgraded_and_taken_back() {
    let database = Empty::newest();
    database.down_to(1);
    let insert = "WITH delivery AS (INSERT INTO deliveries VALUES ('github', 'old', 'package', 'created', '[]', now())) \
                  INSERT INTO promotions (id, target, service, environment, image, tag, digest, state, next_attempt_at, \
                  delivery_source, delivery_id, created_at, updated_at) VALUES (gen_random_uuid(), 'api/staging', 'api', \
                  'staging', 'ghcr.io/acme/api', '1.0.0', '', 'running', now(), 'github', 'old', \
                  now() - interval '1 day', now()) RETURNING id::text";
    let Value::Text(old) = database.run(insert).rows[0][0].clone() else { panic!("no id") };
    let old = old.parse().unwrap();
    database.migrate(UP).unwrap();
    let store = database.store();
    assert_eq!(state(&store, old), State::Running);
    wanted(&store, "1", promotion("api/staging", "1.0.1"));
    let new = wanted(&store, "2", promotion("api/staging", "1.0.0"));
    // Version 1 allows only one of the two to be under way.
    database.down_to(1);
    let left = database.run("SELECT id::text FROM promotions WHERE state IN ('waiting', 'running')").rows;
    assert_eq!(left, [[Value::Text(new.to_string())]]);
}

//! The store on SQLite files.

mod replay;
mod suite;

use std::path::PathBuf;

use futures::executor::block_on;
use ledger::native::FileConnection;
use ledger::sql::{Connection, Rows};
use ledger::{SqliteStore, Store};
use suite::support::{Database, record};

struct File {
    folder: tempfile::TempDir,
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }
}

impl Database for File {
    type Store = SqliteStore<FileConnection>;

    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Self::Store {
        SqliteStore::new(FileConnection::open(self.path()).unwrap())
    }

    fn run(&self, statement: &str) -> Rows {
        let connection = FileConnection::open(self.path()).unwrap();
        block_on(connection.execute(statement, &[])).unwrap()
    }

    fn moment(millis: i64) -> String {
        millis.to_string()
    }

    fn earlier(column: &str, millis: i64) -> String {
        format!("{column} - {millis}")
    }

    fn refuse(&self, event: &str, table: &str) {
        block_on(self.store().ping()).unwrap();
        self.run(&format!(
            "CREATE TRIGGER refuse_{table} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
        ));
    }

    fn allow(&self, table: &str) {
        self.run(&format!("DROP TRIGGER refuse_{table}"));
    }
}

suite::store_tests!(crate::File);

impl replay::schema::Schema for File {
    type Connection = FileConnection;
    type Store<C: Connection> = SqliteStore<C>;

    const DIALECT: &'static str = "sqlite";
    const COLUMNS: &'static str = "SELECT tables.name, columns.name FROM sqlite_schema AS tables, \
        pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' \
        AND tables.name NOT IN ('slipway_migrations', 'sqlite_sequence') ORDER BY tables.name, columns.name";

    fn empty() -> Self {
        Self::new()
    }

    fn connect(&self) -> FileConnection {
        FileConnection::open(self.path()).unwrap()
    }

    fn release<C: Connection>(connection: C) -> SqliteStore<C> {
        SqliteStore::new(connection)
    }

    fn up(&self) {
        block_on(self.store().ping()).unwrap();
    }

    fn batch(&self, statements: &str) {
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(statements).unwrap();
    }
}

replay::replay_tests!(crate::File);

#[test]
fn store_is_migrated_by_its_first_call() {
    let database = File::new();
    let store = database.store();
    assert!(!store.is_migrated());
    record(&store, "api", "staging");
    assert!(store.is_migrated());
}

#[test]
fn page_of_a_filtered_list_needs_no_sorting() {
    let database = File::new();
    block_on(database.store().ping()).unwrap();
    let plans = [
        ("deployments", "service_name = 'a' AND environment = 'b' AND", "created_at", "id"),
        ("deployments", "service_name = 'a' AND", "created_at", "id"),
        ("deployments", "environment = 'b' AND", "created_at", "id"),
        ("deployments", "", "created_at", "id"),
        ("promotions", "state = 'held' AND", "created_at", "id"),
        ("promotions", "service = 'a' AND", "created_at", "id"),
        ("deliveries", "", "received_at", "source || '/' || id"),
        ("deployment_events", "deployment_id = 'a' AND", "recorded_at", "source || '/' || id"),
    ];
    for (table, filter, at, key) in plans {
        let plan = database.run(&format!(
            "EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {filter} ({at}, {key}) < (5, 'x') \
             ORDER BY {at} DESC, {key} DESC LIMIT 51"
        ));
        let plan = format!("{:?}", plan.rows);
        assert!(plan.contains("SEARCH") && !plan.contains("TEMP B-TREE"), "{table} {filter}: {plan}");
    }
}

#[test]
fn what_is_under_way_is_found_without_reading_what_has_ended() {
    let database = File::new();
    block_on(database.store().ping()).unwrap();
    let under_way = "status IN ('pending', 'running')";
    let conditions = [
        format!("service_name = 'a' AND environment = 'b' AND (created_at, id) < (5, 'x') AND {under_way}"),
        format!("{under_way} AND updated_at < 5"),
    ];
    for condition in conditions {
        let plan = database.run(&format!("EXPLAIN QUERY PLAN SELECT id FROM deployments WHERE {condition}"));
        let plan = format!("{:?}", plan.rows);
        assert!(plan.contains("INDEX deployments_under_way"), "{condition}: {plan}");
    }
}

use std::path::PathBuf;
use std::sync::Barrier;

use rusqlite::Connection;

use super::files::{Migration, SQLITE};
use super::*;

const UP: Direction = Direction::Up { dry_run: false };
const STATUS: Direction = Direction::Status;

fn down(count: u32) -> Direction {
    Direction::Down { count, dry_run: false }
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    (folder, path)
}

fn migrate(file: &Path, direction: Direction) -> Result<String> {
    let database = Database { database_url: None, sqlite: Some(file.to_owned()) };
    report(&Migrate { database, direction })
}

/// What is told of migrations, one a line.
fn told<'a>(migrations: impl IntoIterator<Item = &'a Migration>, what: &str) -> String {
    migrations.into_iter().map(|migration| format!("{migration} {what}\n")).collect()
}

fn newest() -> &'static Migration {
    SQLITE.last().unwrap()
}

fn schema(file: &Path) -> Vec<(String, String)> {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection
        .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE '%slipway_migrations%' ORDER BY name")
        .unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn up_down_and_up_again_lead_to_the_same_schema() {
    let (_folder, file) = file();
    assert_eq!(migrate(&file, UP).unwrap(), told(SQLITE, "applied"));
    let full = schema(&file);
    assert_eq!(migrate(&file, down(1)).unwrap(), told([newest()], "taken back"));
    assert_ne!(schema(&file), full);
    assert_eq!(migrate(&file, UP).unwrap(), told([newest()], "applied"));
    assert_eq!(schema(&file), full);
    migrate(&file, down(9)).unwrap();
    assert_eq!(schema(&file), []);
    migrate(&file, UP).unwrap();
    assert_eq!(schema(&file), full);
    assert_eq!(migrate(&file, UP).unwrap(), "nothing to do\n");
}

#[test]
fn dry_run_tells_and_does_nothing() {
    let (_folder, file) = file();
    let report = migrate(&file, Direction::Up { dry_run: true }).unwrap();
    assert_eq!(report, told(SQLITE, "would be applied"));
    assert!(!file.exists());
    migrate(&file, UP).unwrap();
    let full = schema(&file);
    let report = migrate(&file, Direction::Down { count: 1, dry_run: true }).unwrap();
    assert_eq!(report, told([newest()], "would be taken back"));
    assert_eq!(schema(&file), full);
}

#[test]
fn two_at_once_migrate_once() {
    let (_folder, file) = file();
    let start = Barrier::new(4);
    let reports: Vec<_> = std::thread::scope(|scope| {
        let meet = || {
            start.wait();
            migrate(&file, UP).unwrap()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(meet)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(reports.iter().filter(|report| report.contains("applied")).count(), 1, "{reports:?}");
}

#[test]
fn status_lists_what_is_there_and_what_is_missing() {
    let (_folder, file) = file();
    migrate(&file, UP).unwrap();
    migrate(&file, down(1)).unwrap();
    let status = migrate(&file, STATUS).unwrap();
    let lines: Vec<_> = status.lines().collect();
    assert!(lines[0].starts_with("0001_ledger applied 20") && lines[0].ends_with('Z'), "{status}");
    assert_eq!(lines.len(), SQLITE.len());
    assert_eq!(lines.last(), Some(&format!("{} missing", newest()).as_str()));
}

#[test]
fn changed_migration_and_newer_schema_are_refused() {
    let (_folder, file) = file();
    migrate(&file, UP).unwrap();
    let connection = Connection::open(&file).unwrap();
    connection.execute("INSERT INTO slipway_migrations VALUES (99, 'later', 'x', 98, 0)", []).unwrap();
    for direction in [UP, down(1), STATUS] {
        let error = migrate(&file, direction).unwrap_err().root_cause().to_string();
        assert_eq!(error, "the database schema is too new: version 99 needs a release that knows version 98");
    }
    connection.execute("UPDATE slipway_migrations SET min_compatible = 1 WHERE version = 99", []).unwrap();
    assert_eq!(migrate(&file, UP).unwrap(), "nothing to do\n");
    assert!(migrate(&file, STATUS).unwrap().contains("0099_later applied"));
    assert!(migrate(&file, down(1)).is_err());
    connection.execute("UPDATE slipway_migrations SET checksum = 'x' WHERE version = 1", []).unwrap();
    let error = migrate(&file, UP).unwrap_err().to_string();
    assert_eq!(error, "migration 0001_ledger was applied in another form than this release has it");
}

#[test]
fn migration_that_fails_leaves_nothing_behind() {
    let (_folder, file) = file();
    Connection::open(&file).unwrap().execute("CREATE TABLE promotions (in_the_way INTEGER)", []).unwrap();
    let before = schema(&file);
    assert_eq!(migrate(&file, UP).unwrap_err().to_string(), "0001_ledger up");
    assert_eq!(schema(&file), before);
}

#[test]
fn database_has_to_be_named() {
    let database = Database { database_url: Some(" ".to_owned()), sqlite: None };
    let error = report(&Migrate { database, direction: UP }).unwrap_err().to_string();
    assert!(error.contains("--database-url"), "{error}");
}

#[test]
fn error_of_an_unreachable_server_does_not_show_the_password() {
    let url = "postgres://slipway:hunter2@127.0.0.1:1/ledger";
    let database = Database { database_url: Some(url.to_owned()), sqlite: None };
    let arguments = Migrate { database, direction: UP };
    assert!(!format!("{arguments:?}").contains("hunter2"));
    let error = format!("{:#}", report(&arguments).unwrap_err());
    assert!(error.starts_with("cannot connect") && !error.contains("hunter2"), "{error}");
}

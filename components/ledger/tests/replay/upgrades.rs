//! Databases that a release has filled, brought to later and to earlier schemas. A new migration is covered by itself.

use super::play::Company;
use super::recording::Recording;
use super::schema::Schema;
use super::snapshot::Snapshot;

/// A database at a version, filled by the newest release that there was then.
fn filled<S: Schema>(version: i64) -> Option<S> {
    let release = Recording::all(S::DIALECT).into_iter().rfind(|recording| recording.version() <= version)?;
    let database = S::newest();
    database.down_to(version);
    // One that was not promised to work at this version does not fill it.
    if let Ok(Some(_)) = release.refusal(&database.connect()) {
        return None;
    }
    release.play(&database.connect(), Company::Alone).unwrap_or_else(|broken| panic!("{broken}"));
    Some(database)
}

fn newest<S: Schema>() -> i64 {
    S::newest().version()
}

pub fn database_filled_at_every_version_keeps_its_rows_up_down_and_up<S: Schema>() {
    for version in 1..=newest::<S>() {
        let Some(database) = filled::<S>(version) else { continue };
        let before = Snapshot::of(&database);
        assert!(before.counts().values().any(|count| *count > 0));
        let unchanged = |step: &str| {
            let differences = before.differences(&Snapshot::of(&database));
            assert!(differences.is_empty(), "filled at {version}, {step}:\n{}", differences.join("\n"));
        };
        database.up();
        unchanged("after up");
        database.down_to(version);
        unchanged("after up and down");
        database.up();
        unchanged("after up, down and up");
    }
}

pub fn every_down_of_a_filled_database_may_be_run_twice_and_keeps_its_tables_rows<S: Schema>() {
    let newest = newest::<S>();
    let database: S = filled(newest).unwrap();
    // Version 1 is the first with tables.
    for version in (1..newest).rev() {
        let before = Snapshot::of(&database);
        database.down_to(version);
        let now = Snapshot::of(&database);
        for (table, count) in now.counts() {
            assert_eq!(before.counts().get(table), Some(&count), "rows of {table}, down to {version}");
        }
    }
    database.up();
    assert_eq!(database.version(), newest);
}

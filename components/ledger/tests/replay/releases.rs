//! Releases on the newest schema: alone, after a rollback; side by side, during a canary.

use std::cell::RefCell;

use futures::executor::block_on;
use ledger::sql::{Connection, Value};

use super::play::{Broken, Company, RECORDED};
use super::recorder::Recorder;
use super::recording::Recording;
use super::scenario::{Scenario, take_over};
use super::schema::Schema;

/// How often a recording is played, each time on a new database: what it gives must not be luck.
const ROUNDS: usize = 3;

/// The recordings that the newest schema promises to work with. The release before is always one of them.
fn promised<S: Schema>() -> Vec<Recording> {
    let database = S::newest();
    let newest = database.version();
    let refuses = |recording: &Recording| match recording.refusal(&database.connect()) {
        Ok(None) => false,
        Ok(Some(refusal)) => {
            assert!(
                recording.version() + 1 < newest,
                "{}, the release before, is refused: {refusal}",
                recording.file_name()
            );
            true
        }
        Err(broken) => panic!("{broken}"),
    };
    let recordings: Vec<_> = Recording::all(S::DIALECT).into_iter().filter(|it| !refuses(it)).collect();
    let last = recordings.last().map_or(0, Recording::version);
    assert!(last + 1 >= newest, "there is no recording of the release before: see migrations/README.md");
    recordings
}

fn must_work(played: Result<(), Broken>) {
    if let Err(broken) = played {
        panic!("{broken}");
    }
}

pub fn release_before_works_on_the_newest_schema<S: Schema>() {
    for recording in promised::<S>() {
        for _ in 0..ROUNDS {
            must_work(recording.play(&S::newest().connect(), Company::Alone));
        }
    }
}

pub fn releases_work_side_by_side<S: Schema>() {
    for recording in promised::<S>() {
        let database = S::newest();
        let store = S::release(database.connect());
        block_on(Scenario { store: &store, run: "before" }.play()).unwrap();
        must_work(recording.play(&database.connect(), Company::Shared));
        block_on(take_over(&store)).unwrap();
        block_on(Scenario { store: &store, run: "after" }.play()).unwrap();
    }
}

pub fn schema_that_breaks_a_release_is_told<S: Schema>() {
    let changes = [
        ("ALTER TABLE promotions RENAME COLUMN last_error TO trouble", "last_error"),
        ("CREATE UNIQUE INDEX one_a_target ON promotions (target)", "INSERT INTO promotions"),
        ("UPDATE slipway_migrations SET checksum = 'other' WHERE version = 1", "edited"),
        ("DELETE FROM slipway_migrations WHERE version = 1", "missing"),
        (
            "INSERT INTO slipway_migrations SELECT 99, 'later', 'x', 98, applied_at FROM slipway_migrations \
             WHERE version = 1",
            "min-compatible is 98",
        ),
    ];
    let recording = Recording::all(S::DIALECT).pop().unwrap();
    for (change, expected) in changes {
        let database = S::newest();
        database.batch(change);
        let told = recording.play(&database.connect(), Company::Alone).unwrap_err().to_string();
        assert!(told.contains(&recording.file_name()) && told.contains(expected), "{change}: {told}");
    }
}

/// Writes down what this release says, as the recording of its schema version.
pub fn record_this_release<S: Schema>() {
    let database = S::newest();
    let found = block_on(
        database.connect().execute("SELECT version, checksum FROM slipway_migrations ORDER BY version", &[]),
    );
    let known = found.unwrap().rows.into_iter().map(|row| match row.as_slice() {
        [Value::Integer(version), Value::Text(checksum)] => (*version, checksum.clone()),
        other => panic!("{other:?}"),
    });
    let recording = RefCell::new(Recording::new(S::DIALECT, known.collect()));
    let store = S::release(Recorder::new(database.connect(), &recording));
    block_on(Scenario { store: &store, run: RECORDED }.play()).unwrap();
    drop(store);
    recording.into_inner().write();
}

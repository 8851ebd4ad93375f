//! A database that can be brought to every version of the schema.

use std::fs;
use std::path::PathBuf;

use futures::executor::block_on;
use ledger::Store;
use ledger::sql::{Connection, Value};

/// An empty database of one dialect, which ends with this.
pub trait Schema {
    type Connection: Connection;
    /// The store of this release.
    type Store<C: Connection>: Store;

    /// Folder of the migrations, and part of the name of a recording.
    const DIALECT: &'static str;
    /// Gives table and column of every column of ours, in order.
    const COLUMNS: &'static str;

    fn empty() -> Self;

    fn connect(&self) -> Self::Connection;

    fn release<C: Connection>(connection: C) -> Self::Store<C>;

    /// Brings the database to the newest schema, in the way that it is done outside tests.
    fn up(&self);

    /// Runs a file of statements.
    fn batch(&self, statements: &str);

    fn newest() -> Self
    where
        Self: Sized,
    {
        let database = Self::empty();
        database.up();
        database
    }

    /// The newest version that was applied.
    fn version(&self) -> i64 {
        let statement = "SELECT max(version) AS version FROM slipway_migrations";
        match block_on(self.connect().execute(statement, &[])).unwrap().rows.as_slice() {
            [row] => match row.as_slice() {
                [Value::Integer(version)] => *version,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// Takes back everything above `version`; each file runs twice, which must do no harm.
    fn down_to(&self, version: i64) {
        for taken_back in (version + 1..=self.version()).rev() {
            let file = down_file(Self::DIALECT, taken_back);
            self.batch(&file);
            self.batch(&file);
            self.batch(&format!("DELETE FROM slipway_migrations WHERE version = {taken_back}"));
        }
    }
}

/// The workspace's folder; these sources are part of test programs of more than one crate.
pub fn workspace() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().find(|folder| folder.join("migrations").is_dir()).unwrap().to_owned()
}

/// The text that takes a version back.
pub fn down_file(dialect: &str, version: i64) -> String {
    let folder = workspace().join("migrations").join(dialect);
    let is_it = |name: &str| name.starts_with(&format!("{version:04}_")) && name.ends_with(".down.sql");
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let file = files.find(|entry| is_it(&entry.file_name().into_string().unwrap()));
    fs::read_to_string(file.expect("every version has a down file").path()).unwrap()
}

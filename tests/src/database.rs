//! A look into the SQLite file of a running application, without touching it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Name of the file of Spin's default database, below the state folder.
pub const FILE_NAME: &str = "sqlite_db.db";

/// How many rows every table has; nothing when there is no file yet.
///
/// # Errors
/// When the file is no database.
pub fn row_counts(state_dir: &Path) -> rusqlite::Result<BTreeMap<String, u64>> {
    let file = state_dir.join(FILE_NAME);
    if !file.exists() {
        return Ok(BTreeMap::new());
    }
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    tables
        .into_iter()
        .map(|table| {
            let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
            let count: i64 = database.query_row(&sql, [], |row| row.get(0))?;
            Ok((table, count.unsigned_abs()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_table_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(row_counts(folder.path()).expect("nothing yet"), BTreeMap::new());
        let database = Connection::open(folder.path().join(FILE_NAME)).expect("a database");
        database
            .execute_batch("CREATE TABLE a (x); CREATE TABLE b (x); INSERT INTO b VALUES (1), (2)")
            .expect("rows");
        let counts = row_counts(folder.path()).expect("counts");
        assert_eq!(counts, BTreeMap::from([("a".to_owned(), 0), ("b".to_owned(), 2)]));
    }
}

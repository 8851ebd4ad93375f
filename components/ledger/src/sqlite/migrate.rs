//! Bringing a database to this release's schema.

use std::collections::BTreeMap;

use super::now;
use super::transaction::transaction;
use crate::StoreError;
use crate::migrations::{self, Applied, Migration, SELECT_APPLIED, SQLITE, statements};
use crate::sql::{Connection, DatabaseError};

/// Applies every migration that is missing, all in one transaction. Costs one read when nothing is.
pub(super) async fn migrate<C: Connection>(connection: &C) -> Result<(), StoreError> {
    match applied(connection).await {
        Ok(applied) if migrations::missing(SQLITE, &applied)?.is_empty() => return Ok(()),
        // The bookkeeping table may not be there yet; under the lock that can be told from other failures.
        Ok(_) | Err(StoreError::Database(DatabaseError::Failed { .. })) => {}
        Err(error) => return Err(error),
    }
    transaction(connection, async || {
        // Look again under the lock: another connection may have been faster.
        let applied = match has_bookkeeping(connection).await? {
            true => applied(connection).await?,
            false => BTreeMap::new(),
        };
        for migration in migrations::missing(SQLITE, &applied)? {
            apply(connection, migration).await?;
        }
        Ok(())
    })
    .await
}

async fn applied<C: Connection>(connection: &C) -> Result<BTreeMap<i64, Applied>, StoreError> {
    migrations::applied(&connection.execute(SELECT_APPLIED, &[]).await?)
}

async fn has_bookkeeping<C: Connection>(connection: &C) -> Result<bool, StoreError> {
    let statement = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'slipway_migrations'";
    Ok(!connection.execute(statement, &[]).await?.rows.is_empty())
}

async fn apply<C: Connection>(connection: &C, migration: &Migration) -> Result<(), StoreError> {
    let bookkeeping = "CREATE TABLE IF NOT EXISTS slipway_migrations (version INTEGER NOT NULL PRIMARY KEY, \
                       name TEXT NOT NULL, checksum TEXT NOT NULL, min_compatible INTEGER NOT NULL, \
                       applied_at INTEGER NOT NULL) STRICT";
    connection.execute(bookkeeping, &[]).await?;
    for statement in statements(migration.up) {
        connection.execute(&statement, &[]).await?;
    }
    let record = concat!(
        "INSERT INTO slipway_migrations (version, name, checksum, min_compatible, applied_at) \
         VALUES (?1, ?2, ?3, ?4, ",
        now!(),
        ")"
    );
    let parameters = [
        migration.version.into(),
        migration.name.into(),
        migration.checksum().into(),
        migration.min_compatible().into(),
    ];
    connection.execute(record, &parameters).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use futures::executor::block_on;

    use super::*;
    use crate::MigrationError;
    use crate::migrations::newest;
    use crate::native::FileConnection;
    use crate::sql::Rows;

    fn database() -> (tempfile::TempDir, FileConnection) {
        let folder = tempfile::tempdir().unwrap();
        let connection = FileConnection::open(folder.path().join("ledger.db")).unwrap();
        (folder, connection)
    }

    fn run(connection: &FileConnection, statement: &str) -> Rows {
        block_on(connection.execute(statement, &[])).unwrap()
    }

    fn schema(connection: &FileConnection) -> Rows {
        run(connection, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let (_folder, connection) = database();
        block_on(migrate(&connection)).unwrap();
        let first = (schema(&connection), run(&connection, "SELECT * FROM slipway_migrations"));
        block_on(migrate(&connection)).unwrap();
        assert_eq!((schema(&connection), run(&connection, "SELECT * FROM slipway_migrations")), first);
    }

    #[test]
    fn down_takes_back_what_up_made_and_may_run_twice() {
        let (_folder, connection) = database();
        let mut before = Vec::new();
        for migration in SQLITE {
            before.push(schema(&connection));
            statements(migration.up).iter().for_each(|statement| drop(run(&connection, statement)));
        }
        let full = schema(&connection);
        for (migration, before) in SQLITE.iter().zip(before).rev() {
            for _ in 0..2 {
                statements(migration.down).iter().for_each(|statement| drop(run(&connection, statement)));
                assert_eq!(schema(&connection), before, "{}", migration.name);
            }
        }
        for migration in SQLITE {
            statements(migration.up).iter().for_each(|statement| drop(run(&connection, statement)));
        }
        assert_eq!(schema(&connection), full);
    }

    #[test]
    fn connections_that_meet_an_empty_database_at_once_migrate_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            let meet = || {
                let connection = FileConnection::open(&path).unwrap();
                start.wait();
                block_on(migrate(&connection))
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(meet)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), Ok(()));
            }
        });
        let connection = FileConnection::open(&path).unwrap();
        assert_eq!(run(&connection, "SELECT version FROM slipway_migrations").rows.len(), SQLITE.len());
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let (_folder, connection) = database();
        run(&connection, "CREATE TABLE promotions (in_the_way INTEGER)");
        let before = schema(&connection);
        let error = block_on(migrate(&connection)).unwrap_err();
        assert_eq!(error.to_string(), "the database could not do what was asked");
        assert_eq!(schema(&connection), before);
    }

    #[test]
    fn a_newer_schema_that_is_compatible_is_accepted() {
        let (_folder, connection) = database();
        block_on(migrate(&connection)).unwrap();
        let newer =
            format!("INSERT INTO slipway_migrations VALUES (99, 'later', 'x', {}, 0)", newest(SQLITE));
        run(&connection, &newer);
        assert_eq!(block_on(migrate(&connection)), Ok(()));
    }

    #[test]
    fn a_newer_schema_that_is_not_compatible_is_refused() {
        let (_folder, connection) = database();
        block_on(migrate(&connection)).unwrap();
        run(&connection, "INSERT INTO slipway_migrations VALUES (99, 'later', 'x', 98, 0)");
        let expected = MigrationError::TooNew { version: 99, needed: 98 };
        assert_eq!(block_on(migrate(&connection)), Err(expected.into()));
    }

    #[test]
    fn a_migration_edited_after_it_was_applied_is_refused() {
        let (_folder, connection) = database();
        block_on(migrate(&connection)).unwrap();
        run(&connection, "UPDATE slipway_migrations SET checksum = 'other' WHERE version = 1");
        assert_eq!(block_on(migrate(&connection)), Err(MigrationError::Changed { version: 1 }.into()));
    }
}

//! Whether the database has a schema that this release can work with.

use std::collections::BTreeMap;

use crate::migrations::{self, POSTGRES, SELECT_APPLIED};
use crate::row;
use crate::sql::Connection;
use crate::{MigrationError, StoreError};

/// Compares what was applied with what this release knows; changes nothing.
pub(super) async fn check<C: Connection>(connection: &C) -> Result<(), StoreError> {
    let statement = "SELECT to_regclass('slipway_migrations')::text AS name";
    let found = row::only(&connection.execute(statement, &[]).await?, |row| row.optional_string("name"))?;
    let applied = match found {
        Some(_) => migrations::applied(&connection.execute(SELECT_APPLIED, &[]).await?)?,
        None => BTreeMap::new(),
    };
    if migrations::missing(POSTGRES, &applied)?.is_empty() {
        return Ok(());
    }
    let version = applied.keys().copied().max().unwrap_or(0);
    Err(MigrationError::TooOld { version, needed: migrations::newest(POSTGRES) }.into())
}

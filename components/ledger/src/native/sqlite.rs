//! SQLite files.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{ToSql, params_from_iter, types::ToSqlOutput};

use crate::sql::{Connection, DatabaseError, Rows, Value};

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to a SQLite file.
pub struct FileConnection(Mutex<rusqlite::Connection>);

impl FileConnection {
    /// Opens the file, and makes it when there is none.
    ///
    /// # Errors
    /// When the file cannot be opened as a database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let connection = rusqlite::Connection::open(path).map_err(error)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(error)?;
        // Tests need no protection from power failure, and run ten times as fast without.
        connection.execute_batch("PRAGMA synchronous = OFF").map_err(error)?;
        Ok(Self(Mutex::new(connection)))
    }
}

impl Connection for FileConnection {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(statement).map_err(error)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = columns.len();
        let rows = statement
            .query_map(params_from_iter(parameters), |row| {
                (0..width).map(|index| row.get_ref(index).map(value)).collect()
            })
            .and_then(Iterator::collect)
            .map_err(error)?;
        Ok(Rows { columns, rows })
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

fn error(error: rusqlite::Error) -> DatabaseError {
    DatabaseError::from_sqlite_message(error.to_string())
}

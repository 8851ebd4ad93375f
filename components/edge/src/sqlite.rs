//! `spin:sqlite` as the ledger's connection.

use std::cell::OnceCell;

use ledger::sql::{Connection, DatabaseError, Rows, Value};
use spin_sdk::sqlite;

/// The database `default`, opened when it is first asked for something: a request that is refused never opens it.
#[derive(Default)]
pub struct Sqlite(OnceCell<sqlite::Connection>);

impl Sqlite {
    async fn connection(&self) -> Result<&sqlite::Connection, DatabaseError> {
        if self.0.get().is_none() {
            let opened = sqlite::Connection::open_default().await.map_err(failure)?;
            // Two first statements at once would each open one; the later is dropped.
            let _ = self.0.set(opened);
        }
        self.0.get().ok_or(DatabaseError::Busy)
    }
}

impl Connection for Sqlite {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let parameters = parameters.iter().cloned().map(given);
        let result = self.connection().await?.execute(statement, parameters).await.map_err(failure)?;
        let columns = result.columns().to_vec();
        let rows = result.collect().await.map_err(failure)?;
        Ok(Rows {
            columns,
            rows: rows.into_iter().map(|row| row.values.into_iter().map(read).collect()).collect(),
        })
    }
}

fn given(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(integer) => sqlite::Value::Integer(integer),
        Value::Real(real) => sqlite::Value::Real(real),
        Value::Text(text) => sqlite::Value::Text(text),
        Value::Blob(bytes) => sqlite::Value::Blob(bytes),
    }
}

fn read(value: sqlite::Value) -> Value {
    match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(integer) => Value::Integer(integer),
        sqlite::Value::Real(real) => Value::Real(real),
        sqlite::Value::Text(text) => Value::Text(text),
        sqlite::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

fn failure(error: sqlite::Error) -> DatabaseError {
    match error {
        sqlite::Error::DatabaseFull => DatabaseError::Full,
        sqlite::Error::Io(message) => DatabaseError::from_sqlite_message(message),
        other => DatabaseError::Unavailable { detail: other.to_string() },
    }
}

//! `spin:postgres` as the ledger's connection.

use std::cell::OnceCell;

use ledger::sql::{Connection, DatabaseError, Rows, Value};
use spin_sdk::pg::{self, DbValue, ParameterValue, PgError, QueryError};

/// The database of a URL, opened when it is first asked for something: a request that is refused never opens it.
pub struct Postgres {
    url: String,
    connection: OnceCell<pg::Connection>,
}

impl Postgres {
    /// A database by its URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), connection: OnceCell::new() }
    }

    async fn connection(&self) -> Result<&pg::Connection, DatabaseError> {
        if self.connection.get().is_none() {
            let opened = pg::Connection::open(self.url.as_str()).await.map_err(failure)?;
            // Two first statements at once would each open one; the later is dropped.
            let _ = self.connection.set(opened);
        }
        self.connection.get().ok_or(DatabaseError::Busy)
    }
}

impl Connection for Postgres {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let parameters = parameters.iter().cloned().map(given).collect::<Vec<_>>();
        let mut result = self.connection().await?.query(statement, parameters).await.map_err(failure)?;
        let columns = result.columns().iter().map(|column| column.name.clone()).collect();
        let mut rows = Vec::new();
        while let Some(values) = result.rows().next().await {
            rows.push(values.into_iter().map(read).collect::<Result<_, _>>()?);
        }
        // Whether the rows were all.
        result.result().await.map_err(failure)?;
        Ok(Rows { columns, rows })
    }
}

fn given(value: Value) -> ParameterValue {
    match value {
        Value::Null => ParameterValue::DbNull,
        Value::Integer(integer) => ParameterValue::Int64(integer),
        Value::Real(real) => ParameterValue::Floating64(real),
        Value::Text(text) => ParameterValue::Str(text),
        Value::Blob(bytes) => ParameterValue::Binary(bytes),
    }
}

/// The ledger casts to these types within its SQL.
fn read(value: DbValue) -> Result<Value, DatabaseError> {
    match value {
        DbValue::DbNull => Ok(Value::Null),
        DbValue::Int64(integer) => Ok(Value::Integer(integer)),
        DbValue::Floating64(real) => Ok(Value::Real(real)),
        DbValue::Str(text) => Ok(Value::Text(text)),
        DbValue::Binary(bytes) => Ok(Value::Blob(bytes)),
        _ => Err(DatabaseError::Failed { detail: "a column has a type that is not read".to_owned() }),
    }
}

fn failure(error: pg::Error) -> DatabaseError {
    let failed = |detail: String| DatabaseError::Failed { detail };
    match error {
        pg::Error::PgError(PgError::QueryFailed(QueryError::DbError(error))) => {
            DatabaseError::from_sqlstate(&error.code, error.as_text)
        }
        // Without a code, it was not the server who said it: the connection broke.
        pg::Error::PgError(
            PgError::QueryFailed(QueryError::Text(detail))
            | PgError::ConnectionFailed(detail)
            | PgError::Other(detail),
        ) => DatabaseError::Unavailable { detail },
        pg::Error::PgError(PgError::BadParameter(detail) | PgError::ValueConversionFailed(detail))
        | pg::Error::Decode(detail) => failed(detail),
    }
}

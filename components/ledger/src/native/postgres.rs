//! A Postgres server.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use tokio::runtime::Runtime;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Row};

use crate::sql::{Connection, DatabaseError, Rows, Value};

/// A connection to a Postgres server. Its statements may be awaited on any executor.
pub struct ServerConnection {
    client: Client,
    /// What the connection runs on; it ends with its last connection.
    _runtime: Arc<Runtime>,
}

impl ServerConnection {
    /// Connects to the server of a URL, without TLS. Not to be called within an asynchronous function.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn open(url: &str) -> Result<Self, DatabaseError> {
        let runtime = runtime().map_err(|error| DatabaseError::Unavailable { detail: error.to_string() })?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).map_err(failure)?;
        // Should it break, the next statement says so.
        runtime.spawn(async move { drop(connection.await) });
        Ok(Self { client, _runtime: runtime })
    }
}

impl Connection for ServerConnection {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let statement = self.client.prepare(statement).await.map_err(failure)?;
        let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let parameters: Vec<_> = parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(&statement, &parameters).await.map_err(failure)?;
        let rows = rows.iter().map(values).collect::<Result<_, _>>().map_err(failure)?;
        Ok(Rows { columns, rows })
    }
}

/// One thread for all connections.
fn runtime() -> io::Result<Arc<Runtime>> {
    static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(Arc::clone(runtime));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    Ok(Arc::clone(RUNTIME.get_or_init(|| Arc::new(runtime))))
}

fn values(row: &Row) -> Result<Vec<Value>, tokio_postgres::Error> {
    let value = |index: usize| {
        Ok(if row.columns().get(index).is_some_and(|column| *column.type_() == Type::INT8) {
            row.try_get::<_, Option<i64>>(index)?.into()
        } else {
            row.try_get::<_, Option<String>>(index)?.into()
        })
    };
    (0..row.len()).map(value).collect()
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) if <i64 as ToSql>::accepts(kind) => integer.to_sql(kind, out),
            Self::Text(text) if <String as ToSql>::accepts(kind) => text.to_sql(kind, out),
            other => Err(format!("{other:?} is not a {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn failure(error: tokio_postgres::Error) -> DatabaseError {
    match error.as_db_error() {
        Some(refused) => DatabaseError::from_sqlstate(refused.code().code(), refused.to_string()),
        None => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            DatabaseError::Unavailable { detail: format!("{error}{cause}") }
        }
    }
}

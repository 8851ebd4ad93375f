//! Host side of `spin:sqlite/sqlite@3.1.0`: one SQLite connection for each handle that a component opens.
//!
//! A connection never carries a transaction from one handle to the next: what was left open is rolled back when the
//! handle is dropped. Waiting for another writer happens without holding a thread, because the transaction that is
//! waited for may need that very thread to go on.

mod database;
mod values;

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

pub(super) use database::Handle;
pub use database::{Database, Databases};

use super::Ctx;
use super::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use super::call::HostCall;
use crate::trace::database::{self as span, Call, Operation};

/// Label of this interface in metrics.
const INTERFACE: &str = "spin:sqlite";

/// Name of this kind of database in spans.
const SYSTEM: &str = "sqlite";

/// A component's handle to a database.
pub struct Connection {
    handle: Handle,
    /// By which the component opened it.
    label: Box<str>,
}

/// What `execute-async` returns: column names, the rows, and whether all of them came.
type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for Ctx {}

impl Ctx {
    fn open_database(&self, label: &str) -> Result<Connection, Error> {
        Ok(Connection { handle: self.component.databases.open(label)?, label: label.into() })
    }

    /// The handle behind `connection`, cloned so that nothing of the store is held while a statement runs.
    fn handle(&mut self, connection: &Resource<Connection>) -> wasmtime::Result<Handle> {
        Ok(self.table.get(connection)?.handle.clone())
    }

    /// Begins to run a statement.
    fn begin_sqlite(
        &self,
        connection: &Resource<Connection>,
        statement: &str,
    ) -> wasmtime::Result<(Handle, HostCall)> {
        let Connection { handle, label } = self.table.get(connection)?;
        let call = Call {
            system: SYSTEM,
            operation: Operation::Statement(statement),
            namespace: label,
            server: None,
        };
        Ok((handle.clone(), HostCall::begin(INTERFACE, span::call(self.position(), &call))))
    }
}

impl HostConnection for Ctx {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match self.open_database(&database) {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let (handle, call) = self.begin_sqlite(&connection, &statement)?;
        let result = handle.execute(statement, parameters).await;
        call.end(&self.metrics, &result);
        Ok(result)
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(self.handle(&connection)?.last_insert_rowid())
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(self.handle(&connection)?.changes())
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send + 'static> HostConnectionWithStore<T> for HasSelf<Ctx> {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        accessor.with(|mut access| {
            let ctx = access.get();
            match ctx.open_database(&database) {
                Ok(connection) => Ok(Ok(ctx.table.push(connection)?)),
                Err(error) => Ok(Err(error)),
            }
        })
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let (handle, call) =
            accessor.with(|mut access| access.get().begin_sqlite(&connection, &statement))?;
        let result = handle.execute(statement, parameters).await;
        accessor.with(|mut access| {
            call.end(&access.get().metrics, &result);
            let QueryResult { columns, rows } = match result {
                Ok(result) => result,
                Err(error) => return Ok(Err(error)),
            };
            let rows = StreamReader::new(&mut access, rows)?;
            let end = FutureReader::new(&mut access, async { wasmtime::error::Ok(Ok(())) })?;
            Ok(Ok((columns, rows, end)))
        })
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        accessor.with(|mut access| Ok(access.get().handle(&connection)?.last_insert_rowid()))
    }

    async fn changes_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        accessor.with(|mut access| Ok(access.get().handle(&connection)?.changes()))
    }
}

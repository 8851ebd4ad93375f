//! Host side of `spin:sqlite/sqlite@3.1.0`: one SQLite connection for each handle that a component opens.
//!
//! A connection never carries a transaction from one handle to the next: what was left open is rolled back when the
//! handle is dropped. Waiting for another writer happens without holding a thread, because the transaction that is
//! waited for may need that very thread to go on.

mod database;
mod values;

use std::time::Instant;

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

pub(super) use database::Handle;
pub use database::{Database, Databases};

use super::Ctx;
use super::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};

/// Label of this interface in metrics.
const INTERFACE: &str = "spin:sqlite";

/// A component's handle to a database.
pub struct Connection(Handle);

/// What `execute-async` returns: column names, the rows, and whether all of them came.
type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for Ctx {}

impl Ctx {
    fn open_database(&self, name: &str) -> Result<Handle, Error> {
        self.component.databases.open(name)
    }

    /// The handle behind `connection`, cloned so that nothing of the store is held while a statement runs.
    fn handle(&mut self, connection: &Resource<Connection>) -> wasmtime::Result<Handle> {
        Ok(self.table.get(connection)?.0.clone())
    }

    fn count_sqlite(&self, started: Instant) {
        self.metrics.host_call(INTERFACE, started.elapsed());
    }
}

impl HostConnection for Ctx {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match self.open_database(&database) {
            Ok(handle) => Ok(Ok(self.table.push(Connection(handle))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let started = Instant::now();
        let result = self.handle(&connection)?.execute(statement, parameters).await;
        self.count_sqlite(started);
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
                Ok(handle) => Ok(Ok(ctx.table.push(Connection(handle))?)),
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
        let started = Instant::now();
        let handle = accessor.with(|mut access| access.get().handle(&connection))?;
        let result = handle.execute(statement, parameters).await;
        accessor.with(|mut access| {
            access.get().count_sqlite(started);
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

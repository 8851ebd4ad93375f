//! Host side of `spin:postgres/postgres@4.2.0`: pooled connections to the databases that the manifest allows.
//!
//! A handle takes a connection at its first statement and has it until it is dropped, so that a transaction may span
//! calls. Before another handle gets the connection, everything the first one may have left is taken back: an open
//! transaction, settings, temporary tables, advisory locks.

mod address;
mod columns;
mod direct;
mod errors;
mod numeric;
mod parameters;
mod pool;
mod pools;
mod probe;
mod range;
mod residue;
mod rows;
mod session;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

pub(crate) use direct::connect;
pub use pools::{Pools, Settings};
use rows::Rows;
use session::{Row, Session};

use super::Ctx;
use super::bindings::spin::postgres::postgres::{
    Column, DbDataType, DbError, DbValue, Error, Host, HostConnection, HostConnectionBuilder,
    HostConnectionBuilderWithStore, HostConnectionWithStore, Interval, ParameterValue, QueryError,
    RangeBoundKind, RowSet,
};
use super::call::HostCall;
use crate::outbound::allow::AllowedHosts;
use crate::trace::database::{self as span, Call, Operation};

/// Label of this interface in metrics.
const INTERFACE: &str = "spin:postgres";

/// Name of this kind of database in spans.
const SYSTEM: &str = "postgresql";

/// The databases that one component may reach.
#[derive(Debug, Clone)]
pub struct Postgres {
    allowed: Arc<AllowedHosts>,
    pools: Arc<Pools>,
}

/// A component's handle to a database.
pub struct Connection(Session);

/// An address, and what is to be known before it is opened.
pub struct ConnectionBuilder {
    address: String,
    /// Certificate of the authority that signed the server's, as PEM.
    authority: Option<String>,
}

/// What `query-async` returns: columns, the rows, and whether all of them came.
type Streamed = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

impl Postgres {
    /// Databases on the hosts in `allowed`, by way of `pools`.
    pub fn new(allowed: AllowedHosts, pools: Arc<Pools>) -> Self {
        Self { allowed: Arc::new(allowed), pools }
    }

    fn open(&self, address: String, authority: Option<String>) -> Result<Session, Error> {
        Ok(Session::new(self.pools.open(address, authority, &self.allowed)?))
    }
}

impl Host for Ctx {}

impl Ctx {
    fn open_postgres(
        &mut self,
        address: String,
        authority: Option<String>,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match self.component.postgres.open(address, authority) {
            Ok(session) => Ok(Ok(self.table.push(Connection(session))?)),
            Err(error) => {
                tracing::warn!(component = %self.component.id, "no database: {error}");
                Ok(Err(error))
            }
        }
    }

    /// Opens what a builder describes.
    fn build_postgres(
        &mut self,
        builder: &Resource<ConnectionBuilder>,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let ConnectionBuilder { address, authority } = self.table.get(builder)?;
        let (address, authority) = (address.clone(), authority.clone());
        self.open_postgres(address, authority)
    }

    /// The session behind `connection`, cloned so that nothing of the store is held while a statement runs.
    fn session(&mut self, connection: &Resource<Connection>) -> wasmtime::Result<Session> {
        Ok(self.table.get(connection)?.0.clone())
    }

    /// Begins to run a statement.
    fn begin_postgres(
        &mut self,
        connection: &Resource<Connection>,
        statement: &str,
    ) -> wasmtime::Result<(Session, HostCall)> {
        let session = self.session(connection)?;
        let database = session.database();
        let call = Call {
            system: SYSTEM,
            operation: Operation::Statement(statement),
            namespace: &database.name,
            server: Some((&database.host, database.port)),
        };
        let call = HostCall::begin(INTERFACE, span::call(self.position(), &call));
        Ok((session, call))
    }
}

impl HostConnectionBuilder for Ctx {
    async fn new(&mut self, address: String) -> wasmtime::Result<Resource<ConnectionBuilder>> {
        Ok(self.table.push(ConnectionBuilder { address, authority: None })?)
    }

    async fn set_ca_root(
        &mut self,
        builder: Resource<ConnectionBuilder>,
        certificate: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = tls::Connector::new(tls::Verify::Authority, Some(&certificate)) {
            return Ok(Err(Error::Other(format!(
                "the certificate of the authority cannot be used: {error}"
            ))));
        }
        self.table.get_mut(&builder)?.authority = Some(certificate);
        Ok(Ok(()))
    }

    async fn build(
        &mut self,
        builder: Resource<ConnectionBuilder>,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        self.build_postgres(&builder)
    }

    async fn drop(&mut self, builder: Resource<ConnectionBuilder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl<T: Send + 'static> HostConnectionBuilderWithStore<T> for HasSelf<Ctx> {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        builder: Resource<ConnectionBuilder>,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        accessor.with(|mut access| access.get().build_postgres(&builder))
    }
}

impl HostConnection for Ctx {
    async fn open(&mut self, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        self.open_postgres(address, None)
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        let (session, call) = self.begin_postgres(&connection, &statement)?;
        let result = session.query(&statement, &parameters).await;
        call.end(&self.metrics, &result);
        Ok(result)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let (session, call) = self.begin_postgres(&connection, &statement)?;
        let result = session.execute(&statement, &parameters).await;
        call.end(&self.metrics, &result);
        Ok(result)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send + 'static> HostConnectionWithStore<T> for HasSelf<Ctx> {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        accessor.with(|mut access| access.get().open_postgres(address, None))
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<Streamed, Error>> {
        let (session, call) =
            accessor.with(|mut access| access.get().begin_postgres(&connection, &statement))?;
        let result = session.start(&statement, &parameters).await;
        accessor.with(|mut access| {
            call.end(&access.get().metrics, &result);
            let running = match result {
                Ok(running) => running,
                Err(error) => return Ok(Err(error)),
            };
            let columns = running.columns();
            let (rows, ended) = Rows::new(running);
            let rows = StreamReader::new(&mut access, rows)?;
            // Rows that are not read to their end have none to tell of.
            let end = async { wasmtime::error::Ok(ended.await.unwrap_or(Ok(()))) };
            Ok(Ok((columns, rows, FutureReader::new(&mut access, end)?)))
        })
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let (session, call) =
            accessor.with(|mut access| access.get().begin_postgres(&connection, &statement))?;
        let result = session.execute(&statement, &parameters).await;
        accessor.with(|mut access| call.end(&access.get().metrics, &result));
        Ok(result)
    }
}

//! Host side of `spin:key-value/key-value@3.0.0`, of its version 2, and of `wasi:keyvalue`, which reach the same stores.

mod keys;
pub(super) mod spin2;
mod store;
mod wasi;

use std::sync::Arc;

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

pub use store::{CompareAndSwap, Store, StoreError, Stores};

use super::Ctx;
use super::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use super::call::HostCall;
use crate::trace::database::{self as span, Call, Operation};
use keys::Keys;

/// Label of these interfaces in metrics.
const INTERFACE: &str = "spin:key-value";

/// Name of this kind of database in spans.
const SYSTEM: &str = "spin.key_value";

/// A component's handle to a store.
pub struct OpenStore(Arc<Store>);

/// What `get-keys` returns: the keys, and whether all of them came.
type KeyList = (StreamReader<String>, FutureReader<Result<(), Error>>);

impl Host for Ctx {}

impl Ctx {
    /// The store behind a handle, so that nothing of the instance's state is held while the store works.
    fn key_value_store(&mut self, store: &Resource<OpenStore>) -> wasmtime::Result<Arc<Store>> {
        Ok(Arc::clone(&self.table.get(store)?.0))
    }

    fn open_key_value_store(&mut self, label: &str) -> Result<Resource<OpenStore>, Error> {
        let store = self.component.stores.open(label)?;
        self.table.push(OpenStore(store)).map_err(|_| Error::StoreTableFull)
    }

    /// Begins an operation. Keys are not told: they may name people.
    fn begin_key_value(
        &mut self,
        store: &Resource<OpenStore>,
        operation: &'static str,
    ) -> wasmtime::Result<(Arc<Store>, HostCall)> {
        let store = self.key_value_store(store)?;
        let call = self.key_value_call(&store, operation);
        Ok((store, call))
    }

    fn key_value_call(&self, store: &Store, operation: &'static str) -> HostCall {
        let operation = Operation::Named(operation);
        let call = Call { system: SYSTEM, operation, namespace: store.label(), server: None };
        HostCall::begin(INTERFACE, span::call(self.position(), &call))
    }
}

impl HostStore for Ctx {
    async fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

/// Runs `call` on the store behind `handle`.
async fn on_store<T: Send + 'static, R, F>(
    accessor: &Accessor<T, HasSelf<Ctx>>,
    handle: &Resource<OpenStore>,
    operation: &'static str,
    call: impl FnOnce(Arc<Store>) -> F,
) -> wasmtime::Result<Result<R, Error>>
where
    F: Future<Output = Result<R, StoreError>>,
{
    let (store, measured) = accessor.with(|mut access| access.get().begin_key_value(handle, operation))?;
    let result = call(store).await;
    accessor.with(|mut access| measured.end(&access.get().metrics, &result));
    Ok(result.map_err(Error::from))
}

impl<T: Send + 'static> HostStoreWithStore<T> for HasSelf<Ctx> {
    async fn open(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<OpenStore>, Error>> {
        Ok(accessor.with(|mut access| access.get().open_key_value_store(&label)))
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        on_store(accessor, &store, "get", |store| async move { store.get(&key).await }).await
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        on_store(accessor, &store, "set", |store| async move { store.set(&key, value).await }).await
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        on_store(accessor, &store, "delete", |store| async move { store.delete(&key).await }).await
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        on_store(accessor, &store, "exists", |store| async move { store.exists(&key).await }).await
    }

    async fn get_keys(accessor: &Accessor<T, Self>, store: Resource<OpenStore>) -> wasmtime::Result<KeyList> {
        accessor.with(|mut access| {
            let (keys, ended) = Keys::of(access.get().key_value_store(&store)?);
            let keys = StreamReader::new(&mut access, keys)?;
            // Keys that are not read to their end have none to tell of.
            let end = async { wasmtime::error::Ok(ended.await.unwrap_or(Ok(()))) };
            Ok((keys, FutureReader::new(&mut access, end)?))
        })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotGranted => Self::AccessDenied,
            other => Self::Other(other.to_string()),
        }
    }
}

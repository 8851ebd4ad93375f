//! Host side of `wasi:keyvalue@0.2.0-draft2`: <https://github.com/WebAssembly/wasi-keyvalue>.

use wasmtime::component::Resource;

use super::store::{PAGE, StoreError};
use super::{CompareAndSwap, OpenStore};
use crate::host::Ctx;
use crate::host::bindings::wasi::keyvalue::atomics::{self, CasError, HostCas};
use crate::host::bindings::wasi::keyvalue::batch;
use crate::host::bindings::wasi::keyvalue::store::{self, Error, HostBucket, KeyResponse};
use crate::host::call::HostCall;

type Bucket = Resource<OpenStore>;

type Cas = Resource<CompareAndSwap>;

impl Ctx {
    /// Ends a call on a bucket, and puts its error into the words of the interface.
    fn done<R>(&self, call: HostCall, result: Result<R, StoreError>) -> Result<R, Error> {
        call.end(&self.metrics, &result);
        result.map_err(Error::from)
    }
}

impl store::Host for Ctx {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Result<Bucket, Error>> {
        match self.component.stores.open(&identifier) {
            Ok(store) => Ok(Ok(self.table.push(OpenStore(store))?)),
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl HostBucket for Ctx {
    async fn get(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let (store, call) = self.begin_key_value(&bucket, "get")?;
        let result = store.get(&key).await;
        Ok(self.done(call, result))
    }

    async fn set(
        &mut self,
        bucket: Bucket,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (store, call) = self.begin_key_value(&bucket, "set")?;
        let result = store.set(&key, value).await;
        Ok(self.done(call, result))
    }

    async fn delete(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<(), Error>> {
        let (store, call) = self.begin_key_value(&bucket, "delete")?;
        let result = store.delete(&key).await;
        Ok(self.done(call, result))
    }

    async fn exists(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let (store, call) = self.begin_key_value(&bucket, "exists")?;
        let result = store.exists(&key).await;
        Ok(self.done(call, result))
    }

    /// A page of keys; the cursor is its last key.
    async fn list_keys(
        &mut self,
        bucket: Bucket,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let (store, call) = self.begin_key_value(&bucket, "keys")?;
        let keys = store.keys(cursor.as_deref()).await;
        Ok(self.done(call, keys).map(|keys| {
            let cursor = keys.last().filter(|_| keys.len() == PAGE).cloned();
            KeyResponse { keys, cursor }
        }))
    }

    async fn drop(&mut self, bucket: Bucket) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl batch::Host for Ctx {
    async fn get_many(
        &mut self,
        bucket: Bucket,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<(String, Option<Vec<u8>>)>, Error>> {
        let (store, call) = self.begin_key_value(&bucket, "get_many")?;
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            match store.get(&key).await {
                Ok(value) => pairs.push((key, value)),
                Err(error) => return Ok(self.done(call, Err(error))),
            }
        }
        Ok(self.done(call, Ok(pairs)))
    }

    async fn set_many(
        &mut self,
        bucket: Bucket,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (store, call) = self.begin_key_value(&bucket, "set_many")?;
        let result = store.set_many(pairs).await;
        Ok(self.done(call, result))
    }

    async fn delete_many(
        &mut self,
        bucket: Bucket,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (store, call) = self.begin_key_value(&bucket, "delete_many")?;
        let result = store.delete_many(&keys).await;
        Ok(self.done(call, result))
    }
}

impl HostCas for Ctx {
    async fn new(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<Cas, Error>> {
        let (store, call) = self.begin_key_value(&bucket, "compare_and_swap")?;
        let result = store.compare_and_swap(key).await;
        match self.done(call, result) {
            Ok(cas) => Ok(Ok(self.table.push(cas)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The value that a swap will compare with: the one that was there when the handle was made.
    async fn current(&mut self, cas: Cas) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(Ok(self.table.get(&cas)?.value.clone()))
    }

    async fn drop(&mut self, cas: Cas) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl atomics::Host for Ctx {
    async fn increment(
        &mut self,
        bucket: Bucket,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, Error>> {
        let (store, call) = self.begin_key_value(&bucket, "increment")?;
        let result = store.increment(&key, delta).await;
        Ok(self.done(call, result))
    }

    async fn swap(&mut self, cas: Cas, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let cas = self.table.delete(cas)?;
        let call = self.key_value_call(&cas.store, "swap");
        let result = cas.swap(value).await;
        match self.done(call, result) {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => {}
            Err(error) => return Ok(Err(CasError::StoreError(error))),
        }
        match cas.store.compare_and_swap(cas.key).await {
            Ok(fresh) => Ok(Err(CasError::CasFailed(self.table.push(fresh)?))),
            Err(error) => Ok(Err(CasError::StoreError(error.into()))),
        }
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

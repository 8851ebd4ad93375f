//! Host side of `wasi:keyvalue@0.2.0-draft2`: <https://github.com/WebAssembly/wasi-keyvalue>.

use std::time::Instant;

use wasmtime::component::Resource;

use super::store::{PAGE, StoreError};
use super::{CompareAndSwap, OpenStore};
use crate::host::Ctx;
use crate::host::bindings::wasi::keyvalue::atomics::{self, CasError, HostCas};
use crate::host::bindings::wasi::keyvalue::batch;
use crate::host::bindings::wasi::keyvalue::store::{self, Error, HostBucket, KeyResponse};

type Bucket = Resource<OpenStore>;

type Cas = Resource<CompareAndSwap>;

impl Ctx {
    /// Measures what a call on a bucket took, and puts its error into the words of the interface.
    fn done<R>(&self, started: Instant, result: Result<R, StoreError>) -> Result<R, Error> {
        self.count_key_value(started);
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
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.get(&key).await;
        Ok(self.done(started, result))
    }

    async fn set(
        &mut self,
        bucket: Bucket,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.set(&key, value).await;
        Ok(self.done(started, result))
    }

    async fn delete(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<(), Error>> {
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.delete(&key).await;
        Ok(self.done(started, result))
    }

    async fn exists(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.exists(&key).await;
        Ok(self.done(started, result))
    }

    /// A page of keys; the cursor is its last key.
    async fn list_keys(
        &mut self,
        bucket: Bucket,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let started = Instant::now();
        let keys = self.key_value_store(&bucket)?.keys(cursor.as_deref()).await;
        Ok(self.done(started, keys).map(|keys| {
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
        let started = Instant::now();
        let store = self.key_value_store(&bucket)?;
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            match store.get(&key).await {
                Ok(value) => pairs.push((key, value)),
                Err(error) => return Ok(self.done(started, Err(error))),
            }
        }
        Ok(self.done(started, Ok(pairs)))
    }

    async fn set_many(
        &mut self,
        bucket: Bucket,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.set_many(pairs).await;
        Ok(self.done(started, result))
    }

    async fn delete_many(
        &mut self,
        bucket: Bucket,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.delete_many(&keys).await;
        Ok(self.done(started, result))
    }
}

impl HostCas for Ctx {
    async fn new(&mut self, bucket: Bucket, key: String) -> wasmtime::Result<Result<Cas, Error>> {
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.compare_and_swap(key).await;
        match self.done(started, result) {
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
        let started = Instant::now();
        let result = self.key_value_store(&bucket)?.increment(&key, delta).await;
        Ok(self.done(started, result))
    }

    async fn swap(&mut self, cas: Cas, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let started = Instant::now();
        let cas = self.table.delete(cas)?;
        let result = cas.swap(value).await;
        match self.done(started, result) {
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

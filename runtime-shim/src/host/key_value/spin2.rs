//! Host side of `fermyon:spin/key-value@2.0.0`, which components for WASIp2 import.

use wasmtime::component::{HasSelf, Linker, Resource};

use super::OpenStore;
use super::store::{PAGE, Store, StoreError};
use crate::host::Ctx;
use crate::host::call::HostCall;
use bindings::fermyon::spin::key_value::{self, Error, Host, HostStore};

#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "package slipway:spin2; world offered { import fermyon:spin/key-value@2.0.0; }",
        world: "slipway:spin2/offered",
        imports: { default: async | trappable },
        with: { "fermyon:spin/key-value.store": crate::host::key_value::OpenStore },
    });
}

/// Most bytes of all keys together: this interface has them in one list.
const MAX_KEYS_SIZE: usize = 16 * 1024 * 1024;

type Handle = Resource<OpenStore>;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Offers the interface.
///
/// # Errors
/// If it is offered already.
pub fn add_to_linker(linker: &mut Linker<Ctx>) -> wasmtime::Result<()> {
    key_value::add_to_linker::<_, HasSelf<Ctx>>(linker, |ctx| ctx)
}

impl Ctx {
    fn told<T>(&self, call: HostCall, result: Result<T, StoreError>) -> Answer<T> {
        call.end(&self.metrics, &result);
        Ok(result.map_err(Error::from))
    }
}

impl Host for Ctx {}

impl HostStore for Ctx {
    async fn open(&mut self, label: String) -> Answer<Handle> {
        Ok(match self.component.stores.open(&label) {
            Ok(store) => self.table.push(OpenStore(store)).map_err(|_| Error::StoreTableFull),
            Err(error) => Err(error.into()),
        })
    }

    async fn get(&mut self, store: Handle, key: String) -> Answer<Option<Vec<u8>>> {
        let (store, call) = self.begin_key_value(&store, "get")?;
        let result = store.get(&key).await;
        self.told(call, result)
    }

    async fn set(&mut self, store: Handle, key: String, value: Vec<u8>) -> Answer<()> {
        let (store, call) = self.begin_key_value(&store, "set")?;
        let result = store.set(&key, value).await;
        self.told(call, result)
    }

    async fn delete(&mut self, store: Handle, key: String) -> Answer<()> {
        let (store, call) = self.begin_key_value(&store, "delete")?;
        let result = store.delete(&key).await;
        self.told(call, result)
    }

    async fn exists(&mut self, store: Handle, key: String) -> Answer<bool> {
        let (store, call) = self.begin_key_value(&store, "exists")?;
        let result = store.exists(&key).await;
        self.told(call, result)
    }

    async fn get_keys(&mut self, store: Handle) -> Answer<Vec<String>> {
        let (store, call) = self.begin_key_value(&store, "get_keys")?;
        let result = all_keys(&store).await;
        self.told(call, result)
    }

    async fn drop(&mut self, store: Handle) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

async fn all_keys(store: &Store) -> Result<Vec<String>, StoreError> {
    let (mut keys, mut size) = (Vec::<String>::new(), 0);
    loop {
        let page = store.keys(keys.last().map(String::as_str)).await?;
        size += page.iter().map(String::len).sum::<usize>();
        if size > MAX_KEYS_SIZE {
            return Err(StoreError::TooManyKeys(MAX_KEYS_SIZE));
        }
        let is_last = page.len() < PAGE;
        keys.extend(page);
        if is_last {
            return Ok(keys);
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

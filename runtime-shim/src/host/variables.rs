//! Host side of `spin:variables/variables@3.0.0`.

use wasmtime::component::{Accessor, HasSelf};

use super::Ctx;
use super::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::variables::VariableError;

impl Host for Ctx {}

impl<T: Send + 'static> HostWithStore<T> for HasSelf<Ctx> {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        Ok(accessor.with(|mut access| {
            let ctx = access.get();
            let value = ctx.component.variables.get(&ctx.component.id, &name);
            value.map(str::to_owned).map_err(|error| match error {
                VariableError::InvalidName(sentence) => Error::InvalidName(sentence),
                VariableError::Undefined(sentence) => Error::Undefined(sentence),
            })
        }))
    }
}

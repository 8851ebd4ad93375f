//! What a component sees of the world: WASI, outbound HTTP, and the Spin interfaces.

#[allow(missing_docs, clippy::all, reason = "generated")]
pub(crate) mod bindings;
mod call;
pub mod chaining;
pub mod key_value;
pub mod outbound;
#[allow(clippy::result_large_err, reason = "errors of the interface carry all that PostgreSQL reports")]
pub mod postgres;
pub mod resolve;
pub mod sqlite;
mod stdio;
mod variables;

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::error::Context as _;
use wasmtime::{Engine, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::correlation::Correlation;
use crate::metrics::Metrics;
use crate::trace::Position;
use crate::variables::Resolved;
use chaining::Caller;
use key_value::Stores;
use outbound::Outbound;
use postgres::Postgres;
use sqlite::Databases;
use stdio::{LogStream, Worked};

/// What one component may use; the same for all of its instances.
pub struct Granted {
    /// The component's id in the manifest.
    pub id: String,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Folders of the host, read-only, and where the component sees them.
    pub mounts: Vec<(PathBuf, String)>,
    /// Values of the application's variables.
    pub variables: Arc<Resolved>,
    /// SQLite databases.
    pub databases: Databases,
    /// Key-value stores.
    pub stores: Stores,
    /// PostgreSQL databases.
    pub postgres: Postgres,
    /// Outbound HTTP.
    pub outbound: Outbound,
    /// Most bytes of linear memory that one instance may have.
    pub max_memory: usize,
}

/// The state of one instance.
pub struct Ctx {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    table: ResourceTable,
    component: Arc<Granted>,
    metrics: Arc<Metrics>,
    worked: Worked,
    /// Bounds on the instance's memory and tables.
    pub limits: StoreLimits,
}

impl Ctx {
    /// State for a new instance of `component`.
    ///
    /// # Errors
    /// If a mounted folder cannot be opened.
    pub fn new(component: Arc<Granted>, metrics: Arc<Metrics>) -> wasmtime::Result<Self> {
        let worked = Worked::default();
        let mut wasi = WasiCtxBuilder::new();
        wasi.envs(&component.environment)
            .stdout(LogStream::new("stdout", &component.id, &worked))
            .stderr(LogStream::new("stderr", &component.id, &worked));
        for (folder, guest) in &component.mounts {
            wasi.preopened_dir(folder, guest, FsPerms::ReadOnly).with_context(|| {
                format!("cannot open {} for component {}", folder.display(), component.id)
            })?;
        }
        Ok(Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: component.outbound.clone(),
            table: ResourceTable::new(),
            worked,
            limits: StoreLimitsBuilder::new()
                .memory_size(component.max_memory)
                .trap_on_grow_failure(false)
                .build(),
            component,
            metrics,
        })
    }

    /// Says which request the instance works for, so that its log lines carry the id, its calls have their place in the
    /// trace, and its requests to other components of the application the depth. Beside others, unless it is `alone`, the
    /// greatest depth counts: which of them sends a request is not known.
    pub fn begin(&mut self, correlation: Correlation, depth: u8, alone: bool) {
        self.worked.begin(&correlation);
        let depth = if alone { depth } else { depth.max(self.outbound.caller.depth) };
        self.outbound.caller = Caller { correlation, depth };
    }

    /// Where in a trace the instance works.
    fn position(&self) -> &Position {
        &self.outbound.caller.correlation.trace
    }
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Ctx {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}

/// A linker with everything that the shim offers to components.
///
/// # Errors
/// If two interfaces define the same name.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<Ctx>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    bindings::spin::key_value::key_value::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    key_value::spin2::add_to_linker(&mut linker)?;
    bindings::spin::postgres::postgres::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    bindings::spin::sqlite::sqlite::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    bindings::spin::variables::variables::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    bindings::wasi::keyvalue::atomics::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    bindings::wasi::keyvalue::batch::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    bindings::wasi::keyvalue::store::add_to_linker::<_, HasSelf<Ctx>>(&mut linker, |ctx| ctx)?;
    Ok(linker)
}

//! From a file of WebAssembly to something that can be instantiated, with one clear sentence for what cannot.

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use super::cache::Cache;
use crate::host::Ctx;

/// The interfaces offered, as prefixes of import names.
const OFFERED: [&str; 7] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:http/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

/// The interfaces of the Spin SDK that are offered, with their versions.
const OFFERED_SPIN: [&str; 8] = [
    "fermyon:spin/key-value@2.0",
    "spin:key-value/key-value@3.0",
    "spin:postgres/postgres@4.",
    "spin:sqlite/sqlite@3.1",
    "spin:variables/variables@3.0",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/store@0.2.0-draft2",
];

/// A compiled component, linked to the host and found to export an HTTP handler.
pub struct Loaded(pub(super) ProxyPre<Ctx>);

impl Loaded {
    /// Names of the interfaces that it imports, as `namespace:package/interface@version`.
    pub fn imports(&self) -> Vec<String> {
        let linked = match &self.0 {
            ProxyPre::P3(service) => service.instance_pre(),
            ProxyPre::P2(proxy) => proxy.instance_pre(),
        };
        let (component, engine) = (linked.component(), linked.engine());
        component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect()
    }
}

/// Compiles and links the component `id` in `file`; with a cache, it is compiled only if that does not have it.
///
/// # Errors
/// Sentences that name the component: each import that is not offered, a missing export, or why it does not compile.
pub fn load(
    engine: &Engine,
    linker: &Linker<Ctx>,
    cache: Option<&Cache>,
    id: &str,
    file: &Path,
) -> Result<Loaded, Vec<String>> {
    let wasm = std::fs::read(file)
        .map_err(|error| vec![format!("component {id}: {} cannot be read: {error}", file.display())])?;
    let component = match cache {
        Some(cache) => cache.component(engine, &wasm),
        None => Component::from_binary(engine, &wasm),
    }
    .map_err(|error| vec![format!("component {id}: {} is not a component: {error:#}", file.display())])?;
    let missing = missing_imports(engine, &component);
    if !missing.is_empty() {
        let sentence = |name| format!("component {id} imports {name}, which is not offered");
        return Err(missing.into_iter().map(sentence).collect());
    }
    let linked = linker
        .instantiate_pre(&component)
        .map_err(|error| vec![format!("component {id} cannot be linked: {error:#}")])?;
    handler(linked).map(Loaded).ok_or_else(|| {
        vec![format!(
            "component {id} exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2, so it cannot serve HTTP"
        )]
    })
}

fn missing_imports(engine: &Engine, component: &Component) -> Vec<String> {
    let ty = component.component_type();
    let offered = |name: &str| OFFERED.iter().chain(&OFFERED_SPIN).any(|prefix| name.starts_with(prefix));
    ty.imports(engine).map(|(name, _)| name.to_owned()).filter(|name| !offered(name)).collect()
}

/// Prefers the newer interface where a component exports both.
fn handler(linked: InstancePre<Ctx>) -> Option<ProxyPre<Ctx>> {
    match p3::bindings::ServicePre::new(linked.clone()) {
        Ok(service) => Some(ProxyPre::P3(service)),
        Err(_) => p2::bindings::ProxyPre::new(linked).ok().map(ProxyPre::P2),
    }
}

//! `slipway compile`: fills a folder of compiled components, so that `slipway up` need not compile them.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use wasmtime::Engine;

use crate::cli::Compile;
use crate::engine;
use crate::engine::cache::{Artifact, Cache, Key, Readers};
use crate::manifest::Component;
use crate::source::Source;

/// Compiles all components of an application, and prints a line for each.
///
/// # Errors
/// What is wrong with the manifest, or why it cannot be pulled; a folder that `slipway up` would not trust; all components that do not compile.
pub fn run(arguments: &Compile) -> Result<()> {
    let source = Source::infer(&arguments.application.from);
    let state = arguments.state_dir.clone().unwrap_or_else(|| source.default_state());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let manifest = runtime.block_on(source.load(&arguments.application.registry, &state))?;
    let folder = arguments.output.clone().unwrap_or_else(|| state.join("cache"));
    let cache = Cache::open(&folder, Readers::All).context("the folder cannot be used")?;
    let engine = if arguments.portable { engine::portable() } else { engine::new() };
    let engine = engine.map_err(|error| anyhow::anyhow!("no WebAssembly engine: {error:#}"))?;
    let mut problems = Vec::new();
    for component in &manifest.components {
        match compile(&engine, &cache, component) {
            Ok(line) => println!("{line}"),
            Err(error) => problems.push(format!("component {}: {error:#}", component.id)),
        }
    }
    if !problems.is_empty() {
        bail!("not compiled:\n  - {}", problems.join("\n  - "));
    }
    Ok(())
}

/// Compiles one component, unless that was done before, and says so in a line.
fn compile(engine: &Engine, cache: &Cache, component: &Component) -> Result<String> {
    let wasm = std::fs::read(&component.source)
        .with_context(|| format!("{} cannot be read", component.source.display()))?;
    let key = Key::new(engine, &wasm);
    let told = |artifact: &Artifact, how: &str| {
        let (id, from, to) = (&component.id, wasm.len(), artifact.bytes().len());
        format!("{id}: {from} bytes -> {to} bytes, {how}: {}", cache.file(&key).display())
    };
    // One that must not be used is replaced.
    if let Ok(Some(artifact)) = cache.find(&key) {
        return Ok(told(&artifact, "there already"));
    }
    let began = Instant::now();
    let artifact = Artifact::compile(engine, &wasm)
        .map_err(|error| anyhow::anyhow!("{} is not a component: {error:#}", component.source.display()))?;
    let took = began.elapsed().as_millis();
    cache.store(&key, &artifact).with_context(|| format!("cannot write {}", cache.file(&key).display()))?;
    Ok(told(&artifact, &format!("{took} ms")))
}

//! `slipway compile`: fills a folder of compiled components, so that `slipway up` need not compile them.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use wasmtime::Engine;

use crate::assemble::{DEFAULT_STATE, Problems, folder_of, manifest_file};
use crate::cli::Compile;
use crate::engine::cache::{Artifact, Cache, Key, Readers};
use crate::manifest::{Component, Manifest, ManifestErrors};

/// Compiles all components of an application, and prints a line for each.
///
/// # Errors
/// What is wrong with the manifest; a folder that `slipway up` would not trust; all components that do not compile.
pub fn run(arguments: &Compile) -> Result<()> {
    let file = manifest_file(&arguments.from);
    let manifest = Manifest::load(&file).map_err(|ManifestErrors(problems)| Problems(problems))?;
    let folder =
        arguments.output.clone().unwrap_or_else(|| folder_of(&file).join(DEFAULT_STATE).join("cache"));
    let cache = Cache::open(&folder, Readers::All).context("the folder cannot be used")?;
    let engine = crate::engine::new().map_err(|error| anyhow::anyhow!("no WebAssembly engine: {error:#}"))?;
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

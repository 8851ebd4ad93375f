//! Nothing but Spin is needed: our application stays within what Spin 4.1 reads and offers.

use std::collections::BTreeSet;

use slipway::manifest::Manifest;
use tests::slipway::workspace;
use wasmtime::Engine;
use wasmtime::Result;
use wasmtime::component::Component;

/// The interfaces of the world `platform` of Spin 4.1 that do not come from `wasi:cli`, as packages with versions.
/// Source: `wit/world.wit` of <https://github.com/spinframework/spin>.
const SPIN: [&str; 5] = [
    "spin:key-value/key-value@3.0.0",
    "spin:postgres/postgres@4.2.0",
    "spin:sqlite/sqlite@3.1.0",
    "spin:variables/variables@3.0.0",
    "wasi:http/client@0.3.0",
];

/// Packages of `wasi:cli/imports` in the versions that Spin 4.1 includes.
const WASI: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

fn offered(import: &str) -> bool {
    if SPIN.contains(&import) {
        return true;
    }
    let Some((package, version)) = import.strip_prefix("wasi:").and_then(|rest| rest.split_once('@')) else {
        return false;
    };
    let interface = package.split('/').next().unwrap_or_default();
    WASI.contains(&interface) && (version == "0.3.0" || is_at_most_0_2_6(version))
}

fn is_at_most_0_2_6(version: &str) -> bool {
    version.strip_prefix("0.2.").and_then(|patch| patch.parse().ok()).is_some_and(|patch: u32| patch <= 6)
}

#[test]
fn the_manifest_keeps_to_spins_rules() {
    let manifest = Manifest::load(&workspace().join("spin.toml")).expect("spin.toml is in order");
    let ids: Vec<&str> = manifest.components.iter().map(|component| component.id.as_str()).collect();
    assert_eq!(ids, ["tracker", "webhook"]);
}

#[test]
fn secrets_are_marked_and_never_have_a_default() {
    let manifest = Manifest::load(&workspace().join("spin.toml")).expect("spin.toml is in order");
    for (name, variable) in &manifest.variables {
        let looks_secret =
            ["secret", "token", "private_key", "database_url"].iter().any(|part| name.contains(part));
        assert_eq!(variable.secret, looks_secret, "{name}");
        assert!(!variable.secret || variable.default.as_deref() == Some(""), "{name} has a default");
        assert!(!variable.description.is_empty(), "{name} has no description");
    }
}

#[test]
fn components_import_only_what_spin_4_1_offers() -> Result<()> {
    let manifest = Manifest::load(&workspace().join("spin.toml")).expect("spin.toml is in order");
    let engine = Engine::new(wasmtime::Config::new().wasm_component_model_async(true))?;
    for component in &manifest.components {
        let compiled = Component::from_file(&engine, &component.source)?;
        let ty = compiled.component_type();
        let imports: BTreeSet<String> = ty.imports(&engine).map(|(name, _)| name.to_owned()).collect();
        assert!(imports.contains("spin:sqlite/sqlite@3.1.0"), "{} uses no ledger: {imports:?}", component.id);
        let missing: Vec<&String> = imports.iter().filter(|import| !offered(import)).collect();
        assert!(missing.is_empty(), "{} imports what Spin 4.1 has not: {missing:?}", component.id);
        assert!(
            ty.exports(&engine).any(|(name, _)| name == "wasi:http/handler@0.3.0"),
            "{} does not export the handler of Spin's trigger",
            component.id
        );
    }
    Ok(())
}

#[test]
fn components_are_small_enough_to_be_pulled_by_every_pod() -> Result<()> {
    const MOST: u64 = 1_300_000;
    let manifest = Manifest::load(&workspace().join("spin.toml")).expect("spin.toml is in order");
    for component in &manifest.components {
        let size = std::fs::metadata(&component.source)?.len();
        assert!(size < MOST, "{} has {size} bytes", component.id);
    }
    Ok(())
}

//! Writes the bindings of the host interfaces from the WIT that the Spin SDK ships, so that guests and host
//! read the same files and no copy is kept here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

/// The interfaces of the SDK that the shim offers to components.
const OFFERED: [&str; 7] = [
    "spin:key-value/key-value@3.0.0",
    "spin:postgres/postgres@4.2.0",
    "spin:sqlite/sqlite@3.1.0",
    "spin:variables/variables@3.0.0",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/store@0.2.0-draft2",
];

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../Cargo.lock");
    println!("cargo:rustc-env=SLIPWAY_COMMIT={}", commit());
    println!("cargo:rustc-env=SLIPWAY_TARGET={}", env::var("TARGET")?);
    let wit = sdk_folder()?.join("wit");
    ensure!(wit.is_dir(), "the Spin SDK has no folder {}", wit.display());
    let out = PathBuf::from(env::var("OUT_DIR")?).join("bindings.rs");
    fs::write(&out, bindings(&wit)).with_context(|| format!("cannot write {}", out.display()))
}

/// The commit this is built from, for `slipway_build_info`: SLIPWAY_COMMIT, or that of the checkout; empty without both.
fn commit() -> String {
    println!("cargo:rerun-if-env-changed=SLIPWAY_COMMIT");
    if let Some(commit) = env::var("SLIPWAY_COMMIT").ok().filter(|commit| !commit.is_empty()) {
        return commit;
    }
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    String::from_utf8_lossy(&text.unwrap_or_default()).trim().to_owned()
}

/// Where cargo keeps the sources of the `spin-sdk` that our components are built with.
fn sdk_folder() -> Result<PathBuf> {
    // Without `--offline`, metadata downloads what this platform does not need: asked only where that is wanted.
    let metadata = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let sdk = packages.iter().find(|package| package["name"] == "spin-sdk").context("no package spin-sdk")?;
    let manifest = sdk["manifest_path"].as_str().context("spin-sdk has no manifest_path")?;
    Ok(Path::new(manifest).parent().context("manifest_path has no folder")?.to_owned())
}

fn metadata(more: &[&str]) -> Result<serde_json::Value> {
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--filter-platform"])
        .arg(env::var("TARGET")?)
        .args(more)
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The macro call: `path` takes nothing but a literal, hence this detour.
fn bindings(wit: &Path) -> String {
    let imports: String = OFFERED.iter().map(|name| format!("import {name};\n")).collect();
    format!(
        r##"wasmtime::component::bindgen!({{
    path: {wit:?},
    inline: "package slipway:guest; world offered {{ {imports} }}",
    world: "slipway:guest/offered",
    imports: {{ default: async | trappable }},
    with: {{
        "spin:key-value/key-value.store": crate::host::key_value::OpenStore,
        "spin:postgres/postgres.connection": crate::host::postgres::Connection,
        "spin:postgres/postgres.connection-builder": crate::host::postgres::ConnectionBuilder,
        "spin:sqlite/sqlite.connection": crate::host::sqlite::Connection,
        "wasi:keyvalue/atomics.cas": crate::host::key_value::CompareAndSwap,
        "wasi:keyvalue/store.bucket": crate::host::key_value::OpenStore,
    }},
    require_store_data_send: true,
}});
"##
    )
}

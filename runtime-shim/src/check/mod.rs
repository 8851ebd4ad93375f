//! `slipway check`: what `slipway up` would find wrong, told at once; or a table of what it would serve.
//!
//! Nothing is listened on or connected to but the registry that the application is in, and nothing is written but to a
//! folder of its own, so that an application can be checked beside a process that serves it.

mod report;

use std::sync::Arc;

use anyhow::{Context, Result};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::assemble::{self, Grants, Problems};
use crate::cli::Check;
use crate::engine;
use crate::files;
use crate::host::{self, Ctx};
use crate::manifest::Component;
use crate::metrics::Metrics;
use crate::runtime_config::RuntimeConfig;
use crate::source::Source;
use crate::trace;
use report::{Report, Row};

/// Checks, and prints a table of what would be served.
///
/// # Errors
/// Everything that is wrong; of a manifest that cannot be understood at all, only that.
pub fn run(check: &Check) -> Result<()> {
    print!("{}", examine(check)?);
    Ok(())
}

fn examine(check: &Check) -> Result<Report> {
    let source = Source::infer(&check.up.application.from);
    // Files are laid out as at a start, which finds those that cannot be read.
    let scratch = tempfile::tempdir().context("no room for files of components")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let examined = runtime.block_on(source.examine(&check.up.application.registry, scratch.path()));
    let (manifest, mut problems) = examined?;
    let tracing = trace::Settings::new(&check.up.tracing, &manifest.application.name);
    problems.extend(tracing.err().map(|error| format!("{error:#}")));
    let config = assemble::runtime_config(&check.up).unwrap_or_else(|error| {
        problems.extend(sentences(error));
        RuntimeConfig::default()
    });
    let (manifest, grants) = match assemble::variables(&manifest, &check.up.variables, &config.providers) {
        Ok((variables, _)) => {
            let manifest = assemble::select(manifest, &check.up, &variables)?;
            let (state, metrics) = (scratch.path().to_owned(), Arc::new(Metrics::new()?));
            (manifest, Some(Grants::new(&check.up, source.folder(), state, &config, variables, metrics)?))
        }
        Err(error) => {
            problems.extend(sentences(error));
            (manifest, None)
        }
    };
    let compiler = if check.config_only { None } else { Some(Compiler::new()?) };
    let mut rows = Vec::new();
    // Of a component whose file is not there, the manifest's reader has told.
    let there = manifest.components.iter().enumerate().filter(|(_, component)| component.source.is_file());
    for (index, component) in there {
        // Without values for all variables, it is not known what a component is granted, but its files are.
        let granted = match &grants {
            Some(grants) => grants.to(component).map(drop),
            None => files::mounts(component, &source.folder(), scratch.path())
                .map(drop)
                .map_err(|error| vec![format!("component {}: {error:#}", component.id)]),
        };
        problems.extend(granted.err().into_iter().flatten());
        match compiler.as_ref().map(|compiler| compiler.imports(component)).transpose() {
            Ok(imports) => rows.push(Row::new(&manifest, index, component, imports)),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(Report { source, manifest, rows }) } else { Err(Problems(problems).into()) }
}

/// Each problem by itself, where there are several in `error`.
fn sentences(error: anyhow::Error) -> Vec<String> {
    match error.downcast::<Problems>() {
        Ok(Problems(problems)) => problems,
        Err(error) => vec![format!("{error:#}")],
    }
}

/// Compiles and links as a start would, and throws away what comes out.
struct Compiler {
    engine: Engine,
    linker: Linker<Ctx>,
}

impl Compiler {
    fn new() -> Result<Self> {
        let engine = engine::new().map_err(|error| anyhow::anyhow!("no WebAssembly engine: {error:#}"))?;
        let linker =
            host::linker(&engine).map_err(|error| anyhow::anyhow!("no host interfaces: {error:#}"))?;
        Ok(Self { engine, linker })
    }

    fn imports(&self, component: &Component) -> Result<Vec<String>, Vec<String>> {
        let loaded = engine::load(&self.engine, &self.linker, None, &component.id, &component.source)?;
        Ok(loaded.imports())
    }
}

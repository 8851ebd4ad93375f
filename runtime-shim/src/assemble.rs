//! From a manifest and what the command line grants to a running application; all problems are found before the
//! first request, and told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::cli::Up;
use crate::engine::{self, Limits, Workers};
use crate::files;
use crate::host::outbound::{self, Outbound};
use crate::host::postgres::{Pools, Postgres};
use crate::host::sqlite::{Database, Databases};
use crate::host::{self, Granted};
use crate::lifecycle::Lifecycle;
use crate::manifest::{Component, Manifest, ManifestErrors};
use crate::metrics::Metrics;
use crate::routing::Router;
use crate::server::{App, Counter, InternalToken};
use crate::variables::{Resolved, environment_name, parse_arguments};

/// An application with this variable has internal paths, and gets a token for them when it is given none.
const INTERNAL_TOKEN: &str = "internal_token";

/// The database that every application may use, and its file in the state folder; both as in Spin.
const DEFAULT_DATABASE: (&str, &str) = ("default", "sqlite_db.db");

/// Sentences that say why an application cannot be served.
#[derive(Debug)]
struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the application cannot be served:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for Problems {}

/// Reads, checks, compiles and links the application.
///
/// # Errors
/// Everything that is wrong with the manifest; or else with its variables; or else with its components.
pub fn assemble(up: &Up, lifecycle: Lifecycle) -> anyhow::Result<App> {
    let file = if up.from.is_dir() { up.from.join("spin.toml") } else { up.from.clone() };
    let manifest = Manifest::load(&file).map_err(|ManifestErrors(problems)| Problems(problems))?;
    let router = Router::build(manifest.routes()).map_err(|errors| problems(&errors))?;
    let (variables, internal_token) = variables(&manifest, &up.variables)?;
    let state = up.state_dir.clone().unwrap_or_else(|| folder_of(&file).join(".slipway"));
    std::fs::create_dir_all(&state).with_context(|| format!("cannot create {}", state.display()))?;
    let metrics = Arc::new(Metrics::new()?);
    let postgres = Pools::new(up.postgres.settings(), Arc::clone(&metrics));
    let grants = Grants {
        manifest_folder: folder_of(&file),
        database: Database::new(state.join(DEFAULT_DATABASE.1)),
        state,
        variables: Arc::new(variables),
        postgres: Arc::clone(&postgres),
        client: outbound::client().context("cannot read the machine's certificates")?,
        metrics: Arc::clone(&metrics),
        max_memory: up.limits.max_instance_memory,
    };
    let components = components(&manifest, &grants, up)?;
    Ok(App {
        router,
        components,
        postgres,
        in_flight: Counter::new(metrics.in_flight.clone()),
        metrics,
        lifecycle,
        permits: tokio::sync::Semaphore::new(up.limits.max_concurrent_requests as usize),
        internal_token: internal_token.map(InternalToken::new),
        own_admin_port: up.admin_listen.is_some(),
        drain_timeout: up.drain.drain_timeout,
    })
}

fn problems(errors: &[impl ToString]) -> Problems {
    Problems(errors.iter().map(ToString::to_string).collect())
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The values of all variables, and the internal token if the application has that variable.
fn variables(manifest: &Manifest, arguments: &[String]) -> anyhow::Result<(Resolved, Option<String>)> {
    let environment = |name: &str| std::env::var(name).ok();
    let mut arguments = parse_arguments(arguments, |path| std::fs::read_to_string(path)).map_err(Problems)?;
    let internal = manifest
        .variables
        .contains_key(INTERNAL_TOKEN)
        .then(|| internal_token(&mut arguments, environment))
        .transpose()?;
    let resolved = Resolved::new(manifest, &arguments, environment)?;
    Ok((resolved, internal))
}

/// The token that was given, or a new one that the application then sees as if it had been given.
fn internal_token(
    arguments: &mut BTreeMap<String, String>,
    environment: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<String> {
    let given =
        arguments.get(INTERNAL_TOKEN).cloned().or_else(|| environment(&environment_name(INTERNAL_TOKEN)));
    if let Some(token) = given.filter(|token| !token.is_empty()) {
        return Ok(token);
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random source: {error}"))?;
    let token = hex::encode(bytes);
    arguments.insert(INTERNAL_TOKEN.to_owned(), token.clone());
    Ok(token)
}

/// What grants to components are made of.
struct Grants {
    manifest_folder: PathBuf,
    state: PathBuf,
    database: Arc<Database>,
    variables: Arc<Resolved>,
    postgres: Arc<Pools>,
    client: outbound::Client,
    metrics: Arc<Metrics>,
    max_memory: usize,
}

/// Compiles all components side by side.
fn components(manifest: &Manifest, grants: &Grants, up: &Up) -> anyhow::Result<Vec<engine::Component>> {
    let engine = engine::new().map_err(|error| anyhow::anyhow!("no WebAssembly engine: {error:#}"))?;
    let linker = host::linker(&engine).map_err(|error| anyhow::anyhow!("no host interfaces: {error:#}"))?;
    let limits = Limits {
        request: up.limits.request_timeout,
        background: up.limits.background_timeout,
        idle: up.limits.instance_idle,
    };
    let build = |component: &Component| -> Result<Workers, Vec<String>> {
        let granted = grants.to(component)?;
        let loaded = engine::load(&engine, &linker, &component.id, &component.source)?;
        Ok(Workers::new(engine.clone(), loaded, Arc::new(granted), Arc::clone(&grants.metrics), limits))
    };
    let made: Vec<_> = std::thread::scope(|scope| {
        let build = &build;
        let spawn = |component| scope.spawn(move || build(component));
        let threads: Vec<_> = manifest.components.iter().map(spawn).collect();
        let panicked = |_| Err(vec!["compiling a component panicked".to_owned()]);
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    let mut problems = Vec::new();
    let mut components = Vec::new();
    for result in made {
        match result {
            Ok(workers) => components.push(Arc::new(workers)),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(components) } else { Err(Problems(problems).into()) }
}

impl Grants {
    /// What `component` may use, or a sentence for each thing it asks for and cannot have.
    fn to(&self, component: &Component) -> Result<Granted, Vec<String>> {
        let id = &component.id;
        let mut problems = Vec::new();
        for store in &component.key_value_stores {
            problems.push(format!("component {id}: there is no key-value store {store:?}"));
        }
        for model in &component.ai_models {
            problems.push(format!("component {id}: there is no model {model:?}"));
        }
        let mut databases = Databases::default();
        for label in &component.sqlite_databases {
            if label == DEFAULT_DATABASE.0 {
                databases.grant(label.clone(), Arc::clone(&self.database));
            } else {
                problems
                    .push(format!("component {id}: there is no SQLite database {label:?}, only \"default\""));
            }
        }
        let allowed = self.variables.allowed_hosts(&component.allowed_outbound_hosts);
        let allowed =
            allowed.map_err(|errors| errors.into_iter().map(|error| format!("component {id}: {error}")));
        let mounts = files::mounts(component, &self.manifest_folder, &self.state)
            .map_err(|error| format!("component {id}: {error:#}"));
        match (allowed, mounts) {
            (Ok(allowed), Ok(mounts)) if problems.is_empty() => Ok(Granted {
                id: id.clone(),
                environment: component.environment.clone().into_iter().collect(),
                mounts,
                variables: Arc::clone(&self.variables),
                databases,
                postgres: Postgres::new(allowed.clone(), Arc::clone(&self.postgres)),
                outbound: Outbound::new(id, allowed, self.client.clone(), Arc::clone(&self.metrics)),
                max_memory: self.max_memory,
            }),
            (allowed, mounts) => {
                problems.extend(allowed.err().into_iter().flatten());
                problems.extend(mounts.err());
                Err(problems)
            }
        }
    }
}

//! From a manifest and what the command line grants to a running application; all problems are found before the
//! first request, and told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use anyhow::Context as _;

use crate::cli::{RequestLimits, Up};
use crate::engine::cache::{Cache, Readers};
use crate::engine::{self, Limits, Workers};
use crate::fault::Faults;
use crate::files;
use crate::gate::Gate;
use crate::host::chaining::{Application, Home};
use crate::host::outbound::{self, Outbound};
use crate::host::postgres::{Pools, Postgres};
use crate::host::resolve::Destinations;
use crate::host::{self, Granted};
use crate::lifecycle::Lifecycle;
use crate::manifest::{Component, Manifest};
use crate::metrics::Metrics;
use crate::outbound::allow::service_chaining_host;
use crate::outbound::blocked::BlockedNetworks;
use crate::routing::Router;
use crate::runtime_config::RuntimeConfig;
use crate::server::{App, Core, InternalToken, Readiness};
use crate::source::Source;
use crate::storage::Storage;
use crate::trace::{self, Tracer};
use crate::variables::{Provider, Resolved, Sources, parse_arguments};

/// An application with this variable has internal paths, and gets a token for them when it is given none.
const INTERNAL_TOKEN: &str = "internal_token";

/// Sentences that say why an application cannot be served.
#[derive(Debug)]
pub(crate) struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the application cannot be served:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for Problems {}

/// Pulls the application if it lies in a registry; reads, checks, compiles and links it.
///
/// # Errors
/// Everything that is wrong with the runtime configuration; or else with the manifest; or else with the variables; or
/// else with the components.
pub async fn assemble(up: &Up, lifecycle: Lifecycle) -> anyhow::Result<Arc<App>> {
    let source = Source::infer(&up.application.from);
    let config = runtime_config(up)?;
    let state = up.state_dir.clone().or_else(|| config.state_dir.clone());
    let state = state.unwrap_or_else(|| source.default_state());
    let manifest = source.load(&up.application.registry, &state).await?;
    let (variables, internal_token) = variables(&manifest, &up.variables, &config.providers)?;
    let manifest = select(manifest, up, &variables)?;
    let router = Router::build(manifest.routes()).map_err(|errors| problems(&errors))?;
    std::fs::create_dir_all(&state).with_context(|| format!("cannot create {}", state.display()))?;
    let metrics = Arc::new(Metrics::new()?);
    let grants = Grants::new(up, source.folder(), state, &config, variables, Arc::clone(&metrics))?;
    grants.storage.create_folders()?;
    let (postgres, home) = (Arc::clone(&grants.postgres), grants.home.clone());
    let components = components(&manifest, &grants, up)?;
    let RequestLimits { queue, clients, max_concurrent_requests, max_burst_time, body_idle_timeout, .. } =
        up.limits;
    let tracer = Tracer::new(trace::Settings::new(&up.tracing, &manifest.application.name)?, &metrics)?;
    let observed = (up.access_log.access_log(), tracer);
    let app = Arc::new(App {
        router,
        components,
        postgres,
        body_idle_timeout,
        turns: Gate::new(queue.turns(engine::turns(), max_burst_time)),
        core: Core::new(
            metrics,
            observed,
            lifecycle,
            queue.requests(max_concurrent_requests),
            clients,
            &up.drain,
            Faults::new(&up.faults, up.limits.request_timeout),
        ),
        readiness: Readiness::default(),
        internal_token: internal_token.map(InternalToken::new),
        own_admin_port: up.admin_listen.is_some(),
    });
    home.lead_to(Arc::downgrade(&app) as Weak<dyn Application>);
    Ok(app)
}

/// The runtime configuration; an empty one if none is named.
pub(crate) fn runtime_config(up: &Up) -> anyhow::Result<RuntimeConfig> {
    let config = up.runtime_config_file.as_deref().map(RuntimeConfig::load).transpose().map_err(Problems)?;
    Ok(config.unwrap_or_default())
}

/// The part of the application that is to be served.
pub(crate) fn select(manifest: Manifest, up: &Up, variables: &Resolved) -> anyhow::Result<Manifest> {
    Ok(manifest.select(&up.component_ids, |caller, called| chains(variables, caller, called))?)
}

/// Whether `caller` is allowed to call `called`. What is wrong with its entries is told when it is granted what they say.
fn chains(variables: &Resolved, caller: &Component, called: &Component) -> bool {
    let allowed = variables.allowed_hosts(&caller.allowed_outbound_hosts).unwrap_or_default();
    let host = service_chaining_host(&called.id);
    ["http", "https"].iter().any(|scheme| allowed.allows(scheme, &host, None))
}

fn problems(errors: &[impl ToString]) -> Problems {
    Problems(errors.iter().map(ToString::to_string).collect())
}

/// The values of all variables, and the internal token if the application has that variable.
pub(crate) fn variables(
    manifest: &Manifest,
    arguments: &[String],
    providers: &[Provider],
) -> anyhow::Result<(Resolved, Option<String>)> {
    let environment = &|name: &str| std::env::var(name).ok();
    let mut arguments = parse_arguments(arguments, |path| std::fs::read_to_string(path)).map_err(Problems)?;
    let internal = if manifest.variables.contains_key(INTERNAL_TOKEN) {
        let given = Sources { arguments: &arguments, environment, providers }.get(INTERNAL_TOKEN);
        Some(internal_token(given, &mut arguments)?)
    } else {
        None
    };
    let resolved = Resolved::new(manifest, &Sources { arguments: &arguments, environment, providers })?;
    Ok((resolved, internal))
}

/// The token that was given, or a new one that the application then sees as if it had been given.
fn internal_token(given: Option<String>, arguments: &mut BTreeMap<String, String>) -> anyhow::Result<String> {
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
pub(crate) struct Grants {
    manifest_folder: PathBuf,
    state: PathBuf,
    storage: Storage,
    variables: Arc<Resolved>,
    postgres: Arc<Pools>,
    tls: rustls::ClientConfig,
    blocked: Arc<BlockedNetworks>,
    outbound_requests: usize,
    home: Home,
    metrics: Arc<Metrics>,
    max_memory: usize,
}

/// Compiles all components side by side.
fn components(manifest: &Manifest, grants: &Grants, up: &Up) -> anyhow::Result<Vec<engine::Component>> {
    let engine = engine::new().map_err(|error| anyhow::anyhow!("no WebAssembly engine: {error:#}"))?;
    let linker = host::linker(&engine).map_err(|error| anyhow::anyhow!("no host interfaces: {error:#}"))?;
    let cache = cache(up, &grants.state);
    let limits = Limits {
        request: up.limits.request_timeout,
        background: up.limits.background_timeout,
        idle: up.limits.instance_idle,
        concurrent: up.limits.max_concurrent_requests_per_instance.into(),
    };
    let build = |component: &Component| -> Result<Workers, Vec<String>> {
        let granted = grants.to(component)?;
        let loaded = engine::load(&engine, &linker, cache.as_ref(), &component.id, &component.source)?;
        Ok(Workers::new(engine.clone(), loaded, Arc::new(granted), Arc::clone(&grants.metrics), limits))
    };
    let made: Vec<_> = std::thread::scope(|scope| {
        let build = &build;
        let spawn = |component| scope.spawn(move || build(component));
        let threads: Vec<_> = manifest.components.iter().map(spawn).collect();
        let panicked = |_| Err(vec!["compiling a component panicked".to_owned()]);
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    if let Some(cache) = cache {
        cache.finish();
    }
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

/// The cache of compiled components; none if it is not wanted, or cannot be used.
fn cache(up: &Up, state: &Path) -> Option<Cache> {
    let folder = up.compiled.folder(state)?;
    Cache::open(&folder, Readers::Owner)
        .inspect_err(|error| tracing::warn!("compiled components are not kept: {error}"))
        .ok()
}

impl Grants {
    /// What there is to grant; nothing is connected or opened yet.
    ///
    /// # Errors
    /// If the machine's certificates cannot be read.
    pub(crate) fn new(
        up: &Up,
        manifest_folder: PathBuf,
        state: PathBuf,
        config: &RuntimeConfig,
        variables: Resolved,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            manifest_folder,
            storage: Storage::new(&state, config),
            home: Home::new(up.limits.max_concurrent_requests as usize),
            state,
            variables: Arc::new(variables),
            postgres: Pools::new(up.postgres.settings(), Arc::clone(&metrics)),
            tls: outbound::tls().context("cannot read the machine's certificates")?,
            blocked: Arc::new(config.blocked.clone()),
            outbound_requests: up.limits.max_outbound_requests as usize,
            metrics,
            max_memory: up.limits.max_instance_memory,
        })
    }

    /// What `component` may use, or a sentence for each thing it asks for and cannot have.
    pub(crate) fn to(&self, component: &Component) -> Result<Granted, Vec<String>> {
        let id = &component.id;
        let mut problems = Vec::new();
        for model in &component.ai_models {
            problems.push(format!("component {id}: there is no model {model:?}"));
        }
        let storage = self.storage.grant(component);
        let allowed = self.variables.allowed_hosts(&component.allowed_outbound_hosts);
        let allowed =
            allowed.map_err(|errors| errors.into_iter().map(|error| format!("component {id}: {error}")));
        let mounts = files::mounts(component, &self.manifest_folder, &self.state)
            .map_err(|error| format!("component {id}: {error:#}"));
        match (storage, allowed, mounts) {
            (Ok((databases, stores)), Ok(allowed), Ok(mounts)) if problems.is_empty() => Ok(Granted {
                id: id.clone(),
                environment: component.environment.clone().into_iter().collect(),
                mounts,
                variables: Arc::clone(&self.variables),
                databases,
                stores,
                postgres: Postgres::new(allowed.clone(), Arc::clone(&self.postgres)),
                outbound: Outbound::new(
                    id,
                    Destinations { allowed: Arc::new(allowed), blocked: Arc::clone(&self.blocked) },
                    self.outbound_requests,
                    self.tls.clone(),
                    self.home.clone(),
                    Arc::clone(&self.metrics),
                ),
                max_memory: self.max_memory,
            }),
            (storage, allowed, mounts) => {
                problems.extend(storage.err().into_iter().flatten());
                problems.extend(allowed.err().into_iter().flatten());
                problems.extend(mounts.err());
                Err(problems)
            }
        }
    }
}

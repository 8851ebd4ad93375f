//! Which application is meant, and how to get it.

use std::path::PathBuf;

use clap::Args;

/// Which application is meant.
#[derive(Debug, Args)]
pub struct ApplicationSource {
    /// The application: a spin.toml, a folder that has one, or a reference to a registry such as
    /// ghcr.io/acme/app:1.2 or ghcr.io/acme/app@sha256:…; what exists on disk goes first.
    #[arg(
        short = 'f',
        long = "from",
        visible_alias = "file",
        default_value = "spin.toml",
        value_name = "APPLICATION"
    )]
    pub from: PathBuf,

    /// How registries are asked.
    #[command(flatten)]
    pub registry: RegistryAccess,
}

/// How registries are asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryAccess {
    /// Ask the registry by plain HTTP, as is always done for one on this machine. Others can then read credentials.
    #[arg(short = 'k', long)]
    pub insecure: bool,

    /// Credentials of registries, in the form of Docker's config.json; if not given, those of `spin registry login`, or
    /// of config.json (or .dockerconfigjson) in DOCKER_CONFIG or ~/.docker.
    #[arg(long, env = "SLIPWAY_REGISTRY_AUTH", value_name = "FILE")]
    pub registry_auth: Option<PathBuf>,
}

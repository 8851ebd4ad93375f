//! What operators ask besides serving: is it well, would it start, compile it now.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hyper::Uri;

use super::Up;

/// Where compiled components are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cache")]
pub struct CompiledComponents {
    /// Folder of compiled components, filled at start or by `slipway compile`; `cache` in the state folder if not given.
    /// Only this process's user and root may be able to write there, else it is not used: in a volume that is open to
    /// others, name a folder below it, which is then made. It may be read-only.
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_cache")]
    pub cache_dir: Option<PathBuf>,

    /// Compile all components at every start, and keep nothing.
    #[arg(long)]
    pub no_cache: bool,
}

impl CompiledComponents {
    /// The folder, if there is to be one.
    pub fn folder(&self, state: &Path) -> Option<PathBuf> {
        let folder = || self.cache_dir.clone().unwrap_or_else(|| state.join("cache"));
        (!self.no_cache).then(folder)
    }
}

/// Arguments of `slipway compile`.
#[derive(Debug, Args)]
pub struct Compile {
    /// The application: a spin.toml, or a folder that has one.
    #[arg(
        short = 'f',
        long = "from",
        visible_alias = "file",
        default_value = "spin.toml",
        value_name = "MANIFEST"
    )]
    pub from: PathBuf,

    /// Folder to fill, for `slipway up --cache-dir`; where `slipway up` looks by itself if not given. What is written can
    /// be read by everyone, and fits this version of slipway on processors with the same features as this one:
    /// elsewhere, components are compiled at start.
    #[arg(short = 'o', long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// Arguments of `slipway check`: those of `slipway up`, so that what is checked is what would be served.
#[derive(Debug, Args)]
pub struct Check {
    /// Do not compile: leaves out whether components are valid and import only what is offered.
    #[arg(long)]
    pub config_only: bool,

    /// What would be served.
    #[command(flatten)]
    pub up: Up,
}

/// Arguments of `slipway health`.
#[derive(Debug, Args)]
pub struct Health {
    /// What to ask.
    #[arg(long, default_value = "http://127.0.0.1:9090/readyz", value_name = "URL")]
    pub url: Uri,

    /// Time until the whole answer must be there.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

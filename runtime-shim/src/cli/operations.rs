//! What operators ask besides serving: is it well, would it start, compile it now.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hyper::Uri;

use super::{ApplicationSource, Up};

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
#[command(next_help_heading = "Components")]
pub struct Compile {
    /// What to compile.
    #[command(flatten)]
    pub application: ApplicationSource,

    /// Compile for every processor of this machine's kind (x86-64, or arm64), as for an image that runs elsewhere. What
    /// only newer ones can do is then not used.
    #[arg(long)]
    pub portable: bool,

    /// Folder for what is pulled from a registry; `.slipway` if not given.
    #[arg(long, value_name = "FOLDER")]
    pub state_dir: Option<PathBuf>,

    /// Folder to fill, for `slipway up --cache-dir`; where `slipway up` looks by itself if not given. What is written can
    /// be read by everyone, and fits this version of slipway on processors with the same features as this one, unless
    /// --portable is given: elsewhere, components are compiled at start.
    #[arg(short = 'o', long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// Arguments of `slipway check`: those of `slipway up`, so that what is checked is what would be served.
#[derive(Debug, Args)]
pub struct Check {
    /// Do not compile: leaves out whether components are valid and import only what is offered.
    #[arg(long, help_heading = "Check")]
    pub config_only: bool,

    /// What would be served.
    #[command(flatten)]
    pub up: Up,
}

/// Arguments of `slipway health`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Probe")]
pub struct Health {
    /// The http:// URL to ask.
    #[arg(long, default_value = "http://127.0.0.1:9090/readyz", value_name = "URL")]
    pub url: Uri,

    /// Time until the whole answer must be there.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

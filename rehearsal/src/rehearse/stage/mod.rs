//! The stage: replicas of both versions, a router and a Prometheus, all real and all on this machine.

mod ask;
mod nginx;
mod pool;
mod ports;
mod process;
mod prometheus;
mod replica;
mod router;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::event::{Happened, Side};
use super::plan::Plan;

pub use ask::{Answer, ask};
pub use nginx::{SIDE_HEADER, Split, Table};
pub use pool::{Pool, Version, Via};
pub use process::find;
pub use prometheus::{Prometheus, Target};
pub use router::Router;

/// Time that a program has to begin to serve.
pub const START: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// The stage cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A program is not installed.
    #[error("{program} is missing: please install it (on Debian: apt-get install {package})")]
    Missing {
        /// Its name.
        program: &'static str,
        /// The package that has it.
        package: &'static str,
    },
    /// A program does not start.
    #[error("{} cannot be started: {error}", program.display())]
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A program has started and does not serve.
    #[error("{program} does not serve{last_words}")]
    Mute {
        /// Which.
        program: String,
        /// The last line of its log.
        last_words: String,
    },
    /// A file or folder.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Too much listens on this machine.
    #[error("no port of this machine is free")]
    NoPort,
}

/// Everything that a release is rehearsed with; all of it ends when this is dropped.
#[derive(Debug)]
pub struct Stage {
    /// The version that users have.
    pub stable: Pool,
    /// The one that is to replace it.
    pub canary: Pool,
    /// What splits the requests.
    pub router: Router,
    /// What measures them.
    pub prometheus: Prometheus,
    split: Split,
    /// Holds configuration, data and logs. Last, so that it outlives those who write there.
    folder: TempDir,
}

/// What the stage is set with.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The program `slipway`.
    pub program: PathBuf,
    /// The version that users have.
    pub stable: Version,
    /// The one that is to replace it.
    pub canary: Version,
    /// How replicas take their requests.
    pub via: Via,
    /// Where compiled components are kept; in the stage's own folder if nowhere else.
    pub cache: Option<PathBuf>,
    /// How often series are scraped.
    pub scrape_interval: Duration,
    /// By how much times are shortened.
    pub time_scale: f64,
}

impl Stage {
    /// Starts router, Prometheus and the replicas of the stable version; returns when all serve. What replicas do by
    /// themselves is told to `tell`.
    pub async fn set(
        plan: &Plan,
        cast: &Cast,
        retries: u32,
        tell: mpsc::UnboundedSender<Happened>,
    ) -> Result<Self, StageError> {
        // First whether all is there: nothing is started in vain.
        let nginx = process::find("nginx", "nginx-light")?;
        let prometheus = process::find("prometheus", "prometheus")?;
        let folder =
            tempfile::tempdir().map_err(|error| StageError::File { path: std::env::temp_dir(), error })?;
        let cache = cast.cache.clone().unwrap_or_else(|| folder.path().join("cache"));
        // Places are not taken twice in a row, so that a replica does not wait for the one before to end.
        let places = plan.most_replicas() * (1 + retries);
        let pool = |side, version: &Version| {
            Pool::new(side, version.clone(), plan, cast, (folder.path(), &cache), tell.clone(), places)
        };
        let mut stable = pool(Side::Stable, &cast.stable)?;
        let canary = pool(Side::Canary, &cast.canary)?;
        stable.scale(plan.replicas())?;
        let targets: Vec<Target> = stable.targets().chain(canary.targets()).collect();
        let prometheus =
            Prometheus::start(&prometheus, folder.path(), &plan.monitor, cast, ports::take()?, &targets)
                .await?;
        let router = Router::start(&nginx, folder.path()).await?;
        let split = if plan.is_routed() { Split::Weight(0) } else { Split::Replicas };
        let mut stage = Self { stable, canary, router, prometheus, split, folder };
        stage.await_stable(plan.replicas()).await?;
        Ok(stage)
    }

    async fn await_stable(&mut self, replicas: u32) -> Result<(), StageError> {
        let deadline = tokio::time::Instant::now() + START;
        // A release begins when the version before has long been measured.
        while self.stable.ready() < replicas || self.prometheus.scraped().await < replicas as usize {
            if tokio::time::Instant::now() > deadline {
                let last_words = self.stable.last_words();
                return Err(StageError::Mute { program: "the stable version".to_owned(), last_words });
            }
            tokio::time::sleep(LOOK).await;
        }
        self.sync().await
    }

    /// Has so many replicas of one version, from now on or soon.
    pub fn scale(&mut self, side: Side, replicas: u32) -> Result<(), StageError> {
        let pool = match side {
            Side::Stable => &mut self.stable,
            Side::Canary => &mut self.canary,
        };
        pool.scale(replicas)
    }

    /// From now on, the new version gets this share of the requests.
    pub async fn route(&mut self, canary: u8) -> Result<(), StageError> {
        self.split = Split::Weight(canary);
        self.sync().await
    }

    /// Lets the router know which replicas there are. Those that are to go end once nobody sends them anything.
    pub async fn sync(&mut self) -> Result<(), StageError> {
        let table =
            Table { stable: self.stable.addresses(), canary: self.canary.addresses(), split: self.split };
        self.router.apply(table).await?;
        self.stable.dismiss();
        self.canary.dismiss();
        Ok(())
    }

    /// The share of the requests that the new version gets now, in percent.
    pub fn share(&self) -> u8 {
        self.router.share()
    }

    /// Where configuration and logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Asks until the answer is a 200, or the program has ended, or the time is over.
async fn await_ok(
    program: &mut process::Program,
    name: &str,
    address: std::net::SocketAddr,
    path: &str,
) -> Result<(), StageError> {
    let deadline = tokio::time::Instant::now() + START;
    loop {
        if ask(address, Method::GET, path, Duration::from_secs(2))
            .await
            .is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        if program.has_ended().is_some() || tokio::time::Instant::now() > deadline {
            return Err(StageError::Mute { program: name.to_owned(), last_words: program.last_words() });
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn write(path: &Path, text: &str) -> Result<(), StageError> {
    // Whole or not at all: it is read while it is replaced.
    let draft = path.with_extension("new");
    let refused = |error| StageError::File { path: path.to_owned(), error };
    std::fs::write(&draft, text).map_err(refused)?;
    std::fs::rename(&draft, path).map_err(refused)
}

fn folder(path: &Path) -> Result<(), StageError> {
    std::fs::create_dir_all(path).map_err(|error| StageError::File { path: path.to_owned(), error })
}

//! One replica of Slipway, killed again and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use fastrand::Rng;
use tokio::time::{Instant, sleep};

use super::chance::{below, pause};
use super::kills::Kills;
use super::stall::Stalls;
use crate::slipway::{Options, Slipway};

/// The mean of the pause between being ready and being killed.
const LIFE: Duration = Duration::from_millis(900);
/// The mean of the pause when the kill shall hit the start.
const EARLY: Duration = Duration::from_millis(250);
/// How long a commit is waited for when the kill shall come right behind it.
const COMMIT: Duration = Duration::from_secs(2);
/// A kill that shall hit between a commit and its record comes within this time.
const WINDOW: Duration = Duration::from_millis(12);
/// How often the branches are looked at.
const LOOK: Duration = Duration::from_millis(1);

/// A replica and what decides about its kills.
pub(super) struct Replica {
    pub(super) slipway: Slipway,
    rng: Rng,
    /// Files that change when a branch moves.
    branches: Vec<PathBuf>,
}

impl Replica {
    /// Starts one.
    pub(super) async fn start(options: &Options, branches: Vec<PathBuf>, rng: Rng) -> anyhow::Result<Self> {
        Ok(Self { slipway: Slipway::start(options.clone()).await?, rng, branches })
    }

    /// Where it receives deliveries.
    pub(super) fn url(&self) -> String {
        self.slipway.url("/webhooks/github")
    }

    /// Kills it and starts it again until there were enough kills, and gives it back ready.
    pub(super) async fn be_killed(mut self, kills: Arc<Kills>, stalls: Arc<Stalls>) -> anyhow::Result<Self> {
        while let Some(number) = kills.next() {
            if let Some(stall) = stalls.due(number) {
                self.ready().await?;
                stalls.stall(stall, &self.slipway, self.rng.fork()).await?;
            }
            self.wait_for_the_moment().await?;
            self.slipway.kill()?;
            kills.did();
            self.slipway.start_again()?;
        }
        self.ready().await?;
        Ok(self)
    }

    async fn wait_for_the_moment(&mut self) -> anyhow::Result<()> {
        match self.rng.u8(..10) {
            0 => sleep(pause(&mut self.rng, EARLY)).await,
            1..=5 => {
                self.ready().await?;
                self.wait_for_commit().await;
                sleep(below(&mut self.rng, WINDOW)).await;
            }
            _ => {
                self.ready().await?;
                sleep(pause(&mut self.rng, LIFE)).await;
            }
        }
        Ok(())
    }

    /// Waits until a branch moves. With several replicas, it can be another one's commit.
    async fn wait_for_commit(&self) {
        let heads = || self.branches.iter().map(|file| std::fs::read(file).ok()).collect::<Vec<_>>();
        let (before, end) = (heads(), Instant::now() + COMMIT);
        while Instant::now() < end && heads() == before {
            sleep(LOOK).await;
        }
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let ready = self.slipway.wait_until_ready().await;
        ready.with_context(|| format!("after a kill; it wrote:\n{}", self.slipway.log()))
    }
}

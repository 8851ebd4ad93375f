//! Workers that stall in the middle of a commit and wake when their lease is over.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use fastrand::Rng;
use tokio::time::{Instant, sleep};

use super::ledger::Database;
use super::plan::{SECRET, guid, name};
use super::sender::Sender;
use super::targets::TARGETS;
use crate::slipway::Slipway;
use crate::webhook::{Delivery, Push};

/// How long GitHub takes for the commit, so that the worker can be stopped meanwhile.
const SLOWNESS: Duration = Duration::from_secs(4);
/// How long the worker is stopped: the lease of a promotion is 30 s.
const STOPPED: Duration = Duration::from_secs(33);
/// How long a woken worker is left alone, so that it can do its harm.
const AWAKE: Duration = Duration::from_secs(2);
/// How long a commit request is waited for.
const REQUEST: Duration = Duration::from_secs(8);
/// Tries of one stall: another replica may be the one that commits, and another fault may come first.
const ATTEMPTS: u32 = 8;
const LOOK: Duration = Duration::from_millis(10);

/// The stalls of a run.
pub(super) struct Stalls {
    pub(super) count: u32,
    pub(super) kills: u32,
    pub(super) done: AtomicU32,
    /// Where GitHub's double takes its faults.
    pub(super) faults: String,
    pub(super) sender: Sender,
    pub(super) database: Database,
}

impl Stalls {
    /// Which stall is to be done before this kill, if any: they are spread over the first half of the run.
    pub(super) fn due(&self, kill: u32) -> Option<u32> {
        (0..self.count).find(|stall| (stall * self.kills) / (2 * self.count) + 1 == kill)
    }

    /// Stops a replica while GitHub works on its commit, and lets it go on when its lease is over.
    pub(super) async fn stall(&self, stall: u32, slipway: &Slipway, mut rng: Rng) -> anyhow::Result<()> {
        for attempt in 0..ATTEMPTS {
            // A tag of its own, by which the commit is found among all requests.
            let tag = format!("3.{stall}.{attempt}");
            if self.try_once(&tag, slipway, &mut rng).await? {
                self.done.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        }
        Ok(())
    }

    async fn try_once(&self, tag: &str, slipway: &Slipway, rng: &mut Rng) -> anyhow::Result<bool> {
        let target = &TARGETS[rng.usize(..TARGETS.len())];
        let push = Push::new(&target.image(), tag)?;
        let delivery = Delivery::registry_package(&push).with_guid(&guid(rng)).signed(SECRET);
        self.slow_down(tag).await?;
        self.sender.book.sent(delivery.guid(), &name(&push));
        let url = [slipway.url("/webhooks/github")];
        self.sender.until_answered(&delivery, &url, rng.fork()).await;
        if !self.is_asked(tag).await? {
            return Ok(false);
        }
        slipway.sigstop()?;
        let stopped = Instant::now();
        sleep(SLOWNESS * 3 / 2).await;
        // The commit is made by now. If somebody could record it, it was another replica's.
        let is_caught = self.database.is_running(tag).await?;
        if is_caught {
            sleep(STOPPED.saturating_sub(stopped.elapsed())).await;
        }
        slipway.sigcont()?;
        sleep(AWAKE).await;
        Ok(is_caught)
    }

    async fn slow_down(&self, tag: &str) -> anyhow::Result<()> {
        let milliseconds = u64::try_from(SLOWNESS.as_millis())?;
        let fault = serde_json::json!({ "kind": "delay", "milliseconds": milliseconds, "body": tag });
        let answer = self.sender.client.post(&self.faults, &fault).await?;
        ensure!(answer.status == 204, "the double does not take a fault: {}", answer.text());
        Ok(())
    }

    /// Waits until the commit of this tag is asked for; `false` when it takes too long.
    async fn is_asked(&self, tag: &str) -> anyhow::Result<bool> {
        let end = Instant::now() + REQUEST;
        while Instant::now() < end {
            let waiting = self.sender.client.get(&self.faults).await?.json();
            let waiting = waiting.as_array().context("the double has no list of faults")?;
            if waiting.iter().all(|fault| fault["body"] != tag) {
                return Ok(true);
            }
            sleep(LOOK).await;
        }
        Ok(false)
    }
}

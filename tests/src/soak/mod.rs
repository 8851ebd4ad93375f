//! Mixed load with faults for a long time: memory and descriptors stay flat, and every answer is the one that is due.

mod load;
mod vitals;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use crate::slipway::{Options, Slipway, workspace};
pub use load::Tally;
pub use vitals::{Trend, Vitals};

/// How often the process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Lines of the log that are shown when something goes wrong.
const LAST_LINES: usize = 200;

/// What is done.
#[derive(Clone, Debug)]
pub struct Soak {
    /// How long.
    pub duration: Duration,
    /// Clients, each with one request at a time.
    pub clients: u32,
    /// Decides all that is left to chance.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Answers by kind of request.
    pub tally: Tally,
    /// Memory and descriptors over time.
    pub trend: Trend,
}

/// Runs the load, and looks at the process meanwhile.
///
/// # Errors
/// When the shim does not start, ends, or gives an answer that is not due.
pub async fn run(soak: &Soak) -> anyhow::Result<Report> {
    let target = start(&[]).await?;
    let slipway = start(&[("origin", target.url(""))]).await?;
    let mut chance = fastrand::Rng::with_seed(soak.seed);
    let mut clients = JoinSet::new();
    let end = Instant::now() + soak.duration;
    for _ in 0..soak.clients {
        let load = load::Load::new(&slipway, &target, chance.u64(..));
        clients.spawn(async move { load.until(end).await });
    }
    let mut trend = Trend::default();
    while Instant::now() < end {
        tokio::time::sleep(LOOK_EVERY).await;
        trend.push(Vitals::of(&slipway)?);
    }
    let mut tally = Tally::default();
    while let Some(done) = clients.join_next().await {
        let done =
            done?.with_context(|| format!("the shim's last words:\n{}", last_lines(&slipway.log())))?;
        tally.add(&done);
    }
    ensure!(slipway.get("/hello").await?.status == 200, "the last request is not served");
    Ok(Report { tally, trend })
}

async fn start(variables: &[(&str, String)]) -> anyhow::Result<Slipway> {
    let mut options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    for (name, value) in variables {
        options = options.variable(name, value);
    }
    // Traps are part of the load, and each would be an error in the log. Endless loops can be more than a busy machine can
    // do for a while; that requests are then refused is another matter.
    let arguments = ["--log-level=error", "--request-timeout=5s", "--max-burst-time=1h"];
    Slipway::start(arguments.iter().fold(options.with_admin(), |options, argument| options.arg(argument)))
        .await
}

fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

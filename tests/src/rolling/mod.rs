//! Replicas are replaced one after the other under load, as a rollout does it: no request that was accepted may fail.

mod client;
mod endpoints;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;

use crate::slipway::{Options, Slipway, workspace};
use endpoints::{Endpoints, Replica};
pub use report::Report;

/// From being unready to refusing connections. Probes see it within [`endpoints::PROBE_EVERY`], on a busy machine later.
const DRAIN_DELAY: Duration = Duration::from_secs(1);
/// Longest time between a replica being the only one and the signal that ends it, in milliseconds.
const MOMENT: u64 = 300;
/// How long a replica may take to end after the signal.
const END: Duration = Duration::from_secs(20);
/// How long it may take until every client has a request in flight.
const BUSY: Duration = Duration::from_secs(20);

/// What is done.
#[derive(Clone, Debug)]
pub struct Rolling {
    /// How often a replica is replaced.
    pub rounds: u32,
    /// Clients, each of which always has a request in flight; every fourth speaks HTTP/2.
    pub clients: u32,
    /// Decides all that is left to chance.
    pub seed: u64,
}

/// Replaces replicas while clients go on, and tells what became of the requests.
///
/// # Errors
/// When a replica does not start, does not end with 0, or the clients do not get busy.
pub async fn run(rolling: &Rolling) -> anyhow::Result<Report> {
    let mut chance = fastrand::Rng::with_seed(rolling.seed);
    let endpoints = Arc::new(Endpoints::default());
    let report = Arc::new(Report::default());
    let mut clients = JoinSet::new();
    let mut old = start().await?;
    endpoints.add(Replica::of(&old));
    for number in 0..rolling.clients {
        let (endpoints, report) = (Arc::clone(&endpoints), Arc::clone(&report));
        let seed = chance.u64(..);
        clients.spawn(async move { client::go_on(&endpoints, &report, number % 4 == 0, seed).await });
    }
    let probes = tokio::spawn({
        let endpoints = Arc::clone(&endpoints);
        async move { endpoints.probe().await }
    });
    for _ in 0..rolling.rounds {
        let new = start().await?;
        busy(&endpoints, rolling.clients).await?;
        tokio::time::sleep(Duration::from_millis(chance.u64(..MOMENT))).await;
        report.in_flight_at_signal(endpoints.in_flight());
        old.sigterm()?;
        endpoints.add(Replica::of(&new));
        let status = old.wait(END).await?;
        ensure!(status.success(), "a replica ended with {status}; it wrote:\n{}", old.log());
        old = new;
    }
    clients.shutdown().await;
    probes.abort();
    Arc::try_unwrap(report).map_err(|_| anyhow::anyhow!("a client goes on"))
}

async fn start() -> anyhow::Result<Slipway> {
    let options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    let options = options
        .with_admin()
        .arg("--log-level=warn")
        // On a busy machine so many are more than it can do at once, and to refuse some is another matter.
        .arg(&format!("--max-burst-time={}s", END.as_secs()))
        .arg(&format!("--drain-delay={}ms", DRAIN_DELAY.as_millis()));
    Slipway::start(options).await
}

/// Returns once nine of ten clients have a request in flight: between two requests there is always somebody.
async fn busy(endpoints: &Endpoints, clients: u32) -> anyhow::Result<()> {
    let end = Instant::now() + BUSY;
    while endpoints.in_flight() * 10 < u64::from(clients) * 9 {
        ensure!(Instant::now() < end, "the clients do not get busy: {} in flight", endpoints.in_flight());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

//! `rolling-drain`: replaces replicas under load and counts the requests that failed.

use anyhow::ensure;
use clap::Parser;
use tests::rolling::{Rolling, run};

/// Replaces replicas of the shim one after the other while clients go on; fails if a request fails.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// How often a replica is replaced.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Clients, each of which always has a request in flight.
    #[arg(long, default_value_t = 200)]
    clients: u32,
    /// Decides all that is left to chance; made up and printed if not given.
    #[arg(long, default_value_t = fastrand::u64(..))]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { rounds, clients, seed } = Cli::parse();
    println!("seed {seed}");
    let report = run(&Rolling { rounds, clients, seed }).await?;
    println!("{report}");
    ensure!(report.failures().is_empty(), "requests failed");
    Ok(())
}

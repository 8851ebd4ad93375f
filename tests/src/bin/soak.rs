//! `soak`: mixed load with faults, and what the process uses meanwhile.

use std::time::Duration;

use anyhow::ensure;
use clap::Parser;
use tests::soak::{Soak, run};

/// How much memory may have grown between the second and the last quarter, in MiB.
const GROWTH: u64 = 10;

/// Puts mixed load with faults on the shim; fails if an answer is wrong, or if memory or descriptors grow.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// How long, in minutes.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Clients, each with one request at a time.
    #[arg(long, default_value_t = 32)]
    clients: u32,
    /// Decides all that is left to chance; made up and printed if not given.
    #[arg(long, default_value_t = fastrand::u64(..))]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { minutes, clients, seed } = Cli::parse();
    println!("seed {seed}");
    let report = run(&Soak { duration: Duration::from_secs(minutes * 60), clients, seed }).await?;
    let (before, after) = report.trend.ends()?;
    let peak = report.trend.peak();
    println!("{}", report.tally);
    println!("memory {} MiB, later {}, at most {}", before.memory, after.memory, peak.memory);
    println!("descriptors {}, later {}, at most {}", before.descriptors, after.descriptors, peak.descriptors);
    ensure!(after.memory <= before.memory + GROWTH, "memory grows");
    ensure!(after.descriptors <= before.descriptors + u64::from(clients), "descriptors grow");
    Ok(())
}

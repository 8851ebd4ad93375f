//! Measures a burst of webhooks: how fast they are accepted, and when the last one is in Git.

use clap::Parser;
use tests::burst::{Burst, Report, run};

/// How long GitHub waits for an answer, in seconds.
const GITHUB_WAITS: f64 = 10.0;

/// Send very many signed webhooks at once to a `slipway` of its own, and print what became of them.
///
/// Ends with an error when one was not accepted, was answered later than GitHub waits, or is not in Git at the end.
#[derive(Debug, Parser)]
struct Arguments {
    /// Webhooks.
    #[arg(long, default_value_t = 1_000)]
    deliveries: usize,
    /// Services that they are about.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    services: u32,
    /// Window in which commits are gathered, in seconds; 0: none.
    #[arg(long, default_value_t = 0)]
    quiet_seconds: u32,
    /// On PostgreSQL instead of SQLite.
    #[arg(long)]
    postgres: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { deliveries, services, quiet_seconds, postgres } = Arguments::parse();
    let burst = Burst { deliveries, services: services as usize, quiet_seconds, postgres };
    let Report { answers, accepted_in, ended_in, commits } = run(&burst).await?;
    let percentile = |percent: usize| {
        answers
            .get((answers.len() * percent / 100).min(answers.len() - 1))
            .map_or(0.0, |time| time.as_secs_f64())
    };
    let store = if postgres { "postgres" } else { "sqlite" };
    println!(
        "{store}, window {quiet_seconds} s: {deliveries} webhooks accepted in {:.2} s ({:.0}/s), half within {:.2} s, \
         slowest {:.2} s; {commits} commits, the last after {:.1} s",
        accepted_in.as_secs_f64(),
        deliveries as f64 / accepted_in.as_secs_f64(),
        percentile(50),
        percentile(100),
        ended_in.as_secs_f64(),
    );
    anyhow::ensure!(percentile(100) < GITHUB_WAITS, "GitHub would not have waited for the slowest answer");
    Ok(())
}

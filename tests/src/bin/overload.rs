//! Measures what overload does: capacity first, then ten times as much.

use std::time::Duration;

use clap::Parser;
use tests::overload::{Load, Report, run};

/// Send a `slipway` of its own as much as it can do, then ten times as much at a constant rate, and print what became
/// of it.
#[derive(Debug, Parser)]
struct Arguments {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=600))]
    seconds: u64,
    /// Thousands of steps that the guest computes for each request.
    #[arg(long, default_value_t = 2_000)]
    thousands: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { seconds, thousands } = Arguments::parse();
    let Report { capacity, overload, offered } = run(Duration::from_secs(seconds), thousands).await?;
    let row = |name: &str, load: &Load| {
        let [served, refused] =
            [&load.served, &load.refused].map(|times| times.percentile(99).as_secs_f64() * 1e3);
        println!(
            "{name:<12} {:>10.0} {:>12.1} {:>10.0} {:>14.1} {:>8}",
            load.served_per_second(),
            served,
            load.refused_per_second(),
            refused,
            load.failed
        );
    };
    println!(
        "{:<12} {:>10} {:>12} {:>10} {:>14} {:>8}",
        "load", "served/s", "p99 ms", "refused/s", "refused p99 ms", "failed"
    );
    row("capacity", &capacity);
    row("10x", &overload);
    println!(
        "(offered {offered:.0}/s; served {:.2} of capacity, p99 {:.2} times; two seconds of warming up are left out)",
        overload.served_per_second() / capacity.served_per_second(),
        overload.served.percentile(99).as_secs_f64() / capacity.served.percentile(99).as_secs_f64(),
    );
    Ok(())
}

//! Kills Slipway again and again while deliveries arrive, and looks whether anything is lost or done twice.

use std::process::ExitCode;

use clap::Parser;
use tests::crash::{self, Settings};

/// Kill replicas of Slipway at random moments while signed deliveries arrive and GitHub is in trouble, and then judge by
/// the git repositories and the database whether anything was lost or done twice.
///
/// The last line is `deliveries N accepted N commits N reasons N lost N duplicate N`, where accepted = commits + reasons +
/// lost. Ends with exit code 1 when anything did not hold; each problem is printed before that line.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Arguments { settings } = Arguments::parse();
    println!("seed {}: {settings:?}", settings.seed);
    let verdict = crash::run(&settings).await?;
    for problem in &verdict.problems {
        println!("{problem}\n");
    }
    println!("{verdict}");
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

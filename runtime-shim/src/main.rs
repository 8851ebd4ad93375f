//! The command `slipway`.

use std::process::ExitCode;

use clap::Parser;
use slipway::cli::{Cli, Command};

/// Under load, a third of the time would go to the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = run(cli) {
        eprintln!("slipway: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run(cli: Cli) -> anyhow::Result<()> {
    slipway::logging::init(cli.log_format, cli.log_level)?;
    match cli.command {
        Command::Up(up) => slipway::up::run(*up),
        Command::Migrate(migrate) => slipway::migrate::run(migrate),
    }
}

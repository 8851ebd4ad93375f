//! The command `slipway`.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

use std::process::ExitCode;

use slipway::cli::{Cli, Command};

/// Under load, a third of the time would go to the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Err(error) = run() {
        eprintln!("slipway: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run() -> anyhow::Result<()> {
    let cli = Cli::read(std::env::args_os().collect())?;
    slipway::logging::init(cli.log_format, cli.log_level)?;
    match cli.command {
        Command::Up(up) => slipway::up::run(*up),
        Command::Sidecar(sidecar) => slipway::sidecar::run(*sidecar),
        Command::Migrate(migrate) => slipway::migrate::run(migrate),
        Command::Compile(compile) => slipway::compile::run(&compile),
        Command::Check(check) => slipway::check::run(&check),
        Command::Health(health) => slipway::health::run(&health),
    }
}

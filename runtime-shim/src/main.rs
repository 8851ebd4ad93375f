//! The command `slipway`.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

use std::process::ExitCode;

use slipway::cli::{Cli, Command};

/// Under load, a third of the time would go to the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("slipway: {error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> anyhow::Result<ExitCode> {
    let cli = Cli::read(std::env::args_os().collect())?;
    slipway::logging::init(cli.log_format, cli.log_level)?;
    match cli.command {
        Command::Up(up) => slipway::up::run(*up),
        Command::Sidecar(sidecar) => slipway::sidecar::run(*sidecar),
        Command::Migrate(migrate) => slipway::migrate::run(migrate),
        Command::Compile(compile) => slipway::compile::run(&compile),
        Command::Check(check) => slipway::check::run(&check),
        Command::Health(health) => slipway::health::run(&health),
        // Its verdict has exit codes of its own.
        Command::Gate(gate) => return Ok(slipway::judge::run(&gate)),
        #[cfg(feature = "rehearse")]
        Command::Rehearse(rehearse) => return Ok(slipway::rehearse::run(&rehearse)),
    }?;
    Ok(ExitCode::SUCCESS)
}

//! Log lines to standard error, as text for people or JSON for collectors.

use std::io::{IsTerminal, stderr};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text for each event, coloured in a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log. `RUST_LOG` overrules `level`, see
/// <https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html#directives>.
///
/// # Errors
/// If `RUST_LOG` is malformed, or logging has begun before.
pub fn init(format: LogFormat, level: LevelFilter) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env()?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let result = match format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    result.map_err(|error| anyhow::anyhow!(error))
}

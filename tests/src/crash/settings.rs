//! How much of everything a run has.

use clap::{Args, ValueEnum};

/// What one run does.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where the ledger lives.
    #[arg(long, value_enum, default_value = "postgres")]
    pub database: DatabaseKind,
    /// Replicas of Slipway on that database. On SQLite, which is a file in the state folder, one.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub replicas: u32,
    /// How often a replica is killed.
    #[arg(long, default_value_t = 200)]
    pub kills: u32,
    /// Deliveries that are sent, told apart by their GUIDs.
    #[arg(long, default_value_t = 500)]
    pub deliveries: u32,
    /// How often a replica is stopped in the middle of a commit until its lease is over.
    #[arg(long, default_value_t = 2)]
    pub stalls: u32,
    /// Decides all that is left to chance; made up and printed if not given.
    #[arg(long, default_value_t = fastrand::u64(..))]
    pub seed: u64,
    /// Seconds that are waited once everything has ended, for what may come after.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub quiet_seconds: u64,
    /// Seconds after which the run is broken off, which is a failure.
    #[arg(long, default_value_t = 25 * 60, value_name = "SECONDS")]
    pub limit_seconds: u64,
    /// A further variable for Slipway; may be repeated.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
}

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatabaseKind {
    /// A real server, started for the run.
    Postgres,
    /// The file that Slipway keeps in its state folder.
    Sqlite,
}

//! What `slipway rehearse` acts out.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rehearsal::rehearse::event::Outcome;
use rehearsal::rehearse::{Call, MAX_RATE, OnPause, Via};

use crate::fault::Fault;

/// Times cannot be shortened by more: processes take as long to start as ever.
const MAX_TIME_SCALE: f64 = 100.0;

/// Arguments of `slipway rehearse`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Release")]
pub struct Rehearse {
    /// Manifests with the Rollout and all that it names, as `helm template` prints them; - for those on the standard input.
    /// May be repeated.
    #[arg(short = 'f', long = "file", value_name = "FILE", required_unless_present = "chart")]
    pub files: Vec<PathBuf>,

    /// Folder of a Helm chart, to be rendered by helm; the release has the chart's name.
    #[arg(long, value_name = "FOLDER", conflicts_with = "files")]
    pub chart: Option<PathBuf>,

    /// Values for the chart. May be repeated; later files go before earlier ones.
    #[arg(long, value_name = "FILE", requires = "chart")]
    pub values: Vec<PathBuf>,

    /// Namespace of the release. If not given, the Rollout's own, or the one that its router names.
    #[arg(short = 'n', long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// The version that users have: a spin.toml, a folder that has one, or a reference to a registry.
    #[arg(long, value_name = "APPLICATION")]
    pub stable: String,

    /// The version that is to replace it; the same one if not given, to see what the gates make of a fault.
    #[arg(long, value_name = "APPLICATION")]
    pub canary: Option<String>,

    /// What the new version does wrong: status=500:30%, latency=800ms:50%, hang, crash=10s, unready. May be repeated.
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Fault>,

    /// Value of a variable of both versions, as for `slipway up`. May be repeated.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,

    /// Who takes the requests of each replica: `slipway up` itself, or `slipway sidecar` in front of it.
    #[arg(long, value_enum, default_value = "up", value_name = "HOST")]
    pub via: Host,

    /// Requests per second; 0 for a release that nobody asks anything.
    #[arg(
        long,
        default_value_t = 50,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_RATE)),
        help_heading = "Users"
    )]
    pub rate: u32,

    /// What is asked for: a path, with a method and how often if need be: `/`, `/items=3`, `POST /items`. May be repeated.
    #[arg(long, value_name = "REQUEST", help_heading = "Users")]
    pub mix: Vec<Call>,

    /// What a person does where the release waits for one. Where an analysis was inconclusive, it always ends there.
    #[arg(long, value_enum, default_value = "stop", value_name = "WHAT", help_heading = "Users")]
    pub on_pause: Person,

    /// How often a person tries again what was aborted.
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=10), help_heading = "Users")]
    pub retries: u32,

    /// Divide all times of the release by this: pauses, intervals, delays, the ranges of queries, the scrape interval. A range of
    /// less than four scrapes is refused.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = time_scale, help_heading = "Time")]
    pub time_scale: f64,

    /// Time until the rehearsal must have ended; not scaled.
    #[arg(long, default_value = "1h", value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Time")]
    pub timeout: Duration,

    /// How the release should end.
    #[arg(long, value_enum, default_value = "promoted", value_name = "OUTCOME", help_heading = "Verdict")]
    pub expect: Expectation,

    /// Folder for the reports: rehearsal.html, rehearsal.json and, for CI, junit.xml.
    #[arg(short = 'o', long, value_name = "FOLDER", help_heading = "Verdict")]
    pub output: Option<PathBuf>,

    /// Folder of compiled components, to be used by the next rehearsal as well.
    #[arg(long, value_name = "FOLDER", help_heading = "Cache")]
    pub cache_dir: Option<PathBuf>,
}

/// Who takes the requests of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Host {
    /// `slipway up`.
    Up,
    /// `slipway sidecar` in front of `slipway up`.
    Sidecar,
}

impl From<Host> for Via {
    fn from(host: Host) -> Self {
        match host {
            Host::Up => Self::Up,
            Host::Sidecar => Self::Sidecar,
        }
    }
}

/// What a person does where a release waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Person {
    /// Nothing: the rehearsal ends there, as paused.
    Stop,
    /// Approves.
    Promote,
    /// Approves of all that is still to come, without steps and analyses.
    PromoteFull,
    /// Refuses.
    Abort,
}

impl From<Person> for OnPause {
    fn from(person: Person) -> Self {
        match person {
            Person::Stop => Self::Stop,
            Person::Promote => Self::Promote,
            Person::PromoteFull => Self::PromoteFull,
            Person::Abort => Self::Abort,
        }
    }
}

/// How a release should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Expectation {
    /// The new version replaces the old one.
    Promoted,
    /// The new version is taken back.
    Aborted,
    /// It waits for somebody.
    Paused,
}

impl From<Expectation> for Outcome {
    fn from(expectation: Expectation) -> Self {
        match expectation {
            Expectation::Promoted => Self::Promoted,
            Expectation::Aborted => Self::Aborted,
            Expectation::Paused => Self::Paused,
        }
    }
}

fn time_scale(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (1.0..=MAX_TIME_SCALE).contains(factor));
    factor.ok_or_else(|| format!("a number from 1 to {MAX_TIME_SCALE}"))
}

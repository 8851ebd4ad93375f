//! What `slipway gate` judges, and by whom it is told.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

/// Arguments of `slipway gate`.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is judged")]
pub struct Gate {
    /// Manifests that have the AnalysisTemplate, as `helm template` prints them; - for those on the standard input. May be
    /// repeated. Other objects in them are left alone.
    #[arg(short = 'f', long = "file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Name of the AnalysisTemplate or ClusterAnalysisTemplate; needed if there are several. May be repeated: one run then
    /// measures them all, as in an analysis of a Rollout. Templates that they refer to are measured too.
    #[arg(long = "template", value_name = "NAME")]
    pub templates: Vec<String>,

    /// Leave out templates of other namespaces.
    #[arg(short = 'n', long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Value of an argument of the templates: NAME=VALUE, or NAME=@FILE for a file's content, as for what a cluster takes
    /// from a Secret. May be repeated.
    #[arg(long = "arg", value_name = "NAME=VALUE")]
    pub arguments: Vec<String>,

    /// Address of Prometheus: http://HOST:PORT. If not given, that of each metric's own provider.
    #[arg(long, value_name = "URL", help_heading = "Prometheus")]
    pub prometheus: Option<String>,

    /// Measure each metric once, now, whatever its delay, count and limits are: one failure fails, one error is one.
    #[arg(long, help_heading = "How long", conflicts_with = "duration")]
    pub once: bool,

    /// End the run after this time, as a Rollout does with an analysis beside its steps: metrics that are not done have
    /// then passed, unless nothing was measured.
    #[arg(
        long = "for",
        value_name = "TIME",
        help_heading = "How long",
        value_parser = humantime::parse_duration
    )]
    pub duration: Option<Duration>,

    /// Time until there must be a verdict; without one by then, it is an error.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1h",
        help_heading = "How long",
        value_parser = humantime::parse_duration
    )]
    pub timeout: Duration,

    /// How the verdict is told on the standard output; measurements are told on the other one as they come.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Verdict"
    )]
    pub output: VerdictFormat,
}

/// How a verdict is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerdictFormat {
    /// A line, for people.
    Text,
    /// An object with every measurement, for programs.
    Json,
}

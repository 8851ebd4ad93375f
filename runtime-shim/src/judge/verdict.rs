//! How a verdict is told.

use rehearsal::gate::Verdict;
use rehearsal::judge::{MetricResult, Phase, Run, Time};
use serde::Serialize;

use crate::cli::VerdictFormat;

/// A verdict, and what it rests on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// It.
    pub verdict: Verdict,
    /// Why it is so; may be empty if everything passed.
    message: String,
    /// The phase that the analysis has in a cluster; none if it could not begin.
    phase: Option<Phase>,
    /// When it began.
    started_at: Option<Time>,
    /// When it was decided.
    completed_at: Option<Time>,
    /// Every metric with its measurements.
    metrics: Vec<MetricResult>,
}

impl Told {
    /// Of a run, decided or not.
    pub fn of(verdict: Verdict, message: String, run: Run) -> Self {
        Self {
            verdict,
            message,
            phase: Some(run.phase()),
            started_at: Some(run.started_at()),
            completed_at: run.completed_at(),
            metrics: run.metrics().to_vec(),
        }
    }

    /// Nothing could be judged.
    pub fn refused(error: &anyhow::Error) -> Self {
        let message = format!("{error:#}");
        Self {
            verdict: Verdict::Error,
            message,
            phase: None,
            started_at: None,
            completed_at: None,
            metrics: Vec::new(),
        }
    }

    /// On the standard output.
    pub fn print(&self, format: VerdictFormat) {
        let json = || serde_json::to_string_pretty(self).unwrap_or_default();
        println!("{}", if format == VerdictFormat::Json { json() } else { self.line() });
    }

    fn line(&self) -> String {
        let word = match self.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Error => "error",
            Verdict::Inconclusive => "inconclusive",
        };
        let of_each = || {
            self.metrics.iter().map(|metric| format!("{} {}", metric.name, metric.phase)).collect::<Vec<_>>()
        };
        let why = if self.message.is_empty() || self.verdict == Verdict::Pass {
            of_each().join(", ")
        } else {
            self.message.clone()
        };
        format!("{word}: {why}")
    }
}

//! What the measurements of one metric come to.

use super::{Limits, Phase, PlannedMetric};

/// Measurements, by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Those that were no errors.
    pub count: u32,
    /// Those that passed.
    pub successful: u32,
    /// Those that did not.
    pub failed: u32,
    /// Those that said neither.
    pub inconclusive: u32,
    /// Those that could not be made.
    pub error: u32,
    /// Errors since the last that was none.
    pub consecutive_error: u32,
    /// Successes since the last that was none.
    pub consecutive_success: u32,
}

impl Counts {
    /// Counts one measurement.
    pub fn add(&mut self, phase: Phase) {
        match phase {
            Phase::Successful => self.successful += 1,
            Phase::Failed => self.failed += 1,
            Phase::Inconclusive => self.inconclusive += 1,
            Phase::Error => self.error += 1,
            Phase::Running | Phase::Pending => return,
        }
        if phase == Phase::Error {
            self.consecutive_error += 1;
        } else {
            self.consecutive_error = 0;
            self.count += 1;
        }
        self.consecutive_success = if phase == Phase::Successful { self.consecutive_success + 1 } else { 0 };
    }
}

/// The phase of a metric that is not completed, and why it is completed now, if something ended it before its count.
/// `terminating`: the run is ended, by a metric or from outside.
pub fn assess(metric: &PlannedMetric, counts: &Counts, terminating: bool) -> (Phase, String) {
    if let Some((phase, why)) = broken(&metric.limits, counts) {
        return (phase, why);
    }
    let Limits { failures, consecutive_successes, .. } = metric.limits;
    if consecutive_successes.is_some_and(|limit| counts.consecutive_success >= limit) {
        return (Phase::Successful, String::new());
    }
    if metric.schedule.count.is_some_and(|count| counts.count >= count) {
        return match (consecutive_successes, failures) {
            (None, _) => (Phase::Successful, String::new()),
            (Some(limit), Some(_)) => (Phase::Inconclusive, too_few(counts, limit)),
            (Some(limit), None) => (Phase::Failed, too_few(counts, limit)),
        };
    }
    (if terminating { Phase::Successful } else { Phase::Running }, String::new())
}

/// The limit that is broken. Where several are, errors go before what is inconclusive, and that before failures.
fn broken(limits: &Limits, counts: &Counts) -> Option<(Phase, String)> {
    let &Counts { failed, inconclusive, consecutive_error, .. } = counts;
    if consecutive_error > limits.consecutive_errors {
        let why = format!(
            "errors in a row: {consecutive_error}, consecutiveErrorLimit is {}",
            limits.consecutive_errors
        );
        return Some((Phase::Error, why));
    }
    if inconclusive > limits.inconclusive {
        let why = format!("{inconclusive} inconclusive, inconclusiveLimit is {}", limits.inconclusive);
        return Some((Phase::Inconclusive, why));
    }
    let limit = limits.failures.filter(|limit| failed > *limit)?;
    Some((Phase::Failed, format!("{failed} failed, failureLimit is {limit}")))
}

fn too_few(counts: &Counts, limit: u32) -> String {
    format!("{} measured without {limit} successes in a row, as consecutiveSuccessLimit asks", counts.count)
}

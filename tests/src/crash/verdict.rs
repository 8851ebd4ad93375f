//! How a run ended.

use std::fmt;

use super::check::{self, End, Kind};
use super::evidence::Evidence;

/// The counts of a run, and everything that did not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Deliveries that were sent, told apart by their GUIDs.
    pub deliveries: usize,
    /// How many of them were answered 2xx. Each of these ended in a commit or a reason, or is lost.
    pub accepted: usize,
    /// Accepted deliveries that ended in a commit, for one target at least.
    pub commits: usize,
    /// Accepted deliveries that ended in a recorded reason for every target.
    pub reasons: usize,
    /// Accepted deliveries that ended in neither.
    pub lost: usize,
    /// Values that were committed once too often.
    pub duplicate: usize,
    /// What did not hold, as sentences.
    pub problems: Vec<String>,
}

impl Verdict {
    /// Judges by what there is.
    pub(super) fn of(evidence: &Evidence) -> Self {
        let mut verdict = Self { deliveries: evidence.entries.len(), ..Self::default() };
        for (guid, _) in evidence.entries.iter().filter(|(_, entry)| entry.accepted.is_some()) {
            verdict.accepted += 1;
            match check::end(evidence, guid) {
                End::Commit => verdict.commits += 1,
                End::Reason => verdict.reasons += 1,
                End::Lost(_) => verdict.lost += 1,
            }
        }
        for problem in check::problems(evidence) {
            verdict.duplicate += usize::from(problem.kind == Kind::Duplicate);
            verdict.problems.push(problem.text);
        }
        verdict
    }

    /// Whether everything held.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty() && self.lost == 0 && self.duplicate == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deliveries, accepted, commits, reasons, lost, duplicate, problems: _ } = self;
        write!(
            formatter,
            "deliveries {deliveries} accepted {accepted} commits {commits} reasons {reasons} lost {lost} \
             duplicate {duplicate}"
        )
    }
}

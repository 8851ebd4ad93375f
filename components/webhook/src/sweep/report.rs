//! What became of a sweep.

use ledger::{State, StoreError};
use serde::Serialize;

use super::attempt::End;

/// How many promotions were tried, and how they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// Tried.
    pub claimed: u32,
    /// Ended in a commit.
    pub committed: u32,
    /// Git held the value already.
    pub unchanged: u32,
    /// A newer promotion of the target took its place.
    pub superseded: u32,
    /// Cannot be done.
    pub rejected: u32,
    /// Given up after too many attempts.
    pub failed: u32,
    /// To be tried again later.
    pub postponed: u32,
    /// Taken over by somebody else meanwhile.
    pub lost: u32,
    /// Why the sweep ended early: the ledger failed.
    #[serde(skip)]
    pub stopped: Option<StoreError>,
}

impl SweepReport {
    pub(super) fn count(&mut self, end: &End) {
        let counter = match end {
            End::Postponed { .. } => &mut self.postponed,
            End::Finished(outcome) => match outcome.state() {
                State::Committed => &mut self.committed,
                State::Unchanged => &mut self.unchanged,
                State::Superseded => &mut self.superseded,
                State::Failed => &mut self.failed,
                // An outcome is never one of the states on the way, and nothing is held here.
                State::Rejected | State::Held | State::Waiting | State::Running => &mut self.rejected,
            },
        };
        *counter += 1;
    }

    /// Notes that the ledger failed. The log gets it too: after a webhook, nobody reads the report.
    pub(super) fn stop(&mut self, error: StoreError) {
        eprintln!("the sweep ended early: {error:?}");
        self.stopped = Some(error);
    }
}

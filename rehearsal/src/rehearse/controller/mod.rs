//! What Argo Rollouts would do next: state machines without input or output, to which time is a number.
//!
//! They are told what is the case ([`World`]) and say what is to be done ([`Order`]), again and again, as the controller in a
//! cluster reconciles. The rules are those of <https://argo-rollouts.readthedocs.io/en/stable/features/canary/> and
//! <https://argo-rollouts.readthedocs.io/en/stable/features/bluegreen/>, and where these are silent, what release 1.9 does.

mod blue_green;
mod canary;
mod conditions;
mod replicas;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{AnalysisPhase, AnalysisRole, Happened, Side};

pub use blue_green::{BlueGreen, BlueGreenController, Promotion};
pub use canary::{Background, Canary, CanaryController, CanaryScale, Step};
pub use conditions::{Deadline, Standing};

/// Which analysis of the strategy: its place in the plan's list.
pub type AnalysisId = usize;

/// One run of an analysis: they are numbered in the order in which they began.
pub type RunId = usize;

/// What the controller sees when it looks.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// Time since the rehearsal began.
    pub now: Duration,
    /// Replicas of the stable version that are ready.
    pub stable: u32,
    /// Replicas of the new version that are ready.
    pub canary: u32,
    /// Where the analyses stand that were ordered.
    pub runs: &'a BTreeMap<RunId, Run>,
}

/// Where an analysis stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its phase.
    pub phase: AnalysisPhase,
    /// Why, once it has ended.
    pub message: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Have so many replicas.
    Scale {
        /// Of this version.
        side: Side,
        /// So many.
        replicas: u32,
    },
    /// Send this share of the requests to the new version.
    Route {
        /// Percent.
        canary: u8,
    },
    /// Begin an analysis.
    Analyse {
        /// The number that it gets.
        run: RunId,
        /// Which one.
        analysis: AnalysisId,
        /// What it is for.
        role: AnalysisRole,
    },
    /// End an analysis before its time: nobody needs its verdict any more.
    Cancel {
        /// Its number.
        run: RunId,
    },
    /// Tell the reader.
    Tell(Happened),
}

/// What a person can ask of a rollout, with the names of `kubectl argo rollouts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Go on from a pause, or from the step under way.
    Promote,
    /// Go to the end, without steps, pauses and analyses.
    PromoteFull,
    /// Back to the stable version.
    Abort,
    /// Try again what was aborted.
    Retry,
}

/// The controller of either strategy.
#[derive(Clone, Debug)]
pub enum Controller {
    /// Weight by weight.
    Canary(CanaryController),
    /// All at once, beside the old version.
    BlueGreen(BlueGreenController),
}

impl Controller {
    /// What is to be done now. To be asked again when something has changed, and after whatever was ordered.
    pub fn reconcile(&mut self, world: &World<'_>) -> Vec<Order> {
        match self {
            Self::Canary(canary) => canary.reconcile(world),
            Self::BlueGreen(blue_green) => blue_green.reconcile(world),
        }
    }

    /// Does what a person asks for; what makes no sense at the moment changes nothing.
    pub fn command(&mut self, command: Command, now: Duration) {
        match self {
            Self::Canary(canary) => canary.command(command, now),
            Self::BlueGreen(blue_green) => blue_green.command(command, now),
        }
    }

    /// Whether it goes on by itself.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Canary(canary) => canary.standing(),
            Self::BlueGreen(blue_green) => blue_green.standing(),
        }
    }
}

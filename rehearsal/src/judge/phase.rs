//! Phases of measurements, metrics and runs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far something is, and what came of it. From better to worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// It passed.
    Successful,
    /// It goes on.
    Running,
    /// It has not begun.
    Pending,
    /// Neither condition held.
    Inconclusive,
    /// It could not be measured.
    Error,
    /// It did not pass.
    Failed,
}

impl Phase {
    /// Whether it will not change any more.
    pub fn completed(self) -> bool {
        !matches!(self, Self::Running | Self::Pending)
    }

    /// Whether a metric in this phase ends the run that it is part of.
    pub fn ends_run(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Inconclusive)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

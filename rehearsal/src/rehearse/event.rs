//! What happens during a rehearsal, in order: the stream that reports are made of.
//!
//! Each event is one JSON object: `{"at": 12.3, "event": "weight", "canary": 25}`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds since the rehearsal began; not scaled.
    pub at: f64,
    /// What it was.
    #[serde(flatten)]
    pub happened: Happened,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happened {
    /// First of all: what is going to be rehearsed.
    Began(Programme),
    /// Something a reader should know that changes nothing: what was ignored, what was scaled.
    Note {
        /// A sentence.
        text: String,
    },
    /// The rollout is in another phase.
    Phase {
        /// Which.
        phase: RolloutPhase,
        /// Why.
        message: String,
    },
    /// A step of the programme begins.
    StepStarted {
        /// Its place in [`Programme::steps`].
        index: usize,
    },
    /// A step is done, or was skipped.
    StepEnded {
        /// Its place in [`Programme::steps`].
        index: usize,
    },
    /// From now on, the new version gets this share of the requests.
    Weight {
        /// Percent.
        canary: u8,
    },
    /// How many replicas of one version there are.
    Replicas {
        /// Of which version.
        side: Side,
        /// As many as there should be.
        wanted: u32,
        /// As many as are ready.
        ready: u32,
    },
    /// A replica has ended by itself, or did not become ready in time.
    Crashed {
        /// Of which version.
        side: Side,
        /// Its name.
        pod: String,
        /// How it ended.
        message: String,
    },
    /// An analysis begins.
    AnalysisStarted {
        /// Its name; unique in a rehearsal.
        run: String,
        /// Where it stands in the strategy.
        role: AnalysisRole,
        /// What it measures.
        metrics: Vec<Gauge>,
    },
    /// A metric was measured.
    Measured {
        /// Of which analysis.
        run: String,
        /// Its name.
        metric: String,
        /// What came back, as Argo Rollouts would show it: `[0.987]`; empty where there is none.
        value: String,
        /// What it means.
        phase: AnalysisPhase,
        /// What went wrong, if something did.
        message: String,
    },
    /// An analysis has ended.
    AnalysisEnded {
        /// Its name.
        run: String,
        /// With what.
        phase: AnalysisPhase,
        /// Why.
        message: String,
    },
    /// The requests of one second that were answered by one version.
    Traffic(Second),
    /// Last of all.
    Finished(Summary),
}

/// What is going to be rehearsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Programme {
    /// The Rollout's name.
    pub rollout: String,
    /// `canary` or `blue-green`.
    pub strategy: String,
    /// How requests are split: `by weight`, `by replicas` or `all at once`.
    pub split: String,
    /// The steps, in words: `setWeight 25`, `analysis slipway-success-rate`.
    pub steps: Vec<String>,
    /// What runs as the stable version.
    pub stable: String,
    /// What runs as the new version, with its fault if it has one.
    pub canary: String,
    /// Requests per second that are sent.
    pub rate: u32,
    /// By how much all times are shortened.
    pub time_scale: f64,
}

/// One of the two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The one that users have.
    Stable,
    /// The one that is to replace it: canary or preview.
    Canary,
}

/// Phases of a rollout, with the names that Argo Rollouts has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RolloutPhase {
    /// On its way.
    Progressing,
    /// Waits for a time, or for somebody.
    Paused,
    /// The new version is the stable one.
    Healthy,
    /// Aborted: the stable version has all traffic.
    Degraded,
}

/// What an analysis is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisRole {
    /// A step that has to pass.
    Step,
    /// Beside the steps.
    Background,
    /// Before a preview gets the traffic.
    PrePromotion,
    /// After it got the traffic, while the old version is still there.
    PostPromotion,
}

/// A metric of an analysis, as far as a reader wants to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gauge {
    /// Its name.
    pub metric: String,
    /// Its `successCondition`; empty if it has none.
    pub success: String,
    /// Its `failureCondition`; empty if it has none.
    pub failure: String,
}

/// Phases of an analysis and of a measurement, with the names that Argo Rollouts has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AnalysisPhase {
    /// Not begun.
    Pending,
    /// Not done.
    Running,
    /// It passed.
    Successful,
    /// It did not pass.
    Failed,
    /// It could not be measured.
    Error,
    /// It says neither.
    Inconclusive,
}

/// The requests of one second that were answered by one version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Which version answered. Requests that nobody answered count as the stable one's, unless only the new one had traffic.
    pub side: Side,
    /// Answers, errors among them.
    pub requests: u64,
    /// Those that users see as errors: 5xx, broken connections, no answer in time.
    pub errors: u64,
    /// Half of the answers took at most so many seconds.
    pub p50: f64,
    /// 95 of a hundred answers took at most so many seconds.
    pub p95: f64,
}

/// How a rehearsal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new version has become the stable one.
    Promoted,
    /// The new version was taken back.
    Aborted,
    /// The rollout waits for a person.
    Paused,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Promoted => "promoted",
            Self::Aborted => "aborted",
            Self::Paused => "paused",
        })
    }
}

/// Counts of a whole rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How it ended.
    pub outcome: Outcome,
    /// How it was expected to end.
    pub expected: Outcome,
    /// Why it ended so: a sentence.
    pub reason: String,
    /// Seconds that it took; not scaled.
    pub seconds: f64,
    /// Requests that were sent.
    pub requests: u64,
    /// Those of them that users saw fail.
    pub errors: u64,
    /// After an abort: requests that the stable version answered with an error, once all traffic was back.
    pub errors_after_abort: Option<u64>,
    /// After an abort: seconds from the verdict until the last request reached the new version.
    pub seconds_to_stable: Option<f64>,
}

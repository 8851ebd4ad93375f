//! What there is to rehearse: a Rollout and everything around it, from rendered manifests.
//!
//! What would change a verdict and cannot be acted out is refused by name. What cannot change one is left out, and said so.

mod analysis;
mod blue_green;
mod canary;
mod monitor;
mod number;
mod rollout;
mod routing;

use std::time::Duration;

use super::controller::{AnalysisId, Canary, CanaryScale, Controller, Step};
use super::controller::{BlueGreen, BlueGreenController, CanaryController};
use crate::judge::{self, PlanError};
use crate::manifest::{Documents, ReadError, TemplateError};

pub use monitor::{Monitor, sanitized};

/// Manifests cannot be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum RefusedError {
    /// They cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// One of their templates cannot be judged by.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// An analysis does not fit its templates.
    #[error("{place}: {error}")]
    Analysis {
        /// Where in the Rollout.
        place: String,
        /// Why.
        error: PlanError,
    },
    /// Something in them cannot be acted out.
    #[error("{place}: {problem}")]
    Refused {
        /// Which object, and where in it.
        place: String,
        /// A sentence.
        problem: String,
    },
}

impl RefusedError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Refused { place: place.into(), problem: problem.into() }
    }
}

/// What is to be rehearsed. All times are those of the manifests.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The Rollout's name.
    pub rollout: String,
    /// Its namespace.
    pub namespace: String,
    /// How it replaces its pods.
    pub strategy: Strategy,
    /// Its analyses; the strategy names them by their places.
    pub analyses: Vec<Analysis>,
    /// What labels a Prometheus of the cluster would give to the pods' series.
    pub monitor: Monitor,
    /// Time that a pod has to be ready before it counts.
    pub min_ready: Duration,
    /// Limits of the application's host that the pods are given.
    pub limits: Vec<String>,
    /// What a reader should know: what was left out, what was assumed.
    pub notes: Vec<String>,
}

/// How pods are replaced.
#[derive(Clone, Debug)]
pub enum Strategy {
    /// Step by step.
    Canary(Canary),
    /// All at once.
    BlueGreen(BlueGreen),
}

/// One analysis of the strategy.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The names of its templates.
    pub name: String,
    /// What is measured.
    pub plan: judge::Plan,
}

/// The label `rollouts-pod-template-hash` of the pods of each version.
pub const STABLE_HASH: &str = "stable";
/// See [`STABLE_HASH`].
pub const CANARY_HASH: &str = "canary";

impl Plan {
    /// Reads it from manifests. `namespace` is that of objects that do not say one.
    ///
    /// # Errors
    /// If there is not exactly one Rollout, something that it names is missing, or something cannot be acted out.
    pub fn read(text: &str, namespace: Option<&str>) -> Result<Self, RefusedError> {
        let documents = Documents::read(text)?;
        rollout::read(&documents, namespace)
    }

    /// The same with all times divided by `factor`; `scrape_interval` is that of the rehearsal.
    ///
    /// # Errors
    /// If a range of a query would be shorter than four scrapes.
    pub fn scaled(mut self, factor: f64, scrape_interval: Duration) -> Result<Self, judge::ScaleError> {
        let scale = judge::Scale { factor, scrape_interval };
        for analysis in &mut self.analyses {
            analysis.plan = analysis.plan.clone().scaled(&scale)?;
        }
        let shorter = |time: &mut Duration| *time = time.div_f64(factor);
        shorter(&mut self.min_ready);
        match &mut self.strategy {
            Strategy::Canary(canary) => canary.times().for_each(shorter),
            Strategy::BlueGreen(blue_green) => blue_green.times().for_each(shorter),
        }
        Ok(self)
    }

    /// Replicas that the stable version has to begin with.
    pub fn replicas(&self) -> u32 {
        match &self.strategy {
            Strategy::Canary(canary) => canary.replicas,
            Strategy::BlueGreen(blue_green) => blue_green.replicas,
        }
    }

    /// Most replicas that one version ever has.
    pub fn most_replicas(&self) -> u32 {
        let explicit = match &self.strategy {
            Strategy::Canary(canary) => canary.steps.iter().filter_map(|step| match step {
                Step::SetCanaryScale(CanaryScale::Replicas(replicas)) => Some(*replicas),
                _ => None,
            }),
            Strategy::BlueGreen(blue_green) => {
                return blue_green.replicas.max(blue_green.preview_replicas.unwrap_or(0));
            }
        };
        explicit.max().unwrap_or(0).max(self.replicas())
    }

    /// Whether requests are split by weight, and not by numbers of replicas.
    pub fn is_routed(&self) -> bool {
        match &self.strategy {
            Strategy::Canary(canary) => canary.routed,
            Strategy::BlueGreen(_) => true,
        }
    }

    /// The controller, before anything has happened.
    pub fn controller(&self) -> Controller {
        match &self.strategy {
            Strategy::Canary(canary) => Controller::Canary(CanaryController::new(canary.clone())),
            Strategy::BlueGreen(blue_green) => {
                Controller::BlueGreen(BlueGreenController::new(blue_green.clone()))
            }
        }
    }

    /// What is done, in words.
    pub fn steps(&self) -> Vec<String> {
        let name =
            |id: AnalysisId| self.analyses.get(id).map(|analysis| analysis.name.clone()).unwrap_or_default();
        match &self.strategy {
            Strategy::Canary(canary) => canary.steps.iter().map(|step| words(*step, name)).collect(),
            Strategy::BlueGreen(blue_green) => blue_green.steps(name),
        }
    }
}

fn words(step: Step, analysis: impl Fn(AnalysisId) -> String) -> String {
    match step {
        Step::SetWeight(weight) => format!("setWeight {weight}"),
        Step::Pause(None) => "pause".to_owned(),
        Step::Pause(Some(time)) => format!("pause {} s", time.as_secs_f64()),
        Step::Analysis(id) => format!("analysis {}", analysis(id)),
        Step::SetCanaryScale(CanaryScale::Replicas(replicas)) => {
            format!("setCanaryScale {replicas} replicas")
        }
        Step::SetCanaryScale(CanaryScale::Weight(weight)) => format!("setCanaryScale {weight} %"),
        Step::SetCanaryScale(CanaryScale::MatchTrafficWeight) => "setCanaryScale as the weight".to_owned(),
    }
}

#[cfg(test)]
mod tests;

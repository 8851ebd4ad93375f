//! What templates and arguments ask for, checked: nothing in it can be refused later.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::condition::Condition;
use super::substitute::substitute;
use super::{Arguments, Limits, Measured, Phase, Schedule};
use crate::manifest::{AnalysisTemplate, DryRun, Metric, Prometheus, Provider};

/// Templates and arguments cannot be judged by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An argument is missing, or contradicts another.
    #[error("the argument {0} {1}")]
    Argument(String, String),
    /// A metric says something that Argo Rollouts would not take, or that is not known here.
    #[error("metric {0}: {1}")]
    Metric(String, String),
    /// Two metrics have one name.
    #[error("two metrics have the name {0}")]
    Twice(String),
    /// There is nothing to measure.
    #[error("the templates have no metrics")]
    NoMetrics,
    /// `dryRun` names what is not there.
    #[error("dryRun: `{0}` {1}")]
    DryRun(String, &'static str),
}

/// What is measured in a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Each metric.
    pub metrics: Vec<PlannedMetric>,
}

/// One metric, with its arguments put in.
#[derive(Clone, Debug)]
pub struct PlannedMetric {
    /// Its name.
    pub name: String,
    /// Whether its outcome does not count.
    pub dry_run: bool,
    /// When it is measured.
    pub schedule: Schedule,
    /// What it bears.
    pub limits: Limits,
    /// What a measurement means.
    pub conditions: Conditions,
    /// What is asked, and of whom.
    pub source: Prometheus,
}

/// What a measurement means.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// When it is successful.
    pub success: Option<Condition>,
    /// When it has failed; goes before the other.
    pub failure: Option<Condition>,
}

impl Plan {
    /// What `templates` measure when they are told `arguments`; `dry_run` is what the Rollout adds to theirs.
    ///
    /// # Errors
    /// If Argo Rollouts would not take it, or if it says something that is not known here.
    pub fn new(
        templates: &[AnalysisTemplate],
        arguments: &Arguments,
        dry_run: &[DryRun],
    ) -> Result<Self, PlanError> {
        let arguments = arguments.resolve(templates)?;
        let mut metrics: Vec<PlannedMetric> = Vec::new();
        for metric in templates.iter().flat_map(|template| &template.metrics) {
            let refused = |problem| PlanError::Metric(metric.name.clone(), problem);
            let metric = with_arguments(metric, &arguments).map_err(refused)?;
            let planned = PlannedMetric::new(metric).map_err(refused)?;
            if metrics.iter().any(|other| other.name == planned.name) {
                return Err(PlanError::Twice(planned.name));
            }
            metrics.push(planned);
        }
        if metrics.is_empty() {
            return Err(PlanError::NoMetrics);
        }
        for rule in dry_run.iter().chain(templates.iter().flat_map(|template| &template.dry_run)) {
            apply(rule, &mut metrics)?;
        }
        Ok(Self { metrics })
    }

    /// Metrics that go on until somebody ends the run.
    pub fn endless(&self) -> Vec<&str> {
        let endless = self.metrics.iter().filter(|metric| metric.schedule.count.is_none());
        endless.map(|metric| metric.name.as_str()).collect()
    }

    /// The same for one measurement of each metric, at once, of which none may fail, be inconclusive or an error.
    pub fn once(mut self) -> Self {
        for metric in &mut self.metrics {
            let Schedule { error_retry, .. } = metric.schedule;
            metric.schedule =
                Schedule { initial_delay: Duration::ZERO, interval: None, count: Some(1), error_retry };
            metric.limits = Limits {
                failures: Some(0),
                inconclusive: 0,
                consecutive_errors: 0,
                consecutive_successes: None,
            };
        }
        self
    }
}

fn with_arguments(metric: &Metric, arguments: &BTreeMap<String, String>) -> Result<Metric, String> {
    let mut value = serde_json::to_value(metric).map_err(|error| error.to_string())?;
    substitute(&mut value, arguments)?;
    Metric::deserialize(value).map_err(|error| error.to_string())
}

/// Found anywhere in a name, as in the controller: `a` means `latency` too.
fn apply(rule: &DryRun, metrics: &mut [PlannedMetric]) -> Result<(), PlanError> {
    let refused = |why| PlanError::DryRun(rule.metric_name.clone(), why);
    let pattern =
        regex_lite::Regex::new(&rule.metric_name).map_err(|_| refused("is not a regular expression"))?;
    let mut meant = metrics.iter_mut().filter(|metric| pattern.is_match(&metric.name)).peekable();
    meant.peek().ok_or_else(|| refused("is found in the name of no metric"))?;
    meant.for_each(|metric| metric.dry_run = true);
    Ok(())
}

impl PlannedMetric {
    fn new(metric: Metric) -> Result<Self, String> {
        let condition = |name: &str, text: &str| match text {
            "" => Ok(None),
            _ => Condition::parse(text).map(Some).map_err(|error| format!("{name}: {error}")),
        };
        let schedule = Schedule::of(&metric)?;
        let limits = Limits::of(&metric)?;
        let conditions = Conditions {
            success: condition("successCondition", &metric.success_condition)?,
            failure: condition("failureCondition", &metric.failure_condition)?,
        };
        let Provider::Prometheus(source) = metric.provider;
        if source.query.trim().is_empty() {
            return Err("it has no query".to_owned());
        }
        if source.insecure {
            return Err(
                "`insecure: true` is not known here: certificates are always verified; SSL_CERT_FILE \
                        names others"
                    .to_owned(),
            );
        }
        if source.timeout.is_some_and(|timeout| timeout < 0) {
            return Err("timeout: must not be negative".to_owned());
        }
        Ok(Self { name: metric.name, dry_run: false, schedule, limits, conditions, source })
    }
}

impl Conditions {
    /// What `measured` means. Failure goes before success; with both conditions given, neither is inconclusive.
    ///
    /// # Errors
    /// With a sentence, if a condition cannot be told: an item of an empty list, a number where a list is.
    pub fn assess(&self, measured: &Measured) -> Result<Phase, String> {
        let holds = |name: &str, condition: &Option<Condition>| {
            let told = condition.as_ref().map(|condition| condition.holds(measured));
            told.transpose().map_err(|error| format!("{name}: {error}"))
        };
        let success = holds("successCondition", &self.success)?;
        let failure = holds("failureCondition", &self.failure)?;
        Ok(match (success, failure) {
            (_, Some(true)) | (Some(false), None) => Phase::Failed,
            (Some(false), Some(false)) => Phase::Inconclusive,
            (Some(true) | None, _) => Phase::Successful,
        })
    }
}

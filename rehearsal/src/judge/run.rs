//! A run: told what was measured, it says what that means and when to measure next.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::assess::{Counts, assess};
use super::{Measured, Measurement, Phase, Plan, PlannedMetric};

/// Points in time come from whoever runs it; only their distances matter.
pub type Time = DateTime<Utc>;

/// A run of a [`Plan`].
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    started_at: Time,
    results: Vec<MetricResult>,
    phase: Phase,
    message: String,
    terminated: bool,
    completed_at: Option<Time>,
}

/// What became of a metric so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricResult {
    /// Its name.
    pub name: String,
    /// What is asked, with its arguments put in.
    pub query: String,
    /// How far it is.
    pub phase: Phase,
    /// Why it ended as it did, if it did not pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Whether its outcome does not count.
    pub dry_run: bool,
    /// Its measurements, counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// All of them, in their order.
    pub measurements: Vec<Measurement>,
}

/// A metric that is to be measured.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// Its place in [`Plan::metrics`] and [`Run::metrics`], for [`Run::record`].
    pub index: usize,
    /// What to ask, and of whom.
    pub metric: &'a PlannedMetric,
}

impl Run {
    /// Begins a run. Nothing is measured yet.
    pub fn start(plan: Plan, now: Time) -> Self {
        let results = plan.metrics.iter().map(|metric| MetricResult {
            name: metric.name.clone(),
            query: metric.source.query.clone(),
            phase: Phase::Pending,
            message: String::new(),
            dry_run: metric.dry_run,
            counts: Counts::default(),
            measurements: Vec::new(),
        });
        let results = results.collect();
        Self {
            plan,
            started_at: now,
            results,
            phase: Phase::Running,
            message: String::new(),
            terminated: false,
            completed_at: None,
        }
    }

    /// The metrics that are to be measured now, all at once.
    pub fn due(&self, now: Time) -> Vec<Due<'_>> {
        let indices =
            (0..self.results.len()).filter(|&index| self.next_of(index).is_some_and(|next| next <= now));
        indices.map(|index| Due { index, metric: &self.plan.metrics[index] }).collect()
    }

    /// The earliest time at which something is due; none once the run is completed.
    pub fn next(&self) -> Option<Time> {
        (0..self.results.len()).filter_map(|index| self.next_of(index)).min()
    }

    /// Takes in what was measured of metrics that were due together, by their [`Due::index`], and assesses it. What comes
    /// after the run, or the metric, is completed is left out.
    pub fn record(
        &mut self,
        measured: impl IntoIterator<Item = (usize, Measured)>,
        started_at: Time,
        finished_at: Time,
    ) {
        if self.phase.completed() {
            return;
        }
        for (index, measured) in measured {
            let (Some(metric), Some(result)) = (self.plan.metrics.get(index), self.results.get_mut(index))
            else {
                continue;
            };
            if result.phase.completed() {
                continue;
            }
            let measurement = Measurement::new(&measured, &metric.conditions, started_at, finished_at);
            result.counts.add(measurement.phase);
            result.measurements.push(measurement);
        }
        self.assess(finished_at);
    }

    /// Ends the run from outside, as a Rollout does with an analysis that it has no more use for. Metrics under way pass
    /// unless their limits are broken; a run that has measured nothing is successful.
    pub fn terminate(&mut self, now: Time) {
        if !self.phase.completed() {
            self.terminated = true;
            self.assess(now);
        }
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Why it ended as it did; empty while it runs, and where everything passed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Every metric, in the order of the plan.
    pub fn metrics(&self) -> &[MetricResult] {
        &self.results
    }

    /// What is measured.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When it began.
    pub fn started_at(&self) -> Time {
        self.started_at
    }

    /// When it was completed.
    pub fn completed_at(&self) -> Option<Time> {
        self.completed_at
    }

    fn next_of(&self, index: usize) -> Option<Time> {
        let (metric, result) = (self.plan.metrics.get(index)?, self.results.get(index)?);
        if self.phase.completed() || result.phase.completed() {
            return None;
        }
        let schedule = &metric.schedule;
        let Some(last) = result.measurements.last() else {
            return Some(later(self.started_at, schedule.initial_delay));
        };
        let pause = if last.phase == Phase::Error { Some(schedule.error_retry) } else { schedule.interval };
        Some(later(last.finished_at, pause.unwrap_or(schedule.error_retry)))
    }

    /// A metric that ends the run ends the others too, so that they are assessed again.
    fn assess(&mut self, now: Time) {
        self.assess_metrics();
        if !self.terminated && self.is_terminating() {
            self.assess_metrics();
        }
        let (phase, message) = self.verdict();
        self.phase = phase;
        if phase.completed() {
            self.message = message;
            self.completed_at = Some(now);
        }
    }

    fn is_terminating(&self) -> bool {
        self.terminated || self.results.iter().any(|result| !result.dry_run && result.phase.ends_run())
    }

    fn assess_metrics(&mut self) {
        let terminating = self.is_terminating();
        for (metric, result) in self.plan.metrics.iter().zip(&mut self.results) {
            let Some(last) = result.measurements.last().filter(|_| !result.phase.completed()) else {
                continue;
            };
            let (phase, mut why) = assess(metric, &result.counts, terminating);
            if !why.is_empty() && !last.message.is_empty() {
                why = format!("{why}: {}", last.message);
            }
            (result.phase, result.message) = (phase, why);
        }
    }

    /// The worst of the metrics that count. A run of metrics that do not count passes.
    fn verdict(&self) -> (Phase, String) {
        let mut worst: Option<(Phase, String)> = None;
        for result in self.results.iter().filter(|result| result.phase.completed()) {
            let (phase, message) = match (result.dry_run, result.message.as_str()) {
                (true, _) => (Phase::Successful, String::new()),
                (false, "") => (result.phase, String::new()),
                (false, why) => (result.phase, format!("metric {} is {}: {why}", result.name, result.phase)),
            };
            if worst.as_ref().is_none_or(|(before, _)| phase > *before) {
                worst = Some((phase, message));
            }
        }
        let ended = self.is_terminating();
        let all = self.results.iter().all(|result| result.phase.completed());
        match worst {
            Some(verdict) if ended || all => self.told(verdict),
            None if ended => self.told((Phase::Successful, String::new())),
            _ => (Phase::Running, String::new()),
        }
    }

    fn told(&self, (phase, message): (Phase, String)) -> (Phase, String) {
        if self.terminated && message.is_empty() {
            return (phase, "ended from outside".to_owned());
        }
        (phase, message)
    }
}

fn later(time: Time, pause: std::time::Duration) -> Time {
    let pause = TimeDelta::from_std(pause).unwrap_or(TimeDelta::MAX);
    time.checked_add_signed(pause).unwrap_or(Time::MAX_UTC)
}

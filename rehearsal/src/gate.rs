//! Carries a run out: asks whenever something is due, until there is a verdict.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::judge::{Measured, MetricResult, Phase, Run, Time};
use crate::prometheus::Asker;

/// What a run comes to, for whoever has to go on or to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It passed.
    Pass,
    /// It did not.
    Fail,
    /// It could not be measured.
    Error,
    /// It was measured, and says neither.
    Inconclusive,
}

impl Verdict {
    /// What `run` comes to, and why. In a cluster, a run is successful that is ended before anything was measured; nobody
    /// should go on because of that.
    pub fn of(run: &Run) -> (Self, String) {
        let message = run.message().to_owned();
        match run.phase() {
            Phase::Failed => (Self::Fail, message),
            Phase::Error => (Self::Error, message),
            Phase::Inconclusive => (Self::Inconclusive, message),
            Phase::Running | Phase::Pending => (Self::Error, "not decided yet".to_owned()),
            Phase::Successful => {
                match run.metrics().iter().find(|metric| !metric.dry_run && metric.counts.count == 0) {
                    Some(metric) => (Self::Error, never_measured(metric)),
                    None => (Self::Pass, message),
                }
            }
        }
    }

    /// What a process exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Error => 2,
            Self::Inconclusive => 3,
        }
    }
}

fn never_measured(metric: &MetricResult) -> String {
    let last = metric.measurements.last().map(|measurement| format!(": {}", measurement.message));
    format!("metric {} was never measured{}", metric.name, last.unwrap_or_default())
}

/// Points in time that only go forward, whatever is done to the machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Time,
    since: Instant,
}

impl Clock {
    /// Shows the machine's time now, and from then on how much has gone by.
    pub fn start() -> Self {
        Self { began: Utc::now(), since: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> Time {
        let gone = TimeDelta::from_std(self.since.elapsed()).unwrap_or(TimeDelta::MAX);
        self.began.checked_add_signed(gone).unwrap_or(Time::MAX_UTC)
    }

    /// Waits until then.
    pub async fn until(&self, time: Time) {
        let left = time.signed_duration_since(self.now()).to_std().unwrap_or(Duration::ZERO);
        tokio::time::sleep(left).await;
    }
}

/// Measures until `run` is completed. `told` is called with each metric that was just measured. It can be dropped at any
/// await, and `run` then holds all that was recorded.
pub async fn measure(run: &mut Run, asker: &Asker, clock: &Clock, mut told: impl FnMut(&MetricResult)) {
    while let Some(next) = run.next() {
        clock.until(next).await;
        let began = clock.now();
        let measured = ask(run, asker, began).await;
        let indices: Vec<usize> = measured.iter().map(|(index, _)| *index).collect();
        run.record(measured, began, clock.now());
        indices.iter().filter_map(|index| run.metrics().get(*index)).for_each(&mut told);
    }
}

/// Everything that is due, at once.
async fn ask(run: &Run, asker: &Asker, now: Time) -> Vec<(usize, Measured)> {
    let mut asking = JoinSet::new();
    for due in run.due(now) {
        let (asker, source, index) = (asker.clone(), due.metric.source.clone(), due.index);
        asking.spawn(async move { (index, asker.measure(&source).await) });
    }
    let mut measured = Vec::new();
    while let Some(asked) = asking.join_next().await {
        measured.extend(asked);
    }
    measured.sort_by_key(|(index, _)| *index);
    measured
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Arguments, Plan};
    use crate::manifest::{Documents, Templates};

    fn run(metric: &str) -> Run {
        let text = format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {{name: t}}, spec: {{metrics: [{{name: m, \
             provider: {{prometheus: {{query: up}}}}, successCondition: 'result[0] > 0'{metric}}}]}}}}"
        );
        let documents = Documents::read(&text).unwrap();
        let templates = Templates::of(&documents);
        let templates = templates.collect(&templates.refs()).unwrap();
        Run::start(Plan::new(&templates, &Arguments::default(), &[]).unwrap(), Utc::now())
    }

    fn verdict(run: &mut Run, measured: Measured) -> Verdict {
        let now = Utc::now();
        run.record([(0, measured)], now, now);
        Verdict::of(run).0
    }

    #[test]
    fn each_verdict_has_its_exit_code() {
        let once = || run(", failureCondition: 'result[0] < 0', consecutiveErrorLimit: 0");
        for (measured, verdict_of_it, code) in [
            (Measured::Vector(vec![1.0]), Verdict::Pass, 0),
            (Measured::Vector(vec![-1.0]), Verdict::Fail, 1),
            (Measured::Error("down".to_owned()), Verdict::Error, 2),
            (Measured::Vector(vec![0.0]), Verdict::Inconclusive, 3),
        ] {
            let found = verdict(&mut once(), measured);
            assert_eq!((found, found.exit_code()), (verdict_of_it, code));
        }
    }

    #[test]
    fn what_was_never_measured_does_not_pass() {
        let mut ended = run(", interval: 10s");
        assert_eq!(Verdict::of(&ended), (Verdict::Error, "not decided yet".to_owned()));
        assert_eq!(verdict(&mut ended, Measured::Error("down".to_owned())), Verdict::Error);
        ended.terminate(Utc::now());
        assert_eq!(ended.phase(), Phase::Successful, "as in a cluster");
        assert_eq!(Verdict::of(&ended), (Verdict::Error, "metric m was never measured: down".to_owned()));
        let mut measured = run(", interval: 10s");
        verdict(&mut measured, Measured::Vector(vec![1.0]));
        measured.terminate(Utc::now());
        assert_eq!(Verdict::of(&measured), (Verdict::Pass, "ended from outside".to_owned()));
    }
}

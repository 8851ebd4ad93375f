//! Everything that happened in a rehearsal, sorted by what a reader asks for. As JSON, it is the report for programs.

use serde::Serialize;

use crate::rehearse::event::{
    AnalysisPhase, AnalysisRole, Event, Gauge, Happened, Programme, RolloutPhase, Second, Side, Summary,
};

/// Version of the JSON form: it goes up when a field changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// A rehearsal. Times are seconds since it began, as they passed here: not scaled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// Version of this form.
    pub schema: u32,
    /// What was to be rehearsed; none if it never began.
    pub programme: Option<Programme>,
    /// How it ended; none if it was interrupted.
    pub summary: Option<Summary>,
    /// The rollout's phases, one after the other.
    pub phases: Vec<Moment<Phase>>,
    /// The steps as they were done; twice if the rollout was retried.
    pub steps: Vec<StepRun>,
    /// Shares of the traffic that the new version was given.
    pub weights: Vec<Moment<Weight>>,
    /// Numbers of replicas.
    pub replicas: Vec<Moment<Replicas>>,
    /// Replicas that ended by themselves.
    pub crashes: Vec<Moment<Crash>>,
    /// The analyses, each with all its measurements.
    pub analyses: Vec<AnalysisRun>,
    /// The requests of each second.
    pub traffic: Vec<Moment<Second>>,
    /// What else a reader should know.
    pub notes: Vec<Moment<Note>>,
    /// Time of the last event.
    pub end: f64,
}

/// Something at a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment<T> {
    /// Seconds since the rehearsal began.
    pub at: f64,
    /// What it is.
    #[serde(flatten)]
    pub what: T,
}

/// A phase of the rollout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phase {
    /// Which.
    pub phase: RolloutPhase,
    /// Why.
    pub message: String,
}

/// A step while it was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepRun {
    /// Its place among the steps of the programme, from zero.
    pub index: usize,
    /// When it began.
    pub started: f64,
    /// When it ended; none if the rehearsal ended first.
    pub ended: Option<f64>,
}

/// A share of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weight {
    /// Percent that the new version gets.
    pub canary: u8,
}

/// Replicas of one version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Replicas {
    /// Of which version.
    pub side: Side,
    /// As many as there should be.
    pub wanted: u32,
    /// As many as were ready.
    pub ready: u32,
}

/// A replica that ended by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crash {
    /// Of which version.
    pub side: Side,
    /// Its name.
    pub pod: String,
    /// How it ended.
    pub message: String,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// A sentence.
    pub text: String,
}

/// An analysis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnalysisRun {
    /// Its name.
    pub run: String,
    /// Where it stands in the strategy.
    pub role: AnalysisRole,
    /// When it began.
    pub started: f64,
    /// When it ended; none if the rehearsal ended first.
    pub ended: Option<f64>,
    /// How it ended, or `Running`.
    pub phase: AnalysisPhase,
    /// Why.
    pub message: String,
    /// What it measured.
    pub metrics: Vec<Metric>,
}

/// A metric of an analysis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    /// Name and conditions.
    #[serde(flatten)]
    pub gauge: Gauge,
    /// Each value in turn.
    pub measurements: Vec<Moment<Measurement>>,
}

/// A measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// What came back, as Argo Rollouts would show it; empty where nothing did.
    pub value: String,
    /// What it means.
    pub phase: AnalysisPhase,
    /// What went wrong, if something did.
    pub message: String,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            programme: None,
            summary: None,
            phases: Vec::new(),
            steps: Vec::new(),
            weights: Vec::new(),
            replicas: Vec::new(),
            crashes: Vec::new(),
            analyses: Vec::new(),
            traffic: Vec::new(),
            notes: Vec::new(),
            end: 0.0,
        }
    }
}

impl Record {
    /// Takes in what happened next.
    pub fn add(&mut self, event: &Event) {
        let at = event.at;
        self.end = self.end.max(at);
        match event.happened.clone() {
            Happened::Began(programme) => self.programme = Some(programme),
            Happened::Note { text } => self.notes.push(Moment { at, what: Note { text } }),
            Happened::Phase { phase, message } => {
                self.phases.push(Moment { at, what: Phase { phase, message } });
            }
            Happened::StepStarted { index } => self.steps.push(StepRun { index, started: at, ended: None }),
            Happened::StepEnded { index } => self.step_ended(index, at),
            Happened::Weight { canary } => self.weights.push(Moment { at, what: Weight { canary } }),
            Happened::Replicas { side, wanted, ready } => {
                self.replicas.push(Moment { at, what: Replicas { side, wanted, ready } });
            }
            Happened::Crashed { side, pod, message } => {
                self.crashes.push(Moment { at, what: Crash { side, pod, message } });
            }
            Happened::AnalysisStarted { run, role, metrics } => self.analysis_started(run, role, metrics, at),
            Happened::Measured { run, metric, value, phase, message } => {
                let measurement = Moment { at, what: Measurement { value, phase, message } };
                self.measured(&run, metric, measurement);
            }
            Happened::AnalysisEnded { run, phase, message } => {
                if let Some(analysis) = self.analysis(&run) {
                    (analysis.ended, analysis.phase, analysis.message) = (Some(at), phase, message);
                }
            }
            Happened::Traffic(second) => self.traffic.push(Moment { at, what: second }),
            Happened::Finished(summary) => self.summary = Some(summary),
        }
    }

    fn step_ended(&mut self, index: usize, at: f64) {
        let open = self.steps.iter_mut().rev().find(|step| step.index == index && step.ended.is_none());
        match open {
            Some(step) => step.ended = Some(at),
            // It was skipped.
            None => self.steps.push(StepRun { index, started: at, ended: Some(at) }),
        }
    }

    fn analysis_started(&mut self, run: String, role: AnalysisRole, metrics: Vec<Gauge>, at: f64) {
        let metrics = metrics.into_iter().map(|gauge| Metric { gauge, measurements: Vec::new() }).collect();
        self.analyses.push(AnalysisRun {
            run,
            role,
            started: at,
            ended: None,
            phase: AnalysisPhase::Running,
            message: String::new(),
            metrics,
        });
    }

    fn measured(&mut self, run: &str, metric: String, measurement: Moment<Measurement>) {
        let Some(analysis) = self.analysis(run) else { return };
        match analysis.metrics.iter_mut().find(|known| known.gauge.metric == metric) {
            Some(known) => known.measurements.push(measurement),
            None => {
                let gauge = Gauge { metric, success: String::new(), failure: String::new() };
                analysis.metrics.push(Metric { gauge, measurements: vec![measurement] });
            }
        }
    }

    fn analysis(&mut self, run: &str) -> Option<&mut AnalysisRun> {
        self.analyses.iter_mut().rev().find(|analysis| analysis.run == run)
    }

    /// When the new version was promoted or taken back in the end.
    pub fn decided(&self) -> Option<f64> {
        self.phases.last().filter(|moment| moment.what.is_decided()).map(|moment| moment.at)
    }

    /// When a step was over: it ended, or the rollout did.
    pub fn over(&self, step: &StepRun) -> f64 {
        let decided = self.phases.iter().filter(|moment| moment.what.is_decided());
        let decided = decided.map(|moment| moment.at).find(|at| *at >= step.started);
        step.ended.or(decided).unwrap_or(self.end)
    }

    /// The name of a step of the programme.
    pub fn step_name(&self, index: usize) -> &str {
        self.programme.as_ref().and_then(|programme| programme.steps.get(index)).map_or("", String::as_str)
    }

    /// Requests and errors of one version between two times, the later one left out.
    pub fn totals(&self, side: Side, from: f64, to: f64) -> Totals {
        let mut totals = Totals::default();
        for Moment { at, what } in &self.traffic {
            if what.side == side && *at >= from && *at < to {
                totals.requests += what.requests;
                totals.errors += what.errors;
                totals.p95 = totals.p95.max(if what.requests > 0 { what.p95 } else { 0.0 });
            }
        }
        totals
    }
}

impl Phase {
    /// Whether no step goes on in it.
    fn is_decided(&self) -> bool {
        matches!(self.phase, RolloutPhase::Degraded | RolloutPhase::Healthy)
    }
}

/// Requests of some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Answers, errors among them.
    pub requests: u64,
    /// Those that users see as errors.
    pub errors: u64,
    /// The highest 95th percentile of a second, in seconds.
    pub p95: f64,
}

impl Totals {
    /// Percent that were no errors; none without requests.
    pub fn success(&self) -> Option<f64> {
        let good = self.requests.saturating_sub(self.errors);
        (self.requests > 0).then(|| 100.0 * good as f64 / self.requests as f64)
    }
}

impl Measurement {
    /// The first number of the value: `[0.987]` has one, `[NaN]` and `[]` have none.
    pub fn number(&self) -> Option<f64> {
        let inner = self.value.trim_start_matches('[').trim_end_matches(']');
        let first = inner.split([',', ' ']).next()?;
        first.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(events: impl IntoIterator<Item = (f64, Happened)>) -> Record {
        let mut record = Record::default();
        for (at, happened) in events {
            record.add(&Event { at, happened });
        }
        record
    }

    fn second(side: Side, requests: u64, errors: u64, p95: f64) -> Happened {
        Happened::Traffic(Second { side, requests, errors, p50: p95 / 2.0, p95 })
    }

    #[test]
    fn a_step_that_is_done_again_is_a_run_of_its_own() {
        let record = record([
            (1.0, Happened::StepStarted { index: 0 }),
            (2.0, Happened::StepEnded { index: 0 }),
            (3.0, Happened::StepStarted { index: 0 }),
            (4.0, Happened::StepEnded { index: 0 }),
            (5.0, Happened::StepEnded { index: 1 }),
        ]);
        let runs: Vec<_> = record.steps.iter().map(|step| (step.index, step.started, step.ended)).collect();
        assert_eq!(runs, [(0, 1.0, Some(2.0)), (0, 3.0, Some(4.0)), (1, 5.0, Some(5.0))]);
        assert_eq!(record.end, 5.0);
    }

    #[test]
    fn a_step_that_was_aborted_is_over_with_that_and_not_with_the_next_try() {
        let phase = |phase| Happened::Phase { phase, message: String::new() };
        let record = record([
            (1.0, Happened::StepStarted { index: 0 }),
            (3.0, phase(RolloutPhase::Degraded)),
            (5.0, phase(RolloutPhase::Progressing)),
            (5.0, Happened::StepStarted { index: 0 }),
            (9.0, phase(RolloutPhase::Degraded)),
            (12.0, Happened::Weight { canary: 0 }),
        ]);
        let over: Vec<_> = record.steps.iter().map(|step| record.over(step)).collect();
        assert_eq!(over, [3.0, 9.0]);
        assert_eq!(record.decided(), Some(9.0));
    }

    #[test]
    fn measurements_find_their_metric() {
        let gauge =
            Gauge { metric: "rate".into(), success: "result[0] >= 0.95".into(), failure: String::new() };
        let measured = |metric: &str, value: &str| Happened::Measured {
            run: "a".into(),
            metric: metric.into(),
            value: value.into(),
            phase: AnalysisPhase::Successful,
            message: String::new(),
        };
        let record = record([
            (
                1.0,
                Happened::AnalysisStarted {
                    run: "a".into(),
                    role: AnalysisRole::Step,
                    metrics: vec![gauge.clone()],
                },
            ),
            (2.0, measured("rate", "[0.9]")),
            (3.0, measured("other", "[]")),
            (
                4.0,
                Happened::AnalysisEnded {
                    run: "a".into(),
                    phase: AnalysisPhase::Failed,
                    message: "why".into(),
                },
            ),
        ]);
        let [analysis] = record.analyses.as_slice() else { panic!("{record:?}") };
        assert_eq!(
            (analysis.phase, analysis.ended, &*analysis.message),
            (AnalysisPhase::Failed, Some(4.0), "why")
        );
        let names: Vec<_> = analysis.metrics.iter().map(|metric| &*metric.gauge.metric).collect();
        assert_eq!(names, ["rate", "other"]);
        assert_eq!(analysis.metrics[0].gauge, gauge);
        assert_eq!(analysis.metrics[0].measurements[0].what.number(), Some(0.9));
        assert_eq!(analysis.metrics[1].measurements[0].what.number(), None);
    }

    #[test]
    fn totals_are_of_one_side_and_of_the_time_asked_for() {
        let record = record([
            (1.0, second(Side::Stable, 100, 1, 0.1)),
            (1.0, second(Side::Canary, 10, 10, 0.9)),
            (2.0, second(Side::Stable, 100, 0, 0.2)),
            (3.0, second(Side::Stable, 100, 7, 0.7)),
        ]);
        let totals = record.totals(Side::Stable, 1.0, 3.0);
        assert_eq!(totals, Totals { requests: 200, errors: 1, p95: 0.2 });
        assert_eq!(totals.success(), Some(99.5));
        assert_eq!(record.totals(Side::Canary, 2.0, 3.0).success(), None);
    }

    #[test]
    fn only_finite_numbers_are_shown_in_charts() {
        for (value, number) in [
            ("[0.987]", Some(0.987)),
            ("[1, 2]", Some(1.0)),
            ("0.5", Some(0.5)),
            ("[NaN]", None),
            ("[+Inf]", None),
            ("[]", None),
            ("", None),
        ] {
            let measurement =
                Measurement { value: value.into(), phase: AnalysisPhase::Running, message: String::new() };
            assert_eq!(measurement.number(), number, "{value}");
        }
    }
}

//! Analyses under way: asked, judged, and told.

use std::collections::BTreeMap;

use chrono::Utc;

use super::controller::{Run, RunId};
use super::event::{AnalysisPhase, AnalysisRole, Gauge, Happened};
use super::plan::Analysis;
use crate::judge::{self, Phase};
use crate::manifest::{Authentication, Prometheus};
use crate::prometheus::{Asker, QueryError};

/// All analyses of a rehearsal.
#[derive(Debug)]
pub struct Analyses {
    asker: Asker,
    /// The rehearsal's own Prometheus: it is asked in place of the one that the templates name.
    address: String,
    under_way: BTreeMap<RunId, UnderWay>,
    /// Where each stands, for the controller.
    pub runs: BTreeMap<RunId, Run>,
}

#[derive(Debug)]
struct UnderWay {
    name: String,
    run: judge::Run,
}

impl Analyses {
    /// None yet.
    pub fn new(address: String) -> Result<Self, QueryError> {
        Ok(Self { asker: Asker::new()?, address, under_way: BTreeMap::new(), runs: BTreeMap::new() })
    }

    /// Begins one.
    pub fn begin(&mut self, id: RunId, analysis: &Analysis, role: AnalysisRole) -> Happened {
        let name = format!("{} #{}", analysis.name, id + 1);
        let text = |condition: &Option<judge::Condition>| {
            condition.as_ref().map(|condition| condition.text().to_owned()).unwrap_or_default()
        };
        let gauges = analysis.plan.metrics.iter().map(|metric| Gauge {
            metric: metric.name.clone(),
            success: text(&metric.conditions.success),
            failure: text(&metric.conditions.failure),
        });
        let happened = Happened::AnalysisStarted { run: name.clone(), role, metrics: gauges.collect() };
        self.under_way
            .insert(id, UnderWay { name, run: judge::Run::start(analysis.plan.clone(), Utc::now()) });
        self.runs.insert(id, Run { phase: AnalysisPhase::Running, message: String::new() });
        happened
    }

    /// Ends one before its time.
    pub fn cancel(&mut self, id: RunId) -> Option<Happened> {
        let under_way = self.under_way.get_mut(&id)?;
        under_way.run.terminate(Utc::now());
        self.close(id)
    }

    /// Measures whatever is due.
    pub async fn measure(&mut self) -> Vec<Happened> {
        let mut told = Vec::new();
        let ids: Vec<RunId> = self.under_way.keys().copied().collect();
        for id in ids {
            if let Some(under_way) = self.under_way.get_mut(&id) {
                told.extend(under_way.measure(&self.asker, &self.address).await);
                if under_way.run.phase().completed() {
                    told.extend(self.close(id));
                }
            }
        }
        told
    }

    fn close(&mut self, id: RunId) -> Option<Happened> {
        let UnderWay { name, run } = self.under_way.remove(&id)?;
        let (phase, message) = (phase(run.phase()), run.message().to_owned());
        self.runs.insert(id, Run { phase, message: message.clone() });
        Some(Happened::AnalysisEnded { run: name, phase, message })
    }
}

impl UnderWay {
    async fn measure(&mut self, asker: &Asker, address: &str) -> Vec<Happened> {
        let started = Utc::now();
        let due: Vec<(usize, Prometheus)> =
            self.run.due(started).iter().map(|due| (due.index, here(&due.metric.source, address))).collect();
        let mut measured = Vec::new();
        for (index, source) in &due {
            measured.push((*index, asker.measure(source).await));
        }
        if measured.is_empty() {
            return Vec::new();
        }
        self.run.record(measured, started, Utc::now());
        let metrics = due.iter().filter_map(|(index, _)| self.run.metrics().get(*index));
        metrics.filter_map(|metric| self.told(metric)).collect()
    }

    fn told(&self, metric: &judge::MetricResult) -> Option<Happened> {
        let last = metric.measurements.last()?;
        Some(Happened::Measured {
            run: self.name.clone(),
            metric: metric.name.clone(),
            value: last.value.clone(),
            phase: phase(last.phase),
            message: last.message.clone(),
        })
    }
}

/// The same query, asked here and without the cluster's credentials.
fn here(source: &Prometheus, address: &str) -> Prometheus {
    let mut source = source.clone();
    address.clone_into(&mut source.address);
    source.headers.clear();
    source.authentication = Authentication::default();
    source
}

fn phase(phase: Phase) -> AnalysisPhase {
    match phase {
        Phase::Pending => AnalysisPhase::Pending,
        Phase::Running => AnalysisPhase::Running,
        Phase::Successful => AnalysisPhase::Successful,
        Phase::Failed => AnalysisPhase::Failed,
        Phase::Error => AnalysisPhase::Error,
        Phase::Inconclusive => AnalysisPhase::Inconclusive,
    }
}

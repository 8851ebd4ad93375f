//! What all pictures of a page have in common: the time from left to right, and what cuts through everything.

use super::axis::{self, Axis, Tick};
use crate::rehearse::event::RolloutPhase;
use crate::report::record::Record;

/// Width of every picture, in the units of its view box.
pub(super) const WIDTH: f64 = 960.0;

/// Where the time begins and ends in it.
pub(super) const PLOT: (f64, f64) = (52.0, 944.0);

/// The time that all pictures show.
#[derive(Clone, Debug)]
pub(super) struct Time {
    axis: Axis,
    /// Its round values.
    pub(super) ticks: Vec<Tick>,
    /// What cuts through every picture.
    pub(super) cuts: Vec<Cut>,
}

/// A moment that matters everywhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cut {
    pub(super) place: f64,
    /// Its class in the style sheet.
    pub(super) kind: &'static str,
    pub(super) label: String,
}

/// When there was something to see: before, processes were started.
fn begin(record: &Record) -> f64 {
    let steps = record.steps.iter().map(|step| step.started);
    let analyses = record.analyses.iter().map(|analysis| analysis.started);
    let first = steps
        .chain(analyses)
        .chain(record.traffic.iter().map(|moment| moment.at))
        .fold(f64::INFINITY, f64::min);
    if first.is_finite() { (first - 1.0).floor().max(0.0) } else { 0.0 }
}

impl Time {
    pub(super) fn of(record: &Record) -> Self {
        let axis = Axis::new((begin(record), record.end), PLOT);
        let phases = record.phases.iter().filter_map(|moment| {
            let (kind, label) = match moment.what.phase {
                RolloutPhase::Degraded => ("bad", "aborted"),
                RolloutPhase::Healthy => ("good", "promoted"),
                RolloutPhase::Progressing | RolloutPhase::Paused => return None,
            };
            Some(Cut { place: axis.place(moment.at), kind, label: label.to_owned() })
        });
        let crashes = record.crashes.iter().map(|moment| Cut {
            place: axis.place(moment.at),
            kind: "crash",
            label: format!("{} crashed", moment.what.pod),
        });
        Self { axis, ticks: axis.ticks(10, axis::time), cuts: phases.chain(crashes).collect() }
    }

    pub(super) fn place(&self, at: f64) -> f64 {
        self.axis.place(at)
    }
}

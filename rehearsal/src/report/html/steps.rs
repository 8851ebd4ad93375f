//! The table of steps: what each did to users.

use super::words;
use crate::rehearse::event::Side;
use crate::report::record::{Record, StepRun, Totals};

/// A step of the programme, or what came before the first and after the last.
pub(super) struct Step {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) period: String,
    /// Stable and canary.
    pub(super) sides: [Cells; 2],
}

/// Numbers of one version.
pub(super) struct Cells {
    pub(super) requests: String,
    pub(super) errors: String,
    /// Whether there were any.
    pub(super) failed: bool,
    pub(super) p95: String,
}

/// Every step that was done, and those that were not.
pub(super) fn of(record: &Record) -> Vec<Step> {
    let done = record.steps.iter().map(|run| step(record, run));
    let after = after(record);
    let first_left = record.steps.iter().map(|run| run.index + 1).max().unwrap_or(0);
    let all = record.programme.as_ref().map_or(0, |programme| programme.steps.len());
    let left = (first_left..all).map(|index| Step {
        number: (index + 1).to_string(),
        name: record.step_name(index).to_owned(),
        period: "not reached".to_owned(),
        sides: [Totals::default(), Totals::default()].map(cells),
    });
    done.chain(after).chain(left).collect()
}

fn step(record: &Record, run: &StepRun) -> Step {
    let to = record.over(run);
    Step {
        number: (run.index + 1).to_string(),
        name: record.step_name(run.index).to_owned(),
        period: words::period(run.started, to),
        sides: sides(record, run.started, to),
    }
}

/// The time after the last step.
fn after(record: &Record) -> Option<Step> {
    let phase = record.decided().and(record.phases.last())?.what.phase;
    let from = record.steps.iter().map(|run| record.over(run)).fold(0.0, f64::max);
    // The last second is told when it is over.
    let sides = sides(record, from, f64::INFINITY);
    (record.end > from).then(|| Step {
        number: "–".to_owned(),
        name: format!("afterwards ({phase:?})"),
        period: words::period(from, record.end),
        sides,
    })
}

fn sides(record: &Record, from: f64, to: f64) -> [Cells; 2] {
    [Side::Stable, Side::Canary].map(|side| cells(record.totals(side, from, to)))
}

fn cells(totals: Totals) -> Cells {
    let has = totals.requests > 0;
    let or_dash = |text: String| if has { text } else { "–".to_owned() };
    Cells {
        requests: or_dash(words::thousands(totals.requests)),
        errors: or_dash(words::thousands(totals.errors)),
        failed: totals.errors > 0,
        p95: or_dash(words::milliseconds(totals.p95)),
    }
}

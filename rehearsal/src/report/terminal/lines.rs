//! A line for each event: for logs, pipes and CI.

use super::words;
use crate::rehearse::event::{Event, Happened, Programme, Side, Summary};
use crate::report::record::{Record, StepRun, Totals};
use crate::report::verdict::Verdict;

/// What is written of an event; `record` knows of it already.
pub(super) fn of(event: &Event, record: &Record) -> Vec<String> {
    let lines = of_happened(&event.happened, record);
    lines.into_iter().map(|(what, text)| format!("{:7.1}s  {what:<9}  {text}", event.at)).collect()
}

fn of_happened(happened: &Happened, record: &Record) -> Vec<(&'static str, String)> {
    match happened {
        Happened::Began(programme) => began(programme),
        Happened::Note { text } => vec![("note", text.clone())],
        Happened::Phase { phase, message } => vec![("phase", explained(&format!("{phase:?}"), message))],
        Happened::StepStarted { index } => {
            let of = record.programme.as_ref().map_or(0, |programme| programme.steps.len());
            vec![("step", format!("{} of {of}: {}", index + 1, record.step_name(*index)))]
        }
        Happened::StepEnded { index } => traffic(record, *index),
        Happened::Weight { canary } => vec![("weight", format!("{canary} % to the canary"))],
        Happened::Replicas { side, wanted, ready } => {
            vec![("replicas", format!("{}: {ready} of {wanted} ready", words::side(*side)))]
        }
        Happened::Crashed { side, pod, message } => {
            vec![("crash", explained(&format!("{} {pod}", words::side(*side)), message))]
        }
        Happened::AnalysisStarted { run, role, .. } => {
            vec![("analysis", format!("{run} ({}) begins", words::role(*role)))]
        }
        Happened::Measured { run, metric, value, phase, message } => {
            let value = if value.is_empty() { "no value" } else { value };
            vec![("measured", explained(&format!("{run}, {metric}: {value} is {phase:?}"), message))]
        }
        Happened::AnalysisEnded { run, phase, message } => {
            vec![("analysis", explained(&format!("{run} is {phase:?}"), message))]
        }
        // One line a second would bury all else: sums are told when a step ends.
        Happened::Traffic(_) => Vec::new(),
        Happened::Finished(summary) => finished(summary, record),
    }
}

fn began(programme: &Programme) -> Vec<(&'static str, String)> {
    let Programme { rollout, strategy, split, steps, stable, canary, rate, time_scale } = programme;
    let shortened =
        if *time_scale == 1.0 { String::new() } else { format!(", times divided by {time_scale}") };
    let steps = words::count(steps.len() as u64, "step");
    vec![
        ("rehearsal", format!("{rollout}: {strategy} {split}, {steps}, {rate} requests/s{shortened}")),
        ("stable", stable.clone()),
        ("canary", canary.clone()),
    ]
}

fn traffic(record: &Record, index: usize) -> Vec<(&'static str, String)> {
    let Some(StepRun { started, ended: Some(ended), .. }) =
        record.steps.iter().rev().find(|step| step.index == index)
    else {
        return Vec::new();
    };
    let totals = [Side::Stable, Side::Canary].map(|side| (side, record.totals(side, *started, *ended)));
    if totals.iter().all(|(_, totals)| totals.requests == 0) {
        return Vec::new();
    }
    let side = |(side, totals): (Side, Totals)| {
        let requests = words::count(totals.requests, "request");
        format!("{} {} of {requests}", words::side(side), words::success(&totals))
    };
    vec![("success", totals.map(side).join(", "))]
}

fn finished(summary: &Summary, record: &Record) -> Vec<(&'static str, String)> {
    let verdict = ("verdict", explained(&Verdict::of(record).words(), &summary.reason));
    let experience = words::experience(summary).into_iter().map(|sentence| ("users", sentence));
    std::iter::once(verdict).chain(experience).collect()
}

fn explained(what: &str, why: &str) -> String {
    if why.is_empty() { what.to_owned() } else { format!("{what}: {why}") }
}

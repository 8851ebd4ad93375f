//! JUnit XML for CI: a test case for each step and each analysis, and one for the end.
//!
//! Something fails here exactly when the rehearsal did not end as it should: an analysis that stopped a bad version did its
//! work, and its message is told as output. The elements are those that CI servers agree on, see
//! <https://github.com/testmoapp/junitxml>.

use askama::Template;

use super::record::{AnalysisRun, Record};
use super::verdict::Verdict;
use crate::rehearse::event::AnalysisPhase;

/// The whole file.
#[derive(Template)]
#[template(path = "report/junit.xml")]
struct Suite<'a> {
    name: &'a str,
    time: String,
    failures: usize,
    skipped: usize,
    cases: Vec<Case>,
}

/// One test case.
struct Case {
    class: &'static str,
    name: String,
    time: String,
    result: Result,
    output: String,
}

/// What a case came to, with a message.
enum Result {
    Passed,
    Failed(String),
    Skipped(String),
}

/// The report.
///
/// # Errors
/// If the template cannot be filled in.
pub fn report(record: &Record) -> std::result::Result<String, askama::Error> {
    let verdict = Verdict::of(record);
    let analyses = record.analyses.iter().map(|analysis| self::analysis(analysis, record, verdict));
    let cases: Vec<_> =
        steps(record, verdict).into_iter().chain(analyses).chain([end(record, verdict)]).collect();
    let count = |wanted: fn(&Result) -> bool| cases.iter().filter(|case| wanted(&case.result)).count();
    let suite = Suite {
        name: record.programme.as_ref().map_or("", |programme| &programme.rollout),
        time: seconds(record.end),
        failures: count(|result| matches!(result, Result::Failed(_))),
        skipped: count(|result| matches!(result, Result::Skipped(_))),
        cases,
    };
    suite.render()
}

fn seconds(seconds: f64) -> String {
    format!("{:.3}", if seconds.is_finite() { seconds.max(0.0) } else { 0.0 })
}

/// A case for each step that was begun, as often as it was, and for each that was not.
fn steps(record: &Record, verdict: Verdict) -> Vec<Case> {
    let case = |index: usize, time: f64, result| Case {
        class: "steps",
        name: format!("step {}: {}", index + 1, record.step_name(index)),
        time: seconds(time),
        result,
        output: String::new(),
    };
    let begun = record.steps.iter().map(|step| {
        let result = match step.ended {
            Some(_) => Result::Passed,
            None if verdict.passed() => Result::Skipped("the rollout ended here, as it should".to_owned()),
            None => Result::Failed("the rollout ended here".to_owned()),
        };
        case(step.index, record.over(step) - step.started, result)
    });
    let first_left = record.steps.iter().map(|step| step.index + 1).max().unwrap_or(0);
    let all = record.programme.as_ref().map_or(0, |programme| programme.steps.len());
    let left = (first_left..all).map(|index| case(index, 0.0, Result::Skipped("not reached".to_owned())));
    begun.chain(left).collect()
}

fn analysis(analysis: &AnalysisRun, record: &Record, verdict: Verdict) -> Case {
    let told = format!("{:?}: {}", analysis.phase, analysis.message);
    let result = match analysis.phase {
        AnalysisPhase::Failed | AnalysisPhase::Error | AnalysisPhase::Inconclusive if !verdict.passed() => {
            Result::Failed(told.clone())
        }
        AnalysisPhase::Pending | AnalysisPhase::Running => {
            Result::Skipped("it was not over at the end".to_owned())
        }
        _ => Result::Passed,
    };
    Case {
        class: "analyses",
        name: analysis.run.clone(),
        time: seconds(analysis.ended.unwrap_or(record.end) - analysis.started),
        result,
        output: output(analysis, &told),
    }
}

/// How it ended, and every measurement, a line each.
fn output(analysis: &AnalysisRun, told: &str) -> String {
    let measurements = analysis.metrics.iter().flat_map(|metric| {
        metric.measurements.iter().map(move |moment| {
            let (what, name) = (&moment.what, &metric.gauge.metric);
            format!("{:.1}s {name} {} {:?} {}", moment.at, what.value, what.phase, what.message)
        })
    });
    let lines: Vec<_> = std::iter::once(told.to_owned()).chain(measurements).collect();
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn end(record: &Record, verdict: Verdict) -> Case {
    let reason = record.summary.as_ref().map_or("", |summary| &summary.reason);
    let told = format!("{}: {reason}", verdict.words());
    Case {
        class: "end",
        name: "the rollout ends as it should".to_owned(),
        time: seconds(0.0),
        result: if verdict.passed() { Result::Passed } else { Result::Failed(told.clone()) },
        output: told,
    }
}

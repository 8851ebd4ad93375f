//! `slipway gate`: judges AnalysisTemplates against a Prometheus, as Argo Rollouts would.

mod input;
mod verdict;

use std::process::ExitCode;

use anyhow::{Result, bail};
use rehearsal::gate::{Clock, Verdict, measure};
use rehearsal::judge::{MetricResult, Plan, Run};
use rehearsal::prometheus::Asker;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Gate;

/// Judges, and tells the verdict. What keeps it from judging is a verdict too: an error.
pub fn run(gate: &Gate) -> ExitCode {
    let told = judged(gate).unwrap_or_else(|error| verdict::Told::refused(&error));
    told.print(gate.output);
    ExitCode::from(told.verdict.exit_code())
}

fn judged(gate: &Gate) -> Result<verdict::Told> {
    let plan = input::plan(gate)?;
    check_its_end(gate, &plan)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(judge(gate, plan))
}

/// Without an end from outside, some runs have none.
fn check_its_end(gate: &Gate, plan: &Plan) -> Result<()> {
    let endless = plan.endless();
    if !endless.is_empty() && gate.duration.is_none() {
        bail!("{} has no count and goes on until it is ended: say --for TIME, or --once", endless.join(", "));
    }
    if gate.duration.is_some_and(|duration| duration > gate.timeout) {
        bail!("--for is longer than --timeout");
    }
    Ok(())
}

async fn judge(gate: &Gate, plan: Plan) -> Result<verdict::Told> {
    let asker = Asker::new()?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let clock = Clock::start();
    let mut run = Run::start(plan, clock.now());
    let ended = async {
        match gate.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let undecided = tokio::select! {
        () = measure(&mut run, &asker, &clock, tell) => None,
        () = ended => {
            run.terminate(clock.now());
            None
        }
        () = tokio::time::sleep(gate.timeout) => {
            Some(format!("no verdict within {}", humantime::format_duration(gate.timeout)))
        }
        _ = interrupt.recv() => Some("ended by SIGINT before there was a verdict".to_owned()),
        _ = terminate.recv() => Some("ended by SIGTERM before there was a verdict".to_owned()),
    };
    let (verdict, message) = undecided.map_or_else(|| Verdict::of(&run), |why| (Verdict::Error, why));
    Ok(verdict::Told::of(verdict, message, run))
}

/// A line for each measurement.
fn tell(metric: &MetricResult) {
    if let Some(measurement) = metric.measurements.last() {
        let time = measurement.finished_at.format("%H:%M:%S");
        let said = if measurement.value.is_empty() { &measurement.message } else { &measurement.value };
        eprintln!("{time} {}: {} {said}", metric.name, measurement.phase);
    }
}

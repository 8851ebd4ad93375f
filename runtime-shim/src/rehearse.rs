//! `slipway rehearse`: acts out a release on this machine.

mod manifests;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use rehearsal::rehearse::event::Summary;
use rehearsal::rehearse::{Cast, Mix, Plan, Settings, Version, rehearse};
use rehearsal::report::{Files, Report, View};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Rehearse;
use crate::fault::Fault;

/// The release did not end as expected.
const UNEXPECTED: u8 = 1;
/// There was no rehearsal, or none to the end.
const ERROR: u8 = 2;

/// Rehearses, and says whether it ended as expected.
pub fn run(arguments: &Rehearse) -> ExitCode {
    match rehearsed(arguments) {
        Ok(summary) if summary.outcome == summary.expected => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(UNEXPECTED),
        Err(error) => {
            eprintln!("slipway: {error:#}");
            ExitCode::from(ERROR)
        }
    }
}

fn rehearsed(arguments: &Rehearse) -> Result<Summary> {
    let text = manifests::read(arguments)?;
    let plan = Plan::read(&text, arguments.namespace.as_deref())?;
    let settings = settings(arguments, &plan)?;
    let plan = scaled(plan, &settings.cast)?;
    let mut report = Report::new(View::standard_error());
    // Its end takes all processes with it.
    let runtime = tokio::runtime::Runtime::new()?;
    let summary = runtime.block_on(watched(&plan, &settings, &mut report));
    drop(runtime);
    files(arguments).write(report.record())?;
    summary
}

/// Rehearses until it is over or somebody has enough of it.
async fn watched(plan: &Plan, settings: &Settings, report: &mut Report) -> Result<Summary> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut tell = |event: &_| report.tell(event);
    tokio::select! {
        summary = rehearse(plan, settings, &mut tell) => Ok(summary?),
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("asked to end"),
    }
}

fn settings(arguments: &Rehearse, plan: &Plan) -> Result<Settings> {
    let scale = arguments.time_scale;
    let canary = arguments.canary.as_ref().unwrap_or(&arguments.stable);
    let variables: Vec<String> =
        arguments.variables.iter().map(|variable| format!("--variable={variable}")).collect();
    let version = |reference: &str, faults: Vec<String>| Version {
        reference: reference.to_owned(),
        faults,
        arguments: variables.clone(),
    };
    let cast = Cast {
        program: std::env::current_exe().context("which program this is")?,
        stable: version(&arguments.stable, Vec::new()),
        canary: version(
            canary,
            arguments.faults.iter().map(|fault| shortened(*fault, scale).to_string()).collect(),
        ),
        via: arguments.via.into(),
        cache: arguments.cache_dir.clone(),
        scrape_interval: plan.monitor.interval.div_f64(scale),
        time_scale: scale,
    };
    Ok(Settings {
        cast,
        mix: Mix::new(arguments.mix.clone()),
        rate: arguments.rate,
        expect: arguments.expect.into(),
        on_pause: arguments.on_pause.into(),
        retries: arguments.retries,
        limit: arguments.timeout,
    })
}

/// The time of a crash is one of the release's; that of an answer is what users feel.
fn shortened(fault: Fault, scale: f64) -> Fault {
    match fault {
        Fault::Crash(after) => Fault::Crash(after.div_f64(scale)),
        other => other,
    }
}

fn scaled(plan: Plan, cast: &Cast) -> Result<Plan> {
    let mut plan = plan.scaled(cast.time_scale, cast.scrape_interval)?;
    if cast.time_scale > 1.0 {
        plan.notes.insert(
            0,
            format!(
                "all times of the release are divided by {}: pauses, intervals, delays, the ranges of queries; series are scraped every {:?}. Numbers of requests that a query asks for are not",
                cast.time_scale, cast.scrape_interval
            ),
        );
    }
    Ok(plan)
}

fn files(arguments: &Rehearse) -> Files {
    let file = |name: &str| arguments.output.as_ref().map(|folder| folder.join(name));
    Files { html: file("rehearsal.html"), json: file("rehearsal.json"), junit: file("junit.xml") }
}

//! The short form of the rehearsals; `make rehearse` has the whole table. The program must have been built with the feature
//! `rehearse`.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tests::slipway::{program, workspace};
use tests::wait::eventually;

/// For processes to start, compile and end on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(120);

static ALONE: Mutex<()> = Mutex::new(());

/// A rehearsal of the chart's production preset, with a folder for all that it makes.
struct Rehearsal {
    command: Command,
    scratch: TempDir,
}

impl Rehearsal {
    fn of_production(arguments: &[&str]) -> Result<Self> {
        Self::of(&workspace().join("deploy/helm/slipway/tests/rendered/production-gateway.yaml"), arguments)
    }

    fn of(manifests: &Path, arguments: &[&str]) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let root = workspace();
        let mut command = Command::new(program()?);
        command
            .arg("rehearse")
            .arg("--file")
            .arg(manifests)
            .args(["--namespace", "slipway", "--mix", "/hello", "--time-scale", "15"])
            .arg("--stable")
            .arg(root.join("tests/guests/spin.toml"))
            .arg("--cache-dir")
            .arg(root.join("target/slipway-cache"))
            .arg("--output")
            .arg(scratch.path().join("report"))
            .args(arguments)
            // So that what is left behind can be told from what others run.
            .env("TMPDIR", scratch.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(Self { command, scratch })
    }

    fn run(&mut self) -> Result<Output> {
        // One at a time: a gate judges how fast answers are.
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let output = self.command.output().context("slipway cannot be run")?;
        let left = left_behind(self.scratch.path())?;
        ensure!(left.is_empty(), "left behind: {left:?}");
        Ok(output)
    }

    fn record(&self) -> Result<Value> {
        let file = self.scratch.path().join("report/rehearsal.json");
        Ok(serde_json::from_slice(&fs::read(&file).with_context(|| file.display().to_string())?)?)
    }
}

/// Command lines of processes that name a folder, but for the rehearsal's own.
fn left_behind(folder: &Path) -> Result<Vec<String>> {
    let folder = folder.display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        // One that has ended meanwhile is not left behind.
        let Ok(line) = fs::read(entry?.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(&folder) && !line.contains(" rehearse ") {
            found.push(line);
        }
    }
    Ok(found)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_good_version_goes_through_every_step_and_nobody_sees_an_error() -> Result<()> {
    let mut rehearsal = Rehearsal::of_production(&["--rate", "60"])?;
    let output = rehearsal.run()?;
    ensure!(output.status.code() == Some(0), "{}: {}", output.status, said(&output));
    let record = rehearsal.record()?;
    let summary = &record["summary"];
    assert_eq!(
        (&summary["outcome"], &summary["errors"]),
        (&Value::from("promoted"), &Value::from(0)),
        "{summary}"
    );
    let weights = record["weights"].as_array().context("weights")?;
    let mut weights = weights.iter().filter_map(|weight| weight["canary"].as_u64());
    for asked in [10, 25, 50, 75, 100] {
        // In this order; a replica that is slow to answer its probe may take its share away in between.
        ensure!(weights.any(|weight| weight == asked), "no weight of {asked}: {record}");
    }
    Ok(())
}

#[test]
fn a_failing_version_is_aborted_and_the_stable_one_goes_on_without_an_error() -> Result<()> {
    let mut rehearsal =
        Rehearsal::of_production(&["--rate", "60", "--fault", "status=500:100%", "--expect", "aborted"])?;
    let output = rehearsal.run()?;
    ensure!(output.status.code() == Some(0), "{}: {}", output.status, said(&output));
    let record = rehearsal.record()?;
    let summary = &record["summary"];
    assert_eq!(summary["errors_after_abort"], 0, "{summary}");
    ensure!(summary["errors"].as_u64() > Some(0), "the canary had users: {summary}");
    let analyses = record["analyses"].as_array().context("analyses")?;
    assert_eq!(analyses.len(), 1, "by the first analysis: {analyses:?}");
    Ok(())
}

#[test]
fn a_version_that_nobody_asks_waits_and_an_unexpected_end_is_a_failure() -> Result<()> {
    let mut rehearsal = Rehearsal::of_production(&["--rate", "0"])?;
    let output = rehearsal.run()?;
    ensure!(output.status.code() == Some(1), "{}: {}", output.status, said(&output));
    assert_eq!(rehearsal.record()?["summary"]["outcome"], "paused");
    Ok(())
}

#[test]
fn what_cannot_be_rehearsed_is_refused_by_name() -> Result<()> {
    let text =
        fs::read_to_string(workspace().join("deploy/helm/slipway/tests/rendered/production-gateway.yaml"))?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("experiment.yaml");
    fs::write(&file, text.replacen("- setWeight: 10", "- experiment: {}", 1))?;
    let output = Rehearsal::of(&file, &[])?.run()?;
    ensure!(output.status.code() == Some(2), "{}", output.status);
    ensure!(said(&output).contains("step 1: experiment"), "{}", said(&output));
    Ok(())
}

#[tokio::test]
async fn an_interrupted_rehearsal_leaves_nothing_behind() -> Result<()> {
    let mut rehearsal = Rehearsal::of_production(&[])?;
    let mut child = Interrupted(rehearsal.command.spawn()?);
    let scratch = rehearsal.scratch.path();
    // Replicas of both versions, nginx with its worker, Prometheus.
    eventually(DEADLINE, "the stage is set", || async {
        left_behind(scratch).ok().filter(|processes| processes.len() >= 5)
    })
    .await;
    kill_process(Pid::from_child(&child.0), Signal::INT)?;
    let status = eventually(DEADLINE, "the end of the rehearsal", || {
        std::future::ready(child.0.try_wait().ok().flatten())
    })
    .await;
    assert_eq!(status.code(), Some(2));
    let left = left_behind(scratch)?;
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

/// Killed when a test fails before it has ended.
struct Interrupted(Child);

impl Drop for Interrupted {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

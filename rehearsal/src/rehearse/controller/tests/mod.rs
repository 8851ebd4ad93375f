//! Whole releases in a world where time is a number: what was ordered is there a second later, unless it is broken.

mod blue_green;
mod canary;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
/// No release of these tests takes longer.
const END: u32 = 2_000;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn deadline() -> Deadline {
    Deadline { after: seconds(600), abort: false }
}

/// How an analysis ends, and after how many seconds.
type Verdict = (AnalysisPhase, u64);

struct Play {
    controller: Controller,
    now: Duration,
    wanted: [u32; 2],
    ready: [u32; 2],
    /// Replicas of the new version never get ready.
    broken: bool,
    /// How each analysis ends, by number of the run; the last one is for all that follow.
    verdicts: Vec<Verdict>,
    runs: BTreeMap<RunId, Run>,
    ends: BTreeMap<RunId, (Duration, AnalysisPhase)>,
    /// What happened, one line each, with its second.
    transcript: Vec<String>,
}

impl Play {
    fn new(controller: Controller, stable: u32, verdicts: &[Verdict]) -> Self {
        Self {
            controller,
            now: Duration::ZERO,
            wanted: [stable, 0],
            ready: [stable, 0],
            broken: false,
            verdicts: verdicts.to_vec(),
            runs: BTreeMap::new(),
            ends: BTreeMap::new(),
            transcript: Vec::new(),
        }
    }

    /// Goes on until nothing more happens by itself.
    fn go(&mut self) -> Standing {
        self.until(|standing| *standing != Standing::Going)
    }

    fn until(&mut self, enough: impl Fn(&Standing) -> bool) -> Standing {
        for _ in 0..END {
            self.second();
            let standing = self.controller.standing();
            if enough(&standing) {
                return standing;
            }
        }
        panic!("no end:\n{}", self.transcript.join("\n"));
    }

    /// Goes on for some time, whatever happens.
    fn wait(&mut self, time: u64) {
        for _ in 0..time {
            self.second();
        }
    }

    fn command(&mut self, command: Command) {
        self.note(format!("{command:?}"));
        self.controller.command(command, self.now);
    }

    fn second(&mut self) {
        self.now += SECOND;
        for (run, (end, phase)) in &self.ends {
            if self.now >= *end && self.runs[run].phase == AnalysisPhase::Running {
                self.runs.insert(*run, Run { phase: *phase, message: String::new() });
            }
        }
        for side in [0, 1] {
            let working = side == 0 || !self.broken;
            self.ready[side] = if working { self.wanted[side] } else { 0 };
        }
        // More than a release ever orders at once.
        for _ in 0..50 {
            let world =
                World { now: self.now, stable: self.ready[0], canary: self.ready[1], runs: &self.runs };
            let orders = self.controller.reconcile(&world);
            if orders.is_empty() {
                return;
            }
            for order in orders {
                self.obey(order);
            }
        }
        panic!("orders without end:\n{}", self.transcript.join("\n"));
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Scale { side, replicas } => {
                self.wanted[usize::from(side == Side::Canary)] = replicas;
                self.note(format!("{side:?} {replicas}"));
            }
            Order::Route { canary } => self.note(format!("route {canary}")),
            Order::Analyse { run, analysis, role } => {
                let (phase, time) = self.verdicts[run.min(self.verdicts.len() - 1)];
                self.runs.insert(run, Run { phase: AnalysisPhase::Running, message: String::new() });
                self.ends.insert(run, (self.now + seconds(time), phase));
                self.note(format!("analysis {analysis} {role:?}"));
            }
            Order::Cancel { run } => {
                self.runs
                    .insert(run, Run { phase: AnalysisPhase::Successful, message: "cancelled".to_owned() });
                self.note(format!("cancel {run}"));
            }
            Order::Tell(Happened::StepStarted { index }) => self.note(format!("step {index}")),
            Order::Tell(Happened::Phase { phase, .. }) => self.note(format!("{phase:?}")),
            Order::Tell(_) => {}
        }
    }

    fn note(&mut self, line: String) {
        self.transcript.push(format!("{} {line}", self.now.as_secs()));
    }

    #[track_caller]
    fn expect(&self, transcript: &[&str]) {
        assert_eq!(self.transcript, transcript, "\n{}", self.transcript.join("\n"));
    }
}

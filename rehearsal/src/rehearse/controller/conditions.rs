//! What both strategies have in common: pauses, the abort, the deadline of progress, and the phase that follows from them.

use std::time::Duration;

use super::super::event::{AnalysisPhase, Happened, RolloutPhase};
use super::{Order, Run};

/// How long a rollout may stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Time without progress; steps that wait by their nature do not count.
    pub after: Duration,
    /// Whether the rollout is then aborted, or only called degraded.
    pub abort: bool,
}

/// Whether a rollout goes on by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Going,
    /// It waits for somebody's approval, as its strategy asks for; the reason is a sentence.
    Approval(String),
    /// It waits for somebody to look at it, since nothing was found out, or nothing goes on; the reason is a sentence.
    Stuck(String),
    /// It has gone back to the stable version, for this reason.
    Aborted(String),
    /// The new version is the stable one, and the old one is gone.
    Promoted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PauseReason {
    /// A pause of the strategy.
    Asked,
    /// An analysis was inconclusive.
    Inconclusive,
}

#[derive(Clone, Debug)]
struct Pause {
    reason: PauseReason,
    since: Duration,
    message: String,
}

/// The state of a rollout besides its place in the strategy.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    deadline: Deadline,
    pauses: Vec<Pause>,
    aborted: Option<(Duration, String)>,
    promoted: Option<Duration>,
    /// When something was last achieved, and how many replicas were ready then.
    progress: (Duration, u32, u32),
    timed_out: bool,
    told: Option<(RolloutPhase, String)>,
    /// Somebody asked for the end of all steps.
    pub full: bool,
}

impl Conditions {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            pauses: Vec::new(),
            aborted: None,
            promoted: None,
            progress: (Duration::ZERO, 0, 0),
            timed_out: false,
            told: None,
            full: false,
        }
    }

    pub(super) fn pause(&mut self, reason: PauseReason, now: Duration, message: String) {
        if self.paused_since(reason).is_none() {
            self.pauses.push(Pause { reason, since: now, message });
        }
    }

    /// Since when it is paused for this reason, if it is.
    pub(super) fn paused_since(&self, reason: PauseReason) -> Option<Duration> {
        self.pauses.iter().find(|pause| pause.reason == reason).map(|pause| pause.since)
    }

    pub(super) fn is_paused(&self) -> bool {
        !self.pauses.is_empty()
    }

    pub(super) fn resume(&mut self, reason: PauseReason) {
        self.pauses.retain(|pause| pause.reason != reason);
    }

    pub(super) fn resume_all(&mut self, now: Duration) {
        self.pauses.clear();
        self.achieved(now);
    }

    pub(super) fn abort(&mut self, now: Duration, reason: String) {
        if self.aborted.is_none() && self.promoted.is_none() {
            self.aborted = Some((now, reason));
            self.pauses.clear();
        }
    }

    pub(super) fn aborted_at(&self) -> Option<Duration> {
        self.aborted.as_ref().map(|(at, _)| *at)
    }

    /// Takes the abort back.
    pub(super) fn retry(&mut self, now: Duration) {
        self.aborted = None;
        self.timed_out = false;
        self.achieved(now);
    }

    pub(super) fn promote(&mut self, now: Duration) {
        self.promoted.get_or_insert(now);
        self.pauses.clear();
        self.full = false;
    }

    pub(super) fn promoted_at(&self) -> Option<Duration> {
        self.promoted
    }

    /// Something was achieved: the deadline begins anew.
    pub(super) fn achieved(&mut self, now: Duration) {
        self.progress.0 = now;
        self.timed_out = false;
    }

    /// Takes an analysis' end into account; true if it has passed.
    pub(super) fn heed(&mut self, what: &str, run: &Run, now: Duration) -> bool {
        match run.phase {
            AnalysisPhase::Successful => return true,
            AnalysisPhase::Failed | AnalysisPhase::Error => {
                let verdict = if run.phase == AnalysisPhase::Failed { "failed" } else { "ended in an error" };
                self.abort(now, sentence(&format!("the {what} {verdict}"), &run.message));
            }
            AnalysisPhase::Inconclusive => {
                let message = sentence(&format!("the {what} was inconclusive"), &run.message);
                self.pause(PauseReason::Inconclusive, now, message);
            }
            AnalysisPhase::Pending | AnalysisPhase::Running => {}
        }
        false
    }

    /// Looks at the deadline. `patient` is a step that waits by its nature.
    pub(super) fn watch(&mut self, now: Duration, stable: u32, canary: u32, patient: bool) {
        let (_, stable_before, canary_before) = self.progress;
        if stable > stable_before || canary > canary_before {
            self.achieved(now);
        }
        self.progress = (self.progress.0, stable, canary);
        let over = patient || self.is_paused() || self.aborted.is_some() || self.promoted.is_some();
        if over {
            self.progress.0 = now;
        } else if now > self.progress.0 + self.deadline.after && !self.timed_out {
            self.timed_out = true;
            if self.deadline.abort {
                self.abort(now, "the progress deadline has passed".to_owned());
            }
        }
    }

    /// Tells the phase, if it is another one than before.
    pub(super) fn tell(&mut self, doing: &str) -> Option<Order> {
        let (phase, message) = self.phase(doing);
        if self
            .told
            .as_ref()
            .is_some_and(|told| told.0 == phase && (told.1 == message || phase == RolloutPhase::Progressing))
        {
            return None;
        }
        self.told = Some((phase, message.clone()));
        Some(Order::Tell(Happened::Phase { phase, message }))
    }

    fn phase(&self, doing: &str) -> (RolloutPhase, String) {
        if let Some((_, reason)) = &self.aborted {
            return (RolloutPhase::Degraded, reason.clone());
        }
        if self.promoted.is_some() {
            return (RolloutPhase::Healthy, "the new version is the stable one".to_owned());
        }
        if self.timed_out {
            return (RolloutPhase::Degraded, TIMED_OUT.to_owned());
        }
        match self.pauses.last() {
            Some(pause) => (RolloutPhase::Paused, pause.message.clone()),
            None => (RolloutPhase::Progressing, doing.to_owned()),
        }
    }

    /// Whether it goes on by itself. `asked` says whether a pause of the strategy waits for a person, `gone` whether
    /// the old version is.
    pub(super) fn standing(&self, asked: bool, gone: bool) -> Standing {
        if let Some((_, reason)) = &self.aborted {
            return Standing::Aborted(reason.clone());
        }
        if self.promoted.is_some() {
            return if gone { Standing::Promoted } else { Standing::Going };
        }
        if self.timed_out {
            return Standing::Stuck(TIMED_OUT.to_owned());
        }
        let pause = |reason| {
            self.pauses.iter().find(|pause| pause.reason == reason).map(|pause| pause.message.clone())
        };
        if let Some(message) = pause(PauseReason::Inconclusive) {
            return Standing::Stuck(message);
        }
        match pause(PauseReason::Asked) {
            Some(message) if asked => Standing::Approval(message),
            _ => Standing::Going,
        }
    }
}

const TIMED_OUT: &str =
    "the progress deadline has passed, and without progressDeadlineAbort somebody has to abort";

fn sentence(what: &str, why: &str) -> String {
    if why.is_empty() { what.to_owned() } else { format!("{what}: {why}") }
}

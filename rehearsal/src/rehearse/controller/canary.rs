//! Canaries: step by step, by a router's weights or by numbers of replicas.

use std::time::Duration;

use super::super::event::{AnalysisPhase, AnalysisRole, Happened, Side};
use super::conditions::{Conditions, PauseReason};
use super::replicas::{self, Counts, Limits};
use super::{AnalysisId, Command, Deadline, Order, RunId, Standing, World};

/// A canary strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Replicas of the Rollout.
    pub replicas: u32,
    /// How many more there may be while versions are exchanged.
    pub surge: u32,
    /// How many fewer may be ready.
    pub unavailable: u32,
    /// Whether a router splits the requests by weight; else they are spread over all replicas.
    pub routed: bool,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What runs beside the steps.
    pub background: Option<Background>,
    /// With a router: how long the old replicas are kept after the end.
    pub scale_down_delay: Duration,
    /// With a router: how long the new replicas are kept after an abort; for ever if there is none.
    pub abort_scale_down_delay: Option<Duration>,
    /// How long nothing may go on.
    pub deadline: Deadline,
}

impl Canary {
    /// All times in it.
    pub fn times(&mut self) -> impl Iterator<Item = &mut Duration> {
        let pauses = self.steps.iter_mut().filter_map(|step| match step {
            Step::Pause(Some(time)) => Some(time),
            _ => None,
        });
        let delays = [&mut self.scale_down_delay, &mut self.deadline.after];
        pauses.chain(&mut self.abort_scale_down_delay).chain(delays)
    }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The new version gets this share of the requests, in percent.
    SetWeight(u8),
    /// Nothing happens for this time, or until somebody says so.
    Pause(Option<Duration>),
    /// This analysis has to pass.
    Analysis(AnalysisId),
    /// With a router: how many replicas the new version has from now on.
    SetCanaryScale(CanaryScale),
}

/// How many replicas the new version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryScale {
    /// So many.
    Replicas(u32),
    /// This share of the Rollout's, in percent.
    Weight(u8),
    /// As the weight says.
    MatchTrafficWeight,
}

/// An analysis beside the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Background {
    /// Which.
    pub analysis: AnalysisId,
    /// The place of the step with which it begins.
    pub starting_step: usize,
}

/// Where a canary is.
#[derive(Clone, Debug)]
pub struct CanaryController {
    canary: Canary,
    conditions: Conditions,
    /// The step under way; their number when all are done.
    index: usize,
    /// The step that was told to have started.
    told: Option<usize>,
    wanted: Counts,
    weight: u8,
    step_run: Option<RunId>,
    background_run: Option<RunId>,
    runs: RunId,
}

impl CanaryController {
    /// Before anything has happened: all replicas are of the stable version.
    pub fn new(canary: Canary) -> Self {
        let wanted = Counts { stable: canary.replicas, canary: 0 };
        let conditions = Conditions::new(canary.deadline);
        Self {
            canary,
            conditions,
            index: 0,
            told: None,
            wanted,
            weight: 0,
            step_run: None,
            background_run: None,
            runs: 0,
        }
    }

    pub(super) fn reconcile(&mut self, world: &World<'_>) -> Vec<Order> {
        let mut orders = Vec::new();
        self.announce(&mut orders);
        self.scale(world, &mut orders);
        self.route(world, &mut orders);
        if self.conditions.promoted_at().is_none() && self.conditions.aborted_at().is_none() {
            self.analyse(world, &mut orders);
            self.pause(world);
            self.advance(world, &mut orders);
        }
        if self.conditions.aborted_at().is_some() {
            self.cancel_all(world, &mut orders);
            self.index = 0;
        }
        let patient = matches!(self.step(), Some(Step::Pause(_) | Step::Analysis(_)));
        self.conditions.watch(world.now, world.stable, world.canary, patient);
        self.announce(&mut orders);
        orders.extend(self.conditions.tell("on its way"));
        orders
    }

    pub(super) fn command(&mut self, command: Command, now: Duration) {
        if self.conditions.promoted_at().is_some() {
            return;
        }
        match command {
            Command::Abort => self.conditions.abort(now, "somebody aborted it".to_owned()),
            Command::Retry if self.conditions.aborted_at().is_some() => {
                self.conditions.retry(now);
                (self.index, self.told, self.step_run, self.background_run) = (0, None, None, None);
            }
            Command::PromoteFull => {
                self.conditions.retry(now);
                self.conditions.resume_all(now);
                self.conditions.full = true;
                self.index = self.canary.steps.len();
            }
            Command::Promote if self.conditions.aborted_at().is_none() => self.promote(now),
            Command::Promote | Command::Retry => {}
        }
    }

    /// On from an inconclusive step, from a pause, or from a step under way. Paused by the background analysis alone,
    /// it goes on where it was, with another run.
    fn promote(&mut self, now: Duration) {
        let inconclusive = self.conditions.paused_since(PauseReason::Inconclusive).is_some();
        let by_step = matches!(self.step(), Some(Step::Analysis(_)));
        let by_pause = self.conditions.paused_since(PauseReason::Asked).is_some();
        if by_pause || !self.conditions.is_paused() || (inconclusive && by_step) {
            self.index = (self.index + 1).min(self.canary.steps.len());
        }
        if inconclusive {
            self.background_run = None;
        }
        self.conditions.resume_all(now);
    }

    pub(super) fn standing(&self) -> Standing {
        let asked = matches!(self.step(), Some(Step::Pause(None)));
        self.conditions.standing(asked, self.wanted.stable == 0)
    }

    fn step(&self) -> Option<Step> {
        self.canary.steps.get(self.index).copied()
    }

    /// Tells which steps have ended and which one has begun.
    fn announce(&mut self, orders: &mut Vec<Order>) {
        if self.told == Some(self.index) || self.conditions.aborted_at().is_some() {
            return;
        }
        if let Some(index) = self.told {
            orders.push(Order::Tell(Happened::StepEnded { index }));
        }
        if self.index < self.canary.steps.len() {
            orders.push(Order::Tell(Happened::StepStarted { index: self.index }));
        }
        self.told = Some(self.index);
    }

    /// The share of the last `setWeight` up to the step under way; all of it once all steps are done.
    fn asked_weight(&self) -> u8 {
        if self.conditions.aborted_at().is_some() {
            return 0;
        }
        if self.index >= self.canary.steps.len() || self.conditions.full {
            return 100;
        }
        self.last_weight(self.index + 1)
    }

    /// The share of the last `setWeight` among the first `steps`.
    fn last_weight(&self, steps: usize) -> u8 {
        let weights = self.canary.steps.iter().take(steps).rev();
        weights
            .into_iter()
            .find_map(|step| if let Step::SetWeight(weight) = step { Some(*weight) } else { None })
            .unwrap_or(0)
    }

    /// What the last `setCanaryScale` up to the step under way says, unless the weight decides.
    fn explicit_scale(&self) -> Option<u32> {
        if self.conditions.aborted_at().is_some() || self.step().is_none() {
            return None;
        }
        let steps = self.canary.steps.iter().take(self.index + 1).rev();
        let scale = steps
            .into_iter()
            .find_map(|step| if let Step::SetCanaryScale(scale) = step { Some(*scale) } else { None })?;
        match scale {
            CanaryScale::Replicas(replicas) => Some(replicas),
            CanaryScale::Weight(percent) => Some(replicas::for_weight(self.canary.replicas, percent)),
            CanaryScale::MatchTrafficWeight => None,
        }
    }

    fn scale(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        let next = if self.canary.routed { self.routed_counts(world) } else { self.next_counts(world) };
        for (side, before, after) in
            [(Side::Stable, self.wanted.stable, next.stable), (Side::Canary, self.wanted.canary, next.canary)]
        {
            if before != after {
                orders.push(Order::Scale { side, replicas: after });
            }
        }
        self.wanted = next;
    }

    /// With a router the stable version keeps all its replicas until it is replaced, and some time longer.
    fn routed_counts(&self, world: &World<'_>) -> Counts {
        let gone = |since: Option<Duration>, delay| since.is_some_and(|since| world.now >= since + delay);
        let stable = if gone(self.conditions.promoted_at(), self.canary.scale_down_delay) {
            0
        } else {
            self.canary.replicas
        };
        if let Some(at) = self.conditions.aborted_at() {
            let over = self.canary.abort_scale_down_delay.is_some_and(|delay| gone(Some(at), delay));
            return Counts { stable, canary: if over { 0 } else { self.wanted.canary } };
        }
        let by_weight = || replicas::for_weight(self.canary.replicas, self.asked_weight());
        Counts { stable, canary: self.explicit_scale().unwrap_or_else(by_weight) }
    }

    fn next_counts(&self, world: &World<'_>) -> Counts {
        let Canary { replicas, surge, unavailable, .. } = self.canary;
        let ready = Counts { stable: world.stable, canary: world.canary };
        replicas::next(Limits { replicas, surge, unavailable }, self.wanted, ready, self.final_counts())
    }

    fn final_counts(&self) -> Counts {
        replicas::closest(self.canary.replicas, self.asked_weight(), self.canary.surge)
    }

    /// Whether both versions have the replicas that the step under way asks for.
    fn has_replicas(&self, world: &World<'_>) -> bool {
        if self.canary.routed {
            return world.canary >= self.wanted.canary;
        }
        let wanted = self.final_counts();
        self.wanted == wanted && world.canary >= wanted.canary && world.stable >= wanted.stable
    }

    fn route(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        if !self.canary.routed {
            return;
        }
        let weight = self.weight(world);
        // The stable version has to have room for its part, except on the way back, where it never gave its replicas up.
        let part = self.canary.replicas * (100 - u32::from(weight)) / 100;
        let room = world.stable >= part || self.conditions.aborted_at().is_some();
        if weight != self.weight && room {
            self.weight = weight;
            self.conditions.achieved(world.now);
            orders.push(Order::Route { canary: weight });
        }
    }

    fn weight(&self, world: &World<'_>) -> u8 {
        if self.conditions.promoted_at().is_some() {
            100
        } else if self.conditions.aborted_at().is_some() || world.canary == 0 {
            0
        } else if self.conditions.full {
            self.weight
        } else if !self.has_replicas(world) {
            self.last_weight(self.index)
        } else {
            self.asked_weight()
        }
    }

    fn analyse(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        if self.conditions.full {
            self.cancel_all(world, orders);
            return;
        }
        self.analyse_step(world, orders);
        self.analyse_background(world, orders);
    }

    fn analyse_step(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        let Some(Step::Analysis(analysis)) = self.step() else {
            self.cancel(self.step_run, world, orders);
            self.step_run = None;
            return;
        };
        if self.conditions.is_paused() {
            return;
        }
        match self.step_run {
            None => self.step_run = Some(self.begin(analysis, AnalysisRole::Step, orders)),
            Some(run) => self.heed("analysis", run, world),
        }
    }

    fn analyse_background(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        let Some(background) = self.canary.background else {
            return;
        };
        if self.index < background.starting_step
            || self.conditions.paused_since(PauseReason::Inconclusive).is_some()
        {
            return;
        }
        match self.background_run {
            None => {
                self.background_run = Some(self.begin(background.analysis, AnalysisRole::Background, orders))
            }
            Some(run) => self.heed("background analysis", run, world),
        }
    }

    fn begin(&mut self, analysis: AnalysisId, role: AnalysisRole, orders: &mut Vec<Order>) -> RunId {
        let run = self.runs;
        self.runs += 1;
        orders.push(Order::Analyse { run, analysis, role });
        run
    }

    fn heed(&mut self, what: &str, run: RunId, world: &World<'_>) {
        if let Some(run) = world.runs.get(&run) {
            self.conditions.heed(what, run, world.now);
        }
    }

    fn cancel_all(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        self.cancel(self.step_run, world, orders);
        self.cancel(self.background_run, world, orders);
        (self.step_run, self.background_run) = (None, None);
    }

    fn cancel(&self, run: Option<RunId>, world: &World<'_>, orders: &mut Vec<Order>) {
        let Some(run) = run else {
            return;
        };
        let going = |phase| matches!(phase, AnalysisPhase::Pending | AnalysisPhase::Running);
        if world.runs.get(&run).is_none_or(|run| going(run.phase)) {
            orders.push(Order::Cancel { run });
        }
    }

    fn pause(&mut self, world: &World<'_>) {
        if let Some(Step::Pause(duration)) = self.step() {
            let message = match duration {
                Some(duration) => format!("for {} s", duration.as_secs_f64()),
                None => "a step waits for somebody's approval".to_owned(),
            };
            self.conditions.pause(PauseReason::Asked, world.now, message);
        }
    }

    fn advance(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        if self.conditions.aborted_at().is_some() {
            return;
        }
        if self.index >= self.canary.steps.len() {
            if world.canary >= self.canary.replicas {
                self.conditions.promote(world.now);
                self.cancel_all(world, orders);
            }
            return;
        }
        if self.is_done(world) {
            self.index += 1;
            self.conditions.resume(PauseReason::Asked);
            self.conditions.achieved(world.now);
        }
    }

    fn is_done(&self, world: &World<'_>) -> bool {
        match self.step() {
            Some(Step::SetWeight(_)) => {
                self.has_replicas(world) && (!self.canary.routed || self.weight == self.weight(world))
            }
            Some(Step::SetCanaryScale(_)) => self.has_replicas(world),
            Some(Step::Pause(Some(duration))) => self
                .conditions
                .paused_since(PauseReason::Asked)
                .is_some_and(|since| world.now >= since + duration),
            Some(Step::Analysis(_)) => {
                let run = self.step_run.and_then(|run| world.runs.get(&run));
                run.is_some_and(|run| run.phase == AnalysisPhase::Successful)
            }
            Some(Step::Pause(None)) | None => false,
        }
    }
}

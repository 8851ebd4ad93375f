//! Blue-green: the new version beside the old one, then all traffic at once, then the old one goes.

use std::time::Duration;

use super::super::event::{AnalysisPhase, AnalysisRole, Happened, Side};
use super::conditions::{Conditions, PauseReason};
use super::{AnalysisId, Command, Deadline, Order, RunId, Standing, World};

/// A blue-green strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlueGreen {
    /// Replicas of the Rollout.
    pub replicas: u32,
    /// Replicas of the preview until it is approved; all if there is none.
    pub preview_replicas: Option<u32>,
    /// What has to pass before the preview gets the traffic.
    pub pre_promotion: Option<AnalysisId>,
    /// How the preview gets the traffic.
    pub promotion: Promotion,
    /// What has to pass after that.
    pub post_promotion: Option<AnalysisId>,
    /// How long the old replicas are kept after the end.
    pub scale_down_delay: Duration,
    /// How long the new replicas are kept after an abort; for ever if there is none.
    pub abort_scale_down_delay: Option<Duration>,
    /// How long nothing may go on.
    pub deadline: Deadline,
}

/// How the preview gets the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// By itself, at once or after a time (`autoPromotionSeconds`).
    After(Duration),
    /// Somebody has to say so.
    ByHand,
}

/// What is to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Preview,
    PrePromotion(AnalysisId),
    Approval(Promotion),
    Switch,
    PostPromotion(AnalysisId),
}

/// Where a blue-green release is.
#[derive(Clone, Debug)]
pub struct BlueGreenController {
    blue_green: BlueGreen,
    conditions: Conditions,
    stages: Vec<Stage>,
    /// The stage under way; their number when all are done.
    index: usize,
    told: Option<usize>,
    wanted: (u32, u32),
    /// Whether the new version has the traffic.
    active: bool,
    run: Option<RunId>,
    runs: RunId,
}

impl BlueGreen {
    fn stages(&self) -> Vec<Stage> {
        let approval =
            (self.promotion != Promotion::After(Duration::ZERO)).then_some(Stage::Approval(self.promotion));
        [
            Some(Stage::Preview),
            self.pre_promotion.map(Stage::PrePromotion),
            approval,
            Some(Stage::Switch),
            self.post_promotion.map(Stage::PostPromotion),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// All times in it.
    pub fn times(&mut self) -> impl Iterator<Item = &mut Duration> {
        let promotion = match &mut self.promotion {
            Promotion::After(time) => Some(time),
            Promotion::ByHand => None,
        };
        let delays = [&mut self.scale_down_delay, &mut self.deadline.after];
        promotion.into_iter().chain(&mut self.abort_scale_down_delay).chain(delays)
    }

    /// What is done, in words; `analysis` names an analysis.
    pub fn steps(&self, analysis: impl Fn(AnalysisId) -> String) -> Vec<String> {
        let words = |stage| match stage {
            Stage::Preview => "preview".to_owned(),
            Stage::PrePromotion(id) => format!("prePromotionAnalysis {}", analysis(id)),
            Stage::Approval(Promotion::ByHand) => "approval".to_owned(),
            Stage::Approval(Promotion::After(time)) => {
                format!("autoPromotion after {}", humantime::format_duration(time))
            }
            Stage::Switch => "switch".to_owned(),
            Stage::PostPromotion(id) => format!("postPromotionAnalysis {}", analysis(id)),
        };
        self.stages().into_iter().map(words).collect()
    }
}

impl BlueGreenController {
    /// Before anything has happened: the stable version has all replicas and the traffic.
    pub fn new(blue_green: BlueGreen) -> Self {
        Self {
            conditions: Conditions::new(blue_green.deadline),
            stages: blue_green.stages(),
            index: 0,
            told: None,
            wanted: (blue_green.replicas, 0),
            active: false,
            run: None,
            runs: 0,
            blue_green,
        }
    }

    pub(super) fn reconcile(&mut self, world: &World<'_>) -> Vec<Order> {
        let mut orders = Vec::new();
        self.announce(&mut orders);
        self.scale(world, &mut orders);
        if self.conditions.promoted_at().is_none() && self.conditions.aborted_at().is_none() {
            self.work(world, &mut orders);
        }
        if self.conditions.aborted_at().is_some() {
            self.cancel(world, &mut orders);
            self.switch(false, &mut orders);
        }
        let patient = matches!(
            self.stage(),
            Some(Stage::PrePromotion(_) | Stage::Approval(_) | Stage::PostPromotion(_))
        );
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
                (self.index, self.told, self.run) = (0, None, None);
            }
            Command::PromoteFull => {
                self.conditions.retry(now);
                self.conditions.resume_all(now);
                self.conditions.full = true;
            }
            Command::Promote if self.conditions.is_paused() => {
                if matches!(self.stage(), Some(Stage::Approval(_))) {
                    self.index += 1;
                } else {
                    // Inconclusive: another run has to tell.
                    self.run = None;
                }
                self.conditions.resume_all(now);
            }
            Command::Promote | Command::Retry => {}
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let asked = matches!(self.stage(), Some(Stage::Approval(Promotion::ByHand)));
        self.conditions.standing(asked, self.wanted.0 == 0)
    }

    fn stage(&self) -> Option<Stage> {
        self.stages.get(self.index).copied()
    }

    fn announce(&mut self, orders: &mut Vec<Order>) {
        if self.told == Some(self.index) || self.conditions.aborted_at().is_some() {
            return;
        }
        if let Some(index) = self.told {
            orders.push(Order::Tell(Happened::StepEnded { index }));
        }
        if self.index < self.stages.len() {
            orders.push(Order::Tell(Happened::StepStarted { index: self.index }));
        }
        self.told = Some(self.index);
    }

    fn scale(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        let BlueGreen { replicas, preview_replicas, scale_down_delay, abort_scale_down_delay, .. } =
            self.blue_green;
        let gone = |since: Option<Duration>, delay| since.is_some_and(|since| world.now >= since + delay);
        let stable = if gone(self.conditions.promoted_at(), scale_down_delay) { 0 } else { replicas };
        let approved = matches!(self.stage(), Some(Stage::Switch | Stage::PostPromotion(_)) | None);
        let canary = if let Some(at) = self.conditions.aborted_at() {
            let over = abort_scale_down_delay.is_some_and(|delay| gone(Some(at), delay));
            if over { 0 } else { self.wanted.1 }
        } else if approved || self.conditions.full {
            replicas
        } else {
            preview_replicas.unwrap_or(replicas)
        };
        for (side, before, after) in
            [(Side::Stable, self.wanted.0, stable), (Side::Canary, self.wanted.1, canary)]
        {
            if before != after {
                orders.push(Order::Scale { side, replicas: after });
            }
        }
        self.wanted = (stable, canary);
    }

    fn work(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        if self.conditions.full {
            self.cancel(world, orders);
            if world.canary >= self.blue_green.replicas {
                self.switch(true, orders);
                self.index = self.stages.len();
                self.conditions.promote(world.now);
            }
            return;
        }
        match self.stage() {
            Some(Stage::Preview) if world.canary >= self.wanted.1 => self.go_on(world),
            Some(Stage::PrePromotion(analysis)) => {
                self.analyse(analysis, AnalysisRole::PrePromotion, world, orders)
            }
            Some(Stage::Approval(promotion)) => self.await_approval(promotion, world),
            // All replicas, and not only the preview's, before the traffic comes.
            Some(Stage::Switch)
                if self.wanted.1 == self.blue_green.replicas && world.canary >= self.wanted.1 =>
            {
                self.switch(true, orders);
                self.go_on(world);
            }
            Some(Stage::PostPromotion(analysis)) => {
                self.analyse(analysis, AnalysisRole::PostPromotion, world, orders)
            }
            None => self.conditions.promote(world.now),
            Some(Stage::Preview | Stage::Switch) => {}
        }
    }

    fn await_approval(&mut self, promotion: Promotion, world: &World<'_>) {
        let message = match promotion {
            Promotion::ByHand => "the preview waits for somebody's approval".to_owned(),
            Promotion::After(time) => format!("the preview is promoted after {} s", time.as_secs_f64()),
        };
        self.conditions.pause(PauseReason::Asked, world.now, message);
        let since = self.conditions.paused_since(PauseReason::Asked);
        if let (Promotion::After(time), Some(since)) = (promotion, since)
            && world.now >= since + time
        {
            self.go_on(world);
        }
    }

    fn go_on(&mut self, world: &World<'_>) {
        self.index += 1;
        self.run = None;
        self.conditions.resume(PauseReason::Asked);
        self.conditions.achieved(world.now);
    }

    fn analyse(
        &mut self,
        analysis: AnalysisId,
        role: AnalysisRole,
        world: &World<'_>,
        orders: &mut Vec<Order>,
    ) {
        if self.conditions.is_paused() {
            return;
        }
        let what = if role == AnalysisRole::PrePromotion {
            "analysis before the promotion"
        } else {
            "analysis after the promotion"
        };
        match self.run {
            None => {
                let run = self.runs;
                self.runs += 1;
                self.run = Some(run);
                orders.push(Order::Analyse { run, analysis, role });
            }
            Some(run) => {
                if world.runs.get(&run).is_some_and(|run| self.conditions.heed(what, run, world.now)) {
                    self.go_on(world);
                }
            }
        }
    }

    fn cancel(&mut self, world: &World<'_>, orders: &mut Vec<Order>) {
        let Some(run) = self.run.take() else {
            return;
        };
        let going = |phase| matches!(phase, AnalysisPhase::Pending | AnalysisPhase::Running);
        if world.runs.get(&run).is_none_or(|run| going(run.phase)) {
            orders.push(Order::Cancel { run });
        }
    }

    fn switch(&mut self, active: bool, orders: &mut Vec<Order>) {
        if self.active != active {
            self.active = active;
            orders.push(Order::Route { canary: if active { 100 } else { 0 } });
        }
    }
}

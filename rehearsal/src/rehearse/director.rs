//! The rehearsal itself: what the controller orders is done on the stage, and what happens there is told to the controller.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::analyses::Analyses;
use super::controller::{Command, Controller, Order, Standing, World};
use super::event::{Event, Happened, Outcome, Programme, Side, Summary};
use super::plan::{Plan, Strategy};
use super::stage::{Cast, Stage, StageError, Version};
use super::traffic::{Mix, Sample, Tally, Traffic};
use crate::prometheus::QueryError;

/// How often is looked what is to be done.
const TICK: Duration = Duration::from_millis(50);
/// Orders that follow from each other at one look; more would be a controller that does not know what it wants.
const MAX_ORDERS: usize = 1_000;
/// Time after an abort in which errors are counted that should not be there.
const AFTER_ABORT: Duration = Duration::from_secs(5);

/// A rehearsal could not be held to its end.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// Its stage.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// Prometheus.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// Its report cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(#[from] io::Error),
    /// It takes too long.
    #[error("the rehearsal has not ended within {}", humantime::format_duration(*.0))]
    TooLong(Duration),
    /// The controller contradicts itself.
    #[error("the controller orders without end")]
    Orders,
}

/// What becomes of a pause that waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPause {
    /// The rehearsal ends there.
    Stop,
    /// Somebody approves.
    Promote,
    /// Somebody approves of everything that is still to come.
    PromoteFull,
    /// Somebody refuses.
    Abort,
}

/// How a plan is rehearsed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who plays.
    pub cast: Cast,
    /// What users ask for.
    pub mix: Mix,
    /// How often, per second.
    pub rate: u32,
    /// How it should end.
    pub expect: Outcome,
    /// What a person does where the strategy waits for one. Where an analysis was inconclusive, nobody does anything.
    pub on_pause: OnPause,
    /// How often what was aborted is tried again.
    pub retries: u32,
    /// How long the rehearsal may take; not scaled.
    pub limit: Duration,
}

/// Rehearses `plan`, whose times are scaled already. Each event goes to `tell`.
///
/// # Errors
/// If a program is missing or does not serve, if the time is over, or what `tell` has to say. Whatever was started has ended then.
pub async fn rehearse(
    plan: &Plan,
    settings: &Settings,
    tell: &mut (dyn FnMut(&Event) -> io::Result<()> + Send),
) -> Result<Summary, RehearseError> {
    let mut teller = Teller { began: Instant::now(), tell };
    teller.tell(Happened::Began(programme(plan, settings)))?;
    for text in &plan.notes {
        teller.tell(Happened::Note { text: text.clone() })?;
    }
    let (happened, happening) = mpsc::unbounded_channel();
    let stage = Stage::set(plan, &settings.cast, settings.retries, happened).await?;
    let (sample, samples) = mpsc::unbounded_channel();
    let began = teller.began;
    let _traffic = Traffic::start(settings.mix.clone(), settings.rate, stage.router.http1(), began, sample);
    let analyses = Analyses::new(stage.prometheus.url())?;
    let director = Director {
        plan,
        settings,
        controller: plan.controller(),
        analyses,
        stage,
        tally: Tally::default(),
        happening,
        samples,
        replicas: [(0, 0); 2],
        share: 0,
        aborted: None,
        retries: settings.retries,
        teller,
    };
    director.direct().await
}

fn programme(plan: &Plan, settings: &Settings) -> Programme {
    let (strategy, split) = match &plan.strategy {
        Strategy::Canary(canary) if canary.routed => ("canary", "by weight"),
        Strategy::Canary(_) => ("canary", "by replicas"),
        Strategy::BlueGreen(_) => ("blue-green", "all at once"),
    };
    let name = |version: &Version| match &version.faults[..] {
        [] => version.reference.clone(),
        faults => format!("{} with {}", version.reference, faults.join(", ")),
    };
    Programme {
        rollout: plan.rollout.clone(),
        strategy: strategy.to_owned(),
        split: split.to_owned(),
        steps: plan.steps(),
        stable: name(&settings.cast.stable),
        canary: name(&settings.cast.canary),
        rate: settings.rate,
        time_scale: settings.cast.time_scale,
    }
}

struct Teller<'a> {
    began: Instant,
    tell: &'a mut (dyn FnMut(&Event) -> io::Result<()> + Send),
}

impl Teller<'_> {
    fn tell(&mut self, happened: Happened) -> io::Result<()> {
        (self.tell)(&Event { at: self.began.elapsed().as_secs_f64(), happened })
    }
}

struct Director<'a> {
    plan: &'a Plan,
    settings: &'a Settings,
    controller: Controller,
    analyses: Analyses,
    stage: Stage,
    tally: Tally,
    happening: mpsc::UnboundedReceiver<Happened>,
    samples: mpsc::UnboundedReceiver<Sample>,
    /// Replicas as they were told last.
    replicas: [(u32, u32); 2],
    /// The new version's share as it was told last.
    share: u8,
    /// When it was aborted, and when all traffic was back.
    aborted: Option<(Duration, Option<Duration>)>,
    retries: u32,
    teller: Teller<'a>,
}

impl Director<'_> {
    async fn direct(mut self) -> Result<Summary, RehearseError> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut second = Instant::now();
        loop {
            ticks.tick().await;
            self.look().await?;
            if let Some((outcome, reason)) = self.decide() {
                self.close_second()?;
                return self.finish(outcome, reason);
            }
            if second.elapsed() >= Duration::from_secs(1) {
                second += Duration::from_secs(1);
                self.close_second()?;
            }
            if self.now() > self.settings.limit {
                return Err(RehearseError::TooLong(self.settings.limit));
            }
        }
    }

    fn now(&self) -> Duration {
        self.teller.began.elapsed()
    }

    async fn look(&mut self) -> Result<(), RehearseError> {
        while let Ok(sample) = self.samples.try_recv() {
            self.tally.add(sample, self.share == 100);
        }
        while let Ok(happened) = self.happening.try_recv() {
            self.teller.tell(happened)?;
        }
        self.stage.sync().await?;
        let before = self.now();
        for happened in self.analyses.measure().await {
            self.teller.tell(happened)?;
        }
        self.obey().await?;
        self.tell_stage()?;
        self.note_abort(before);
        Ok(())
    }

    /// Asks the controller until it wants nothing more.
    async fn obey(&mut self) -> Result<(), RehearseError> {
        for _ in 0..MAX_ORDERS {
            let now = self.now();
            let (stable, canary) = (self.stage.stable.ready(), self.stage.canary.ready());
            let world = World { now, stable, canary, runs: &self.analyses.runs };
            let orders = self.controller.reconcile(&world);
            if orders.is_empty() {
                return Ok(());
            }
            for order in orders {
                self.carry_out(order).await?;
            }
        }
        Err(RehearseError::Orders)
    }

    async fn carry_out(&mut self, order: Order) -> Result<(), RehearseError> {
        let told = match order {
            Order::Scale { side, replicas } => {
                self.stage.scale(side, replicas)?;
                None
            }
            Order::Route { canary } => {
                self.stage.route(canary).await?;
                None
            }
            Order::Analyse { run, analysis, role } => {
                let analysis = self.plan.analyses.get(analysis);
                analysis.map(|analysis| self.analyses.begin(run, analysis, role))
            }
            Order::Cancel { run } => self.analyses.cancel(run),
            Order::Tell(happened) => Some(happened),
        };
        if let Some(happened) = told {
            self.teller.tell(happened)?;
        }
        Ok(())
    }

    /// Tells replicas and share, where they have changed.
    fn tell_stage(&mut self) -> io::Result<()> {
        let pools = [(Side::Stable, &self.stage.stable), (Side::Canary, &self.stage.canary)];
        for ((side, pool), told) in pools.into_iter().zip(&mut self.replicas) {
            let (wanted, ready) = (pool.wanted(), pool.ready());
            if (wanted, ready) != *told {
                *told = (wanted, ready);
                self.teller.tell(Happened::Replicas { side, wanted, ready })?;
            }
        }
        let share = self.stage.share();
        if share != self.share {
            self.share = share;
            self.teller.tell(Happened::Weight { canary: share })?;
        }
        Ok(())
    }

    /// `before` is when was looked for what led to it.
    fn note_abort(&mut self, before: Duration) {
        if !matches!(self.controller.standing(), Standing::Aborted(_)) {
            self.aborted = None;
            return;
        }
        let now = self.now();
        let (_, back) = self.aborted.get_or_insert((before, None));
        if back.is_none() && self.stage.share() == 0 {
            *back = Some(now);
            self.tally.all_back(now);
        }
    }

    /// Whether it has ended, and how.
    fn decide(&mut self) -> Option<(Outcome, String)> {
        match self.controller.standing() {
            Standing::Going => None,
            Standing::Promoted => Some((Outcome::Promoted, "the new version is the stable one".to_owned())),
            Standing::Stuck(reason) => Some((Outcome::Paused, reason)),
            Standing::Approval(reason) => self.approve(reason),
            Standing::Aborted(reason) => {
                let settled = self
                    .aborted
                    .and_then(|(_, back)| back)
                    .is_some_and(|back| self.now() >= back + AFTER_ABORT);
                if settled && self.retries > 0 {
                    self.retries -= 1;
                    self.tally.again();
                    self.controller.command(Command::Retry, self.now());
                    return None;
                }
                settled.then_some((Outcome::Aborted, reason))
            }
        }
    }

    fn approve(&mut self, reason: String) -> Option<(Outcome, String)> {
        let command = match self.settings.on_pause {
            OnPause::Stop => return Some((Outcome::Paused, reason)),
            OnPause::Promote => Command::Promote,
            OnPause::PromoteFull => Command::PromoteFull,
            OnPause::Abort => Command::Abort,
        };
        self.controller.command(command, self.now());
        None
    }

    fn close_second(&mut self) -> io::Result<()> {
        for second in self.tally.second() {
            self.teller.tell(Happened::Traffic(second))?;
        }
        Ok(())
    }

    fn finish(mut self, outcome: Outcome, reason: String) -> Result<Summary, RehearseError> {
        let to_stable = self.aborted.map(|(aborted, _)| {
            let last = self.tally.last_canary.unwrap_or_default();
            last.saturating_sub(aborted).as_secs_f64()
        });
        let summary = Summary {
            outcome,
            expected: self.settings.expect,
            reason,
            seconds: self.now().as_secs_f64(),
            requests: self.tally.requests,
            errors: self.tally.errors,
            errors_after_abort: self.tally.errors_after(),
            seconds_to_stable: to_stable,
        };
        self.teller.tell(Happened::Finished(summary.clone()))?;
        Ok(summary)
    }
}

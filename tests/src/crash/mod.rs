//! The crash test: Slipway is killed again and again while deliveries arrive and GitHub is in trouble, and then git and
//! the database are asked, past the service, whether anything was lost or done twice.
//!
//! `scene` is what stands around the replicas, `plan` is what is sent by `sender`, `replica` and `stall` are what happens
//! to the replicas, `weather` what happens at GitHub. What is left of it all is the `evidence` of `ledger`, `history` and
//! `book`, which is judged by `check`.

mod book;
mod chance;
mod check;
mod evidence;
mod history;
mod kills;
mod ledger;
mod plan;
mod replica;
mod scene;
mod sender;
mod settings;
mod stall;
mod targets;
mod verdict;
mod weather;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use book::Book;
use evidence::Evidence;
use kills::Kills;
use ledger::Database;
use replica::Replica;
use scene::Scene;
use sender::Sender;
use stall::Stalls;

use crate::http::HttpClient;

pub use settings::{DatabaseKind, Settings};
pub use verdict::Verdict;

/// How often a line tells how far the run is.
const PROGRESS: Duration = Duration::from_secs(5);
/// How long the work may take that is left when all faults are over: a lease, and an attempt or two.
const SETTLE: Duration = Duration::from_secs(150);
/// How often is looked whether work is left, and what waits is made due.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the test once.
///
/// # Errors
/// When it cannot be done: something cannot be started, a replica ends by itself, or the run takes too long. What
/// does not hold is no error, but in the verdict.
pub async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let limit = Duration::from_secs(settings.limit_seconds);
    let run = timeout(limit, Run::start(settings).await?.finish(settings)).await;
    run.with_context(|| format!("the run was broken off after {} s", limit.as_secs()))?
}

struct Run {
    scene: Scene,
    replicas: Vec<Replica>,
    sender: Sender,
    kills: Arc<Kills>,
    stalls: Arc<Stalls>,
    rng: Rng,
    began: Instant,
}

impl Run {
    async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let mut rng = Rng::with_seed(settings.seed);
        let scene = Scene::set(settings).await?;
        let mut replicas = Vec::new();
        for _ in 0..settings.replicas {
            replicas.push(Replica::start(&scene.options, scene.branch_files(), rng.fork()).await?);
        }
        let urls = replicas.iter().map(Replica::url).collect();
        let sender = Sender { client: HttpClient::new(), urls, book: Arc::new(Book::default()) };
        let stalls = Stalls {
            count: settings.stalls,
            kills: settings.kills,
            done: AtomicU32::new(0),
            faults: format!("{}/_double/faults", scene.github.base_url()),
            sender: sender.clone(),
            database: scene.database.clone(),
        };
        let kills = Arc::new(Kills::new(settings.kills));
        Ok(Self { scene, replicas, sender, kills, stalls: Arc::new(stalls), rng, began: Instant::now() })
    }

    async fn finish(mut self, settings: &Settings) -> anyhow::Result<Verdict> {
        self.trouble(settings).await?;
        self.scene.github.heal();
        self.settle().await?;
        sleep(Duration::from_secs(settings.quiet_seconds)).await;
        let evidence = Evidence {
            entries: self.sender.book.all(),
            rows: self.scene.database.rows().await?,
            branches: history::read(&self.scene.repositories)?,
        };
        let mut verdict = Verdict::of(&evidence);
        let stalls = self.stalls.done.load(Ordering::Relaxed);
        if stalls < settings.stalls {
            verdict.problems.push(format!(
                "Only {stalls} of {} stalls caught a worker in the middle of a commit",
                settings.stalls
            ));
        }
        Ok(verdict)
    }

    /// Sends everything and does all kills, while things go wrong at GitHub.
    async fn trouble(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let plan = plan::plan(&mut self.rng, settings.deliveries, settings.kills)?;
        let mut tasks = JoinSet::new();
        let send = self.sender.clone().send_all(plan, Arc::clone(&self.kills), self.rng.fork());
        tasks.spawn(async {
            send.await;
            Ok(None)
        });
        for replica in self.replicas.drain(..) {
            let crashes = replica.be_killed(Arc::clone(&self.kills), Arc::clone(&self.stalls));
            tasks.spawn(async { crashes.await.map(Some) });
        }
        let storm = weather::storm(&self.scene.github, self.rng.fork());
        let colleagues = weather::colleagues(self.scene.repositories.clone(), self.rng.fork());
        let mut replicas = Vec::new();
        let done = async {
            while let Some(ended) = tasks.join_next().await {
                replicas.extend(ended??);
            }
            anyhow::Ok(())
        };
        tokio::select! {
            done = done => done?,
            () = storm => {}
            () = colleagues => {}
            () = self.tell_progress() => {}
        }
        self.replicas = replicas;
        Ok(())
    }

    /// Waits until no promotion is under way. What is left then is for the verdict to tell.
    async fn settle(&self) -> anyhow::Result<()> {
        let end = Instant::now() + SETTLE;
        while Instant::now() < end && open(&self.scene.database).await? > 0 {
            self.scene.database.hasten().await?;
            sleep(LOOK).await;
        }
        self.progress().await;
        Ok(())
    }

    async fn tell_progress(&self) {
        let mut ticks = interval(PROGRESS);
        loop {
            ticks.tick().await;
            self.progress().await;
        }
    }

    async fn progress(&self) {
        let (sent, accepted) = self.sender.book.counts();
        let open = open(&self.scene.database).await.map_or("?".to_owned(), |open| open.to_string());
        println!(
            "{:4} s: {} of {} kills, {} of {} stalls, {sent} deliveries sent, {accepted} accepted, {open} promotions under way",
            self.began.elapsed().as_secs(),
            self.kills.done(),
            self.kills.goal(),
            self.stalls.done.load(Ordering::Relaxed),
            self.stalls.count,
        );
    }
}

/// How many promotions are under way.
async fn open(database: &Database) -> anyhow::Result<usize> {
    Ok(database.promotions().await?.iter().filter(|promotion| promotion.is_open()).count())
}

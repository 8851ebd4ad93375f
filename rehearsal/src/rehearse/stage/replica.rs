//! One replica: real processes that are started again when they end, as a kubelet does it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::ask::ask;
use super::process::Program;
use crate::rehearse::event::{Happened, Side};

/// A kubelet's delays before a container is started again: the first, the longest, and how long a container has to run
/// until they begin anew. See <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>.
const BACK_OFF: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(300), Duration::from_secs(600)];
/// How often readiness is asked for, and how long an answer may take.
const PROBE: Duration = Duration::from_millis(100);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Time that a process has to end after SIGTERM.
const STOP: Duration = Duration::from_secs(5);

/// One process of a replica.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where its output goes.
    pub log: PathBuf,
}

/// How a replica is made.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its name.
    pub pod: String,
    /// Which version it is of.
    pub side: Side,
    /// Its processes, in the order in which they start.
    pub launches: Vec<Launch>,
    /// Where it takes requests.
    pub listen: SocketAddr,
    /// Where it is probed and scraped.
    pub admin: SocketAddr,
    /// How long it has to be ready before it counts.
    pub min_ready: Duration,
    /// By how much the delays of restarts are shortened.
    pub time_scale: f64,
}

/// A replica; killed when this is dropped.
#[derive(Debug)]
pub struct Replica {
    pub recipe: Recipe,
    ready: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Replica {
    /// Starts it. What happens to it is told to `tell`.
    pub fn start(recipe: Recipe, tell: mpsc::UnboundedSender<Happened>) -> Self {
        let ready = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = oneshot::channel();
        let kubelet = Kubelet { recipe: recipe.clone(), ready: Arc::clone(&ready), tell };
        let task = tokio::spawn(kubelet.run(stopped));
        Self { recipe, ready, stop: Some(stop), task }
    }

    /// Whether it takes requests.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Asks it to end, and waits for that.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have given up by itself.
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Kubelet {
    recipe: Recipe,
    ready: Arc<AtomicBool>,
    tell: mpsc::UnboundedSender<Happened>,
}

/// How the processes of a replica ended.
enum End {
    /// By themselves.
    Crashed(String),
    /// Since nobody wants them any more.
    Stopped,
}

impl Kubelet {
    async fn run(self, mut stop: oneshot::Receiver<()>) {
        let [first, longest, calm] = BACK_OFF.map(|time| time.div_f64(self.recipe.time_scale));
        let mut delay = first;
        loop {
            let began = Instant::now();
            let end = self.live(&mut stop).await;
            self.ready.store(false, Ordering::Relaxed);
            let End::Crashed(message) = end else {
                return;
            };
            let Recipe { pod, side, .. } = self.recipe.clone();
            // Where nobody listens any more, the rehearsal is over.
            let _ = self.tell.send(Happened::Crashed { side, pod, message });
            if began.elapsed() > calm {
                delay = first;
            }
            tokio::select! {
                () = sleep(delay) => {}
                _ = &mut stop => return,
            }
            delay = (delay * 2).min(longest);
        }
    }

    /// From the start of the processes to their end.
    async fn live(&self, stop: &mut oneshot::Receiver<()>) -> End {
        let mut programs = Vec::new();
        for launch in &self.recipe.launches {
            match Program::start(&launch.program, &launch.arguments, &launch.log) {
                Ok(program) => programs.push(program),
                Err(error) => return End::Crashed(error.to_string()),
            }
        }
        let mut ready_since: Option<Instant> = None;
        loop {
            if let Some(how) = programs.iter_mut().find_map(Program::has_ended) {
                return End::Crashed(how);
            }
            let well = self.is_well().await;
            ready_since = if well { ready_since.or_else(|| Some(Instant::now())) } else { None };
            let ready = ready_since.is_some_and(|since| since.elapsed() >= self.recipe.min_ready);
            self.ready.store(ready, Ordering::Relaxed);
            tokio::select! {
                () = sleep(PROBE) => {}
                _ = &mut *stop => break,
            }
        }
        self.ready.store(false, Ordering::Relaxed);
        // Whoever stands in front goes first, and finishes what it works on.
        for program in programs.into_iter().rev() {
            program.stop(STOP).await;
        }
        End::Stopped
    }

    async fn is_well(&self) -> bool {
        let answer = ask(self.recipe.admin, Method::GET, "/readyz", PROBE_TIMEOUT).await;
        answer.is_ok_and(|answer| (200..300).contains(&answer.status))
    }
}

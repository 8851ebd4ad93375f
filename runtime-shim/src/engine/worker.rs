//! The life of an instance: created when no other is free, reused for later requests, ended by a trap, a time-out or
//! idleness.
//!
//! One request at a time in an instance, unless more are asked for, from its head to the end of all that comes of it: a trap
//! takes everything in its instance with it. Instances of WASIp2 components serve one request only, since that interface
//! never promised them a second.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::Response;
use tokio::task::yield_now;
use tokio::time::Sleep;
use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    ExpirationError, HandlerState, Instance, InstantiationError, ProxyHandler, ProxyPre, Request,
    ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};

use super::Loaded;
use super::occupancy::{Broken, Guarded, Occupancy};
use super::turn::{Turn, Turns};
use crate::correlation::Correlation;
use crate::host::{Ctx, Granted};
use crate::metrics::Metrics;

/// Epochs that a guest may run before it lets others in.
const YIELD_AFTER_EPOCHS: u64 = 1;

/// What wasmtime-wasi-http says of a worker that exceeded its limits; it has no type of its own.
const TIMED_OUT: &str = "guest timed out";

/// What it says of a worker that was dropped before its end.
const PANICKED: &str = "worker panicked";

/// Bounds on the work of instances.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time that a request may take until the head of its answer.
    pub request: Duration,
    /// Time that work may go on after the answer.
    pub background: Duration,
    /// Time that an instance without work is kept.
    pub idle: Duration,
    /// Requests that an instance works on at once, where its interface allows for more than one.
    pub concurrent: usize,
}

/// What travels with a request into its instance.
pub struct RequestData {
    /// The request, for log lines and traces.
    pub correlation: Correlation,
    /// How many components it has come through; zero for a client's.
    pub depth: u8,
    /// Its turn on the processors.
    turn: Option<Turn>,
    /// Set by its instance.
    broken: Broken,
}

impl RequestData {
    /// Data of a request that is yet to begin.
    pub fn new(correlation: Correlation, depth: u8, turn: Option<Turn>) -> Self {
        Self { correlation, depth, turn, broken: Broken::default() }
    }
}

/// Why a component did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It took longer than [`Limits::request`].
    #[error("timed out: {0:#}")]
    TimedOut(wasmtime::Error),
    /// No instance could be made.
    #[error("not started: {0:#}")]
    NotStarted(wasmtime::Error),
    /// It trapped, or said itself that it failed.
    #[error("failed: {0:#}")]
    Failed(wasmtime::Error),
}

/// The instances of one component.
pub struct Workers {
    handler: ProxyHandler<Pool>,
}

impl Failure {
    /// The reason in a word, for spans.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TimedOut(_) => "timeout",
            Self::NotStarted(_) => "not_started",
            Self::Failed(_) => "failed",
        }
    }
}

impl Workers {
    /// A pool without instances; the first request creates one.
    pub fn new(
        engine: Engine,
        loaded: Loaded,
        granted: Arc<Granted>,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        metrics.declare_component(&granted.id);
        let pool = Pool { engine, pre: loaded.0, granted, metrics, limits };
        Self { handler: ProxyHandler::new(pool) }
    }

    /// The component's id and what it may use.
    pub fn granted(&self) -> &Granted {
        &self.handler.state().granted
    }

    /// Runs a request in a free or new instance.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn handle(&self, data: RequestData, request: Request) -> Result<Response<Guarded>, Failure> {
        let started = Instant::now();
        let limit = self.handler.state().limits.request;
        let broken = data.broken.clone();
        match self.handler.handle(data, request).await {
            Ok(response) => Ok(response.map(|body| Guarded::new(body, broken))),
            Err(error) if error.is::<InstantiationError<RequestData>>() => Err(Failure::NotStarted(error)),
            // An instance that is ended looks the same from here, whatever the reason; one of WASIp2 as if its guest had
            // not answered.
            Err(error) if error.is::<ExpirationError>() || started.elapsed() >= limit => {
                Err(Failure::TimedOut(error))
            }
            Err(error) => Err(Failure::Failed(error)),
        }
    }
}

struct Pool {
    engine: Engine,
    pre: ProxyPre<Ctx>,
    granted: Arc<Granted>,
    metrics: Arc<Metrics>,
    limits: Limits,
}

impl HandlerState for Pool {
    type StoreData = Ctx;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Ctx, Expiration, Worker>> {
        let ctx = Ctx::new(Arc::clone(&self.granted), Arc::clone(&self.metrics))?;
        let mut store = Store::new(&self.engine, ctx);
        store.limiter(|ctx| &mut ctx.limits);
        store.set_epoch_deadline(YIELD_AFTER_EPOCHS);
        let turns = Arc::new(Turns::default());
        store.epoch_deadline_callback({
            let turns = Arc::clone(&turns);
            move |_| {
                turns.interrupt();
                // Unlike a mere yield, this goes on only after a look at the network and the timers: between two looks,
                // tokio would else run dozens of guests that compute.
                Ok(UpdateDeadline::YieldCustom(YIELD_AFTER_EPOCHS, Box::pin(yield_now())))
            }
        });
        let proxy = tokio::time::timeout(self.limits.request, self.pre.instantiate_async(&mut store))
            .await
            .map_err(|_| {
                wasmtime::format_err!("the component did not start within the request time-out")
            })??;
        self.metrics.instances_created.with_label_values(&[&self.granted.id]).inc();
        let occupancy = Arc::new(Occupancy::default());
        Ok(Instance {
            store,
            proxy,
            view: WasiHttpView::http,
            expiration: Expiration::new(self.limits, Arc::clone(&occupancy), Arc::clone(&turns)),
            state: Worker {
                occupancy,
                reusable: matches!(self.pre, ProxyPre::P3(_)),
                limits: self.limits,
                running: Arc::default(),
                turns,
                used: AtomicBool::new(false),
                granted: Arc::clone(&self.granted),
                metrics: Arc::clone(&self.metrics),
            },
        })
    }
}

struct Worker {
    occupancy: Arc<Occupancy>,
    reusable: bool,
    limits: Limits,
    /// Requests that it works on now.
    running: Arc<AtomicUsize>,
    turns: Arc<Turns>,
    used: AtomicBool,
    granted: Arc<Granted>,
    metrics: Arc<Metrics>,
}

impl Worker {
    /// Whether a request would have to share the instance with something, where it is promised that it does not.
    fn is_occupied(&self) -> bool {
        self.limits.concurrent == 1 && self.occupancy.is_occupied()
    }
}

impl WorkerState for Worker {
    type StoreData = Ctx;
    type RequestData = RequestData;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        match (concurrent, total) {
            (0, 0) => ShouldAccept::Yes,
            _ if !self.reusable => ShouldAccept::Never,
            _ if concurrent < self.limits.concurrent && !self.is_occupied() => ShouldAccept::Yes,
            _ => ShouldAccept::No,
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Ctx>,
        data: RequestData,
        _task: wasmtime::component::GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        let running = Running::begin(&self.running);
        store.data_mut().begin(data.correlation, data.depth, running.alone);
        self.occupancy.occupy(data.broken);
        if let Some(turn) = data.turn {
            self.turns.begin(turn);
        }
        if self.used.swap(true, Ordering::Relaxed) {
            self.metrics.instances_reused.with_label_values(&[&self.granted.id]).inc();
        }
        // `Expiration` ends a request that takes too long, and its instance with it: the guest would go on otherwise. It
        // looks at the newest request only, so that beside others each needs a time of its own; the instance then ends
        // when the others have.
        let limit = (self.limits.concurrent > 1).then_some(self.limits.request);
        Box::pin(async move {
            let _running = running;
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        })
    }

    fn drop(&self, store: Store<Ctx>, result: Result<(), wasmtime::Error>) {
        if result.is_err() {
            self.occupancy.break_off();
        }
        drop(store);
        let Err(error) = result else { return };
        let text = error.to_string();
        // An instance that is dropped at the end of the process is reported as if it had panicked.
        if text == PANICKED && !std::thread::panicking() {
            return;
        }
        let reason = if text == TIMED_OUT { "timeout" } else { "trap" };
        self.metrics.instances_trapped.with_label_values(&[&self.granted.id, reason]).inc();
        tracing::error!(component = %self.granted.id, reason, "instance ended: {error:#}");
    }
}

/// A request that its instance works on, until it is dropped.
struct Running {
    count: Arc<AtomicUsize>,
    /// Whether it was the only one when it began.
    alone: bool,
}

impl Running {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        let alone = count.fetch_add(1, Ordering::Relaxed) == 0;
        Self { count: Arc::clone(count), alone }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends an instance that is idle, or works for longer than its limits say. Is told when nothing goes on in it.
struct Expiration {
    limits: Limits,
    occupancy: Arc<Occupancy>,
    turns: Arc<Turns>,
    timer: Pin<Box<Sleep>>,
}

impl Expiration {
    fn new(limits: Limits, occupancy: Arc<Occupancy>, turns: Arc<Turns>) -> Self {
        Self { limits, occupancy, turns, timer: Box::pin(tokio::time::sleep(limits.idle)) }
    }

    fn limit(&self, status: WorkerStatus) -> Duration {
        match status {
            WorkerStatus::Idle => self.limits.idle,
            WorkerStatus::Requests => self.limits.request,
            WorkerStatus::PostReturn => self.limits.background,
        }
    }
}

impl WorkerExpiration for Expiration {
    /// Is called whenever the instance lets others run. The status changes several times a request, so the timer is left alone while it rings early enough: then the
    /// true deadline is looked at.
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        if self.turns.pause() {
            // Its first poll asks for a later one.
            let _ = pin!(yield_now()).poll(context);
        }
        if status == WorkerStatus::Idle && self.occupancy.vacate() {
            // The instance has just said that it takes no request, and has to be asked again.
            context.waker().wake_by_ref();
        }
        let deadline = tokio::time::Instant::from_std(start + self.limit(status));
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if self.timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

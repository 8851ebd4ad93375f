//! Compiles components and runs requests in pooled, reused instances of them.

pub mod cache;
mod component;
mod occupancy;
mod turn;
mod worker;

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

pub use component::{Loaded, load};
pub use occupancy::Guarded;
pub use turn::Turn;
pub use worker::{Failure, Limits, RequestData, Workers};

/// How often running guests look whether they are to yield. Shorter ticks let other requests in sooner when a guest
/// computes without pause, and cost a wake-up each.
const EPOCH_TICK: Duration = Duration::from_millis(5);

/// Instances that can exist at once, over all components.
pub const MAX_INSTANCES: u32 = 2_000;

/// Guests that are begun at once while they compute.
pub fn turns() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get) * turn::TURNS_PER_PROCESSOR
}

/// Makes the engine and the thread that drives its epochs.
///
/// # Errors
/// If the processor lacks what the engine needs.
pub fn new() -> wasmtime::Result<Engine> {
    let engine = match Engine::new(&config(InstanceAllocationStrategy::Pooling(pool()))) {
        Ok(engine) => engine,
        Err(error) => {
            // The pool reserves address space, which a limit on virtual memory may refuse.
            tracing::warn!("no instance pool, instances start more slowly: {error:#}");
            Engine::new(&config(InstanceAllocationStrategy::OnDemand))?
        }
    };
    tick(&engine);
    Ok(engine)
}

/// An engine that compiles for every processor of this kind, and leaves out what only some of them can do. What it
/// compiles, the engine of [`new`] loads.
///
/// # Errors
/// If the processor lacks what the engine needs.
pub(crate) fn portable() -> wasmtime::Result<Engine> {
    let mut config = config(InstanceAllocationStrategy::OnDemand);
    // A target that is named has none of the features that would be looked for on this machine.
    config.target(env!("SLIPWAY_TARGET"))?;
    Engine::new(&config)
}

fn config(allocation: InstanceAllocationStrategy) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .allocation_strategy(allocation);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * 4)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES * 4)
        .total_stacks(MAX_INSTANCES)
        // Keeps what an instance had touched resident for the next one, which saves most page faults.
        .linear_memory_keep_resident(256 * 1024)
        .table_keep_resident(16 * 1024);
    pool
}

fn tick(engine: &Engine) {
    let engine = engine.weak();
    thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH_TICK);
        }
    });
}

/// A component that is ready to serve, with what it was granted.
pub type Component = Arc<Workers>;

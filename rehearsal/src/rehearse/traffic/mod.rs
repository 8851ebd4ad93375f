//! What users do: requests at a constant rate, and what becomes of them.

mod mix;
mod tally;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::event::Side;
use super::stage::{SIDE_HEADER, ask};

pub use mix::{Call, Mix, MixError};
pub use tally::{Sample, Tally};

/// Users wait no longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most requests per second: this is a rehearsal, and no load test.
pub const MAX_RATE: u32 = 1_000;

/// Users; they stop when this is dropped.
#[derive(Debug)]
pub struct Traffic {
    task: JoinHandle<()>,
}

impl Traffic {
    /// Sends `rate` requests per second to `address`, whether those before were answered or not. Each becomes a sample,
    /// with its times counted from `began`.
    pub fn start(
        mix: Mix,
        rate: u32,
        address: SocketAddr,
        began: Instant,
        samples: mpsc::UnboundedSender<Sample>,
    ) -> Self {
        Self { task: tokio::spawn(send(mix, rate.min(MAX_RATE), address, began, samples)) }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn send(
    mut mix: Mix,
    rate: u32,
    address: SocketAddr,
    began: Instant,
    samples: mpsc::UnboundedSender<Sample>,
) {
    if rate == 0 {
        return;
    }
    // As many as can be open when nobody gets an answer.
    let open =
        Arc::new(Semaphore::new(usize::try_from(u64::from(rate) * PATIENCE.as_secs()).unwrap_or(usize::MAX)));
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    // A connection for each: none is closed by a reload just when a request is sent over it.
    let mut calls = tokio::task::JoinSet::new();
    loop {
        ticks.tick().await;
        while calls.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&open).acquire_owned().await else {
            return;
        };
        let (call, samples) = (mix.pick(), samples.clone());
        calls.spawn(async move {
            let sample = one(&call, address, began).await;
            // Nobody counts any more.
            let _ = samples.send(sample);
            drop(permit);
        });
    }
}

async fn one(call: &Call, address: SocketAddr, began: Instant) -> Sample {
    let sent = Instant::now();
    let answer = ask(address, call.method.clone(), &call.path, PATIENCE).await;
    let (side, failed) = match &answer {
        Ok(answer) => {
            let side = answer.headers.get(SIDE_HEADER).and_then(|side| side.to_str().ok());
            let side = side.map(|side| if side == "canary" { Side::Canary } else { Side::Stable });
            (side, answer.status >= 500)
        }
        Err(_) => (None, true),
    };
    Sample { sent: sent.duration_since(began), took: sent.elapsed(), side, failed }
}

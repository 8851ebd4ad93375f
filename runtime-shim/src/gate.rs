//! A limit on how much goes on at once, with a short queue before it.
//!
//! Whoever comes when all places are taken waits, or is refused. A queue that empties soon is a burst and does no harm; one
//! that stands makes everybody wait and serves nobody sooner. So the time in the queue is only bounded once waits have
//! been long for a while, as in CoDel (<https://www.rfc-editor.org/rfc/rfc8289>): a burst is served whole, and overload
//! that lasts is refused at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a gate lets through.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most at once.
    pub running: usize,
    /// Most that wait.
    pub queued: usize,
    /// Longest wait, once waits have been long for [`Bounds::burst`].
    pub queue_time: Duration,
    /// How long waits may be longer than that, after as long without. With zero, none ever is.
    pub burst: Duration,
}

/// Why somebody was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// As many wait as may.
    #[error("the queue is full")]
    QueueFull,
    /// There was no place in time.
    #[error("it waited for too long")]
    QueueTimeout,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::QueueFull, Self::QueueTimeout];

    /// A word for it, as a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::QueueTimeout => "queue_timeout",
        }
    }
}

/// The gate.
pub struct Gate {
    bounds: Bounds,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    slow: Slow,
}

/// Since when waits are long, and when the last long one was: in milliseconds after the epoch, zero for never.
struct Slow {
    epoch: Instant,
    since: AtomicU64,
    last: AtomicU64,
}

impl Gate {
    /// A gate that nobody has passed yet.
    pub fn new(bounds: Bounds) -> Self {
        let slow = Slow { epoch: Instant::now(), since: AtomicU64::new(0), last: AtomicU64::new(0) };
        Self { bounds, places: Arc::new(Semaphore::new(bounds.running)), waiting: AtomicUsize::new(0), slow }
    }

    /// Takes a place, which is free again when the permit is dropped. In the order of coming.
    ///
    /// # Errors
    /// If there is none within the bounds.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        // Nobody overtakes here: a place that somebody waits for is never free.
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(permit);
        }
        let _queued = Queued::join(&self.waiting, self.bounds.queued)?;
        self.wait().await
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let Bounds { queue_time, burst, .. } = self.bounds;
        let mut place = std::pin::pin!(Arc::clone(&self.places).acquire_owned());
        loop {
            if let Ok(permit) = tokio::time::timeout(queue_time, &mut place).await {
                // The semaphore is never closed.
                return permit.map_err(|_| Refusal::QueueFull);
            }
            if self.slow.lasts(burst) >= burst {
                return Err(Refusal::QueueTimeout);
            }
        }
    }
}

impl Slow {
    /// Notes a long wait, and says for how long there have been some. It is over once there was none for `calm`: not with
    /// the first short one, since a queue that refuses is empty at times.
    fn lasts(&self, calm: Duration) -> Duration {
        let now = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let last = self.last.swap(now, Ordering::Relaxed);
        if last == 0 || Duration::from_millis(now.saturating_sub(last)) > calm {
            self.since.store(now, Ordering::Relaxed);
        }
        Duration::from_millis(now.saturating_sub(self.since.load(Ordering::Relaxed)))
    }
}

/// Somebody who waits.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn join(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Refusal> {
        if waiting.fetch_add(1, Ordering::Relaxed) < most {
            return Ok(Self(waiting));
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
        Err(Refusal::QueueFull)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_millis(50);

    fn gate(queued: usize, burst: Duration) -> Arc<Gate> {
        Arc::new(Gate::new(Bounds { running: 1, queued, queue_time: TIME, burst }))
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_a_standing_one_in_time() {
        let gate = gate(1, Duration::ZERO);
        let held = gate.enter().await.unwrap();
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { (gate.enter().await.map(drop), Instant::now()) }
        });
        tokio::time::sleep(TIME / 5).await;
        let began = Instant::now();
        assert_eq!(gate.enter().await.unwrap_err(), Refusal::QueueFull);
        assert!(began.elapsed() < TIME / 2, "it was not at once");
        let (refused, _) = waiting.await.unwrap();
        assert_eq!(refused, Err(Refusal::QueueTimeout));
        drop(held);
        assert!(gate.enter().await.is_ok());
    }

    #[tokio::test]
    async fn those_who_wait_are_served_in_turn() {
        let gate = gate(10, Duration::ZERO);
        let held = gate.enter().await.unwrap();
        let second = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter().await.map(drop) }
        });
        tokio::time::sleep(TIME / 5).await;
        drop(held);
        assert_eq!(second.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_burst_may_wait_for_longer_than_overload_that_lasts() {
        let gate = gate(10, TIME * 6);
        let held = gate.enter().await.unwrap();
        let wait = |gate: Arc<Gate>| async move {
            let began = Instant::now();
            (gate.enter().await.map(drop), began.elapsed())
        };
        let first = tokio::spawn(wait(Arc::clone(&gate)));
        let (refused, after) = first.await.unwrap();
        assert_eq!(refused, Err(Refusal::QueueTimeout));
        assert!(after >= TIME * 6, "a burst was refused after {after:?}");
        // It still lasts, so that the next one is refused sooner.
        let (refused, after) = wait(Arc::clone(&gate)).await;
        assert_eq!(refused, Err(Refusal::QueueTimeout));
        assert!(after < TIME * 4, "refused only after {after:?}");
        drop(held);
        // It is over when nobody has had to wait for a while.
        tokio::time::sleep(TIME * 8).await;
        let _held = gate.enter().await.unwrap();
        let (_, after) = wait(gate).await;
        assert!(after >= TIME * 6, "a new burst was refused after {after:?}");
    }
}

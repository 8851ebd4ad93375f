//! How many kills were done, and how many are left.

use tokio::sync::watch;

/// The kills of a run, shared by the replicas, which do them, and the senders, which keep pace with them.
#[derive(Debug)]
pub(super) struct Kills {
    goal: u32,
    begun: watch::Sender<u32>,
    done: watch::Sender<u32>,
}

impl Kills {
    /// So many are to be done.
    pub(super) fn new(goal: u32) -> Self {
        Self { goal, begun: watch::Sender::new(0), done: watch::Sender::new(0) }
    }

    /// How many are to be done.
    pub(super) fn goal(&self) -> u32 {
        self.goal
    }

    /// The number of the next kill, from 0 on; none once enough have begun.
    pub(super) fn next(&self) -> Option<u32> {
        let mut number = None;
        self.begun.send_if_modified(|begun| {
            number = (*begun < self.goal).then_some(*begun);
            *begun += u32::from(number.is_some());
            number.is_some()
        });
        number
    }

    /// One was done.
    pub(super) fn did(&self) {
        self.done.send_modify(|done| *done += 1);
    }

    /// How many were done.
    pub(super) fn done(&self) -> u32 {
        *self.done.borrow()
    }

    /// Waits until so many were done.
    pub(super) async fn reach(&self, count: u32) {
        // It cannot fail: the sender lives as long as `self`.
        let _ = self.done.subscribe().wait_for(|done| *done >= count).await;
    }
}

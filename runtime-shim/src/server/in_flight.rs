//! Counts requests from their head to the end of their answer's body, and lets a drain wait for the last.

use std::sync::Arc;

use prometheus::IntGauge;
use tokio::sync::watch;

/// The count.
#[derive(Clone)]
pub struct Counter {
    count: Arc<watch::Sender<usize>>,
    gauge: IntGauge,
}

/// One request in flight; it ends when this is dropped.
pub struct InFlight(Counter);

impl Counter {
    /// A count of zero that is shown in `gauge`.
    pub fn new(gauge: IntGauge) -> Self {
        Self { count: Arc::new(watch::Sender::new(0)), gauge }
    }

    /// One more request.
    pub fn begin(&self) -> InFlight {
        self.gauge.inc();
        self.count.send_modify(|count| *count += 1);
        InFlight(self.clone())
    }

    /// Returns once no request is in flight.
    pub async fn none(&self) {
        // The sender lives as long as `self`, so the only error cannot occur.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.gauge.dec();
        self.0.count.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_waits_for_the_last_request() {
        let gauge = IntGauge::new("in_flight", "x").unwrap();
        let counter = Counter::new(gauge.clone());
        let (first, second) = (counter.begin(), counter.begin());
        assert_eq!(gauge.get(), 2);
        let waiting = tokio::spawn({
            let counter = counter.clone();
            async move { counter.none().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
        assert_eq!(gauge.get(), 0);
    }
}

//! Waiting for something to come true, with a deadline instead of a fixed sleep.

use std::time::{Duration, Instant};

/// How often is looked.
const STEP: Duration = Duration::from_millis(50);

/// Looks again and again until `look` finds something.
///
/// # Panics
/// When nothing was found before the deadline; `what` says what was waited for.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited {} s in vain: {what}", deadline.as_secs());
        tokio::time::sleep(STEP).await;
    }
}

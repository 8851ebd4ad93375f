//! One answer for many who ask at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// An answer that counts for a while: whoever asks meanwhile gets it, and never are two questions under way.
pub struct Shared<T> {
    fresh: Duration,
    last: Arc<Mutex<Option<(Instant, T)>>>,
}

impl<T: Clone + Send + 'static> Shared<T> {
    /// No answer yet; each will count for `fresh`.
    pub fn new(fresh: Duration) -> Self {
        Self { fresh, last: Arc::default() }
    }

    /// The last answer while it counts, else the one that `question` gives. Nothing if `question` panicked.
    ///
    /// A question goes on when nobody waits for it any more: callers that hang up must not begin another each.
    pub async fn get(&self, question: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < self.fresh
        {
            return Some(answer.clone());
        }
        let asked = tokio::spawn(async move {
            let answer = question.await;
            *last = Some((Instant::now(), answer.clone()));
            answer
        });
        asked.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const FRESH: Duration = Duration::from_millis(200);

    /// A question that counts how often it was asked.
    fn question(asked: &Arc<AtomicUsize>) -> impl Future<Output = usize> + Send + 'static {
        let asked = Arc::clone(asked);
        async move {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(FRESH / 4).await;
            number
        }
    }

    #[tokio::test]
    async fn many_who_ask_at_once_share_one_question() {
        let (shared, asked) = (Shared::new(FRESH), Arc::default());
        let answers = futures::future::join_all((0..50).map(|_| shared.get(question(&asked)))).await;
        assert_eq!(answers, vec![Some(0); 50]);
        tokio::time::sleep(FRESH * 2).await;
        assert_eq!(shared.get(question(&asked)).await, Some(1), "an old answer does not count");
    }

    #[tokio::test]
    async fn callers_that_hang_up_do_not_begin_another_question() {
        let (shared, asked) = (Shared::new(FRESH), Arc::default());
        for _ in 0..5 {
            assert!(tokio::time::timeout(FRESH / 40, shared.get(question(&asked))).await.is_err());
        }
        assert_eq!(shared.get(question(&asked)).await, Some(0));
    }

    #[tokio::test]
    async fn after_a_panic_the_question_is_asked_again() {
        let shared = Shared::new(FRESH);
        assert_eq!(shared.get(async { panic!("as asked") }).await, None);
        assert_eq!(shared.get(async { 1 }).await, Some(1));
    }
}

//! Sends deliveries as GitHub does, and again as long as they are not answered 2xx, as its redelivery does.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::book::Book;
use super::chance::{below, one_of};
use super::kills::Kills;
use super::plan::{Manner, Planned};
use crate::http::HttpClient;
use crate::webhook::Delivery;

/// GitHub waits this long; see <https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks>.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause before a delivery is sent again.
const PAUSE: Duration = Duration::from_millis(1_500);
/// How often a delivery is sent at most until it is answered.
const ATTEMPTS: usize = 200;
/// The longest pause before a delivery that was answered is sent again.
const REDELIVERY: Duration = Duration::from_secs(5);

/// Sends to any of the replicas.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) client: HttpClient,
    /// Where the replicas receive.
    pub(super) urls: Vec<String>,
    pub(super) book: Arc<Book>,
}

impl Sender {
    /// Sends everything that is planned, each when its time has come.
    pub(super) async fn send_all(self, plan: Vec<Planned>, kills: Arc<Kills>, mut rng: Rng) {
        let mut senders = JoinSet::new();
        for planned in plan {
            let (sender, kills, rng) = (self.clone(), Arc::clone(&kills), rng.fork());
            senders.spawn(async move {
                kills.reach(planned.after_kills).await;
                sleep(planned.offset).await;
                sender.send(&planned, rng).await;
            });
        }
        senders.join_all().await;
    }

    async fn send(&self, planned: &Planned, mut rng: Rng) {
        let Planned { delivery, pushed, manner, .. } = planned;
        self.book.sent(delivery.guid(), pushed);
        match manner {
            Manner::Once => self.until_answered(delivery, &self.urls, rng).await,
            Manner::Duplicated => {
                let (one, other) = self.urls.split_at(self.urls.len() / 2);
                let one = if one.is_empty() { other } else { one };
                let (first, second) = (rng.fork(), rng);
                tokio::join!(
                    self.until_answered(delivery, one, first),
                    self.until_answered(delivery, other, second)
                );
            }
            Manner::Redelivered => {
                self.until_answered(delivery, &self.urls, rng.fork()).await;
                sleep(below(&mut rng, REDELIVERY)).await;
                self.until_answered(delivery, &self.urls, rng).await;
            }
        }
    }

    /// Sends a delivery to one of these again and again until it is answered, or enough is enough.
    pub(super) async fn until_answered(&self, delivery: &Delivery, urls: &[String], mut rng: Rng) {
        for _ in 0..ATTEMPTS {
            let url = one_of(&mut rng, urls);
            if let Ok(Ok(answer)) = timeout(PATIENCE, delivery.send(&self.client, url)).await
                && self.book.answered(delivery.guid(), &answer)
            {
                return;
            }
            sleep(below(&mut rng, PAUSE)).await;
        }
    }
}

//! Deliveries that never arrived. GitHub does not send them again by itself, but keeps a log of them for three days.
//!
//! <https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries>

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

use gitops::host::{Attempt, DeliveryLog, Hook, HostError, Outcome};
use ledger::{DeliveryKey, Store, StoreError};
use serde::Serialize;

use crate::routes::github::SOURCE;

/// What healing is called in the ledger.
pub(crate) const NAME: &str = "heal";

/// How often the logs are looked at, by whichever replica. GitHub needs a while to send again.
pub(crate) const PERIOD: Duration = Duration::from_secs(5 * 60);

/// How far back.
const KEPT: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How often a delivery is asked for again.
const MOST_REQUESTS: u32 = 3;
/// Most pages of a log, each of a hundred attempts.
const MAX_PAGES: u32 = 50;
/// How long all of it may take: the caller waits. What is not reached comes with the next round.
const TIME: Duration = Duration::from_secs(8);

/// An event that is never stored, so that the ledger cannot tell whether it arrived.
const PING: &str = "ping";

/// What became of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealReport {
    /// Attempts that were looked at.
    pub attempts: u32,
    /// Deliveries that were asked for again.
    pub requested: u32,
    /// What the Git host said instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// Asks for every delivery that failed in transport or with a 5xx, and of which the ledger knows nothing.
pub(crate) async fn heal<S: Store, L: DeliveryLog>(
    store: &S,
    log: &L,
    hooks: &[Hook],
) -> Result<HealReport, StoreError> {
    let end = Instant::now() + TIME;
    let mut report = HealReport::default();
    for hook in hooks {
        let (failed, error) = failed(log, hook, end, &mut report.attempts).await;
        if let Some(error) = error {
            note(&mut report, hook, &error);
        }
        let ids: Vec<_> = failed.iter().map(|attempt| attempt.guid.clone()).collect();
        let missed: HashSet<_> = store.missed(SOURCE, &ids, MOST_REQUESTS).await?.into_iter().collect();
        for attempt in failed.iter().filter(|attempt| missed.contains(&attempt.guid)) {
            if Instant::now() >= end {
                return Ok(report);
            }
            // Counted first: a request whose answer is lost may have been heard.
            let key = DeliveryKey { source: SOURCE.to_owned(), id: attempt.guid.clone() };
            store.count_redelivery(&key).await?;
            match log.redeliver(hook, attempt.id).await {
                Ok(()) => report.requested += 1,
                Err(error) => {
                    note(&mut report, hook, &error);
                    if error.is_general() {
                        break;
                    }
                }
            }
        }
    }
    Ok(report)
}

/// The newest attempt at each delivery that never arrived, and what kept the rest of the log from being read.
async fn failed<L: DeliveryLog>(
    log: &L,
    hook: &Hook,
    end: Instant,
    looked_at: &mut u32,
) -> (Vec<Attempt>, Option<HostError>) {
    let oldest = now() - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    let mut deliveries = Deliveries::default();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = match log.deliveries(hook, cursor.as_ref()).await {
            Ok(page) => page,
            Err(error) => return (deliveries.failed(), Some(error)),
        };
        let is_last = page.attempts.iter().any(|attempt| attempt.delivered_at < oldest);
        for attempt in page.attempts.into_iter().filter(|attempt| attempt.delivered_at >= oldest) {
            *looked_at += 1;
            deliveries.take(attempt);
        }
        cursor = page.next;
        if cursor.is_none() || is_last || Instant::now() >= end {
            break;
        }
    }
    (deliveries.failed(), None)
}

/// Deliveries by their attempts, which come newest first.
#[derive(Default)]
struct Deliveries {
    seen: HashSet<String>,
    arrived: HashSet<String>,
    failed: Vec<Attempt>,
}

impl Deliveries {
    fn take(&mut self, attempt: Attempt) {
        if attempt.outcome() == Outcome::Delivered {
            self.arrived.insert(attempt.guid.clone());
        }
        // What an earlier attempt met no longer matters.
        let is_newest = self.seen.insert(attempt.guid.clone());
        if is_newest && attempt.outcome() == Outcome::Failed && attempt.event != PING {
            self.failed.push(attempt);
        }
    }

    fn failed(mut self) -> Vec<Attempt> {
        self.failed.retain(|attempt| !self.arrived.contains(&attempt.guid));
        self.failed
    }
}

fn note(report: &mut HealReport, hook: &Hook, error: &HostError) {
    eprintln!("lost deliveries of {hook} cannot be healed: {error}");
    report.errors.push(format!("{hook}: {error}"));
}

/// Milliseconds since the Unix epoch.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

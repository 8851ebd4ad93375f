//! Bringing promotions to their end.

mod attempt;
mod backoff;
mod report;

use std::time::{Duration, Instant};

use gitops::host::GitHost;
use ledger::{Claim, Gather, Store, StoreError};

pub use report::SweepReport;

use crate::config::Config;
use attempt::{End, attempt};

/// How long a promotion is left alone by others. An attempt is a handful of requests; one that takes longer does no harm,
/// since what it does then is refused.
const LEASE: Duration = Duration::from_secs(30);

/// The same for promotions that share a commit: each has files to read.
const LEASE_OF_BATCH: Duration = Duration::from_secs(60);

/// Most promotions that share a commit.
const MAX_BATCH: u32 = 50;

/// How much one sweep does. Whatever is left is still due for the next.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// No more is begun once so many promotions were tried. What goes into one commit is not torn apart.
    pub promotions: u32,
    /// No more is begun after so long. An attempt takes seconds, and one that the host ends leaves a lease behind.
    pub time: Duration,
}

impl Limit {
    /// After a webhook, once its answer is on its way.
    pub const AFTER_WEBHOOK: Self = Self { promotions: 100, time: Duration::from_secs(20) };
    /// Of `/internal/reconcile`, whose caller waits.
    pub const RECONCILE: Self = Self { promotions: 500, time: Duration::from_secs(15) };
}

/// Tries promotions that are due, the longest due first.
///
/// Does nothing while the configuration is not valid. Ends early when the ledger fails, or when the Git host asks to wait:
/// it would ask the same for the next.
pub async fn sweep<S: Store, H: GitHost>(store: &S, config: &Config, host: &H, limit: Limit) -> SweepReport {
    let begun = Instant::now();
    let mut report = SweepReport::default();
    let Ok(setup) = config.setup() else {
        return report;
    };
    while report.claimed < limit.promotions && begun.elapsed() < limit.time {
        let claims = match claim(store, &setup.gather).await {
            Ok(claims) if claims.is_empty() => break,
            Ok(claims) => claims,
            Err(error) => {
                report.stop(error);
                break;
            }
        };
        report.claimed = report.claimed.saturating_add(u32::try_from(claims.len()).unwrap_or(u32::MAX));
        let ends = attempt(store, &setup.targets, host, &claims).await;
        if record(store, ends, &mut report).await == Next::Stop {
            break;
        }
    }
    report
}

/// Without a window, each promotion has a commit of its own, and is claimed only when its turn has come.
async fn claim<S: Store>(store: &S, gather: &Gather) -> Result<Vec<Claim>, StoreError> {
    let (most, lease) = if gather.quiet.is_zero() { (1, LEASE) } else { (MAX_BATCH, LEASE_OF_BATCH) };
    store.claim_due(most, lease, gather).await
}

/// Whether a sweep goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Stop,
}

/// Writes down how each attempt ended.
async fn record<S: Store>(
    store: &S,
    ends: Vec<(&Claim, Result<End, StoreError>)>,
    report: &mut SweepReport,
) -> Next {
    let mut next = Next::Go;
    for (claim, end) in ends {
        let recorded = match &end {
            Ok(end) => write_down(store, claim, end).await,
            Err(error) => Err(error.clone()),
        };
        match (recorded, end) {
            (Ok(()), Ok(end)) => {
                report.count(&end);
                if matches!(end, End::Postponed { host_asks_to_wait: true, .. }) {
                    next = Next::Stop;
                }
            }
            (Err(StoreError::LeaseLost), _) => report.lost += 1,
            (Err(error), _) | (Ok(()), Err(error)) => {
                // The others are tried all the same: what was committed and is not recorded has to be looked for in Git.
                report.stop(error);
                next = Next::Stop;
            }
        }
    }
    next
}

async fn write_down<S: Store>(store: &S, claim: &Claim, end: &End) -> Result<(), StoreError> {
    match end {
        End::Postponed { error, delay, .. } => store.postpone(claim, error, *delay).await,
        End::Finished(outcome) => match (store.finish(claim, outcome).await, outcome.commit()) {
            (Err(StoreError::LeaseLost), Some(commit)) => {
                store.correct(claim.promotion.id, commit).await?;
                Err(StoreError::LeaseLost)
            }
            (result, _) => result,
        },
    }
}

//! Bringing promotions to their end.

mod attempt;
mod backoff;
mod newer;
mod report;

use std::time::Duration;

use gitops::host::GitHost;
use gitops::target::Targets;
use ledger::{Claim, Store, StoreError};

pub use report::SweepReport;

use crate::config::Config;
use attempt::End;

/// How long one promotion is left alone by others. An attempt is a handful of requests; one that takes longer does no
/// harm, since what it does then is refused.
const LEASE: Duration = Duration::from_secs(30);

/// Tries up to `limit` promotions that are due, one after the other, the longest due first.
///
/// Does nothing while the configuration is not valid. Ends early when the ledger fails, or when the Git host asks to wait:
/// it would ask the same for the next.
pub async fn sweep<S: Store, H: GitHost>(store: &S, config: &Config, host: &H, limit: u32) -> SweepReport {
    let mut report = SweepReport::default();
    let Ok(setup) = config.setup() else {
        return report;
    };
    for _ in 0..limit {
        // One at a time, so that no lease runs out while its promotion waits for its turn.
        let claim = match store.claim_due(1, LEASE).await.map(|claims| claims.into_iter().next()) {
            Ok(Some(claim)) => claim,
            Ok(None) => break,
            Err(error) => {
                report.stop(error);
                break;
            }
        };
        report.claimed += 1;
        match bring_to_end(store, &setup.targets, host, &claim).await {
            Ok(end) => {
                report.count(&end);
                if matches!(end, End::Postponed { host_asks_to_wait: true, .. }) {
                    break;
                }
            }
            Err(StoreError::LeaseLost) => report.lost += 1,
            Err(error) => {
                report.stop(error);
                break;
            }
        }
    }
    report
}

async fn bring_to_end<S: Store, H: GitHost>(
    store: &S,
    targets: &Targets,
    host: &H,
    claim: &Claim,
) -> Result<End, StoreError> {
    let end = attempt::attempt(store, targets, host, claim).await?;
    match &end {
        End::Finished(outcome) => store.finish(claim, outcome).await?,
        End::Postponed { error, delay, .. } => store.postpone(claim, error, *delay).await?,
    }
    Ok(end)
}

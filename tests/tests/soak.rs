//! Mixed load with faults; `make soak` goes on for ten minutes.

use std::time::Duration;

use tests::soak::{Soak, run};

/// Most memory, in MiB: several components at once may take all that each may have.
const MEMORY: u64 = 1_000;
/// Most descriptors: clients, connections to the target, databases.
const DESCRIPTORS: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn mixed_load_with_faults_is_answered_as_due() -> anyhow::Result<()> {
    let report = run(&Soak { duration: Duration::from_secs(10), clients: 16, seed: 1 }).await?;
    let peak = report.trend.peak();
    assert!(report.tally.total() > 200, "{}", report.tally);
    assert!(peak.memory < MEMORY, "{peak:?}");
    assert!(peak.descriptors < DESCRIPTORS, "{peak:?}");
    Ok(())
}

//! Replicas are replaced under load; `make drain-test` does it a hundred times.

use tests::rolling::{Rolling, run};

#[tokio::test(flavor = "multi_thread")]
async fn no_accepted_request_fails_while_replicas_are_replaced() -> anyhow::Result<()> {
    let report = run(&Rolling { rounds: 4, clients: 200, seed: 1 }).await?;
    assert!(report.failures().is_empty(), "{report}");
    assert!(report.requests() > 800, "{report}");
    Ok(())
}

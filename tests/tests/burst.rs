//! Many webhooks at once; `make bench` measures more of them.

use tests::burst::{Burst, run};

const BURST: Burst = Burst { deliveries: 200, services: 40, quiet_seconds: 0, postgres: false };

#[tokio::test(flavor = "multi_thread")]
async fn burst_ends_in_git_without_a_window() -> anyhow::Result<()> {
    let report = run(&BURST).await?;
    assert_eq!(report.answers.len(), 200);
    assert!(report.commits >= 40, "{report:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn burst_ends_in_few_commits_with_a_window() -> anyhow::Result<()> {
    let report = run(&Burst { quiet_seconds: 2, ..BURST }).await?;
    assert!((1..=10).contains(&report.commits), "{report:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn burst_ends_in_git_on_postgres() -> anyhow::Result<()> {
    run(&Burst { postgres: true, ..BURST }).await.map(drop)
}

//! The short form of the crash test; `make crash-test` runs the full one.

use tests::crash::{self, DatabaseKind, Settings, Verdict};

fn short(database: DatabaseKind, replicas: u32) -> Settings {
    Settings {
        database,
        replicas,
        kills: 12,
        deliveries: 40,
        stalls: 1,
        seed: 7,
        quiet_seconds: 2,
        limit_seconds: 240,
        variables: Vec::new(),
    }
}

async fn holds(settings: Settings) {
    let verdict: Verdict = crash::run(&settings).await.expect("a run");
    assert!(verdict.is_good(), "{}\n{verdict}\n{settings:?}", verdict.problems.join("\n"));
    assert!(verdict.commits > 0 && verdict.reasons > 0, "{verdict}");
    assert_eq!(verdict.accepted, verdict.deliveries, "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_crash_and_stall_lose_nothing_and_do_nothing_twice_on_postgres() {
    holds(short(DatabaseKind::Postgres, 2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_that_crashes_loses_nothing_and_does_nothing_twice_on_sqlite() {
    holds(Settings { kills: 6, deliveries: 20, stalls: 0, ..short(DatabaseKind::Sqlite, 1) }).await;
}

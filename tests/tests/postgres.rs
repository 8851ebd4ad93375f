//! The shim as a process in front of a real PostgreSQL server, used by the component `tests/guests/p3`.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use tests::postgres::{PASSWORD, Postgres};
use tests::slipway::{Options, Slipway, workspace};
use tests::wait::eventually;

const DEADLINE: Duration = Duration::from_secs(20);
/// Time in which readiness has to follow the database.
const NOTICED: Duration = Duration::from_secs(5);

fn guests(server: &Postgres) -> Options {
    Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() }
        .with_admin()
        .arg("--drain-delay=0s")
        .variable("database_url", &server.url())
        .variable("database_origin", &server.origin())
}

async fn select(slipway: &Slipway, statement: &str) -> Result<String> {
    let path = format!("/postgres?{}", statement.replace(' ', "%20"));
    Ok(slipway.get(&path).await?.text())
}

#[tokio::test]
async fn a_component_uses_the_database_and_the_pool_is_measured() -> Result<()> {
    let server = Postgres::start().await?;
    let slipway = Slipway::start(guests(&server).arg("--postgres-pool-size=5")).await?;
    let version = select(&slipway, "SELECT version()").await?;
    assert!(version.starts_with("PostgreSQL"), "{version}");
    let answers = join_all((0..40).map(|_| select(&slipway, "SELECT 'x'::text"))).await;
    for answer in answers {
        assert_eq!(answer?, "x");
    }
    let metrics = slipway.metrics().await?;
    assert_eq!(metrics.value("slipway_postgres_pool_size", &[]), Some(5.0));
    assert_eq!(metrics.value("slipway_postgres_waiting", &[]), Some(0.0));
    assert!((1.0..=5.0).contains(&metrics.sum("slipway_postgres_connections", &[])));
    assert_eq!(metrics.value("slipway_postgres_wait_seconds_count", &[]), Some(41.0));
    let calls = [("interface", "spin:postgres")];
    assert_eq!(metrics.value("slipway_host_call_duration_seconds_count", &calls), Some(123.0));
    assert!(!slipway.log().contains(PASSWORD));
    Ok(())
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_refused_without_its_password() -> Result<()> {
    let server = Postgres::start().await?;
    let slipway =
        Slipway::start(guests(&server).variable("database_origin", "postgres://127.0.0.1:9")).await?;
    let answer = select(&slipway, "SELECT version()").await?;
    assert!(answer.contains("is not in the component's allowed_outbound_hosts"), "{answer}");
    assert!(!answer.contains(PASSWORD) && !slipway.log().contains(PASSWORD));
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_a_request_leaves_open_is_rolled_back() -> Result<()> {
    let server = Postgres::start().await?;
    server.client().await?.batch_execute("CREATE TABLE kept (x text)").await?;
    let slipway = Slipway::start(guests(&server).arg("--postgres-pool-size=1")).await?;
    let path = "/postgres-left-open?INSERT%20INTO%20kept%20VALUES%20('x')";
    assert_eq!(slipway.get(path).await?.text(), "left");
    assert_eq!(select(&slipway, "SELECT count(*)::text FROM kept").await?, "0");
    Ok(())
}

#[tokio::test]
async fn a_big_result_is_streamed_in_little_memory() -> Result<()> {
    let server = Postgres::start().await?;
    let slipway = Slipway::start(guests(&server).arg("--request-timeout=60s")).await?;
    assert_eq!(slipway.get("/postgres-count?10").await?.text(), "10");
    let before = slipway.metrics().await?.sum("process_resident_memory_bytes", &[]);
    assert_eq!(slipway.get("/postgres-count?200000").await?.text(), "200000");
    let growth = slipway.metrics().await?.sum("process_resident_memory_bytes", &[]) - before;
    assert!(growth < 50e6, "memory grew by {growth} bytes for a result of 200 MB");
    Ok(())
}

#[tokio::test]
async fn a_stopped_database_is_unready_and_one_that_is_back_is_used_again() -> Result<()> {
    let mut server = Postgres::start().await?;
    let slipway = Slipway::start(guests(&server)).await?;
    assert_eq!(select(&slipway, "SELECT 'x'::text").await?, "x");
    let readiness = || async { slipway.client().get(&slipway.admin_url("/readyz")).await };
    assert_eq!(readiness().await?.status, 200);
    server.stop().await?;
    let unready = || async {
        let answer = readiness().await.ok()?;
        (answer.status == 503 && answer.text().contains("the database does not answer")).then_some(())
    };
    eventually(NOTICED, "readiness to go", unready).await;
    let answer = select(&slipway, "SELECT 'x'::text").await?;
    assert!(answer.contains("the database does not accept connections"), "{answer}");
    server.start_again().await?;
    let ready = || async { (readiness().await.ok()?.status == 200).then_some(()) };
    eventually(DEADLINE, "readiness to come back", ready).await;
    assert_eq!(select(&slipway, "SELECT 'x'::text").await?, "x");
    assert!(!slipway.log().contains(PASSWORD));
    Ok(())
}

#[tokio::test]
async fn a_database_that_falls_silent_is_noticed_and_requests_are_answered_soon() -> Result<()> {
    let mut server = Postgres::start().await?;
    let slipway = Slipway::start(guests(&server)).await?;
    assert_eq!(select(&slipway, "SELECT 'x'::text").await?, "x");
    server.freeze().await?;
    let began = Instant::now();
    let readiness = |status: u16| {
        let slipway = &slipway;
        async move {
            let answer = slipway.client().get(&slipway.admin_url("/readyz")).await.ok()?;
            (answer.status == status).then_some(())
        }
    };
    let unready = eventually(NOTICED, "readiness to go", || readiness(503));
    let ((), answers) = tokio::join!(unready, join_all((0..8).map(|_| select(&slipway, "SELECT 'x'::text"))));
    for answer in answers {
        let answer = answer?;
        assert!(answer.contains("the database"), "{answer}");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    server.thaw();
    eventually(NOTICED, "readiness to come back", || readiness(200)).await;
    let again = || async { (select(&slipway, "SELECT 'x'::text").await.ok()? == "x").then_some(()) };
    eventually(NOTICED, "statements to work again", again).await;
    Ok(())
}

#[tokio::test]
async fn idle_connections_are_closed() -> Result<()> {
    let server = Postgres::start().await?;
    let slipway = Slipway::start(guests(&server).arg("--postgres-idle-timeout=500ms")).await?;
    for answer in join_all((0..8).map(|_| select(&slipway, "SELECT 'x'::text"))).await {
        assert_eq!(answer?, "x");
    }
    let client = server.client().await?;
    let statement = "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let none = || async {
        let open: i64 = client.query_one(statement, &[]).await.ok()?.get(0);
        (open == 0).then_some(())
    };
    eventually(DEADLINE, "connections to vanish", none).await;
    let metrics = slipway.metrics().await?;
    assert_eq!(metrics.sum("slipway_postgres_connections", &[]), 0.0);
    assert_eq!(metrics.value("slipway_postgres_pool_size", &[]), Some(0.0), "the pool is gone as well");
    assert_eq!(select(&slipway, "SELECT 'x'::text").await?, "x");
    Ok(())
}

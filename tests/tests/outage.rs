//! The database goes away under load and comes back: the application says so, answers all the same, loses nothing and
//! is itself again.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::github::{GithubDouble, Options as GithubOptions};
use tests::http::{HttpClient, HttpResponse};
use tests::postgres::{PASSWORD, Postgres};
use tests::slipway::{Options, Slipway, program};
use tests::wait::eventually;
use tests::webhook::{Delivery, Push};

const OUTAGE: Duration = Duration::from_secs(30);
/// In which readiness has to go.
const NOTICED: Duration = Duration::from_secs(5);
/// In which it has to come back.
const RECOVERED: Duration = Duration::from_secs(10);
/// In which any request has to be answered.
const ANSWERED: Duration = Duration::from_secs(10);
/// Load before the outage and after it.
const CALM: Duration = Duration::from_secs(2);
/// Between two requests of one task.
const PAUSE: Duration = Duration::from_millis(400);
const TASKS: usize = 4;
const SECRET: &str = "a secret";
const TARGETS: &str = r#"
[[target]]
service = "api"
environment = "staging"
image = "ghcr.io/acme/api"
tags = { semver = ">=1.0.0" }
git = { host = "github", repository = "acme/gitops", branch = "main" }
edit = [{ file = "deploy/values-staging.yaml", path = "image.tag" }]
"#;

/// What one task was told.
#[derive(Default)]
struct Told {
    /// GUIDs of deliveries that were accepted.
    deliveries: Vec<String>,
    /// Versions of records that were accepted.
    records: Vec<String>,
    /// Requests that were answered with 503.
    refused: usize,
}

/// Sends a webhook or a record, in turn, until `over`.
async fn load(task: usize, client: HttpClient, url: String, over: Arc<AtomicBool>) -> Result<Told> {
    let mut told = Told::default();
    for number in 0_usize.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let version = format!("1.{task}.{number}");
        let began = Instant::now();
        let (answer, accepted, name) = if number % 2 == 0 {
            let push = Push::new("ghcr.io/acme/api", &version)?;
            let delivery = Delivery::registry_package(&push).signed(SECRET);
            let answer = delivery.send(&client, &format!("{url}/webhooks/github")).await?;
            (answer, &mut told.deliveries, delivery.guid().to_owned())
        } else {
            let record = json!({ "service_name": "web", "version": version, "environment": "staging" });
            (client.post(&format!("{url}/api/v1/deployments"), &record).await?, &mut told.records, version)
        };
        ensure!(began.elapsed() < ANSWERED, "{name} was answered after {:?}", began.elapsed());
        match answer.status {
            200..=299 => accepted.push(name),
            _ => {
                refusal(&answer)?;
                told.refused += 1;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(told)
}

/// Checks that an answer is a 503 with a sentence.
fn refusal(answer: &HttpResponse) -> Result<()> {
    let body = answer.json();
    let sentence = body["error"].as_str().with_context(|| format!("no sentence: {}", answer.text()))?;
    ensure!(answer.status == 503, "answered {}: {sentence}", answer.status);
    ensure!(sentence.contains(' ') && !sentence.contains(PASSWORD), "not a sentence: {sentence}");
    Ok(())
}

async fn readiness(slipway: &Slipway, status: u16) -> Option<()> {
    let answer = slipway.client().get(&slipway.admin_url("/readyz")).await.ok()?;
    (answer.status == status).then_some(())
}

/// Checks that `accepted` are all among `rows`, and no row is there twice.
fn nothing_lost_nothing_twice(what: &str, accepted: &[String], rows: &[String]) {
    let stored: BTreeSet<&String> = rows.iter().collect();
    assert_eq!(stored.len(), rows.len(), "{what}: something was stored twice: {rows:?}");
    let lost: Vec<_> = accepted.iter().filter(|name| !stored.contains(name)).collect();
    assert!(lost.is_empty(), "{what}: accepted and lost: {lost:?}");
}

async fn column(server: &Postgres, statement: &str) -> Result<Vec<String>> {
    Ok(server.client().await?.query(statement, &[]).await?.iter().map(|row| row.get(0)).collect())
}

fn options(server: &Postgres, github: &GithubDouble) -> Options {
    Options::default()
        .with_admin()
        .arg("--drain-delay=0s")
        .variable("open_access", "true")
        .variable("database", "postgres")
        .variable("database_url", &server.url())
        .variable("database_origin", &server.origin())
        .variable("github_webhook_secret", SECRET)
        .variable("github_token", github.token())
        .variable("github_api_url", github.base_url())
        .variable("github_origin", github.base_url())
        .variable("targets", TARGETS)
}

#[tokio::test]
async fn thirty_seconds_without_a_database_under_load_lose_nothing() -> Result<()> {
    let mut server = Postgres::start().await?;
    let migrated =
        Command::new(program()?).args(["migrate", "up", "--database-url", &server.url()]).status()?;
    assert!(migrated.success());
    let folder = tempfile::tempdir()?;
    let github = GithubDouble::start(GithubOptions::new(folder.path()))?;
    github.create_repository("acme/gitops", &tests::example::gitops_repository())?;
    let slipway = Slipway::start(options(&server, &github)).await?;

    let over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(load(task, HttpClient::new(), slipway.url(""), Arc::clone(&over))))
        .collect();
    tokio::time::sleep(CALM).await;
    let stopped = Instant::now();
    server.stop().await?;
    eventually(NOTICED, "readiness to go", || readiness(&slipway, 503)).await;
    while stopped.elapsed() < OUTAGE {
        assert!(readiness(&slipway, 503).await.is_some(), "ready without a database");
        tokio::time::sleep(PAUSE).await;
    }
    server.start_again().await?;
    eventually(RECOVERED, "readiness to come back", || readiness(&slipway, 200)).await;
    tokio::time::sleep(CALM).await;
    over.store(true, Ordering::Relaxed);

    let mut all = Told::default();
    for task in tasks {
        let told = task.await??;
        assert!(told.refused > 0, "a task was never refused: it did not see the outage");
        all.deliveries.extend(told.deliveries);
        all.records.extend(told.records);
        all.refused += told.refused;
    }
    assert!(all.deliveries.len() > TASKS && all.records.len() > TASKS, "before and after, requests succeed");
    let deliveries = column(&server, "SELECT id FROM deliveries").await?;
    nothing_lost_nothing_twice("deliveries", &all.deliveries, &deliveries);
    let records = "SELECT version FROM deployments WHERE service_name = 'web'";
    nothing_lost_nothing_twice("records", &all.records, &column(&server, records).await?);
    assert!(!slipway.log().contains(PASSWORD));
    Ok(())
}

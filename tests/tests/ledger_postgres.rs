//! Tracker and webhook on a real PostgreSQL server, through the shim.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tests::github::{GithubDouble, Options as GithubOptions};
use tests::postgres::Postgres;
use tests::slipway::{Options, Slipway, program};
use tests::wait::eventually;
use tests::webhook::{Delivery, Push};

const DEADLINE: Duration = Duration::from_secs(20);
/// How long a start may take, which compiles the components.
const START: Duration = Duration::from_secs(120);
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

fn on(server: &Postgres) -> Options {
    Options::default()
        .with_admin()
        .arg("--drain-delay=0s")
        .variable("open_access", "true")
        .variable("database", "postgres")
        .variable("database_url", &server.url())
        .variable("database_origin", &server.origin())
}

fn migrate(server: &Postgres, command: &str) -> Result<bool> {
    let status =
        Command::new(program()?).args(["migrate", command, "--database-url", &server.url()]).status()?;
    Ok(status.success())
}

/// Starts it without waiting for it to be ready, and gives why it is not.
async fn unready(options: Options) -> Result<(Slipway, String)> {
    let slipway = Slipway::spawn(&options)?;
    let url = slipway.admin_url("/readyz");
    let reason = eventually(START, "a word on readiness", async || {
        let answer = slipway.client().get(&url).await.ok()?;
        (answer.status == 503 && answer.text() != "starting\n").then(|| answer.text())
    })
    .await;
    Ok((slipway, reason))
}

#[tokio::test]
async fn without_migrations_nothing_works_by_halves() -> Result<()> {
    let server = Postgres::start().await?;
    let (slipway, reason) = unready(on(&server)).await?;
    assert!(reason.contains("run slipway migrate up"), "{reason}");
    let refused = slipway.get("/api/v1/deployments").await?;
    assert_eq!(refused.status, 503);
    assert!(
        refused.json()["error"].as_str().is_some_and(|text| text.contains("migrate")),
        "{}",
        refused.text()
    );
    assert!(migrate(&server, "up")?);
    let url = slipway.admin_url("/readyz");
    eventually(DEADLINE, "readiness after the migration", async || {
        slipway.client().get(&url).await.is_ok_and(|answer| answer.status == 200).then_some(())
    })
    .await;
    assert_eq!(slipway.get("/api/v1/deployments").await?.json(), json!([]));
    Ok(())
}

#[tokio::test]
async fn postgres_without_a_url_is_refused_and_never_a_silent_sqlite() -> Result<()> {
    let options = Options::default().variable("open_access", "true").variable("database", "postgres");
    let (slipway, reason) = unready(options.arg("--drain-delay=0s")).await?;
    assert!(reason.contains("database_url"), "{reason}");
    let refused = slipway.get("/api/v1/deployments").await?;
    assert_eq!(refused.status, 503);
    assert!(
        refused.json()["error"].as_str().is_some_and(|text| text.contains("database_url")),
        "{}",
        refused.text()
    );
    Ok(())
}

#[tokio::test]
async fn an_image_push_becomes_a_commit_and_a_record() -> Result<()> {
    let server = Postgres::start().await?;
    assert!(migrate(&server, "up")?);
    let folder = tempfile::tempdir()?;
    let github = GithubDouble::start(GithubOptions::new(folder.path()))?;
    let repository = github.create_repository("acme/gitops", &tests::example::gitops_repository())?;
    let options = on(&server)
        .variable("github_webhook_secret", SECRET)
        .variable("github_token", github.token())
        .variable("github_api_url", github.base_url())
        .variable("github_origin", github.base_url())
        .variable("targets", TARGETS);
    let slipway = Slipway::start(options).await?;

    let push = Push::new("ghcr.io/acme/api", "1.4.2")?;
    let delivery = Delivery::registry_package(&push).signed(SECRET);
    let answer = delivery.send(slipway.client(), &slipway.url("/webhooks/github")).await?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let recorded = || async {
        let deployments = slipway.get("/api/v1/deployments").await.ok()?.json();
        deployments[0]["gitops_commit"].as_str().map(str::to_owned)
    };
    let commit = eventually(DEADLINE, "the record with its commit", recorded).await;
    assert_eq!(repository.head()?.to_string(), commit);
    assert_eq!(repository.commit_count()?, 2);

    let again = delivery.send(slipway.client(), &slipway.url("/webhooks/github")).await?;
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("repeated")), "{}", again.text());
    assert_eq!(repository.commit_count()?, 2);
    Ok(())
}

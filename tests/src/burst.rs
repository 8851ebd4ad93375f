//! Very many webhooks at once: all are answered, and everything they asked for ends in Git.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::github::{self, GithubDouble, Repository};
use crate::postgres::Postgres;
use crate::slipway::{Options, Slipway, program};
use crate::wait::eventually;
use crate::webhook::{Delivery, Push};

const SECRET: &str = "a webhook's secret";
/// How long all commits may take.
const DEADLINE: Duration = Duration::from_secs(300);

/// What is sent, and to what.
#[derive(Clone, Debug)]
pub struct Burst {
    /// Webhooks, all different, sent at the same time.
    pub deliveries: usize,
    /// Services they are about, each with a file of its own in one repository; the tags of a service count upwards.
    pub services: usize,
    /// The window in which commits are gathered; 0: none.
    pub quiet_seconds: u32,
    /// On a Postgres server of its own, instead of SQLite.
    pub postgres: bool,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// How long each answer took, shortest first.
    pub answers: Vec<Duration>,
    /// From the first request to the last answer.
    pub accepted_in: Duration,
    /// From the first request to the end of the last promotion.
    pub ended_in: Duration,
    /// Commits that were made.
    pub commits: usize,
}

/// Sends the burst, waits until every promotion has ended, and looks into Git.
///
/// # Errors
/// When a part does not start, a webhook is not answered with 202, or the newest tag of a service is not in Git.
pub async fn run(burst: &Burst) -> anyhow::Result<Report> {
    let root = tempfile::tempdir()?;
    let github = GithubDouble::start(github::Options::new(root.path().join("github")))?;
    let files = (0..burst.services).map(|service| (file(service), "image:\n  tag: 0.0.0\n".to_owned()));
    let repository = github.create_repository("acme/gitops", &files.collect())?;
    let server = if burst.postgres { Some(prepared().await?) } else { None };
    let slipway = Slipway::start(options(burst, &root, &github, server.as_ref())?).await?;

    let begun = Instant::now();
    let answers = send_all(burst, &slipway).await?;
    let accepted_in = begun.elapsed();
    eventually(DEADLINE, "the end of every promotion", async || is_done(&slipway).await.ok()?.then_some(()))
        .await;
    let ended_in = begun.elapsed();
    check(burst, &slipway, &repository).await?;
    Ok(Report { answers, accepted_in, ended_in, commits: own_commits(&repository)? })
}

async fn prepared() -> anyhow::Result<Postgres> {
    let server = Postgres::start().await?;
    let status =
        Command::new(program()?).args(["migrate", "up", "--database-url", &server.url()]).status()?;
    ensure!(status.success(), "the database cannot be migrated");
    Ok(server)
}

fn options(
    burst: &Burst,
    root: &TempDir,
    github: &GithubDouble,
    server: Option<&Postgres>,
) -> anyhow::Result<Options> {
    let targets = root.path().join("targets.toml");
    std::fs::write(&targets, (0..burst.services).map(target).collect::<String>())?;
    let mut options = Options::default()
        .with_admin()
        .arg("--sweep-every=1s")
        .arg("--max-burst-time=8s")
        .arg("--log-level=warn")
        .variable("open_access", "true")
        .variable("github_webhook_secret", SECRET)
        .variable("github_token", github.token())
        .variable("github_api_url", github.base_url())
        .variable("github_origin", github.base_url())
        .variable("commit_quiet_seconds", &burst.quiet_seconds.to_string())
        .variable("targets", &format!("@{}", targets.display()));
    if let Some(server) = server {
        options = options
            .variable("database", "postgres")
            .variable("database_url", &server.url())
            .variable("database_origin", &server.origin());
    }
    Ok(options)
}

fn file(service: usize) -> String {
    format!("services/{service}.yaml")
}

fn target(service: usize) -> String {
    format!(
        r#"
[[target]]
service = "service-{service}"
environment = "staging"
image = "ghcr.io/acme/service-{service}"
tags = {{ semver = ">=1.0.0" }}
git = {{ host = "github", repository = "acme/gitops", branch = "main" }}
edit = [{{ file = "{}", path = "image.tag" }}]
"#,
        file(service)
    )
}

/// Each delivery on a connection of its own, as GitHub would.
async fn send_all(burst: &Burst, slipway: &Slipway) -> anyhow::Result<Vec<Duration>> {
    let url = slipway.url("/webhooks/github");
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..burst.deliveries {
        let (service, tag) = (number % burst.services, tag(number / burst.services));
        let push = Push::new(&format!("ghcr.io/acme/service-{service}"), &tag)?;
        let delivery = Delivery::registry_package(&push).signed(SECRET);
        let (client, url) = (slipway.client().clone(), url.clone());
        senders.spawn(async move {
            let begun = Instant::now();
            let answer = delivery.send(&client, &url).await.context("a webhook was not answered")?;
            ensure!(answer.status == 202, "a webhook was answered {}: {}", answer.status, answer.text());
            Ok(begun.elapsed())
        });
    }
    let mut answers = Vec::with_capacity(burst.deliveries);
    while let Some(answer) = senders.join_next().await {
        answers.push(answer??);
    }
    answers.sort();
    Ok(answers)
}

fn tag(push: usize) -> String {
    format!("1.0.{push}")
}

/// Of requests at the same time, any may be the last: the ledger says which, and Git has to hold that one.
async fn check(burst: &Burst, slipway: &Slipway, repository: &Repository) -> anyhow::Result<()> {
    for service in 0..burst.services {
        let path = format!("/api/v1/promotions?service=service-{service}&limit=1");
        let newest = slipway.get(&path).await?.json()[0].clone();
        ensure!(newest["state"] == "committed", "the newest promotion of a service: {newest}");
        let (text, tag) = (repository.file(&file(service))?, newest["tag"].as_str().unwrap_or_default());
        ensure!(text == format!("image:\n  tag: {tag}\n"), "service {service} at {tag}: {text}");
    }
    Ok(())
}

async fn is_done(slipway: &Slipway) -> anyhow::Result<bool> {
    for state in ["waiting", "running"] {
        let answer = slipway.get(&format!("/api/v1/promotions?state={state}&limit=1")).await?;
        ensure!(answer.status == 200, "{}", answer.text());
        if answer.json().as_array().is_none_or(|promotions| !promotions.is_empty()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn own_commits(repository: &Repository) -> anyhow::Result<usize> {
    Ok(repository.commit_count().context("the commits cannot be counted")?.saturating_sub(1))
}

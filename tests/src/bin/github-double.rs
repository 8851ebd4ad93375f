//! Runs the double of GitHub by hand, so that the whole flow can be seen without a GitHub account.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use tests::example;
use tests::github::{GithubDouble, Options, Repository};

/// Play GitHub on this machine: the API that Slipway commits through, over a real bare git repository.
///
/// What shall go wrong is set while it runs, by POST /_double/faults, e.g.
///   {"kind": "status", "status": 503, "times": 2, "path": "/graphql"}
///   {"kind": "competing_push"}
/// Kinds: status, primary_rate_limit (reset_after), secondary_rate_limit (status, retry_after),
/// delay (milliseconds), no_answer, drop_before, drop_after, competing_push (files).
/// GET /_double/log lists the requests seen.
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:4000")]
    listen: SocketAddr,
    /// Folder of the repositories; they stay when the double stops.
    #[arg(long, default_value = ".slipway/github")]
    root: PathBuf,
    /// The token that clients must send.
    #[arg(long, default_value = "dev-token", env = "GITHUB_DOUBLE_TOKEN", hide_env_values = true)]
    token: String,
    /// The repository, made with a first commit when it is not there.
    #[arg(long, default_value = "acme/gitops", value_name = "OWNER/NAME")]
    repository: String,
    /// Folder whose files the first commit gets; a small example if not given.
    #[arg(long, value_name = "FOLDER")]
    seed: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let files = match &arguments.seed {
        Some(folder) => read_folder(folder)?,
        None => example::gitops_repository(),
    };
    let options = Options { root: arguments.root, token: arguments.token, listen: arguments.listen };
    let double =
        GithubDouble::start(options).with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let repository = double.create_repository(&arguments.repository, &files)?;
    introduce(&double, &repository);
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

fn introduce(double: &GithubDouble, repository: &Repository) {
    let (url, dir) = (double.base_url(), repository.dir().display());
    println!("GitHub's double listens on {url} for {}", repository.name());
    println!("  slipway:     --variable github_api_url={url} --variable github_origin={url}");
    println!("  see commits: git -C {dir} log -p");
    println!("  see files:   git -C {dir} show main:{}", example::VALUES_PATH);
    println!("  requests:    curl {url}/_double/log");
    println!("  trouble:     curl {url}/_double/faults -d '{{\"kind\": \"status\", \"status\": 503}}'");
    println!("Ctrl-C ends it.");
}

fn read_folder(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == ".git") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            files.insert(name, text);
        }
    }
    Ok(files)
}

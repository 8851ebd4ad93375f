//! The webhook as a Spin component: the one file that runs in WebAssembly only.

use std::sync::OnceLock;

use bytes::Bytes;
use edge::Outbound;
use http::Response;
use http_body_util::Full;
use spin_sdk::http::Request;
use spin_sdk::{http_service, wasip3};

use crate::{Config, Limit, Variables, Work, handle, sweep};

/// Variables do not change while an instance lives.
static CONFIG: OnceLock<Config> = OnceLock::new();

#[http_service]
async fn answer(request: Request) -> Response<Full<Bytes>> {
    let config = config().await;
    let host = config.git_host(Outbound);
    let (response, work) = edge::with_ledger(async |store| handle(request, config, store, &host).await).await;
    if work == Work::Sweep {
        // GitHub wants its answer within 10 s; the commit comes after it.
        wasip3::spawn(async move {
            edge::with_ledger(async |store| sweep(store, config, &host, Limit::AFTER_WEBHOOK).await).await;
        });
    }
    response.map(Full::new)
}

async fn config() -> &'static Config {
    if let Some(config) = CONFIG.get() {
        return config;
    }
    let config = Config::from_variables(Variables {
        github_webhook_secret: edge::variable("github_webhook_secret").await,
        github_webhook_secret_previous: edge::variable("github_webhook_secret_previous").await,
        github_token: edge::variable("github_token").await,
        github_api_url: edge::variable("github_api_url").await,
        targets: edge::variable("targets").await,
        commit_quiet_seconds: edge::variable("commit_quiet_seconds").await,
        commit_max_wait_seconds: edge::variable("commit_max_wait_seconds").await,
        github_hooks: edge::variable("github_hooks").await,
        internal_token: edge::variable("internal_token").await,
        argo_webhook_token: edge::variable("argo_webhook_token").await,
        stalled_after_seconds: edge::variable("stalled_after_seconds").await,
    });
    for problem in config.problems() {
        eprintln!("the configuration is not valid: {problem}");
    }
    CONFIG.get_or_init(|| config)
}

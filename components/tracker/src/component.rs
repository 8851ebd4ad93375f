//! The tracker as a Spin component: the one file that runs in WebAssembly only.

use std::sync::OnceLock;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use spin_sdk::http::Request;
use spin_sdk::http_service;

use crate::{Config, Variables, handle, misconfigured};

/// Variables do not change while an instance lives.
static CONFIG: OnceLock<Config> = OnceLock::new();

#[http_service]
async fn answer(request: Request) -> Response<Full<Bytes>> {
    let response = match config().await {
        Ok(config) => edge::with_ledger(async |store| handle(request, config, store).await).await,
        Err(problems) => misconfigured(&problems),
    };
    response.map(Full::new)
}

async fn config() -> Result<&'static Config, Vec<String>> {
    if let Some(config) = CONFIG.get() {
        return Ok(config);
    }
    let config = Config::from_variables(Variables {
        open_access: &edge::variable("open_access").await,
        api_tokens: &edge::variable("api_tokens").await,
        stalled_after_seconds: &edge::variable("stalled_after_seconds").await,
    })?;
    Ok(CONFIG.get_or_init(|| config))
}

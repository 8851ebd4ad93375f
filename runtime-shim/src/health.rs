//! `slipway health`: asks a probe, for container health checks in an image that has neither shell nor curl.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::cli::Health;

/// Most of an answer that is read: probes say why they fail in a sentence.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Most characters of that sentence that are shown.
const MAX_SHOWN: usize = 200;

/// Asks once.
///
/// # Errors
/// If the answer is not a 2xx, or does not come in time.
pub fn run(health: &Health) -> Result<()> {
    ensure!(health.url.scheme_str() == Some("http"), "{} is not an http:// URL", health.url);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = async { tokio::time::timeout(health.timeout, ask(&health.url)).await };
    let answer = runtime.block_on(asked);
    answer.map_err(|_| late(health.timeout)).flatten().with_context(|| health.url.to_string())
}

fn late(timeout: Duration) -> anyhow::Error {
    anyhow::anyhow!("no answer within {}", humantime::format_duration(timeout))
}

async fn ask(url: &Uri) -> Result<()> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let answer = client.get(url.clone()).await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let body = Limited::new(answer.into_body(), MAX_BODY_BYTES).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    bail!("{status}{}", reason(&body));
}

/// What the answer says, on one line.
fn reason(body: &[u8]) -> String {
    let line: String = String::from_utf8_lossy(body)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_SHOWN)
        .collect();
    let printable: String = line.chars().filter(|character| !character.is_control()).collect();
    if printable.is_empty() { printable } else { format!(": {printable}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_one_short_line() {
        assert_eq!(reason(b""), "");
        assert_eq!(reason(b"{\"error\":\n \"draining\"}\n"), ": {\"error\": \"draining\"}");
        assert_eq!(reason(b"red \x1b[31m"), ": red [31m");
        assert_eq!(reason("é".repeat(1_000).as_bytes()).chars().count(), MAX_SHOWN + 2);
    }
}

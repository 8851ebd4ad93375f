//! Real Prometheus: its linter, and a server in a folder of its own that scrapes.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::http::HttpClient;
use crate::slipway::free_address;
use crate::wait::eventually;

const DEADLINE: Duration = Duration::from_secs(30);

/// What `promtool check metrics` has to say about a text; empty if nothing is wrong with it.
///
/// # Errors
/// When the program is not there.
pub fn lint(text: &str) -> anyhow::Result<String> {
    let mut tool = Command::new("promtool");
    tool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool.spawn().context("promtool is missing: install Debian's package prometheus")?;
    child.stdin.take().context("its input is a pipe")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(output.status.success() || !said.is_empty(), "promtool failed without a word: {}", output.status);
    Ok(said)
}

/// A running server; it is killed when this is dropped.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    client: HttpClient,
    /// Holds the configuration and the data.
    _folder: TempDir,
}

impl Prometheus {
    /// Starts a server that scrapes `/metrics` of these addresses every second, each as a job of the name beside it.
    ///
    /// # Errors
    /// When the program is not there or cannot be run.
    pub fn start(targets: &[(&str, SocketAddr)]) -> anyhow::Result<Self> {
        let job = |(name, address): &(&str, SocketAddr)| {
            format!("  - job_name: {name}\n    static_configs:\n      - targets: [\"{address}\"]\n")
        };
        Self::with_jobs(&targets.iter().map(job).collect::<String>())
    }

    /// The same for pods of the namespace `slipway`, as the chart's PodMonitor labels them, each with its hash.
    ///
    /// # Errors
    /// When the program is not there or cannot be run.
    pub fn start_pods(pods: &[(&str, SocketAddr)]) -> anyhow::Result<Self> {
        let pod = |(hash, address): &(&str, SocketAddr)| {
            let labels = format!("{{namespace: slipway, rollouts_pod_template_hash: {hash}}}");
            format!("      - targets: [\"{address}\"]\n        labels: {labels}\n")
        };
        let pods: String = pods.iter().map(pod).collect();
        Self::with_jobs(&format!("  - job_name: pods\n    static_configs:\n{pods}"))
    }

    fn with_jobs(jobs: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("prometheus.yml");
        let global = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n";
        std::fs::write(&config, format!("{global}scrape_configs:\n{jobs}"))?;
        let address = free_address()?;
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("prometheus is missing: install Debian's package prometheus")?;
        Ok(Self { child, address, client: HttpClient::new(), _folder: folder })
    }

    /// Where it is asked.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a query gives values that `is_meant`, and returns them with their labels.
    ///
    /// # Panics
    /// When it does not.
    pub async fn wait_for(
        &self,
        query: &str,
        is_meant: impl Fn(&[(Value, f64)]) -> bool,
    ) -> Vec<(Value, f64)> {
        eventually(DEADLINE, query, || async {
            self.query(query).await.ok().filter(|values| is_meant(values))
        })
        .await
    }

    /// The values that a query gives now, with their labels.
    async fn query(&self, query: &str) -> anyhow::Result<Vec<(Value, f64)>> {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let url = format!("{}/api/v1/query?query={query}", self.url());
        let answer = self.client.get(&url).await?.json();
        let results = answer["data"]["result"].as_array().context("no result")?;
        let value = |result: &Value| {
            let value = result["value"][1].as_str()?.parse().ok()?;
            Some((result["metric"].clone(), value))
        };
        Ok(results.iter().filter_map(value).collect())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A running Prometheus that scrapes as the cluster's would.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::process::Program;
use super::{Cast, StageError, ask, await_ok, folder, write};
use crate::rehearse::plan::{Monitor, sanitized};

/// For how long Prometheus takes a sample for the present value, unless it is told otherwise.
const LOOKBACK: Duration = Duration::from_secs(300);

/// A replica that is scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub address: SocketAddr,
    /// Its name.
    pub pod: String,
    /// Its label `rollouts-pod-template-hash`.
    pub hash: &'static str,
}

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    _program: Program,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts it. It scrapes `targets` from the beginning, whether they are there yet or not: of what is added later, it takes
    /// notice every five seconds at best, which is long where times are shortened.
    pub async fn start(
        program: &Path,
        scratch: &Path,
        monitor: &Monitor,
        cast: &Cast,
        address: SocketAddr,
        targets: &[Target],
    ) -> Result<Self, StageError> {
        let scratch = scratch.join("prometheus");
        folder(&scratch)?;
        let configuration = scratch.join("prometheus.json");
        write(&configuration, &scraping(monitor, cast.scrape_interval, targets).to_string())?;
        let lookback = LOOKBACK.div_f64(cast.time_scale).max(cast.scrape_interval * 4);
        let arguments = [
            format!("--config.file={}", configuration.display()),
            format!("--storage.tsdb.path={}", scratch.join("series").display()),
            format!("--web.listen-address={address}"),
            format!("--query.lookback-delta={}ms", lookback.as_millis()),
            "--log.level=warn".to_owned(),
        ];
        let mut program = Program::start(program, arguments, &scratch.join("prometheus.log"))?;
        await_ok(&mut program, "prometheus", address, "/-/ready").await?;
        Ok(Self { _program: program, address })
    }

    /// Where it is asked.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many targets it has scraped by now.
    pub async fn scraped(&self) -> usize {
        let path = "/api/v1/query?query=count(up%20==%201)";
        let Ok(answer) = ask(self.address, Method::GET, path, Duration::from_secs(5)).await else {
            return 0;
        };
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let count = answer["data"]["result"][0]["value"][1].as_str();
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

/// A target with the labels that the cluster's service discovery would give to it.
fn group(target: &Target, monitor: &Monitor) -> Value {
    let mut labels: BTreeMap<String, String> = monitor.labels.clone();
    labels.extend(monitor.pod_labels.iter().map(|(name, value)| (meta(name), value.clone())));
    let own = [("pod", target.pod.as_str()), ("container", "slipway"), ("endpoint", "admin")];
    labels.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    labels.insert(meta("rollouts-pod-template-hash"), target.hash.to_owned());
    labels.insert("__meta_kubernetes_pod_name".to_owned(), target.pod.clone());
    json!({"targets": [target.address.to_string()], "labels": labels})
}

/// What service discovery calls a label of a pod.
fn meta(label: &str) -> String {
    format!("__meta_kubernetes_pod_label_{}", sanitized(label))
}

/// JSON is YAML too.
fn scraping(monitor: &Monitor, interval: Duration, targets: &[Target]) -> Value {
    let interval = format!("{}ms", interval.as_millis());
    json!({
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": "1m"},
        "scrape_configs": [{
            "job_name": "rehearsal",
            "metrics_path": monitor.path,
            "static_configs": targets.iter().map(|target| group(target, monitor)).collect::<Vec<_>>(),
            "relabel_configs": monitor.relabelings,
            "metric_relabel_configs": monitor.metric_relabelings,
        }],
    })
}

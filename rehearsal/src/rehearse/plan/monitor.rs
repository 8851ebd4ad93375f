//! How the cluster's Prometheus would scrape the pods: by a PodMonitor or a ServiceMonitor.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::RefusedError;
use crate::manifest::{Document, Documents, parse_duration};

/// The Prometheus operator's default.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
const GROUP: &str = "monitoring.coreos.com";
/// Names that the operator writes in camelCase and Prometheus with underscores.
const RELABELING: [(&str, &str); 7] = [
    ("sourceLabels", "source_labels"),
    ("separator", "separator"),
    ("targetLabel", "target_label"),
    ("regex", "regex"),
    ("modulus", "modulus"),
    ("replacement", "replacement"),
    ("action", "action"),
];

/// How pods are scraped.
#[derive(Clone, Debug, PartialEq)]
pub struct Monitor {
    /// How often.
    pub interval: Duration,
    /// The path of the metrics.
    pub path: String,
    /// Labels that all series get.
    pub labels: BTreeMap<String, String>,
    /// `__meta_kubernetes_pod_label_…`: what relabelings may take from the pods' template.
    pub pod_labels: BTreeMap<String, String>,
    /// Prometheus' `relabel_configs`.
    pub relabelings: Vec<Value>,
    /// Prometheus' `metric_relabel_configs`.
    pub metric_relabelings: Vec<Value>,
}

impl Monitor {
    pub(super) fn read(
        documents: &Documents,
        namespace: &str,
        template: &Value,
        notes: &mut Vec<String>,
    ) -> Result<Self, RefusedError> {
        let labels = pod_labels(template);
        let of = |kind| documents.of_kind(GROUP, kind).find(|monitor| selects(monitor, &labels));
        let found = of("PodMonitor").or_else(|| of("ServiceMonitor"));
        let Some(found) = found else {
            notes.push("no PodMonitor or ServiceMonitor selects the pods: they are scraped every 15 s, with the label rollouts_pod_template_hash".to_owned());
            return Ok(Self::plain(namespace, labels));
        };
        Self::of(found, namespace, labels)
    }

    /// Without a monitor in the manifests: as if there were the usual one.
    fn plain(namespace: &str, labels: BTreeMap<String, String>) -> Self {
        Self {
            interval: Duration::from_secs(15),
            path: "/metrics".to_owned(),
            labels: common(namespace, namespace),
            pod_labels: labels,
            relabelings: vec![target_label("rollouts-pod-template-hash")],
            metric_relabelings: Vec::new(),
        }
    }

    fn of(
        monitor: &Document,
        namespace: &str,
        labels: BTreeMap<String, String>,
    ) -> Result<Self, RefusedError> {
        let place = format!("{} {}", monitor.kind, monitor.name);
        let spec = &monitor.value["spec"];
        let endpoints = if monitor.kind == "PodMonitor" { "podMetricsEndpoints" } else { "endpoints" };
        let [endpoint] = spec[endpoints].as_array().map_or(&[][..], Vec::as_slice) else {
            return Err(RefusedError::new(place, format!("{endpoints} has to be one endpoint")));
        };
        let interval = match endpoint["interval"].as_str() {
            Some(text) => parse_duration(text).map_err(|problem| RefusedError::new(&*place, problem))?,
            None => DEFAULT_INTERVAL,
        };
        let relabelings = |key: &str| -> Result<Vec<Value>, RefusedError> {
            let list = endpoint[key].as_array().into_iter().flatten();
            list.map(|relabeling| {
                translate(relabeling).map_err(|problem| RefusedError::new(&*place, problem))
            })
            .collect()
        };
        let by_label = spec["podTargetLabels"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(target_label);
        let by_rule = relabelings("relabelings")?;
        Ok(Self {
            interval,
            path: endpoint["path"].as_str().unwrap_or("/metrics").to_owned(),
            labels: common(namespace, &format!("{namespace}/{}", monitor.name)),
            pod_labels: labels,
            relabelings: by_label.chain(by_rule).collect(),
            metric_relabelings: relabelings("metricRelabelings")?,
        })
    }
}

fn common(namespace: &str, job: &str) -> BTreeMap<String, String> {
    [("namespace", namespace), ("job", job)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The labels of the pods' template.
fn pod_labels(template: &Value) -> BTreeMap<String, String> {
    let labels = template["metadata"]["labels"].as_object().into_iter().flatten();
    labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// A ServiceMonitor's selector is about Services; which pods these have is not asked here.
fn selects(monitor: &Document, labels: &BTreeMap<String, String>) -> bool {
    if monitor.kind != "PodMonitor" {
        return true;
    }
    let wanted = monitor.value["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    wanted.into_iter().all(|(name, value)| labels.get(name).map(String::as_str) == value.as_str())
}

/// What the operator writes for one of `podTargetLabels`.
fn target_label(name: &str) -> Value {
    let name = sanitized(name);
    json!({"source_labels": [format!("__meta_kubernetes_pod_label_{name}")], "target_label": name})
}

/// A label's name as Prometheus takes it.
pub fn sanitized(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

fn translate(relabeling: &Value) -> Result<Value, String> {
    let mut translated = serde_json::Map::new();
    for (key, value) in relabeling.as_object().into_iter().flatten() {
        let known = RELABELING.iter().find(|(name, _)| name == key);
        let (_, name) = known.ok_or_else(|| format!("the relabeling's {key} is not known"))?;
        // The operator takes `Replace`, Prometheus `replace`.
        let lower = || value.as_str().map(|action| Value::from(action.to_lowercase()));
        let value = if key == "action" { lower().unwrap_or_default() } else { value.clone() };
        translated.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(translated))
}

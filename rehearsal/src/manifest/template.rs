//! AnalysisTemplates and ClusterAnalysisTemplates.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Argument, Document, Metric, TemplateRef};

/// A template, of a namespace or of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysisTemplate {
    /// Its name.
    pub name: String,
    /// Whether it is an AnalysisTemplate or a ClusterAnalysisTemplate.
    pub scope: Scope,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// What it wants to be told.
    pub args: Vec<Argument>,
    /// Metrics whose outcome does not count.
    pub dry_run: Vec<DryRun>,
    /// Templates whose metrics are measured as well.
    pub templates: Vec<TemplateRef>,
}

/// Where a template is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In its namespace: AnalysisTemplate.
    Namespace,
    /// Everywhere: ClusterAnalysisTemplate.
    Cluster,
}

impl Scope {
    /// The kind of such a template.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Namespace => "AnalysisTemplate",
            Self::Cluster => "ClusterAnalysisTemplate",
        }
    }
}

/// Metrics whose outcome does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DryRun {
    /// A regular expression that is found in their names.
    pub metric_name: String,
}

/// How many measurements the cluster keeps. It has no part in a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeasurementRetention {
    /// A regular expression that is found in the metrics' names.
    pub metric_name: String,
    /// How many.
    pub limit: i32,
}

/// A template cannot be judged by.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It says something that is not known here.
    #[error("{kind} {name}: {problem}")]
    Refused {
        /// What it is.
        kind: String,
        /// Its name.
        name: String,
        /// A sentence.
        problem: String,
    },
    /// Nothing has its name.
    #[error("there is no {kind} {name}{}", only(.known))]
    Missing {
        /// What is missing.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// Two have its name.
    #[error("there are several {kind}s {name}: say which namespace is meant")]
    Twice {
        /// What there are several of.
        kind: &'static str,
        /// Their name.
        name: String,
    },
    /// Several could be meant.
    #[error("there are several templates, and none was named: {}", .0.join(", "))]
    Several(Vec<String>),
    /// There is none.
    #[error("there is no AnalysisTemplate and no ClusterAnalysisTemplate in it")]
    None,
}

fn only(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(", only {}", names.join(", ")) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    metrics: Vec<Value>,
    #[serde(default)]
    args: Vec<Argument>,
    #[serde(default)]
    dry_run: Vec<DryRun>,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that it is accepted and checked")]
    measurement_retention: Vec<MeasurementRetention>,
    #[serde(default)]
    templates: Vec<TemplateRef>,
}

impl AnalysisTemplate {
    /// Reads one.
    ///
    /// # Errors
    /// If it says something that is not known here, or is of another kind.
    pub fn read(document: &Document) -> Result<Self, TemplateError> {
        let refused = |problem: String| TemplateError::Refused {
            kind: document.kind.clone(),
            name: document.name.clone(),
            problem,
        };
        let scope = match (document.group(), document.kind.as_str()) {
            ("argoproj.io", "AnalysisTemplate") => Scope::Namespace,
            ("argoproj.io", "ClusterAnalysisTemplate") => Scope::Cluster,
            _ => return Err(refused("is not an AnalysisTemplate of argoproj.io".to_owned())),
        };
        let spec =
            Spec::deserialize(&document.value["spec"]).map_err(|error| refused(format!("spec: {error}")))?;
        let metrics = spec.metrics.iter().enumerate().map(|(index, metric)| {
            Metric::deserialize(metric).map_err(|error| {
                let name = metric["name"].as_str().map_or_else(|| index.to_string(), str::to_owned);
                refused(format!("metric {name}: {error}"))
            })
        });
        let metrics = metrics.collect::<Result<_, _>>()?;
        let Spec { args, dry_run, templates, .. } = spec;
        Ok(Self { name: document.name.clone(), scope, metrics, args, dry_run, templates })
    }
}

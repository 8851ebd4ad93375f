//! Analyses of a strategy, with their templates and arguments.

use serde::Deserialize;
use serde_json::Value;

use super::{Analysis, CANARY_HASH, RefusedError, STABLE_HASH};
use crate::judge::{self, Arguments, RolloutFacts};
use crate::manifest::{Documents, DryRun, RolloutArgument, TemplateRef, Templates};

/// `analysis` of a step, `prePromotionAnalysis` and the like.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnalysisSpec {
    #[serde(default)]
    templates: Vec<TemplateRef>,
    #[serde(default)]
    args: Vec<RolloutArgument>,
    #[serde(default)]
    dry_run: Vec<DryRun>,
    /// Only of a background analysis: the number of the step with which it begins.
    pub starting_step: Option<usize>,
    /// How many measurements are kept, and labels: they have no part in a verdict.
    #[serde(rename = "measurementRetention")]
    _retention: Option<Value>,
    #[serde(rename = "analysisRunMetadata")]
    _metadata: Option<Value>,
}

/// Collects the analyses of a Rollout.
pub struct Analyses<'a> {
    documents: &'a Documents,
    rollout: &'a Value,
    pub all: Vec<Analysis>,
}

impl<'a> Analyses<'a> {
    pub fn of(documents: &'a Documents, rollout: &'a Value) -> Self {
        Self { documents, rollout, all: Vec::new() }
    }

    /// Takes one in; the answer is its place. Without templates it is none, as in the controller.
    pub fn add(&mut self, spec: &AnalysisSpec, place: &str) -> Result<Option<usize>, RefusedError> {
        if spec.templates.is_empty() {
            return Ok(None);
        }
        let refused = |error| RefusedError::Analysis { place: place.to_owned(), error };
        let templates = Templates::of(self.documents).collect(&spec.templates)?;
        let facts =
            RolloutFacts { rollout: self.rollout, latest_hash: CANARY_HASH, stable_hash: STABLE_HASH };
        let arguments = Arguments::of_rollout(&spec.args, &facts).map_err(refused)?;
        let plan = judge::Plan::new(&templates, &arguments, &spec.dry_run).map_err(refused)?;
        let names: Vec<&str> =
            spec.templates.iter().map(|template| template.template_name.as_str()).collect();
        self.all.push(Analysis { name: names.join(", "), plan });
        Ok(Some(self.all.len() - 1))
    }
}

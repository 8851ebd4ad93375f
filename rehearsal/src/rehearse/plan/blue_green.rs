//! `strategy.blueGreen`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::RefusedError;
use super::analysis::{Analyses, AnalysisSpec};
use super::canary::abort_delay;
use super::rollout::{Context, seconds};
use crate::rehearse::controller::{BlueGreen, Promotion};

const DEFAULT_SCALE_DOWN_DELAY_SECONDS: u32 = 30;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    active_service: String,
    #[serde(default)]
    preview_service: String,
    preview_replica_count: Option<u32>,
    auto_promotion_enabled: Option<bool>,
    auto_promotion_seconds: Option<u32>,
    scale_down_delay_seconds: Option<u32>,
    abort_scale_down_delay_seconds: Option<u32>,
    pre_promotion_analysis: Option<AnalysisSpec>,
    post_promotion_analysis: Option<AnalysisSpec>,
    // No part of a verdict, or without effect since a preview is beside all stable pods.
    #[serde(rename = "maxUnavailable")]
    _unavailable: Option<Value>,
    #[serde(rename = "antiAffinity")]
    _anti_affinity: Option<Value>,
    #[serde(rename = "activeMetadata")]
    _active_metadata: Option<Value>,
    #[serde(rename = "previewMetadata")]
    _preview_metadata: Option<Value>,
    #[serde(rename = "scaleDownDelayRevisionLimit")]
    _revision_limit: Option<u32>,
}

pub fn read(
    value: &Value,
    context: &mut Context<'_>,
    analyses: &mut Analyses<'_>,
) -> Result<BlueGreen, RefusedError> {
    let spec =
        Spec::deserialize(value).map_err(|error| context.refuse("strategy.blueGreen", error.to_string()))?;
    context.service("activeService", &spec.active_service)?;
    if !spec.preview_service.is_empty() {
        context.service("previewService", &spec.preview_service)?;
    }
    let mut analysis = |spec: &Option<AnalysisSpec>, at: &str| match spec {
        Some(spec) => analyses.add(spec, &format!("{}, {at}", context.place)),
        None => Ok(None),
    };
    let by_hand = spec.auto_promotion_enabled == Some(false);
    let after = Duration::from_secs(spec.auto_promotion_seconds.unwrap_or(0).into());
    Ok(BlueGreen {
        replicas: context.replicas,
        preview_replicas: spec.preview_replica_count,
        pre_promotion: analysis(&spec.pre_promotion_analysis, "prePromotionAnalysis")?,
        promotion: if by_hand { Promotion::ByHand } else { Promotion::After(after) },
        post_promotion: analysis(&spec.post_promotion_analysis, "postPromotionAnalysis")?,
        scale_down_delay: seconds(spec.scale_down_delay_seconds, DEFAULT_SCALE_DOWN_DELAY_SECONDS),
        abort_scale_down_delay: abort_delay(spec.abort_scale_down_delay_seconds),
        deadline: context.deadline,
    })
}

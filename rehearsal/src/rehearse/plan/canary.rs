//! `strategy.canary`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::analysis::{Analyses, AnalysisSpec};
use super::number::Text;
use super::rollout::{Context, MAX_REPLICAS, seconds};
use super::{RefusedError, routing};
use crate::rehearse::controller::{Background, Canary, CanaryScale, Step};

const DEFAULT_SURGE: &str = "25%";
/// Argo Rollouts' own for both delays.
const DEFAULT_DELAY_SECONDS: u32 = 30;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    canary_service: String,
    #[serde(default)]
    stable_service: String,
    #[serde(default)]
    steps: Vec<Value>,
    traffic_routing: Option<Value>,
    max_surge: Option<Text>,
    max_unavailable: Option<Text>,
    analysis: Option<AnalysisSpec>,
    scale_down_delay_seconds: Option<u32>,
    abort_scale_down_delay_seconds: Option<u32>,
    #[serde(default)]
    dynamic_stable_scale: bool,
    min_pods_per_replica_set: Option<u32>,
    ping_pong: Option<Value>,
    replica_progress_threshold: Option<Value>,
    // Where pods run, what they are labelled, and how many old ones are kept: no part of a verdict.
    #[serde(rename = "antiAffinity")]
    _anti_affinity: Option<Value>,
    #[serde(rename = "canaryMetadata")]
    _canary_metadata: Option<Value>,
    #[serde(rename = "stableMetadata")]
    _stable_metadata: Option<Value>,
    #[serde(rename = "scaleDownDelayRevisionLimit")]
    _revision_limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StepSpec {
    set_weight: Option<u8>,
    pause: Option<PauseSpec>,
    analysis: Option<AnalysisSpec>,
    set_canary_scale: Option<ScaleSpec>,
    experiment: Option<Value>,
    set_header_route: Option<Value>,
    set_mirror_route: Option<Value>,
    plugin: Option<Value>,
    replica_progress_threshold: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseSpec {
    duration: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScaleSpec {
    replicas: Option<u32>,
    weight: Option<u8>,
    #[serde(default)]
    match_traffic_weight: bool,
}

pub fn read(
    value: &Value,
    context: &mut Context<'_>,
    analyses: &mut Analyses<'_>,
) -> Result<Canary, RefusedError> {
    let spec =
        Spec::deserialize(value).map_err(|error| context.refuse("strategy.canary", error.to_string()))?;
    refuse_what_is_not_acted_out(&spec, context)?;
    for (at, service) in [("canaryService", &spec.canary_service), ("stableService", &spec.stable_service)] {
        if !service.is_empty() {
            context.service(at, service)?;
        }
    }
    let routed = match &spec.traffic_routing {
        Some(routing) => routing::read(routing, (&spec.stable_service, &spec.canary_service), context)?,
        None => false,
    };
    let mut steps = Vec::new();
    for (index, step) in spec.steps.iter().enumerate() {
        let at = format!("step {}", index + 1);
        steps.extend(read_step(step, &at, routed, context, analyses)?);
    }
    let replicas = context.replicas;
    let share = |text: &Option<Text>, up: bool, otherwise: &str| {
        let text = text.clone().unwrap_or_else(|| Text::Text(otherwise.to_owned()));
        text.share(replicas, up).map_err(|problem| context.refuse("strategy.canary", problem))
    };
    let surge = share(&spec.max_surge, true, DEFAULT_SURGE)?;
    let unavailable = share(&spec.max_unavailable, false, DEFAULT_SURGE)?;
    let background = background(spec.analysis.as_ref(), steps.len(), context, analyses)?;
    Ok(Canary {
        replicas,
        surge,
        // With neither, nothing could ever be exchanged.
        unavailable: if surge == 0 { unavailable.max(1) } else { unavailable },
        routed,
        steps,
        background,
        scale_down_delay: seconds(spec.scale_down_delay_seconds, DEFAULT_DELAY_SECONDS),
        abort_scale_down_delay: abort_delay(spec.abort_scale_down_delay_seconds),
        deadline: context.deadline,
    })
}

/// Zero means for ever.
pub fn abort_delay(given: Option<u32>) -> Option<Duration> {
    (given != Some(0)).then(|| seconds(given, DEFAULT_DELAY_SECONDS))
}

fn refuse_what_is_not_acted_out(spec: &Spec, context: &Context<'_>) -> Result<(), RefusedError> {
    let present = [
        ("dynamicStableScale", spec.dynamic_stable_scale),
        ("minPodsPerReplicaSet", spec.min_pods_per_replica_set.is_some()),
        ("pingPong", spec.ping_pong.is_some()),
        ("replicaProgressThreshold", spec.replica_progress_threshold.is_some()),
    ];
    match present.iter().find(|(_, is_present)| *is_present) {
        Some((name, _)) => Err(context.refuse(&format!("strategy.canary.{name}"), "cannot be rehearsed yet")),
        None => Ok(()),
    }
}

fn read_step(
    value: &Value,
    at: &str,
    routed: bool,
    context: &Context<'_>,
    analyses: &mut Analyses<'_>,
) -> Result<Option<Step>, RefusedError> {
    let spec = StepSpec::deserialize(value).map_err(|error| context.refuse(at, error.to_string()))?;
    let unknown = [
        ("experiment", &spec.experiment),
        ("setHeaderRoute", &spec.set_header_route),
        ("setMirrorRoute", &spec.set_mirror_route),
        ("plugin", &spec.plugin),
        ("replicaProgressThreshold", &spec.replica_progress_threshold),
    ];
    if let Some((name, _)) = unknown.iter().find(|(_, value)| value.is_some()) {
        return Err(context.refuse(at, format!("{name} cannot be rehearsed")));
    }
    let step = match spec {
        StepSpec {
            set_weight: Some(weight), pause: None, analysis: None, set_canary_scale: None, ..
        } => {
            if weight > 100 {
                return Err(context.refuse(at, format!("setWeight {weight} is more than all")));
            }
            Some(Step::SetWeight(weight))
        }
        StepSpec { set_weight: None, pause: Some(pause), analysis: None, set_canary_scale: None, .. } => {
            let duration = pause.duration.as_ref().map(Text::duration).transpose();
            Some(Step::Pause(duration.map_err(|problem| context.refuse(at, problem))?))
        }
        StepSpec {
            set_weight: None, pause: None, analysis: Some(analysis), set_canary_scale: None, ..
        } => analyses.add(&analysis, &format!("{}, {at}", context.place))?.map(Step::Analysis),
        StepSpec { set_weight: None, pause: None, analysis: None, set_canary_scale: Some(scale), .. } => {
            Some(Step::SetCanaryScale(read_scale(&scale, at, routed, context)?))
        }
        _ => return Err(context.refuse(at, "does not do exactly one thing")),
    };
    Ok(step)
}

fn read_scale(
    spec: &ScaleSpec,
    at: &str,
    routed: bool,
    context: &Context<'_>,
) -> Result<CanaryScale, RefusedError> {
    if !routed {
        return Err(context.refuse(at, "setCanaryScale has no effect without trafficRouting"));
    }
    match (spec.replicas, spec.weight, spec.match_traffic_weight) {
        (Some(replicas), None, false) if replicas <= MAX_REPLICAS => Ok(CanaryScale::Replicas(replicas)),
        (None, Some(weight), false) if weight <= 100 => Ok(CanaryScale::Weight(weight)),
        (None, None, true) => Ok(CanaryScale::MatchTrafficWeight),
        _ => Err(context.refuse(
            at,
            format!("setCanaryScale needs exactly one of replicas (to {MAX_REPLICAS}), weight (to 100) and matchTrafficWeight"),
        )),
    }
}

fn background(
    spec: Option<&AnalysisSpec>,
    steps: usize,
    context: &Context<'_>,
    analyses: &mut Analyses<'_>,
) -> Result<Option<Background>, RefusedError> {
    let Some(spec) = spec else {
        return Ok(None);
    };
    let at = "strategy.canary.analysis";
    // It counts from one less than people do: 1 is the second step.
    let starting_step = spec.starting_step.unwrap_or(0);
    if starting_step > 0 && starting_step >= steps {
        return Err(
            context.refuse(at, format!("startingStep {starting_step} is not one of the {steps} steps"))
        );
    }
    let analysis = analyses.add(spec, &format!("{}, {at}", context.place))?;
    Ok(analysis.map(|analysis| Background { analysis, starting_step }))
}

//! The Rollout itself.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::analysis::Analyses;
use super::{Monitor, Plan, RefusedError, Strategy, blue_green, canary};
use crate::manifest::{Document, Documents};
use crate::rehearse::controller::Deadline;

const DEFAULT_PROGRESS_DEADLINE_SECONDS: u32 = 600;
/// More replicas than one machine should be asked for.
pub const MAX_REPLICAS: u32 = 20;
/// Options of `slipway up` that change how pods answer, and that can be taken over as they are.
const LIMITS: [&str; 6] = [
    "--max-",
    "--request-timeout=",
    "--body-idle-timeout=",
    "--background-timeout=",
    "--instance-idle=",
    "--component-id=",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    replicas: Option<u32>,
    #[serde(default)]
    paused: bool,
    workload_ref: Option<Value>,
    min_ready_seconds: Option<u32>,
    progress_deadline_seconds: Option<u32>,
    #[serde(default)]
    progress_deadline_abort: bool,
    strategy: StrategySpec,
    #[serde(default)]
    template: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StrategySpec {
    canary: Option<Value>,
    blue_green: Option<Value>,
}

/// What both strategies are read with.
pub struct Context<'a> {
    pub documents: &'a Documents,
    pub place: String,
    pub replicas: u32,
    pub deadline: Deadline,
    pub notes: Vec<String>,
}

impl Context<'_> {
    pub fn refuse(&self, at: &str, problem: impl Into<String>) -> RefusedError {
        RefusedError::new(format!("{}, {at}", self.place), problem)
    }

    /// Sees that a Service that is named exists.
    pub fn service(&self, at: &str, name: &str) -> Result<(), RefusedError> {
        if self.documents.of_kind("", "Service").any(|service| service.name == name) {
            return Ok(());
        }
        Err(self.refuse(at, format!("there is no Service {name} in the manifests")))
    }
}

pub fn read(documents: &Documents, namespace: Option<&str>) -> Result<Plan, RefusedError> {
    let rollout = only_rollout(documents)?;
    let place = format!("Rollout {}", rollout.name);
    let spec = Spec::deserialize(&rollout.value["spec"])
        .map_err(|error| RefusedError::new(format!("{place}, spec"), error.to_string()))?;
    let mut notes = Vec::new();
    let deadline = Deadline {
        after: seconds(spec.progress_deadline_seconds, DEFAULT_PROGRESS_DEADLINE_SECONDS),
        abort: spec.progress_deadline_abort,
    };
    let replicas = replicas(documents, rollout, &spec, &mut notes);
    let mut context = Context { documents, place, replicas, deadline, notes };
    check(&context, &spec)?;
    let mut analyses = Analyses::of(documents, &rollout.value);
    let strategy = match (&spec.strategy.canary, &spec.strategy.blue_green) {
        (Some(value), None) => Strategy::Canary(canary::read(value, &mut context, &mut analyses)?),
        (None, Some(value)) => Strategy::BlueGreen(blue_green::read(value, &mut context, &mut analyses)?),
        _ => return Err(context.refuse("strategy", "needs either canary or blueGreen")),
    };
    let analyses = analyses.all;
    let namespace =
        namespace.or(rollout.namespace.as_deref()).or(routed_namespace(rollout)).unwrap_or("default");
    let monitor = Monitor::read(documents, namespace, &spec.template, &mut context.notes)?;
    context.notes.extend(ignored(documents));
    Ok(Plan {
        rollout: rollout.name.clone(),
        namespace: namespace.to_owned(),
        strategy,
        analyses,
        monitor,
        min_ready: seconds(spec.min_ready_seconds, 0),
        limits: limits(&spec.template),
        notes: context.notes,
    })
}

pub fn seconds(given: Option<u32>, otherwise: u32) -> Duration {
    Duration::from_secs(given.unwrap_or(otherwise).into())
}

fn only_rollout(documents: &Documents) -> Result<&Document, RefusedError> {
    let mut rollouts = documents.of_kind("argoproj.io", "Rollout");
    match (rollouts.next(), rollouts.next()) {
        (Some(rollout), None) => Ok(rollout),
        (None, _) => Err(RefusedError::new("the manifests", "there is no Rollout in them")),
        (Some(one), Some(other)) => {
            let problem = format!("there is more than one Rollout in them: {} and {}", one.name, other.name);
            Err(RefusedError::new("the manifests", problem))
        }
    }
}

fn check(context: &Context<'_>, spec: &Spec) -> Result<(), RefusedError> {
    if spec.workload_ref.is_some() {
        return Err(
            context.refuse("workloadRef", "is not rehearsed: the Rollout has to have its own template")
        );
    }
    if spec.paused {
        return Err(context.refuse("paused", "nothing would happen"));
    }
    if context.replicas == 0 || context.replicas > MAX_REPLICAS {
        let problem =
            format!("{} replicas cannot be rehearsed here: 1 to {MAX_REPLICAS} can", context.replicas);
        return Err(context.refuse("replicas", problem));
    }
    Ok(())
}

/// Those of the Rollout, or what its autoscaler begins with.
fn replicas(documents: &Documents, rollout: &Document, spec: &Spec, notes: &mut Vec<String>) -> u32 {
    if let Some(replicas) = spec.replicas {
        return replicas;
    }
    let scaler = documents.of_kind("autoscaling", "HorizontalPodAutoscaler").find(|scaler| {
        let target = &scaler.value["spec"]["scaleTargetRef"];
        target["kind"] == "Rollout" && target["name"] == rollout.name.as_str()
    });
    let least = scaler
        .and_then(|scaler| scaler.value["spec"]["minReplicas"].as_u64())
        .and_then(|least| u32::try_from(least).ok());
    if let Some(least) = least {
        notes.push(format!("the number of replicas stays at the autoscaler's least, {least}"));
    }
    least.unwrap_or(1)
}

/// Helm leaves the namespace out of what it renders; the routes' plugin has to know it.
fn routed_namespace(rollout: &Document) -> Option<&str> {
    rollout
        .value
        .pointer("/spec/strategy/canary/trafficRouting/plugins/argoproj-labs~1gatewayAPI/namespace")?
        .as_str()
}

fn limits(template: &Value) -> Vec<String> {
    let containers = template["spec"]["containers"].as_array().into_iter().flatten();
    let arguments = containers.flat_map(|container| container["args"].as_array().into_iter().flatten());
    let arguments: Vec<&str> = arguments.filter_map(Value::as_str).collect();
    if arguments.first() != Some(&"up") {
        return Vec::new();
    }
    let taken =
        arguments.into_iter().filter(|argument| LIMITS.iter().any(|limit| argument.starts_with(limit)));
    taken.filter(|argument| argument.contains('=')).map(str::to_owned).collect()
}

/// Kinds that have no part in a rehearsal, told once each.
fn ignored(documents: &Documents) -> Option<String> {
    const ACTED_OUT: [&str; 12] = [
        "Rollout",
        "AnalysisTemplate",
        "ClusterAnalysisTemplate",
        "Service",
        "HTTPRoute",
        "GRPCRoute",
        "Ingress",
        "IngressRoute",
        "TraefikService",
        "PodMonitor",
        "ServiceMonitor",
        "HorizontalPodAutoscaler",
    ];
    let mut kinds: Vec<&str> = documents.0.iter().map(|document| document.kind.as_str()).collect();
    kinds.retain(|kind| !ACTED_OUT.contains(kind));
    kinds.sort_unstable();
    kinds.dedup();
    (!kinds.is_empty()).then(|| format!("left out, since they have no part in it: {}", kinds.join(", ")))
}

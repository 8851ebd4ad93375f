use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::rehearse::controller::{Background, Promotion};

fn rendered() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/helm/slipway/tests/rendered")
}

fn chart(name: &str) -> Plan {
    let text = fs::read_to_string(rendered().join(name)).unwrap();
    Plan::read(&text, Some("slipway")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn canary(name: &str) -> Canary {
    match chart(name).strategy {
        Strategy::Canary(canary) => canary,
        Strategy::BlueGreen(_) => panic!("{name} is blue-green"),
    }
}

/// A Rollout with a router, with `canary` below `strategy.canary`.
fn manifests(canary: &str) -> String {
    let indented: String = canary.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: stable}}
---
apiVersion: v1
kind: Service
metadata: {{name: canary}}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: gate}}
spec:
  metrics:
    - {{name: gate, count: 1, successCondition: 'result[0] < 1', provider: {{prometheus: {{query: 'sum(rate(a[1m]))'}}}}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: shop}}
spec:
  replicas: 4
  strategy:
    canary:
      stableService: stable
      canaryService: canary
{indented}"
    )
}

fn refused(canary: &str) -> String {
    match Plan::read(&manifests(canary), None) {
        Ok(plan) => panic!("taken: {plan:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn everything_that_the_chart_renders_with_a_router_is_taken_or_refused_by_name() {
    let mut taken = 0;
    for entry in fs::read_dir(rendered()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("\nkind: Rollout\n") {
            continue;
        }
        match Plan::read(&text, Some("slipway")) {
            Ok(_) => taken += 1,
            // What has no strategy but to replace all pods at once is a canary without steps.
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    assert!(taken > 10, "{taken}");
}

#[test]
fn the_production_preset_is_read_whole() {
    let plan = chart("production-gateway.yaml");
    assert_eq!((plan.rollout.as_str(), plan.namespace.as_str(), plan.replicas()), ("slipway", "slipway", 2));
    let gate = "slipway-success-rate, slipway-latency-p95, slipway-availability";
    let steps: Vec<String> = [10, 25, 50, 75]
        .into_iter()
        .flat_map(|weight| [format!("setWeight {weight}"), format!("analysis {gate}")])
        .collect();
    assert_eq!(plan.steps(), steps);
    let Strategy::Canary(canary) = &plan.strategy else { panic!("{plan:?}") };
    assert!(canary.routed);
    assert_eq!((canary.surge, canary.unavailable), (1, 0));
    assert_eq!(canary.abort_scale_down_delay, None, "0 keeps the pods for ever");
    assert_eq!(canary.scale_down_delay, Duration::from_secs(30));
    let query = &plan.analyses[0].plan.metrics[0].source.query;
    assert!(query.contains(r#"rollouts_pod_template_hash="canary""#), "{query}");
    assert!(plan.limits.contains(&"--max-concurrent-requests=1000".to_owned()), "{:?}", plan.limits);
    assert!(
        !plan.limits.iter().any(|limit| limit.contains("listen") || limit.contains("dir")),
        "{:?}",
        plan.limits
    );
}

#[test]
fn the_pod_monitor_says_how_pods_are_scraped() {
    let monitor = chart("production-gateway.yaml").monitor;
    assert_eq!((monitor.interval, monitor.path.as_str()), (Duration::from_secs(15), "/metrics"));
    assert_eq!(monitor.labels["namespace"], "slipway");
    assert_eq!(monitor.relabelings.len(), 1);
    assert_eq!(monitor.relabelings[0]["target_label"], "rollouts_pod_template_hash");
    assert_eq!(
        monitor.relabelings[0]["source_labels"][0],
        "__meta_kubernetes_pod_label_rollouts_pod_template_hash"
    );
}

#[test]
fn the_blue_green_preset_is_read_whole() {
    let plan = chart("blue-green-gateway.yaml");
    assert_eq!(
        plan.steps(),
        [
            "preview",
            "prePromotionAnalysis slipway-saturation, slipway-availability",
            "approval",
            "switch",
            "postPromotionAnalysis slipway-strict, slipway-availability"
        ]
    );
    let Strategy::BlueGreen(blue_green) = &plan.strategy else { panic!("{plan:?}") };
    assert_eq!((blue_green.replicas, blue_green.preview_replicas), (3, Some(1)));
    assert_eq!(blue_green.promotion, Promotion::ByHand);
    assert!(plan.notes.iter().any(|note| note.contains("autoscaler's least, 3")), "{:?}", plan.notes);
}

#[test]
fn a_background_analysis_begins_with_its_step_and_without_a_router() {
    let canary = canary("background.yaml");
    assert!(!canary.routed);
    assert_eq!(canary.background, Some(Background { analysis: 0, starting_step: 1 }));
}

#[test]
fn all_times_are_shortened_together() {
    let plan = chart("background.yaml").scaled(10.0, Duration::from_millis(1500)).unwrap();
    let Strategy::Canary(canary) = &plan.strategy else { panic!("{plan:?}") };
    assert!(canary.steps.contains(&Step::Pause(Some(Duration::from_secs(6)))), "{:?}", canary.steps);
    assert_eq!(
        (canary.scale_down_delay, canary.deadline.after),
        (Duration::from_secs(3), Duration::from_secs(60))
    );
    let metric = &plan.analyses[0].plan.metrics[0];
    assert!(
        !metric.source.query.contains("[60s]") && !metric.source.query.contains("[120s]"),
        "{}",
        metric.source.query
    );
}

#[test]
fn a_range_of_less_than_four_scrapes_is_refused() {
    let error = chart("production-gateway.yaml").scaled(10.0, Duration::from_secs(15)).unwrap_err();
    assert!(error.to_string().contains("success-rate") || error.to_string().contains("latency"), "{error}");
}

#[test]
fn steps_are_read_with_all_their_spellings() {
    let plan = Plan::read(
        &manifests(
            "trafficRouting: {istio: {}}
steps:
  - setWeight: 5
  - pause: {}
  - pause: {duration: 90}
  - pause: {duration: '90'}
  - pause: {duration: 1m30s}
  - setCanaryScale: {replicas: 2}
  - setCanaryScale: {weight: 50}
  - setCanaryScale: {matchTrafficWeight: true}
  - analysis: {templates: [{templateName: gate}]}",
        ),
        None,
    );
    let plan = plan.unwrap();
    assert_eq!(plan.namespace, "shop");
    assert_eq!(
        plan.steps(),
        [
            "setWeight 5",
            "pause",
            "pause 90 s",
            "pause 90 s",
            "pause 90 s",
            "setCanaryScale 2 replicas",
            "setCanaryScale 50 %",
            "setCanaryScale as the weight",
            "analysis gate"
        ]
    );
}

#[test]
fn what_cannot_be_acted_out_is_refused_by_name() {
    for (canary, named) in [
        ("steps: [{experiment: {}}]", "experiment"),
        ("steps: [{setHeaderRoute: {name: a}}]", "setHeaderRoute"),
        ("steps: [{setMirrorRoute: {name: a}}]", "setMirrorRoute"),
        ("steps: [{plugin: {name: a}}]", "plugin"),
        ("steps: [{setWeigth: 5}]", "setWeigth"),
        ("steps: [{setWeight: 101}]", "101"),
        ("steps: [{setWeight: 5, pause: {}}]", "exactly one thing"),
        ("steps: [{pause: {duration: soon}}]", "soon"),
        ("steps: [{setCanaryScale: {replicas: 2}}]", "trafficRouting"),
        ("steps: [{analysis: {templates: [{templateName: other}]}}]", "other"),
        ("trafficRouting: {plugins: {acme/router: {}}}", "acme/router"),
        ("trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: none}}}", "none"),
        ("trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {}}}", "no route"),
        ("trafficRouting: {nginx: {stableIngress: none}}", "none"),
        ("trafficRouting: {nginx: {stableIngress: a}, istio: {}}", "Ingress a"),
        ("trafficRouting: {smi: {}, istio: {}}", "several routers"),
        ("trafficRouting: {maxTrafficWeight: 1000, istio: {}}", "maxTrafficWeight"),
        ("dynamicStableScale: true", "dynamicStableScale"),
        ("pingPong: {}", "pingPong"),
        ("analysis: {templates: [{templateName: gate}], startingStep: 3}", "startingStep"),
        ("maxSurge: many", "many"),
        ("surprise: 1", "surprise"),
    ] {
        let sentence = refused(canary);
        assert!(sentence.contains("Rollout app") || sentence.contains("AnalysisTemplate"), "{sentence}");
        assert!(sentence.contains(named), "{canary}: {sentence}");
    }
}

#[test]
fn there_has_to_be_one_rollout_and_its_services() {
    let whole = manifests("steps: []");
    let error = |text: &str| Plan::read(text, None).unwrap_err().to_string();
    assert!(error("apiVersion: v1\nkind: Service\nmetadata: {name: a}").contains("no Rollout"));
    assert!(error(&whole.replace("name: canary}", "name: other}")).contains("no Service canary"));
    let second = whole.split("---\n").last().unwrap().replace("name: app", "name: second");
    assert!(error(&format!("{whole}---\n{second}")).contains("app and second"));
    assert!(error(&whole.replace("replicas: 4", "replicas: 400")).contains("400 replicas"));
    assert!(error(&whole.replace("replicas: 4", "paused: true")).contains("paused"));
    assert!(error(&whole.replace("replicas: 4", "workloadRef: {name: a}")).contains("workloadRef"));
}

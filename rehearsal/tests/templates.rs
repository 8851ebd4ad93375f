//! Every AnalysisTemplate that this repository gives to anybody is one that the judge takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rehearsal::judge::{Arguments, Measured, Phase, Plan, Scale};
use rehearsal::manifest::{Documents, Templates};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The plan of each template of `text` that asks Prometheus.
fn plans(text: &str, place: &str) -> Vec<Plan> {
    let documents = Documents::read(text).unwrap_or_else(|error| panic!("{place}: {error}"));
    let templates = Templates::of(&documents);
    let arguments = Arguments(BTreeMap::from([("pod-template-hash".to_owned(), "abc".to_owned())]));
    let plan = |name| {
        let found = templates.collect(&[name]).unwrap_or_else(|error| panic!("{place}: {error}"));
        Plan::new(&found, &arguments, &[]).unwrap_or_else(|error| panic!("{place}: {error}"))
    };
    templates.refs().into_iter().map(plan).collect()
}

fn rendered() -> Vec<(String, Plan)> {
    let folder = root().join("deploy/helm/slipway/tests/rendered");
    let mut found = Vec::new();
    let mut there = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let place = file.display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        there += text.matches("\nkind: AnalysisTemplate\n").count();
        let plans = plans(&text, &place);
        found.extend(plans.into_iter().map(|plan| (place.clone(), plan)));
    }
    assert!(there > 10 && found.len() == there, "{} of {there} templates were found", found.len());
    found
}

#[test]
fn gates_of_the_chart_neither_pass_nor_fail_without_series() {
    for (place, plan) in rendered() {
        for metric in &plan.metrics {
            let of_nothing = metric.conditions.assess(&Measured::Vector(Vec::new()));
            assert_eq!(of_nothing, Ok(Phase::Inconclusive), "{place}: {}", metric.name);
            for number in [0.0, 1.0, 100.0, f64::NAN, f64::INFINITY] {
                let told = metric.conditions.assess(&Measured::Vector(vec![number]));
                assert!(told.is_ok(), "{place}: {}: {told:?}", metric.name);
            }
            assert!(
                metric.source.query.contains("rollouts_pod_template_hash=\"abc\""),
                "{place}: {}",
                metric.name
            );
        }
    }
}

#[test]
fn gates_of_the_chart_can_be_shortened() {
    let scale = Scale { factor: 10.0, scrape_interval: Duration::from_secs(1) };
    for (place, plan) in rendered() {
        let before = plan.metrics[0].schedule.interval.unwrap();
        let scaled = plan.scaled(&scale).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(scaled.metrics[0].schedule.interval.unwrap() * 10, before, "{place}");
    }
}

#[test]
fn templates_of_the_guide_can_be_judged_or_are_for_a_job() {
    let guide = fs::read_to_string(root().join("docs/gate.md")).unwrap();
    let blocks = guide.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
    let (jobs, prometheus): (Vec<_>, Vec<_>) = blocks
        .filter(|block| block.contains("kind: AnalysisTemplate"))
        .partition(|block| block.contains("job:"));
    assert_eq!((jobs.len(), prometheus.len()), (1, 1));
    assert_eq!(plans(prometheus[0], "docs/gate.md").len(), 1);
    // It is refused by name and not by accident: everything else in it can be read.
    let documents = Documents::read(jobs[0]).unwrap();
    let templates = Templates::of(&documents);
    let refused = templates.collect(&templates.refs()).unwrap_err().to_string();
    assert!(refused.contains("the provider `job` is not known here"), "{refused}");
}

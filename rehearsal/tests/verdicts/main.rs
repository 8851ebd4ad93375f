//! The table of cases: limits and measurements on one side, phase, message and next time on the other.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta};
use rehearsal::judge::{Arguments, Measured, Phase, Plan, PlanError, Run, Time};
use rehearsal::manifest::{AnalysisTemplate, DryRun, Metric, Scope};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const CASES: &str = include_str!("cases.yaml");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    case: String,
    #[serde(default)]
    metric: Map<String, Value>,
    #[serde(default)]
    measured: Vec<Answer>,
    #[serde(default)]
    metrics: BTreeMap<String, Several>,
    #[serde(default)]
    dry_run: Vec<String>,
    end: Option<i64>,
    phase: Option<Phase>,
    #[serde(default)]
    phases: BTreeMap<String, Phase>,
    by: Option<String>,
    why: Option<String>,
    message: Option<String>,
    next: Option<i64>,
    refused: Option<String>,
}

#[derive(Deserialize)]
struct Several {
    measured: Vec<Answer>,
    #[serde(flatten)]
    metric: Map<String, Value>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Answer {
    Number(f64),
    Vector(Vec<f64>),
    Scalar { scalar: f64 },
    Down(String),
}

impl Answer {
    fn measured(self) -> Measured {
        match self {
            Self::Number(number) => Measured::Vector(vec![number]),
            Self::Vector(numbers) => Measured::Vector(numbers),
            Self::Scalar { scalar } => Measured::Scalar(scalar),
            Self::Down(word) => match word.as_str() {
                "NaN" => Measured::Vector(vec![f64::NAN]),
                "+Inf" => Measured::Vector(vec![f64::INFINITY]),
                "down" => Measured::Error("Prometheus is down".to_owned()),
                _ => panic!("`{word}` is no answer"),
            },
        }
    }
}

fn start() -> Time {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn after(seconds: i64) -> Time {
    start() + TimeDelta::seconds(seconds)
}

fn metric(name: &str, mut fields: Map<String, Value>) -> Metric {
    if !["successCondition", "failureCondition"].iter().any(|name| fields.contains_key(*name)) {
        fields.insert("successCondition".to_owned(), json!("result[0] >= 0.9"));
        fields.insert("failureCondition".to_owned(), json!("result[0] < 0.5"));
    }
    fields.insert("name".to_owned(), json!(name));
    fields.entry("provider").or_insert_with(|| json!({"prometheus": {"query": "up"}}));
    Metric::deserialize(Value::Object(fields)).unwrap()
}

impl Case {
    /// The metrics by name, each with what is going to be measured.
    fn metrics(&self) -> Vec<(Metric, VecDeque<Answer>)> {
        if self.metrics.is_empty() {
            return vec![(metric("m", self.metric.clone()), self.measured.clone().into())];
        }
        let several = self
            .metrics
            .iter()
            .map(|(name, several)| (metric(name, several.metric.clone()), several.measured.clone().into()));
        several.collect()
    }

    fn plan(&self) -> Result<Plan, PlanError> {
        let metrics = self.metrics().into_iter().map(|(metric, _)| metric).collect();
        let dry_run: Vec<_> = self.dry_run.iter().map(|name| DryRun { metric_name: name.clone() }).collect();
        let template = AnalysisTemplate {
            name: "t".to_owned(),
            scope: Scope::Namespace,
            metrics,
            args: Vec::new(),
            dry_run: Vec::new(),
            templates: Vec::new(),
        };
        Plan::new(&[template], &Arguments::default(), &dry_run)
    }

    /// Measures whenever something is due, until the answers are used up.
    fn played(&self) -> Run {
        let mut answers: Vec<_> = self.metrics().into_iter().map(|(_, answers)| answers).collect();
        let mut run = Run::start(self.plan().unwrap(), start());
        while let Some(next) = run.next() {
            let due: Vec<usize> = run.due(next).iter().map(|due| due.index).collect();
            if due.iter().any(|index| answers[*index].is_empty()) {
                break;
            }
            let measured =
                due.into_iter().map(|index| (index, answers[index].pop_front().unwrap().measured()));
            run.record(measured.collect::<Vec<_>>(), next, next);
        }
        if let Some(seconds) = self.end {
            run.terminate(after(seconds));
        }
        // What did not begin leaves its answers; nothing else does.
        for (metric, rest) in run.metrics().iter().zip(&answers) {
            assert!(
                rest.is_empty() || metric.measurements.is_empty(),
                "{}: answers are left over for {}",
                self.case,
                metric.name
            );
        }
        run
    }

    fn message(&self) -> String {
        match (&self.message, &self.why, self.phase) {
            (Some(message), _, _) => message.clone(),
            (None, Some(why), Some(phase)) => {
                format!("metric {} is {phase}: {why}", self.by.as_deref().unwrap_or("m"))
            }
            _ => String::new(),
        }
    }

    fn check(&self) {
        let case = &self.case;
        if let Some(part) = &self.refused {
            let refused = self.plan().map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains(part), "{case}: {refused}");
            return;
        }
        let run = self.played();
        assert_eq!(Some(run.phase()), self.phase, "{case}: {}", run.message());
        assert_eq!(run.message(), self.message(), "{case}");
        assert_eq!(run.next(), self.next.map(after), "{case}");
        assert_eq!(run.completed_at().is_some(), run.phase().completed(), "{case}");
        let phases: BTreeMap<_, _> =
            run.metrics().iter().map(|metric| (metric.name.clone(), metric.phase)).collect();
        if !self.metrics.is_empty() {
            assert_eq!(phases, self.phases, "{case}");
        }
    }
}

fn cases() -> Vec<Case> {
    serde_saphyr::from_str(CASES).unwrap()
}

#[test]
fn every_case_is_judged_as_argo_rollouts_judges_it() {
    cases().iter().for_each(Case::check);
}

#[test]
fn what_comes_too_late_or_from_nowhere_is_left_out() {
    let case = |text: &str| serde_saphyr::from_str::<Case>(text).unwrap();
    let mut run =
        case("{case: a, metrics: {a: {measured: [1]}, b: {interval: 30s, measured: [1]}}}").played();
    let before = serde_json::to_value(run.metrics()).unwrap();
    run.record([(0, Measured::Vector(vec![0.0])), (7, Measured::Scalar(0.0))], after(40), after(40));
    assert_eq!(serde_json::to_value(run.metrics()).unwrap(), before);
    run.terminate(after(50));
    run.record([(1, Measured::Vector(vec![0.0]))], after(60), after(60));
    run.terminate(after(70));
    assert_eq!((run.phase(), run.completed_at()), (Phase::Successful, Some(after(50))));
}

#[test]
fn the_table_has_at_least_eighty_cases() {
    assert!(cases().len() >= 80, "{}", cases().len());
}

//! The assessment rules of Argo Rollouts 1.9 and 1.10, with time from outside: nothing here waits or asks.
//!
//! A [`Plan`] is what templates and arguments ask for. A [`Run`] of it is told what was measured, and says what that
//! means and when to measure next:
//!
//! ```
//! # use rehearsal::judge::{Arguments, Measured, Phase, Plan, Run};
//! # use rehearsal::manifest::{Documents, Templates};
//! # let text = "
//! # apiVersion: argoproj.io/v1alpha1
//! # kind: AnalysisTemplate
//! # metadata: {name: errors}
//! # spec:
//! #   metrics:
//! #   - {name: errors, successCondition: 'result[0] < 0.05', provider: {prometheus: {query: up}}}";
//! # let documents = Documents::read(text)?;
//! # let templates = Templates::of(&documents);
//! # let templates = templates.collect(&[templates.choose(None)?])?;
//! # let now = chrono::Utc::now();
//! let plan = Plan::new(&templates, &Arguments::default(), &[])?;
//! let mut run = Run::start(plan, now);
//! for due in run.due(now) {
//!     println!("{} is asked {}", due.metric.source.address, due.metric.source.query);
//! }
//! run.record([(0, Measured::Vector(vec![0.01]))], now, now);
//! assert_eq!(run.phase(), Phase::Successful);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rules are those of `analysis/analysis.go` and `utils/evaluate` in <https://github.com/argoproj/argo-rollouts>.

mod arguments;
mod assess;
mod condition;
mod limits;
mod measurement;
mod phase;
mod plan;
mod run;
pub mod scale;
mod substitute;

pub use arguments::{Arguments, RolloutFacts};
pub use condition::{Condition, ConditionError};
pub use limits::{Limits, Schedule};
pub use measurement::{Measured, Measurement};
pub use phase::Phase;
pub use plan::{Conditions, Plan, PlanError, PlannedMetric};
pub use run::{Due, MetricResult, Run, Time};
pub use scale::{Scale, ScaleError};

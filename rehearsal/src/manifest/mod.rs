//! Kubernetes manifests: what they are, and the parts of them that a gate is made of.
//!
//! Fields that a verdict could depend on and that are not known here are refused by name. Nothing is guessed.

mod argument;
mod documents;
mod duration;
mod integer;
mod metric;
mod prometheus;
mod template;
mod templates;

pub use argument::{
    Argument, FieldRef, PodTemplateHash, RolloutArgument, RolloutValueFrom, SecretKeyRef, ValueFrom,
};
pub use documents::{Document, Documents, ReadError};
pub use duration::parse_duration;
pub use integer::IntOrString;
pub use metric::{Metric, Provider};
pub use prometheus::{Authentication, BasicAuth, Header, Prometheus};
pub use template::{AnalysisTemplate, DryRun, MeasurementRetention, Scope, TemplateError};
pub use templates::{TemplateRef, Templates};

//! Acts out a Rollout on this machine, with real processes, a real router and a real Prometheus.
//!
//! | module | question it answers |
//! |---|---|
//! | [`plan`] | what do the manifests ask for, and can it be acted out? |
//! | [`controller`] | what would Argo Rollouts do next? |
//! | [`stage`] | how are replicas, router and Prometheus started, changed and ended? |
//! | [`traffic`] | what do users see? |
//! | [`analyses`] | what do the gates say? |
//! | [`director`] | who does what when? |
//! | [`event`] | what is told of it? |

pub mod analyses;
pub mod controller;
pub mod director;
pub mod event;
pub mod plan;
pub mod stage;
pub mod traffic;

pub use director::{OnPause, RehearseError, Settings, rehearse};
pub use plan::{Plan, RefusedError};
pub use stage::{Cast, StageError, Version, Via};
pub use traffic::{Call, MAX_RATE, Mix, MixError};

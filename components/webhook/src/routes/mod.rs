//! What each path does.

pub(crate) mod argo;
pub(crate) mod github;
pub(crate) mod metrics;
pub(crate) mod ready;
pub(crate) mod reconcile;

//! What each path does.

pub(crate) mod github;
pub(crate) mod reconcile;

//! The judge of AnalysisTemplates, and the rehearsal of a release with real processes.
//!
//! | module | question it answers |
//! |---|---|
//! | [`manifest`] | what do the manifests ask for? |
//! | [`judge`] | what would Argo Rollouts make of these measurements, and when does it measure next? |
//! | [`prometheus`] | what does Prometheus measure now? |
//! | [`gate`] | what is the verdict? |
//!
//! With the feature `rehearse`, `rehearse` acts out a Rollout on this machine, and `report` tells of it.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

pub mod gate;
pub mod judge;
pub mod manifest;
pub mod prometheus;
#[cfg(feature = "rehearse")]
pub mod rehearse;
#[cfg(feature = "rehearse")]
pub mod report;

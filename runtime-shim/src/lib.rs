//! Slipway's runtime: hosts Spin applications with metrics, health probes and draining.
//!
//! The way of a request: [`server`] accepts it, [`routing`] finds its component, [`engine`] runs it in an instance,
//! and [`host`] answers what the instance asks of the world.

// What comes from outside gets an answer, never a panic.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used))]

pub mod access_log;
pub mod assemble;
pub mod check;
pub mod cli;
pub mod compile;
pub mod correlation;
pub mod descriptors;
pub mod engine;
pub mod fault;
pub mod files;
pub mod gate;
pub mod health;
pub mod host;
pub mod judge;
pub mod lifecycle;
pub mod logging;
pub mod manifest;
pub mod metrics;
pub mod migrate;
pub mod oci;
pub mod outbound;
#[cfg(feature = "rehearse")]
pub mod rehearse;
pub mod routing;
pub mod runtime_config;
pub mod server;
pub mod serving;
pub mod shared;
pub mod sidecar;
pub mod source;
pub mod storage;
pub mod trace;
pub mod up;
pub mod variables;

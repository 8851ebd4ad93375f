//! What the end-to-end tests stand on: a double of GitHub, signed webhook deliveries, and the `slipway` program as a
//! process. The programs `github-double` and `send-webhook` offer the first two by hand.

pub mod burst;
pub mod collector;
pub mod crash;
pub mod database;
pub mod example;
pub mod github;
pub mod http;
pub mod metrics;
pub mod overload;
pub mod postgres;
pub mod process;
pub mod prometheus;
pub mod registry;
pub mod rolling;
pub mod sidecar;
pub mod slipway;
pub mod soak;
pub mod tls;
pub mod wait;
pub mod webhook;
pub mod wire;

//! Webhooks: their deliveries are sent for real, and every attempt is kept in a log for three days.
//!
//! <https://docs.github.com/rest/repos/webhooks>, <https://docs.github.com/rest/orgs/webhooks>

mod attempt;
mod log;
mod owner;
mod send;

pub use attempt::{Attempt, Reply};
pub use log::{Class, Hook, Hooks};
pub use owner::HookOwner;
pub use send::{deliver, redeliver_later};

/// There is no hook with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no hook {0}")]
pub struct UnknownHook(pub u64);

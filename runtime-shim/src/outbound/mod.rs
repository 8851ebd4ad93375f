//! Where components may connect to: the hosts that they are allowed, and the addresses that nobody is.

pub mod allow;
pub mod blocked;
mod network;

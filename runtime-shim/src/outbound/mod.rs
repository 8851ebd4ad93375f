//! The allow-list of outbound hosts.

pub mod allow;

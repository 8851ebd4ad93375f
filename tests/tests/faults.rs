//! Faults on purpose: what they do in a build that has them, and that no release has them.

#[path = "faults/injected.rs"]
mod injected;
#[path = "faults/released.rs"]
mod released;

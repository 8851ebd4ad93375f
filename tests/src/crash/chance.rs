//! Random choices, all from one seed.

use std::time::Duration;

use fastrand::Rng;

/// A pause of this mean, distributed as the time until the next of many independent events.
pub(super) fn pause(rng: &mut Rng, mean: Duration) -> Duration {
    mean.mul_f64(-(1.0 - rng.f64()).ln())
}

/// A time below `limit`.
pub(super) fn below(rng: &mut Rng, limit: Duration) -> Duration {
    limit.mul_f64(rng.f64())
}

/// One of these, of which there is at least one.
pub(super) fn one_of<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.usize(..choices.len())]
}

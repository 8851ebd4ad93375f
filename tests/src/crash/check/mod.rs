//! What must hold at the end, whatever happened on the way.

mod deliveries;
mod deployments;
mod history;
mod latest;
mod orphans;
mod promotions;
#[cfg(test)]
mod tests;

use super::evidence::Evidence;

pub(super) use deliveries::{End, end};

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    /// A sentence, and below it the rows and commits that it is about.
    pub(super) text: String,
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value was committed once too often.
    Duplicate,
    /// Anything else; lost deliveries are counted by [`end`].
    Other,
}

impl Problem {
    fn other(text: String) -> Self {
        Self { kind: Kind::Other, text }
    }

    fn duplicate(text: String) -> Self {
        Self { kind: Kind::Duplicate, text }
    }
}

/// Everything that does not hold.
pub(super) fn problems(evidence: &Evidence) -> Vec<Problem> {
    let checks = [
        deliveries::check,
        promotions::check,
        history::check,
        latest::check,
        deployments::check,
        orphans::check,
    ];
    checks.into_iter().flat_map(|check| check(evidence)).collect()
}

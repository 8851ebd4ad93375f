//! The latest word about a target is what Git holds.

use super::Problem;
use crate::crash::evidence::Evidence;
use crate::crash::ledger::Promotion;
use crate::crash::targets::{TARGETS, Target};

pub(super) fn check(evidence: &Evidence) -> Vec<Problem> {
    TARGETS
        .iter()
        .flat_map(|target| of_target(evidence, target).into_iter().chain(order(evidence, target)))
        .collect()
}

fn of_target(evidence: &Evidence, target: &Target) -> Option<Problem> {
    let key = target.key();
    let problem = |what: String| {
        Some(Problem::other(format!("Target {key}: {what}:{}", evidence.about_target(target))))
    };
    // The rows are sorted by age.
    let mut newest = evidence.rows.promotions.iter().rev().filter(|row| row.target == key);
    if newest.clone().next().is_some_and(|row| row.state == "superseded") {
        return problem("its newest promotion was superseded, by nothing".to_owned());
    }
    let expected = newest
        .find(|row| matches!(row.state.as_str(), "committed" | "unchanged"))
        .map(|row| target.value(&row.tag, &row.digest))?;
    let held = evidence.branch_of(target)?.file(target.file).and_then(|text| target.value_in(text));
    if held == Some(&expected) {
        return None;
    }
    problem(format!("Git holds {held:?}, and the latest that was accepted is {expected:?}"))
}

/// A delivery that was sent after another one was answered must not lead to an older promotion: pushes A, B, A are
/// three releases, and the third does not join the first.
fn order(evidence: &Evidence, target: &Target) -> Option<Problem> {
    let key = target.key();
    let promotion_of = |guid: &String| -> Option<&Promotion> {
        let mut decisions = evidence.delivery(guid)?.decisions.iter();
        let decision = decisions.find(|decision| decision.target.as_ref() == Some(&key))?;
        evidence.promotion(decision.promotion.as_deref()?)
    };
    let known: Vec<_> = evidence
        .entries
        .iter()
        .filter_map(|(guid, entry)| Some((guid, entry.sent, entry.accepted?, promotion_of(guid)?)))
        .collect();
    let is_wrong = |first: &(_, _, _, &Promotion), later: &(_, _, _, &Promotion)| {
        first.2 < later.1 && first.3.age() > later.3.age()
    };
    known.iter().find_map(|first| {
        let (later, ..) = known.iter().find(|later| is_wrong(first, later))?;
        Some(Problem::other(format!(
            "Target {key}: delivery {later} was sent after {} was answered, and has an older promotion:{}",
            first.0,
            evidence.about_target(target)
        )))
    })
}

//! What was answered 2xx is in the ledger, as it was answered, and has come to an end.

use super::Problem;
use crate::crash::book::Told;
use crate::crash::evidence::Evidence;
use crate::crash::ledger::{Decision, Delivery};

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::crash) enum End {
    /// A commit, for at least one target.
    Commit,
    /// For every target a reason.
    Reason,
    /// Neither, for this reason.
    Lost(String),
}

/// What became of a delivery that was answered 2xx.
pub(in crate::crash) fn end(evidence: &Evidence, guid: &str) -> End {
    let Some(delivery) = evidence.delivery(guid) else {
        return End::Lost("it is not in the ledger".to_owned());
    };
    if delivery.decisions.is_empty() {
        return End::Lost("nothing was decided about it".to_owned());
    }
    let mut is_committed = false;
    for decision in &delivery.decisions {
        match is_commit(evidence, decision) {
            Ok(commit) => is_committed |= commit,
            Err(why) => return End::Lost(why),
        }
    }
    if is_committed { End::Commit } else { End::Reason }
}

/// Whether a decision led to a commit; if not, it has a reason.
fn is_commit(evidence: &Evidence, decision: &Decision) -> Result<bool, String> {
    let Some(id) = &decision.promotion else {
        let is_told = !decision.reason.is_empty();
        return if is_told { Ok(false) } else { Err("a decision has no reason".to_owned()) };
    };
    let about = || evidence.about(id);
    let promotion = evidence.promotion(id).ok_or_else(|| format!("its promotion {id} is gone"))?;
    let has_reason = promotion.reason.as_ref().is_some_and(|reason| !reason.is_empty());
    match promotion.state.as_str() {
        "waiting" | "running" => Err(format!("its promotion has not ended:{}", about())),
        "committed" if evidence.commits_of(id).next().is_some() => Ok(true),
        "committed" => Err(format!("its promotion says committed, and no commit names it:{}", about())),
        _ if has_reason => Ok(false),
        _ => Err(format!("its promotion ended without a reason:{}", about())),
    }
}

pub(super) fn check(evidence: &Evidence) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (guid, entry) in &evidence.entries {
        if entry.accepted.is_none() {
            let refused = entry.refused.as_deref().unwrap_or("no answer that settles it");
            let text = format!("Delivery {guid} of {} was never accepted: {refused}", entry.pushed);
            problems.push(Problem::other(text));
            continue;
        }
        if let End::Lost(why) = end(evidence, guid) {
            problems.push(Problem::other(format!("Delivery {guid} of {} is lost: {why}", entry.pushed)));
        }
        let rows = evidence.rows.deliveries.iter().filter(|row| row.id == *guid).count();
        if rows > 1 {
            problems.push(Problem::other(format!("Delivery {guid} is in the ledger {rows} times")));
        }
        let Some(delivery) = evidence.delivery(guid) else { continue };
        if let Some(told) = entry.told.iter().find(|told| !agree(told, delivery)) {
            let text =
                format!("Delivery {guid} was answered {told:?}, and the ledger has {:?}", delivery.decisions);
            problems.push(Problem::other(text));
        }
    }
    problems
}

/// Whether an answer told what is stored.
fn agree(told: &[Told], delivery: &Delivery) -> bool {
    let stored: Vec<_> = delivery.decisions.iter().filter(|decision| decision.target.is_some()).collect();
    told.len() == stored.len()
        && told.iter().zip(stored).all(|(told, stored)| {
            let verdicts: &[&str] = match told.decision.as_str() {
                "promote" => &["created"],
                "joined" => &["joined"],
                _ => &["ignored", "refused"],
            };
            stored.target.as_ref() == Some(&told.target)
                && stored.promotion == told.promotion
                && verdicts.contains(&stored.verdict.as_str())
        })
}

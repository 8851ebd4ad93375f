//! A promotion that says `committed` has exactly one commit, and no other has any.

use super::Problem;
use crate::crash::evidence::Evidence;
use crate::crash::ledger::Promotion;
use crate::crash::targets::Target;

pub(super) fn check(evidence: &Evidence) -> Vec<Problem> {
    let promotions = evidence.rows.promotions.iter().flat_map(|row| of_promotion(evidence, row));
    promotions.chain(unknown(evidence)).collect()
}

fn of_promotion(evidence: &Evidence, promotion: &Promotion) -> Vec<Problem> {
    let Promotion { id, state, .. } = promotion;
    let commits: Vec<_> = evidence.commits_of(id).collect();
    let about = || evidence.about(id);
    let mut problems = Vec::new();
    for _ in commits.iter().skip(1) {
        problems.push(Problem::duplicate(format!("Promotion {id} was committed twice:{}", about())));
    }
    if promotion.is_open() {
        problems.push(Problem::other(format!("Promotion {id} has not ended:{}", about())));
    } else if state != "committed" {
        if !commits.is_empty() {
            problems.push(Problem::other(format!("Promotion {id} is {state} and has a commit:{}", about())));
        }
        if promotion.reason.as_ref().is_none_or(String::is_empty) {
            problems.push(Problem::other(format!("Promotion {id} is {state} without a reason:{}", about())));
        }
    } else {
        let target = Target::with_key(&promotion.target);
        let is_its_own = commits.iter().any(|(branch, commit)| {
            promotion.commit_id.as_ref() == Some(&commit.id)
                && target.is_some_and(|it| (it.repository, it.branch) == (branch.repository, branch.name))
        });
        if !is_its_own {
            let text = format!("Promotion {id} says a commit that its branch does not have:{}", about());
            problems.push(Problem::other(text));
        }
    }
    problems
}

/// Commits of promotions that the ledger does not know.
fn unknown(evidence: &Evidence) -> Vec<Problem> {
    let commits = evidence.branches.iter().flat_map(|branch| &branch.commits);
    let named = commits.flat_map(|commit| commit.promotions.iter().map(move |id| (commit, id)));
    named
        .filter(|(_, id)| evidence.promotion(id).is_none())
        .map(|(commit, id)| {
            Problem::other(format!("Commit {} names the promotion {id}, which does not exist", commit.id))
        })
        .collect()
}

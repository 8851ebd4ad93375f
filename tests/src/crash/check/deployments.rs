//! Every promotion has at most one deployment, which says how the promotion ended.

use super::Problem;
use crate::crash::evidence::Evidence;
use crate::crash::ledger::Promotion;

pub(super) fn check(evidence: &Evidence) -> Vec<Problem> {
    let ended = evidence.rows.promotions.iter().filter(|promotion| !promotion.is_open());
    let wrong = ended.filter_map(|promotion| Some((promotion, wrong(evidence, promotion)?)));
    let mut problems: Vec<_> = wrong
        .map(|(promotion, what)| {
            Problem::other(format!("Promotion {} {what}:{}", promotion.id, evidence.about(&promotion.id)))
        })
        .collect();
    for deployment in &evidence.rows.deployments {
        let of = |promotion: &&Promotion| promotion.deployment_id.as_ref() == Some(&deployment.id);
        let count = evidence.rows.promotions.iter().filter(of).count();
        if count != 1 {
            let text = format!("Deployment {} belongs to {count} promotions: {deployment:?}", deployment.id);
            problems.push(Problem::other(text));
        }
    }
    problems
}

fn wrong(evidence: &Evidence, promotion: &Promotion) -> Option<&'static str> {
    let is_committed = promotion.state == "committed";
    let Some(id) = &promotion.deployment_id else {
        return is_committed.then_some("is committed and has no deployment");
    };
    let Some(deployment) = evidence.deployment(id) else {
        return Some("has a deployment that does not exist");
    };
    if deployment.version != promotion.tag {
        Some("has a deployment of another version")
    } else if deployment.gitops_commit != promotion.commit_id {
        Some("has a deployment of another commit")
    } else if is_committed != (deployment.status == "pending") {
        Some("has a deployment whose status does not fit")
    } else {
        None
    }
}

//! Each check is shown what it is there to find.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::crash::book::{Entry, Told};
use crate::crash::evidence::Evidence;
use crate::crash::history::{Branch, Commit};
use crate::crash::ledger::{Decision, Delivery, Deployment, Promotion, Rows};
use crate::crash::targets::{TARGETS, Target, repositories};
use crate::crash::verdict::Verdict;

const TAGS: [&str; 2] = ["1.1.0", "1.2.0"];

fn target() -> &'static Target {
    &TARGETS[0]
}

/// Two deliveries, one after the other, each with a promotion, a deployment and a commit; all is well.
fn evidence() -> Evidence {
    let branch = Branch { repository: target().repository, name: target().branch, commits: Vec::new() };
    let mut evidence = Evidence { branches: vec![branch], ..Evidence::default() };
    let file = repositories()[target().repository][target().file].clone();
    commit(&mut evidence, "first", &[], &file);
    for (number, tag) in TAGS.into_iter().enumerate() {
        let promotion = format!("promotion-{number}");
        add_delivery(&mut evidence, number, &promotion);
        add_promotion(&mut evidence, number, &promotion, tag);
        commit(&mut evidence, &format!("commit-{number}"), &[&promotion], &with_tag(&file, tag));
    }
    evidence
}

fn with_tag(file: &str, tag: &str) -> String {
    let line = |tag: &str| format!("tag: \"{tag}\" # tag of api in staging");
    file.replace(&line("0.1.0"), &line(tag))
}

fn commit(evidence: &mut Evidence, id: &str, promotions: &[&str], text: &str) {
    let before = evidence.branches[0].file(target().file).map(str::to_owned);
    let changes = BTreeMap::from([(target().file.to_owned(), (before, Some(text.to_owned())))]);
    let promotions = promotions.iter().map(|&id| id.to_owned()).collect();
    let commit = Commit { id: id.to_owned(), headline: "Deploy".to_owned(), promotions, changes };
    evidence.branches[0].commits.push(commit);
}

fn add_delivery(evidence: &mut Evidence, number: usize, promotion: &str) {
    let guid = format!("delivery-{number}");
    let told = Told {
        target: target().key(),
        decision: "promote".to_owned(),
        promotion: Some(promotion.to_owned()),
    };
    let sent = Instant::now() + Duration::from_secs(number as u64);
    let entry = Entry {
        pushed: "an image".to_owned(),
        sent,
        accepted: Some(sent + Duration::from_millis(10)),
        told: vec![vec![told]],
        refused: None,
    };
    let decision = Decision {
        target: Some(target().key()),
        verdict: "created".to_owned(),
        reason: "any tag".to_owned(),
        promotion: Some(promotion.to_owned()),
    };
    evidence.entries.insert(guid.clone(), entry);
    evidence.rows.deliveries.push(Delivery { id: guid, decisions: vec![decision] });
}

fn add_promotion(evidence: &mut Evidence, number: usize, id: &str, tag: &str) {
    let Rows { promotions, deployments, .. } = &mut evidence.rows;
    let deployment = format!("deployment-{number}");
    let commit_id = Some(format!("commit-{number}"));
    promotions.push(Promotion {
        id: id.to_owned(),
        target: target().key(),
        tag: tag.to_owned(),
        digest: String::new(),
        state: "committed".to_owned(),
        reason: None,
        attempts: 1,
        last_error: None,
        fence: 1,
        commit_id: commit_id.clone(),
        deployment_id: Some(deployment.clone()),
        delivery_id: format!("delivery-{number}"),
        created_at: number as i64,
    });
    deployments.push(Deployment {
        id: deployment,
        version: tag.to_owned(),
        status: "pending".to_owned(),
        gitops_commit: commit_id,
    });
}

/// What is found after this change: how much is lost, how much is duplicate, and words of a problem.
fn assert_found(change: impl FnOnce(&mut Evidence), lost: usize, duplicate: usize, words: &str) {
    let mut evidence = evidence();
    change(&mut evidence);
    let verdict = Verdict::of(&evidence);
    assert_eq!((verdict.lost, verdict.duplicate), (lost, duplicate), "{:#?}", verdict.problems);
    assert!(verdict.problems.iter().any(|problem| problem.contains(words)), "{:#?}", verdict.problems);
    assert!(!verdict.is_good());
}

#[test]
fn nothing_is_found_where_all_is_well() {
    let verdict = Verdict::of(&evidence());
    assert_eq!(verdict.problems, Vec::<String>::new());
    assert_eq!(verdict.to_string(), "deliveries 2 accepted 2 commits 2 reasons 0 lost 0 duplicate 0");
}

#[test]
fn delivery_without_a_row_is_lost() {
    let change = |evidence: &mut Evidence| drop(evidence.rows.deliveries.pop());
    assert_found(change, 1, 0, "Delivery delivery-1 of an image is lost: it is not in the ledger");
}

#[test]
fn promotion_that_has_not_ended_is_lost() {
    let change = |evidence: &mut Evidence| evidence.rows.promotions[1].state = "waiting".to_owned();
    assert_found(change, 1, 0, "Promotion promotion-1 has not ended");
}

#[test]
fn commit_that_git_does_not_have_is_lost() {
    let change = |evidence: &mut Evidence| drop(evidence.branches[0].commits.pop());
    assert_found(change, 1, 0, "says committed, and no commit names it");
}

#[test]
fn answer_that_differs_from_the_ledger_is_found() {
    let change = |evidence: &mut Evidence| {
        evidence.rows.deliveries[1].decisions[0].verdict = "joined".to_owned();
    };
    assert_found(change, 0, 0, "Delivery delivery-1 was answered");
}

#[test]
fn second_commit_of_a_promotion_is_a_duplicate() {
    let change = |evidence: &mut Evidence| {
        let text = evidence.branches[0].file(target().file).map(|file| file.replace("1.2.0", "1.1.0"));
        commit(evidence, "again", &["promotion-0"], &text.unwrap_or_default());
    };
    assert_found(change, 0, 1, "Promotion promotion-0 was committed twice");
}

#[test]
fn value_that_is_written_twice_in_a_row_is_a_duplicate() {
    let change = |evidence: &mut Evidence| {
        add_delivery(evidence, 2, "promotion-2");
        add_promotion(evidence, 2, "promotion-2", TAGS[1]);
        let text = evidence.branches[0].file(target().file).unwrap_or_default().to_owned();
        commit(evidence, "commit-2", &["promotion-2"], &text);
    };
    assert_found(change, 0, 1, "writes again 1.2.0");
}

#[test]
fn commit_of_a_promotion_that_ended_otherwise_is_found() {
    let change = |evidence: &mut Evidence| {
        let promotion = &mut evidence.rows.promotions[0];
        promotion.state = "superseded".to_owned();
        promotion.reason = Some("a newer promotion took its place".to_owned());
    };
    assert_found(change, 0, 0, "Promotion promotion-0 is superseded and has a commit");
}

#[test]
fn older_value_over_a_newer_one_is_found() {
    let change = |evidence: &mut Evidence| evidence.rows.promotions.reverse();
    assert_found(change, 0, 0, "Git holds Some(\"1.2.0\"), and the latest that was accepted is \"1.1.0\"");
}

#[test]
fn later_push_that_joins_an_older_promotion_is_found() {
    let change = |evidence: &mut Evidence| {
        add_delivery(evidence, 2, "promotion-0");
        evidence.rows.deliveries[2].decisions[0].verdict = "joined".to_owned();
    };
    assert_found(change, 0, 0, "was sent after delivery-1 was answered, and has an older promotion");
}

#[test]
fn colleagues_change_that_a_commit_takes_back_is_found() {
    let change = |evidence: &mut Evidence| {
        let text = evidence.branches[0].file(target().file).unwrap_or_default().to_owned();
        commit(evidence, "a colleague's", &[], &text.replace("replicas: 1", "replicas: 9"));
        add_delivery(evidence, 2, "promotion-2");
        add_promotion(evidence, 2, "promotion-2", "1.3.0");
        commit(evidence, "commit-2", &["promotion-2"], &text.replace("1.2.0", "1.3.0"));
    };
    assert_found(change, 0, 0, "changes more of apps/shared.yaml than it says");
}

#[test]
fn deployment_of_nothing_is_found() {
    let change = |evidence: &mut Evidence| {
        let deployment = Deployment {
            id: "orphan".to_owned(),
            version: "1.0.0".to_owned(),
            status: "pending".to_owned(),
            gitops_commit: None,
        };
        evidence.rows.deployments.push(deployment);
    };
    assert_found(change, 0, 0, "Deployment orphan belongs to 0 promotions");
}

#[test]
fn promotion_that_no_delivery_created_is_found() {
    let change = |evidence: &mut Evidence| add_promotion(evidence, 2, "promotion-2", "1.2.0");
    assert_found(change, 0, 0, "Promotion promotion-2 was created by the deliveries []");
}

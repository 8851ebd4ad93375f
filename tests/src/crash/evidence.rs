//! What there is to judge by: what senders saw, what the tables hold, what git has.

use std::collections::BTreeMap;

use super::book::Entry;
use super::history::{Branch, Commit};
use super::ledger::{Decision, Delivery, Deployment, Promotion, Rows};
use super::targets::Target;

/// So many promotions and commits of a target are shown with a problem.
const SHOWN: usize = 15;

/// Everything that the checks look at.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// What senders saw, by GUID.
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) rows: Rows,
    pub(super) branches: Vec<Branch>,
}

impl Evidence {
    /// The row of a promotion.
    pub(super) fn promotion(&self, id: &str) -> Option<&Promotion> {
        self.rows.promotions.iter().find(|promotion| promotion.id == id)
    }

    /// The row of a deployment.
    pub(super) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.rows.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// The row of a delivery.
    pub(super) fn delivery(&self, guid: &str) -> Option<&Delivery> {
        self.rows.deliveries.iter().find(|delivery| delivery.id == guid)
    }

    /// The branch of a target.
    pub(super) fn branch_of(&self, target: &Target) -> Option<&Branch> {
        self.branches.iter().find(|it| (it.repository, it.name) == (target.repository, target.branch))
    }

    /// All commits that name a promotion, one as often as it names it.
    pub(super) fn commits_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (&'a Branch, &'a Commit)> {
        let commits =
            self.branches.iter().flat_map(|branch| branch.commits.iter().map(move |it| (branch, it)));
        commits.flat_map(move |at| at.1.promotions.iter().filter(move |it| *it == id).map(move |_| at))
    }

    /// Everything that was decided about a target, with the delivery that it was decided for.
    pub(super) fn decisions(&self) -> impl Iterator<Item = (&Delivery, &Decision)> {
        self.rows
            .deliveries
            .iter()
            .flat_map(|delivery| delivery.decisions.iter().map(move |it| (delivery, it)))
    }

    /// The rows and commits of a promotion, for people.
    pub(super) fn about(&self, promotion: &str) -> String {
        let mut lines = Vec::new();
        match self.promotion(promotion) {
            Some(row) => lines.push(row_line(row)),
            None => lines.push(format!("there is no promotion {promotion}")),
        }
        let deployment = self.promotion(promotion).and_then(|row| row.deployment_id.as_deref());
        lines.extend(deployment.map(|id| format!("{:?}", self.deployment(id))));
        for (delivery, decision) in self.decisions() {
            if decision.promotion.as_deref() == Some(promotion) {
                let pushed = self.entries.get(&delivery.id).map_or("unknown", |entry| entry.pushed.as_str());
                lines.push(format!("{} by delivery {} of {pushed}", decision.verdict, delivery.id));
            }
        }
        lines.extend(self.commits_of(promotion).map(|(branch, commit)| line(branch, commit)));
        indented(lines)
    }

    /// The latest promotions and commits of a target, for people.
    pub(super) fn about_target(&self, target: &Target) -> String {
        let key = target.key();
        let rows = self.rows.promotions.iter().rev().filter(|row| row.target == key).take(SHOWN);
        let mut lines: Vec<_> = rows.map(row_line).collect();
        if let Some(branch) = self.branch_of(target) {
            let is_about = |commit: &&Commit| {
                let mut targets = commit.promotions.iter().filter_map(|id| self.promotion(id));
                targets.any(|row| row.target == key)
            };
            lines.extend(branch.commits.iter().rev().filter(is_about).take(SHOWN).map(|it| line(branch, it)));
        }
        lines.insert(0, format!("newest first, at most {SHOWN} promotions and commits of {key}:"));
        indented(lines)
    }
}

fn row_line(row: &Promotion) -> String {
    let Promotion { id, state, target, tag, digest, attempts, fence, created_at, .. } = row;
    let mut line =
        format!("promotion {id} {state}: {target} {tag} {digest}, {attempts} attempts, fence {fence}");
    let more = [
        ("commit", &row.commit_id),
        ("deployment", &row.deployment_id),
        ("reason", &row.reason),
        ("last error", &row.last_error),
    ];
    let more = more.into_iter().filter_map(|(name, text)| Some(format!(", {name} {}", text.as_ref()?)));
    line.extend(more);
    line + &format!(", created at {created_at}")
}

fn line(branch: &Branch, commit: &Commit) -> String {
    format!("commit {} on {} {}: {}", commit.id, branch.repository, branch.name, commit.headline)
}

fn indented(lines: Vec<String>) -> String {
    lines.into_iter().map(|line| format!("\n    {line}")).collect()
}

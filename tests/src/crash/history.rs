//! The branches as git has them.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use super::targets;
use crate::github::{Commit as GitCommit, RefName, Repository, TreePath};

/// The line by which a commit names a promotion.
const TRAILER: &str = "Slipway-Promotion: ";
/// More than a run can make.
const MAX_COMMITS: usize = 100_000;

/// A branch, and how it came to be.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) repository: &'static str,
    pub(super) name: &'static str,
    /// Oldest first; the first one has the files that all began with.
    pub(super) commits: Vec<Commit>,
}

/// A commit, and what it did.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) headline: String,
    /// The promotions that it names, as often as it names them.
    pub(super) promotions: Vec<String>,
    /// Path of every file that it changed, with the text before and after; none: there is no such file.
    pub(super) changes: BTreeMap<String, (Option<String>, Option<String>)>,
}

/// Reads all branches of all repositories.
pub(super) fn read(repositories: &[Repository]) -> anyhow::Result<Vec<Branch>> {
    let read = |(repository, name): (&'static str, &'static str)| {
        let found = repositories.iter().find(|it| it.name().to_string() == repository);
        read_branch(found.context("a repository is gone")?, repository, name)
    };
    targets::branches().into_iter().map(read).collect()
}

fn read_branch(git: &Repository, repository: &'static str, name: &'static str) -> anyhow::Result<Branch> {
    git.fsck()?;
    let head = git.reference(&RefName::branch(name)?)?.context("a branch is gone")?;
    let mut history = git.history(&head, None, MAX_COMMITS)?;
    history.reverse();
    for pair in history.windows(2) {
        ensure!(pair[1].parents == [pair[0].oid.clone()], "the history of {name} is not one line of commits");
    }
    let mut files = BTreeMap::new();
    let commits =
        history.iter().map(|commit| read_commit(git, commit, &mut files)).collect::<Result<_, _>>()?;
    Ok(Branch { repository, name, commits })
}

fn read_commit(
    git: &Repository,
    commit: &GitCommit,
    files: &mut BTreeMap<String, String>,
) -> anyhow::Result<Commit> {
    let mut changes = BTreeMap::new();
    for change in git.changes(&commit.oid)? {
        let after = match git.entry(&commit.oid, &change.path.parse::<TreePath>()?)? {
            Some(entry) => Some(String::from_utf8_lossy(&git.read_blob(&entry.oid)?).into_owned()),
            None => None,
        };
        let before = match &after {
            Some(text) => files.insert(change.path.clone(), text.clone()),
            None => files.remove(&change.path),
        };
        changes.insert(change.path, (before, after));
    }
    let lines = commit.message.lines();
    Ok(Commit {
        id: commit.oid.to_string(),
        headline: lines.clone().next().unwrap_or_default().to_owned(),
        promotions: lines.filter_map(|line| line.strip_prefix(TRAILER)).map(str::to_owned).collect(),
        changes,
    })
}

impl Branch {
    /// The text of a file at the head.
    pub(super) fn file(&self, path: &str) -> Option<&str> {
        let (_, after) = self.commits.iter().rev().find_map(|commit| commit.changes.get(path))?;
        after.as_deref()
    }
}

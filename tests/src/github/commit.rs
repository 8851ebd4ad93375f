//! Commits: writing one, and reading the history.

use std::ffi::OsStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::git::GitError;
use super::name::{Oid, TreePath};
use super::repository::{Repository, oid};

/// Who did something to a repository, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Full name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// RFC 3339.
    pub date: String,
}

impl Signature {
    /// This person, now.
    pub fn now(name: &str, email: &str) -> Self {
        let date = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        Self { name: name.to_owned(), email: email.to_owned(), date }
    }
}

/// A commit that shall be written.
#[derive(Clone, Debug)]
pub struct NewCommit {
    /// Its files.
    pub tree: Oid,
    /// The commits that it follows on.
    pub parents: Vec<Oid>,
    /// Who made the change.
    pub author: Signature,
    /// Who put it into the repository.
    pub committer: Signature,
    /// First line, empty line, body.
    pub message: String,
}

/// A commit of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub oid: Oid,
    /// Its files.
    pub tree: Oid,
    /// The commits that it follows on.
    pub parents: Vec<Oid>,
    /// Who made the change.
    pub author: Signature,
    /// Who put it into the repository.
    pub committer: Signature,
    /// First line, empty line, body; without a newline at the end.
    pub message: String,
}

/// What a commit did to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Full path.
    pub path: String,
    /// `added`, `modified` or `removed`.
    pub status: &'static str,
    /// Lines that came; 0 for a binary file.
    pub additions: u64,
    /// Lines that went; 0 for a binary file.
    pub deletions: u64,
}

/// Fields of a commit, each ended by NUL; see "PRETTY FORMATS" in git-log(1).
const FORMAT: &str = "--format=tformat:%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B";
const FIELDS: usize = 10;

impl Repository {
    /// Writes a commit; no branch points at it yet.
    ///
    /// # Errors
    /// When tree or parents do not exist, or a date is none.
    pub fn write_commit(&self, commit: &NewCommit) -> Result<Oid, GitError> {
        let mut args = vec!["commit-tree", commit.tree.as_str()];
        args.extend(commit.parents.iter().flat_map(|parent| ["-p", parent.as_str()]));
        let env = [
            ("GIT_AUTHOR_NAME", &commit.author.name),
            ("GIT_AUTHOR_EMAIL", &commit.author.email),
            ("GIT_AUTHOR_DATE", &commit.author.date),
            ("GIT_COMMITTER_NAME", &commit.committer.name),
            ("GIT_COMMITTER_EMAIL", &commit.committer.email),
            ("GIT_COMMITTER_DATE", &commit.committer.date),
        ]
        .map(|(key, value)| (key, OsStr::new(value)));
        oid(&self.git.run_with(&args, commit.message.as_bytes(), &env)?, "commit-tree")
    }

    /// One commit.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn commit(&self, oid: &Oid) -> Result<Commit, GitError> {
        self.history(oid, None, 1)?.pop().ok_or(GitError::Form { command: "log" })
    }

    /// The newest `limit` commits from `from` on, newest first; with a path only those that touch it.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn history(
        &self,
        from: &Oid,
        path: Option<&TreePath>,
        limit: usize,
    ) -> Result<Vec<Commit>, GitError> {
        let count = format!("--max-count={limit}");
        let mut args = vec!["log", "-z", FORMAT, &count, "--end-of-options", from.as_str(), "--"];
        args.extend(path.map(TreePath::as_str));
        let out = String::from_utf8_lossy(&self.git.run(&args)?).into_owned();
        let fields: Vec<&str> = out.split_terminator('\0').collect();
        fields.chunks(FIELDS).map(commit).collect::<Option<_>>().ok_or(GitError::Form { command: "log" })
    }

    /// How many commits the default branch has.
    ///
    /// # Errors
    /// When it has none yet.
    pub fn commit_count(&self) -> Result<usize, super::RepositoryError> {
        let out = self.git.run(&["rev-list", "--count", self.head()?.as_str()])?;
        let count = String::from_utf8_lossy(&out).trim().parse();
        count.map_err(|_| GitError::Form { command: "rev-list" }.into())
    }

    /// What a commit changed against its (first) parent.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn changes(&self, commit: &Oid) -> Result<Vec<FileChange>, GitError> {
        let diff = [
            "diff-tree",
            "-r",
            "-z",
            "--root",
            "--no-commit-id",
            "--no-renames",
            "--diff-merges=first-parent",
        ];
        let raw = self.git.run(&[&diff[..], &["--name-status", commit.as_str()]].concat())?;
        let lines = self.git.run(&[&diff[..], &["--numstat", commit.as_str()]].concat())?;
        file_changes(&String::from_utf8_lossy(&raw), &String::from_utf8_lossy(&lines))
            .ok_or(GitError::Form { command: "diff-tree" })
    }
}

fn commit(fields: &[&str]) -> Option<Commit> {
    let [id, tree, parents, an, ae, ad, cn, ce, cd, message] = *fields else {
        return None;
    };
    let signature = |name: &str, email: &str, date: &str| Signature {
        name: name.to_owned(),
        email: email.to_owned(),
        date: utc(date),
    };
    Some(Commit {
        oid: id.parse().ok()?,
        tree: tree.parse().ok()?,
        parents: parents.split_whitespace().map(|parent| parent.parse().ok()).collect::<Option<_>>()?,
        author: signature(an, ae, ad),
        committer: signature(cn, ce, cd),
        message: message.trim_end_matches('\n').to_owned(),
    })
}

/// GitHub shows every time in UTC, whatever zone the commit names.
fn utc(date: &str) -> String {
    DateTime::parse_from_rfc3339(date).map_or_else(
        |_| date.to_owned(),
        |time| time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

/// Joins `status NUL path NUL …` with `added TAB deleted TAB path NUL …`, which come in the same order.
fn file_changes(statuses: &str, lines: &str) -> Option<Vec<FileChange>> {
    let statuses: Vec<&str> = statuses.split_terminator('\0').collect();
    statuses
        .chunks(2)
        .zip(lines.split_terminator('\0'))
        .map(|(status, counts)| {
            let [status, path] = *status else { return None };
            let (added, rest) = counts.split_once('\t')?;
            let (deleted, _) = rest.split_once('\t')?;
            Some(FileChange {
                path: path.to_owned(),
                status: match status {
                    "A" => "added",
                    "D" => "removed",
                    _ => "modified",
                },
                additions: added.parse().unwrap_or(0),
                deletions: deleted.parse().unwrap_or(0),
            })
        })
        .collect()
}

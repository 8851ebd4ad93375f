//! Git hosts: where files are read from and commits are made, and where webhooks come from.

mod delivery;
mod github;
mod hook;

pub use delivery::{Attempt, AttemptId, Cursor, DeliveryLog, DeliveryPage, Outcome};
pub use github::{ApiUrl, GitHub, UrlError};
pub use hook::{Hook, HookError, HookErrors};

use std::fmt;
use std::time::Duration;

/// The id of a commit: 40 hexadecimal digits, or 64 in a repository of SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Oid(String);

impl Oid {
    /// Takes the text if it is the id of a commit.
    pub fn parse(text: &str) -> Option<Self> {
        let is_oid = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_oid.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The hexadecimal digits, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A file as it shall be after a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileText {
    /// Path inside the repository.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// What a commit says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitMessage {
    /// The first line.
    pub headline: String,
    /// The rest, without the empty line between.
    pub body: String,
}

/// A host of Git repositories.
pub trait GitHost {
    /// The newest commit of a branch.
    async fn head(&self, repository: &str, branch: &str) -> Result<Oid, HostError>;

    /// The text of a file at a commit.
    async fn read(&self, repository: &str, at: &Oid, path: &str) -> Result<String, HostError>;

    /// The newest of the latest commits before and at `at` that changed `path` and have `line` as a line of their
    /// message.
    async fn find(
        &self,
        repository: &str,
        at: &Oid,
        path: &str,
        line: &str,
    ) -> Result<Option<Oid>, HostError>;

    /// Makes one commit on a branch, if the branch still is at `head`.
    ///
    /// # Errors
    /// [`HostError::Conflict`] when it is not. After [`HostError::Transient`] the commit may have been made all the same.
    async fn commit(
        &self,
        repository: &str,
        branch: &str,
        head: &Oid,
        files: &[FileText],
        message: &CommitMessage,
    ) -> Result<Oid, HostError>;
}

/// Why a Git host did not do what it was asked. No text holds a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Somebody else was faster: the branch has moved.
    #[error("the branch has moved")]
    Conflict,
    /// Not there, or not visible with this token.
    #[error("{0} was not found, or the token may not see it")]
    NotFound(String),
    /// The token is missing, wrong or expired.
    #[error("the Git host does not accept the token")]
    Unauthorized,
    /// Too many requests.
    #[error("the Git host asks to wait {} seconds", retry_after.as_secs())]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Trying again later may help.
    #[error("the Git host cannot be reached or is in trouble: {0}")]
    Transient(String),
    /// Trying again would not help.
    #[error("the Git host refused: {0}")]
    Refused(String),
}

impl HostError {
    /// Whether other requests to the host would meet it as well, whatever they ask for.
    pub fn is_general(&self) -> bool {
        match self {
            Self::Unauthorized | Self::RateLimited { .. } | Self::Transient(_) => true,
            Self::Conflict | Self::NotFound(_) | Self::Refused(_) => false,
        }
    }
}

//! Whose events a hook sends.

use std::fmt;
use std::str::FromStr;

use crate::github::name::{NameError, RepositoryName};

/// The owner of a hook; shown as its part of the API's paths, `repos/acme/gitops` or `orgs/acme`.
#[derive(Clone, Debug)]
pub enum HookOwner {
    /// One repository.
    Repository(RepositoryName),
    /// All repositories of an organisation.
    Organization(String),
}

impl HookOwner {
    /// An owner from the parts of a path; without a repository it is an organisation.
    ///
    /// # Errors
    /// When a part has characters that GitHub does not allow.
    pub fn new(owner: &str, repository: Option<&str>) -> Result<Self, NameError> {
        match repository {
            Some(name) => RepositoryName::new(owner, name).map(Self::Repository),
            // The rules for both halves of a repository's name are the same.
            None => RepositoryName::new(owner, owner).map(|name| Self::Organization(name.owner().to_owned())),
        }
    }

    /// What the header `X-GitHub-Hook-Installation-Target-Type` says.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Repository(_) => "repository",
            Self::Organization(_) => "organization",
        }
    }

    /// Whether both are the same; GitHub's names are not case sensitive.
    pub fn is(&self, other: &Self) -> bool {
        self.to_string().eq_ignore_ascii_case(&other.to_string())
    }
}

impl FromStr for HookOwner {
    type Err = NameError;

    /// Reads `owner/name` or `organisation`.
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('/') {
            Some((owner, name)) => Self::new(owner, Some(name)),
            None => Self::new(text, None),
        }
    }
}

impl fmt::Display for HookOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(name) => write!(f, "repos/{name}"),
            Self::Organization(name) => write!(f, "orgs/{name}"),
        }
    }
}

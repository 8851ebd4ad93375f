//! The names that a request brings along, checked before they reach `git` or the file system.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that cannot be what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct NameError {
    what: &'static str,
    text: String,
}

/// `owner/name`, as GitHub writes a repository's full name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// A repository's name from its two halves.
    ///
    /// # Errors
    /// When a half has characters that GitHub does not allow, or would lead out of its folder.
    pub fn new(owner: &str, name: &str) -> Result<Self, NameError> {
        if [owner, name].into_iter().all(is_slug) {
            Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
        } else {
            Err(NameError { what: "a repository", text: format!("{owner}/{name}") })
        }
    }

    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without the owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (owner, name) = text.split_once('/').unwrap_or((text, ""));
        Self::new(owner, name)
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// An object id: 40 lower-case hexadecimal digits (SHA-1, the format that GitHub uses).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

impl Oid {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Oid {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_oid = text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_oid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { what: "an object id", text: text.to_owned() })
        }
    }
}

impl TryFrom<String> for Oid {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A full reference name such as `refs/heads/main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefName(String);

impl RefName {
    /// The reference of a branch.
    ///
    /// # Errors
    /// See [`RefName::from_str`].
    pub fn branch(name: &str) -> Result<Self, NameError> {
        format!("refs/heads/{name}").parse()
    }

    /// The reference of a tag.
    ///
    /// # Errors
    /// See [`RefName::from_str`].
    pub fn tag(name: &str) -> Result<Self, NameError> {
        format!("refs/tags/{name}").parse()
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without `refs/heads/` or `refs/tags/`.
    pub fn short(&self) -> &str {
        let full = self.as_str();
        full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/")).unwrap_or(full)
    }
}

impl FromStr for RefName {
    type Err = NameError;

    /// Keeps to the rules of <https://git-scm.com/docs/git-check-ref-format>.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_ref = text.strip_prefix("refs/").is_some_and(|rest| {
            rest.contains('/')
                && !rest.contains("..")
                && !rest.contains("@{")
                && !rest.ends_with('.')
                && !rest.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
                && rest
                    .split('/')
                    .all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
        });
        if is_ref {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { what: "a reference", text: text.to_owned() })
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of a file or folder inside a repository; never empty, never leading out of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TreePath(String);

impl TreePath {
    /// The path, with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for TreePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_path = !text.contains('\0')
            && text
                .split('/')
                .all(|part| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git"));
        if is_path {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { what: "a path", text: text.to_owned() })
        }
    }
}

impl TryFrom<String> for TreePath {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<TreePath> for String {
    fn from(path: TreePath) -> Self {
        path.0
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

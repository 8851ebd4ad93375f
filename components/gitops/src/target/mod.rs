//! Targets: which image is released where. They come from the server's configuration only, never from a payload.

mod fault;
mod image;
mod read;
mod section;
mod tags;

pub use fault::{ConfigErrors, Fault};
pub use image::ImagePattern;
pub use tags::TagRule;

use crate::edit::Edit;
use crate::image::ImageName;

/// One service in one environment, and the file that says which image it runs.
#[derive(Clone, Debug)]
pub struct Target {
    /// The service that is deployed.
    pub service: String,
    /// The environment that it is deployed to.
    pub environment: String,
    /// Which images are meant.
    pub image: ImagePattern,
    /// Which of their tags are released.
    pub tags: TagRule,
    /// What is written.
    pub write: Write,
    /// Where it is written to.
    pub git: Branch,
    /// Which values are replaced; at least one.
    pub edits: Vec<Edit>,
}

impl Target {
    /// A readable text that stays the same as long as the target releases the same thing to the same place.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.service, self.environment, self.image)
    }

    /// Whether the target is about this image.
    pub fn names(&self, image: &ImageName) -> bool {
        self.image.matches(image)
    }
}

/// What a promotion writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Write {
    /// `1.4.2`
    #[default]
    Tag,
    /// `sha256:...`
    Digest,
    /// `1.4.2@sha256:...`
    TagAndDigest,
}

/// A branch of a repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Branch {
    /// `owner/name`
    pub repository: String,
    /// The branch, without `refs/heads/`.
    pub branch: String,
}

impl Branch {
    /// A readable text that names the branch.
    pub fn key(&self) -> String {
        format!("{}@{}", self.repository, self.branch)
    }
}

/// All targets.
#[derive(Clone, Debug, Default)]
pub struct Targets(Vec<Target>);

impl Targets {
    /// Reads an array of `[[target]]` tables in TOML; the empty text has no targets.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn parse(toml: &str) -> Result<Self, ConfigErrors> {
        read::targets(toml).map(Self)
    }

    /// The targets that are about this image.
    pub fn naming<'a>(&'a self, image: &ImageName) -> impl Iterator<Item = &'a Target> {
        self.0.iter().filter(|target| target.names(image))
    }

    /// The target with this [key](Target::key).
    pub fn with_key(&self, key: &str) -> Option<&Target> {
        self.0.iter().find(|target| target.key() == key)
    }
}

#[cfg(test)]
mod tests;

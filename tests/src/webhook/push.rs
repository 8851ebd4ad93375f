//! An image push, and the events that GitHub makes of it.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::payload;

/// Label that names the commit an image was built from; see
/// <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
const REVISION: &str = "org.opencontainers.image.revision";

/// An image that was pushed to GitHub's registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    pub(super) owner: String,
    pub(super) package: String,
    pub(super) tag: String,
    pub(super) digest: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) action: &'static str,
}

/// An image name that is not `ghcr.io/OWNER/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an image on ghcr.io: ghcr.io/OWNER/NAME is wanted, without a tag")]
pub struct ImageError(String);

impl Push {
    /// A push of `image` (`ghcr.io/OWNER/NAME`) under `tag`, with a digest of its own.
    ///
    /// # Errors
    /// When the image is not on ghcr.io.
    pub fn new(image: &str, tag: &str) -> Result<Self, ImageError> {
        let path = image.strip_prefix("ghcr.io/").and_then(|path| path.split_once('/'));
        let Some((owner, package)) = path.filter(|(owner, name)| !owner.is_empty() && !name.is_empty())
        else {
            return Err(ImageError(image.to_owned()));
        };
        Ok(Self {
            owner: owner.to_owned(),
            package: package.to_owned(),
            tag: tag.to_owned(),
            digest: Some(digest(&format!("{image}:{tag}"))),
            labels: BTreeMap::new(),
            action: "published",
        })
    }

    /// The same with this digest (`sha256:…`).
    #[must_use]
    pub fn with_digest(mut self, digest: &str) -> Self {
        self.digest = Some(digest.to_owned());
        self
    }

    /// The same without any digest: some events lack the whole manifest.
    #[must_use]
    pub fn without_digest(mut self) -> Self {
        self.digest = None;
        self
    }

    /// The event of one platform's manifest in a multi-platform push: its tag's name is empty.
    #[must_use]
    pub fn of_one_platform(mut self, platform: &str) -> Self {
        self.digest = Some(digest(&format!("{}:{}@{platform}", self.package, self.tag)));
        self.tag.clear();
        self
    }

    /// The same with a label of the image's configuration.
    #[must_use]
    pub fn with_label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same with the label that says which commit the image was built from.
    #[must_use]
    pub fn built_from(self, commit: &str) -> Self {
        self.with_label(REVISION, commit)
    }

    /// The same as a new version of a package that is there already (`action: updated`).
    #[must_use]
    pub fn updated(mut self) -> Self {
        self.action = "updated";
        self
    }

    /// Image without a tag.
    pub fn image(&self) -> String {
        format!("ghcr.io/{}/{}", self.owner, self.package)
    }

    /// The tag; empty for one platform of several.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// `sha256:…`, if the event has it.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The commit that the image was built from, if a label says so.
    pub fn source_commit(&self) -> Option<&str> {
        self.labels.get(REVISION).map(String::as_str)
    }

    /// Payload of the event `registry_package`.
    pub fn registry_package(&self) -> Value {
        payload::of(self, "registry_package")
    }

    /// Payload of the event `package`, which GitHub may send for the same push.
    pub fn package(&self) -> Value {
        payload::of(self, "package")
    }
}

fn digest(seed: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(seed)))
}

//! Deployments: one version of one service in one environment.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::field::{optional, required};
use crate::names::named_enum;
use crate::{FieldError, Timestamp};

named_enum! {
    /// How far a deployment has come. The order is the rank: of two reports the higher one wins, so that late
    /// and repeated events do no harm.
    pub enum Status ("status") {
        Pending = "pending" /** Decided and recorded; nothing runs yet. */,
        Running = "running" /** Being rolled out. */,
        Superseded = "superseded" /** Another version took its place before it ended. */,
        Succeeded = "succeeded" /** Rolled out and judged good. */,
        Failed = "failed" /** Could not be committed, or was judged bad. */,
        RolledBack = "rolled_back" /** Taken back after it ran. */,
    }
}

impl Status {
    /// Whether a deployment of which this is reported takes the place of what was under way before it.
    pub(crate) fn takes_over(self) -> bool {
        matches!(self, Self::Running | Self::Succeeded)
    }
}

/// One version of one service in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// UUID version 7.
    pub id: Uuid,
    /// The service that was deployed.
    pub service_name: String,
    /// Its version; for a promoted image, the tag.
    pub version: String,
    /// Where it was deployed to, e.g. `staging`.
    pub environment: String,
    /// How far it has come.
    pub status: Status,
    /// Image name without tag or digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Image digest, e.g. `sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The commit that the image was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_commit: Option<String>,
    /// The commit in the GitOps repository that asks for this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitops_commit: Option<String>,
    /// When it was recorded, by the database's clock.
    pub created_at: Timestamp,
    /// When it last changed, by the database's clock.
    pub updated_at: Timestamp,
}

/// A deployment that was checked and can be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeployment {
    pub(crate) service_name: String,
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) image: Option<String>,
    pub(crate) digest: Option<String>,
    pub(crate) source_commit: Option<String>,
    pub(crate) gitops_commit: Option<String>,
}

/// Longest service or environment name, in characters.
const NAME_LIMIT: usize = 128;
/// Longest version, in characters: twice what an OCI tag may have.
const VERSION_LIMIT: usize = 256;
/// Longest image name, in characters.
const IMAGE_LIMIT: usize = 512;
/// Longest digest, in characters: SHA-512 in hexadecimal and its prefix fit.
const DIGEST_LIMIT: usize = 192;
/// Longest commit id, in characters: SHA-256 in hexadecimal.
const COMMIT_LIMIT: usize = 64;

impl NewDeployment {
    /// Checks the fields of a JSON object; keys that mean nothing here are ignored.
    ///
    /// # Errors
    /// The first field that is missing, not a string, blank, too long, or holds a control character.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        Ok(Self {
            service_name: required(fields, "service_name", NAME_LIMIT)?,
            version: required(fields, "version", VERSION_LIMIT)?,
            environment: required(fields, "environment", NAME_LIMIT)?,
            image: optional(fields, "image", IMAGE_LIMIT)?,
            digest: optional(fields, "digest", DIGEST_LIMIT)?,
            source_commit: optional(fields, "source_commit", COMMIT_LIMIT)?,
            gitops_commit: optional(fields, "gitops_commit", COMMIT_LIMIT)?,
        })
    }
}

/// Which deployments to list; an empty filter means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFilter {
    /// Only this service.
    pub service: Option<String>,
    /// Only this environment.
    pub environment: Option<String>,
}

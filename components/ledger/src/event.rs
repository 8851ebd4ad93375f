//! Events: what became of a deployment, as its rollout and people report it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::field::{optional, required};
use crate::{FieldError, Status, Timestamp};

/// One report about a deployment. Its status is only one voice: of all events of a deployment the highest status wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who reports, e.g. `api` or `argo-rollouts`; never holds a `/`.
    pub source: String,
    /// The source's own id; a repeated report has the same.
    pub id: String,
    /// The deployment that it is about.
    pub deployment_id: Uuid,
    /// What happened, e.g. `step-completed`.
    pub kind: String,
    /// The status that it reports, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// On whose behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What else is known, e.g. the canary's step and weight.
    pub detail: Map<String, Value>,
    /// When it was recorded, by the database's clock.
    pub recorded_at: Timestamp,
}

/// An event before it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Who reports; never holds a `/`.
    pub source: String,
    /// The source's own id.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// The status that it reports, if any.
    pub status: Option<Status>,
    /// On whose behalf.
    pub actor: Option<String>,
    /// What else is known.
    pub detail: Map<String, Value>,
}

/// Longest kind, in characters.
const KIND_LIMIT: usize = 64;
/// Longest id, in characters.
const ID_LIMIT: usize = 128;
/// Most bytes of the detail as JSON: a canary's step and a dozen measurements fit several times.
const DETAIL_LIMIT: usize = 16 * 1024;

impl NewEvent {
    /// Checks the fields of a JSON object; keys that mean nothing here are ignored. Without an id the event gets one that
    /// no other has; without a kind, the status is the kind.
    ///
    /// # Errors
    /// The first field that is missing, of the wrong type, blank, too long, or none of the names that exist.
    pub fn from_fields(
        source: &str,
        actor: Option<&str>,
        fields: &Map<String, Value>,
    ) -> Result<Self, FieldError> {
        let status = status(fields)?;
        let kind = match (optional(fields, "kind", KIND_LIMIT)?, status) {
            (Some(kind), _) => kind,
            (None, Some(status)) => status.as_str().to_owned(),
            (None, None) => return Err(FieldError::Missing { field: "kind or status" }),
        };
        let id = optional(fields, "id", ID_LIMIT)?.unwrap_or_else(|| Uuid::now_v7().to_string());
        let (source, actor) = (source.to_owned(), actor.map(str::to_owned));
        Ok(Self { source, id, kind, status, actor, detail: detail(fields)? })
    }

    /// The event of somebody who says how a deployment stands; saying it again is the same event.
    ///
    /// # Errors
    /// When `status` is missing, or none of the names that exist.
    pub fn from_status(
        source: &str,
        actor: Option<&str>,
        deployment: Uuid,
        fields: &Map<String, Value>,
    ) -> Result<Self, FieldError> {
        let status: Status = required(fields, "status", KIND_LIMIT)?.parse()?;
        Ok(Self {
            source: source.to_owned(),
            id: format!("{deployment}/{status}"),
            kind: status.as_str().to_owned(),
            status: Some(status),
            actor: actor.map(str::to_owned),
            detail: Map::new(),
        })
    }
}

fn status(fields: &Map<String, Value>) -> Result<Option<Status>, FieldError> {
    let name = optional(fields, "status", KIND_LIMIT)?;
    Ok(name.map(|name| name.parse()).transpose()?)
}

fn detail(fields: &Map<String, Value>) -> Result<Map<String, Value>, FieldError> {
    let detail = match fields.get("detail") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(detail)) => detail,
        Some(_) => return Err(FieldError::NotAnObject { field: "detail" }),
    };
    let size = serde_json::to_vec(detail).map_or(usize::MAX, |json| json.len());
    if size > DETAIL_LIMIT {
        return Err(FieldError::TooLarge { field: "detail", limit: DETAIL_LIMIT });
    }
    Ok(detail.clone())
}

/// What [`Store::report`](crate::Store::report) did.
#[derive(Clone, Debug, PartialEq)]
pub enum Reported {
    /// The event was new.
    Recorded(Event),
    /// The source reported it before, maybe of another deployment; nothing was changed.
    Repeated(Event),
    /// There is no such deployment.
    Unknown,
}

/// What superseded deployments are told by.
pub(crate) const OURSELVES: &str = "slipway";

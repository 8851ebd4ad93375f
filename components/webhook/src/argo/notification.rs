//! A notification as it comes.

use ledger::{FieldError, NewEvent, field};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::argo::source::{Meaning, Source};
use crate::error::WebhookError;

/// Most images, and most commits, of a notification: an Application has one of each workload and source.
const MOST: usize = 100;
/// Longest text, in characters.
const LONGEST: usize = 512;

/// What one event says about one deployment.
#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) service: String,
    pub(crate) environment: String,
    /// Names of the images that run, or are to run.
    pub(crate) images: Vec<String>,
    /// Commits of the GitOps repository that are or were synced.
    pub(crate) commits: Vec<String>,
    /// The event for the ledger.
    pub(crate) event: NewEvent,
}

impl Notification {
    /// Reads a body, as the templates make it.
    pub(crate) fn parse(source: Source, body: &[u8]) -> Result<Self, WebhookError> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Err(unusable("the body must be a JSON object".to_owned()));
        };
        let event = field::required(&fields, "event", LONGEST)?;
        let meaning = source
            .meaning(&event)
            .ok_or_else(|| unusable(format!("event must be one of {}", source.events())))?;
        let images = texts(&fields, "images")?;
        Ok(Self {
            service: field::required(&fields, "service", LONGEST)?,
            environment: field::required(&fields, "environment", LONGEST)?,
            images: if meaning.names_images { images } else { Vec::new() },
            commits: texts(&fields, "commits")?,
            event: event_of(source, meaning, &fields, body)?,
        })
    }
}

/// Templates have no clock in them, so that the same bytes are the same notification: sent again by Argo because an
/// answer was lost, or told again by a controller that was restarted.
fn event_of(
    source: Source,
    meaning: Meaning,
    fields: &Map<String, Value>,
    body: &[u8],
) -> Result<NewEvent, FieldError> {
    let hash = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut said = Map::from_iter([
        ("id".to_owned(), hash.into()),
        ("kind".to_owned(), meaning.event.into()),
        ("status".to_owned(), meaning.status.map(|status| status.as_str()).into()),
    ]);
    said.extend(fields.get("detail").map(|detail| ("detail".to_owned(), detail.clone())));
    let actor = field::optional(fields, "actor", LONGEST)?;
    NewEvent::from_fields(source.name(), actor.as_deref(), &said)
}

/// A list that may be left out, or be null.
fn texts(fields: &Map<String, Value>, name: &'static str) -> Result<Vec<String>, WebhookError> {
    let wrong = || unusable(format!("{name} must be a list of at most {MOST} texts of {LONGEST} bytes"));
    let list = match fields.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= MOST => list,
        Some(_) => return Err(wrong()),
    };
    let text = |value: &Value| value.as_str().filter(|text| text.len() <= LONGEST).map(str::to_owned);
    list.iter().map(text).collect::<Option<_>>().ok_or_else(wrong)
}

fn unusable(sentence: String) -> WebhookError {
    WebhookError::Notification { sentence }
}

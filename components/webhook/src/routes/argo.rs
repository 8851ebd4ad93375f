//! `/webhooks/argo-rollouts` and `/webhooks/argocd`: what became of deployments.

use std::fmt::Display;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use ledger::{
    DeliveryKey, DeploymentFilter, Event, NewDecision, NewDelivery, Page, Reported, Status, Store, StoreError,
};
use serde::Serialize;
use uuid::Uuid;

use crate::argo::matching;
use crate::argo::notification::Notification;
use crate::argo::source::Source;
use crate::config::Config;
use crate::error::WebhookError;
use crate::{answer, body};

/// Most bytes of a notification: what it may tell in detail, four times.
const LIMIT: usize = 64 * 1024;

/// `POST`: checks the token before anything else, then records the event. A notification that is about no deployment of
/// ours is an answer 2xx with the reason, so that Argo does not send it again.
pub(crate) async fn receive<B, S>(
    source: Source,
    headers: &HeaderMap,
    body: B,
    config: &Config,
    store: &S,
) -> Result<Response<Bytes>, WebhookError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    config.check_argo(headers)?;
    if !is_json(headers) {
        return Err(WebhookError::NotJson);
    }
    let body = body::read(body, LIMIT).await?;
    let notification = Notification::parse(source, &body)?;
    let report = record(notification, store).await?;
    answer::json(StatusCode::OK, &report)
}

async fn record<S: Store>(notification: Notification, store: &S) -> Result<Report, WebhookError> {
    let (source, id) = (&notification.event.source, &notification.event.id);
    // First: a deployment that came since may look the same, as when a version is released again.
    if let Some(event) = store.event(source, id).await? {
        return Ok(Report::repeated(event));
    }
    let filter = DeploymentFilter {
        service: Some(notification.service.clone()),
        environment: Some(notification.environment.clone()),
    };
    let deployments = store.deployments(&filter, &Page::largest()).await?.items;
    match matching::find(&notification, &deployments) {
        Ok((deployment, why)) => tell(notification, deployment.id, why, store).await,
        Err(why) => ignore(notification, why, store).await,
    }
}

/// Records the event. What is to follow from a deployment that failed follows from a `Recorded` event here: it is stored
/// by then, and a repeated one does not come this far.
async fn tell<S: Store>(
    notification: Notification,
    deployment: Uuid,
    why: String,
    store: &S,
) -> Result<Report, WebhookError> {
    let mut event = notification.event;
    event.detail.insert("matched".to_owned(), why.clone().into());
    match store.report(deployment, &event).await? {
        Reported::Recorded(event) => Ok(Report::new(Outcome::Recorded, event, why)),
        Reported::Repeated(event) => Ok(Report::repeated(event)),
        // It was there a moment ago, and nothing deletes deployments.
        Reported::Unknown => {
            Err(StoreError::Unreadable { detail: format!("deployment {deployment} is gone") }.into())
        }
    }
}

async fn ignore<S: Store>(
    notification: Notification,
    why: String,
    store: &S,
) -> Result<Report, WebhookError> {
    let event = notification.event;
    let delivery = NewDelivery {
        key: DeliveryKey { source: event.source, id: event.id },
        event: event.kind,
        decisions: vec![NewDecision::Ignore { target: None, reason: why.clone() }],
    };
    store.accept(&delivery).await?;
    Ok(Report {
        event: delivery.event,
        id: delivery.key.id,
        outcome: Outcome::Ignored,
        reason: why,
        deployment: None,
        status: None,
    })
}

/// Whether the media type, without its parameters, is `application/json`.
fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// The body of an answer.
#[derive(Serialize)]
struct Report {
    event: String,
    id: String,
    outcome: Outcome,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<Uuid>,
    /// What the event reports; the deployment may have come further.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Recorded,
    Repeated,
    Ignored,
}

impl Report {
    fn new(outcome: Outcome, event: Event, reason: String) -> Self {
        Self {
            event: event.kind,
            id: event.id,
            outcome,
            reason,
            deployment: Some(event.deployment_id),
            status: event.status,
        }
    }

    fn repeated(event: Event) -> Self {
        let reason = "the notification was received before; nothing was changed".to_owned();
        Self::new(Outcome::Repeated, event, reason)
    }
}

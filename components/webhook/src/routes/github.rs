//! `/webhooks/github`: deliveries of GitHub.

use std::fmt::Display;

use bytes::Bytes;
use gitops::event::Event;
use gitops::event::github::{Encoding, parse};
use gitops::signature::SIGNATURE_HEADER;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use ledger::{DeliveryKey, NewDelivery, Store};
use serde_json::json;

use crate::config::Config;
use crate::error::WebhookError;
use crate::plan::Plan;
use crate::{Work, answer, body};

/// What deliveries of this path have as their source in the ledger.
pub(crate) const SOURCE: &str = "github";
/// The events that say that an image was pushed.
pub(crate) const IMAGE_EVENTS: [&str; 2] = ["package", "registry_package"];
/// Most bytes of a delivery. GitHub's own limit is 25 MB, which pushes of images stay far below.
const LIMIT: usize = 2 * 1024 * 1024;
const DELIVERY_HEADER: &str = "X-GitHub-Delivery";
const EVENT_HEADER: &str = "X-GitHub-Event";
/// Longest value of these headers, in bytes; GitHub's are below 40.
const MAX_HEADER: usize = 128;

/// `POST`: checks the signature before anything else, then stores the delivery and what it decides.
pub(crate) async fn receive<B, S>(
    headers: &HeaderMap,
    body: B,
    config: &Config,
    store: &S,
) -> Result<(Response<Bytes>, Work), WebhookError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    // A delivery that carries no signature at all is not even read.
    let signature = config.secrets.signature(headers.get(SIGNATURE_HEADER).map(|value| value.as_bytes()))?;
    let body = body::read(body, LIMIT).await?;
    signature.verify(&body)?;

    let encoding = encoding(headers)?;
    let id = short_header(headers, DELIVERY_HEADER)?;
    let event = short_header(headers, EVENT_HEADER)?;
    let plan = match parse(event, encoding, &body) {
        Event::Ping { .. } => {
            let pong = json!({ "delivery": id, "event": event, "outcome": "pong" });
            return Ok((answer::json(StatusCode::OK, &pong)?, Work::Nothing));
        }
        Event::Push(push) => Plan::for_push(&config.setup()?.targets, push),
        Event::Ignored { reason } => Plan::Ignore { reason },
    };
    let delivery = NewDelivery {
        key: DeliveryKey { source: SOURCE.to_owned(), id: id.to_owned() },
        event: event.to_owned(),
        decisions: plan.decisions(),
    };
    let accepted = store.accept(&delivery).await?;
    plan.answer(&delivery, &accepted)
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, WebhookError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.and_then(Encoding::from_content_type).ok_or(WebhookError::UnsupportedMediaType)
}

/// A header that becomes part of a record: visible ASCII of limited length.
fn short_header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, WebhookError> {
    let is_good = |text: &&str| (1..=MAX_HEADER).contains(&text.len());
    headers.get(name).and_then(|value| value.to_str().ok()).filter(is_good).ok_or(WebhookError::Header(name))
}

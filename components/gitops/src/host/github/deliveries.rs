//! The log of a webhook's deliveries, of a [repository] or an [organisation].
//!
//! [repository]: https://docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
//! [organisation]: https://docs.github.com/rest/orgs/webhooks#list-deliveries-for-an-organization-webhook

use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, header};
use serde_json::Value;

use super::answer::short;
use super::{GitHub, JSON, json};
use crate::host::{Attempt, AttemptId, Cursor, DeliveryLog, DeliveryPage, Hook, HostError};
use crate::http::Http;

impl<H: Http> DeliveryLog for GitHub<H> {
    async fn deliveries(&self, hook: &Hook, cursor: Option<&Cursor>) -> Result<DeliveryPage, HostError> {
        let what = format!("deliveries of {hook}");
        let request = http::Request::get(self.api.deliveries(hook, cursor)).header(header::ACCEPT, JSON);
        let answer = self.send(request, Bytes::new(), &what).await?;
        let attempts = attempts(&json(answer.body(), &what)?)
            .ok_or_else(|| HostError::Transient(format!("the answer for {what} is not a list of them")))?;
        Ok(DeliveryPage { attempts, next: next(answer.headers()) })
    }

    async fn redeliver(&self, hook: &Hook, attempt: AttemptId) -> Result<(), HostError> {
        let what = format!("delivery {attempt} of {hook}");
        let request = http::Request::post(self.api.redelivery(hook, attempt)).header(header::ACCEPT, JSON);
        self.send(request, Bytes::new(), &what).await.map(drop)
    }
}

fn attempts(list: &Value) -> Option<Vec<Attempt>> {
    list.as_array()?.iter().map(attempt).collect()
}

/// What cannot be done without must be there. All else is only told on, or has a meaning when it is missing.
fn attempt(item: &Value) -> Option<Attempt> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let code = item.get("status_code").and_then(Value::as_u64);
    Some(Attempt {
        id: AttemptId(item.get("id")?.as_u64()?),
        guid: text("guid").filter(|guid| !guid.is_empty())?.to_owned(),
        event: short(text("event").unwrap_or_default()),
        delivered_at: DateTime::parse_from_rfc3339(text("delivered_at")?).ok()?.timestamp_millis(),
        status: short(text("status").unwrap_or_default()),
        status_code: code.and_then(|code| u16::try_from(code).ok()).unwrap_or_default(),
        redelivery: item.get("redelivery").and_then(Value::as_bool).unwrap_or_default(),
    })
}

/// The cursor of the link to the next page. Nothing else of that link is used: no address from an answer is followed.
///
/// <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers>
fn next(headers: &HeaderMap) -> Option<Cursor> {
    headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_of)
}

fn next_of(links: &str) -> Option<Cursor> {
    let is_next = |parameter: &str| matches!(parameter.trim(), "rel=\"next\"" | "rel=next");
    // An address holds no `<`, but may well hold a comma.
    links.split('<').find_map(|link| {
        let (address, parameters) = link.split_once('>')?;
        parameters.trim_end_matches([',', ' ']).split(';').find(|parameter| is_next(parameter))?;
        let (_, query) = address.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let (_, cursor) = pairs.find(|(name, value)| name == "cursor" && !value.is_empty())?;
        Some(Cursor(cursor.into_owned()))
    })
}

#[cfg(test)]
mod tests;

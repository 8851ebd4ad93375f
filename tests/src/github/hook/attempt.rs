//! One attempt to deliver.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::webhook::Delivery;

/// An attempt to deliver, as the log keeps it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Larger than that of every attempt recorded before.
    pub id: u64,
    /// The hook's id.
    pub hook: u64,
    /// When it was begun.
    pub delivered_at: DateTime<Utc>,
    /// Whether somebody asked for it to be sent again.
    pub redelivery: bool,
    /// How long it took.
    pub duration: Duration,
    /// What came of it.
    pub reply: Reply,
    /// What was sent, without its signature.
    pub delivery: Delivery,
}

/// What came of an attempt.
///
/// `OK` is [documented], and so is the code 502 for a host that cannot be reached, though with a shorter text in the
/// [schema]. The other texts and the code 504 are those that users show of their own hooks; GitHub promises neither.
/// That a connection which breaks before the answer counts as one that was never made is assumed.
///
/// [documented]: https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
/// [schema]: https://docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer with this status.
    Status(u16),
    /// No answer in time.
    TimedOut,
    /// No connection, or one that broke.
    NotConnected,
}

impl Reply {
    /// `status` of the log.
    pub fn text(self) -> String {
        match self {
            Self::Status(200..=299) => "OK".to_owned(),
            Self::Status(status) => format!("Invalid HTTP Response: {status}"),
            Self::TimedOut => "timed out".to_owned(),
            Self::NotConnected => "failed to connect to host".to_owned(),
        }
    }

    /// `status_code` of the log.
    pub fn code(self) -> u16 {
        match self {
            Self::Status(status) => status,
            Self::TimedOut => 504,
            Self::NotConnected => 502,
        }
    }
}

impl Attempt {
    /// The id of the delivery, the same in every attempt at it.
    pub fn guid(&self) -> &str {
        self.delivery.guid()
    }

    /// The attempt in the form of
    /// [the list](https://docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook).
    pub fn to_json(&self) -> Value {
        let payload: Value = serde_json::from_slice(self.delivery.body()).unwrap_or_default();
        json!({
            "id": self.id,
            "guid": self.guid(),
            "delivered_at": self.delivered_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "redelivery": self.redelivery,
            "duration": self.duration.as_secs_f64(),
            "status": self.reply.text(),
            "status_code": self.reply.code(),
            "event": self.delivery.event(),
            "action": payload["action"],
            "installation_id": null,
            "repository_id": null,
            "throttled_at": null,
        })
    }
}

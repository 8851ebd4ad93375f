//! What a Git host keeps about the webhooks that it sent.

use std::fmt;

use super::{Hook, HostError};

/// The log of a webhook's deliveries.
pub trait DeliveryLog {
    /// A page of the attempts to deliver, newest first; the first page without a cursor.
    ///
    /// A caller that goes from page to page must bound how many it reads: nothing here keeps a host from naming a next
    /// page for ever.
    async fn deliveries(&self, hook: &Hook, cursor: Option<&Cursor>) -> Result<DeliveryPage, HostError>;

    /// Has an attempt's delivery sent again, under its GUID. It goes out some time after this.
    ///
    /// # Errors
    /// [`HostError::NotFound`] when the host has forgotten it. After [`HostError::Transient`] it may be sent all the
    /// same.
    async fn redeliver(&self, hook: &Hook, attempt: AttemptId) -> Result<(), HostError>;
}

/// Where a page begins, in the host's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub(super) String);

/// A part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    /// Newest first.
    pub attempts: Vec<Attempt>,
    /// Where the next page begins; none after the last one.
    pub next: Option<Cursor>,
}

/// The id of an attempt; each attempt at a delivery has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub u64);

impl fmt::Display for AttemptId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Of this attempt.
    pub id: AttemptId,
    /// Of the delivery: the same in every attempt at it, and the one that the receiver sees.
    pub guid: String,
    /// The kind of event, e.g. `registry_package`.
    pub event: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub delivered_at: i64,
    /// What came of it, in the host's words.
    pub status: String,
    /// The status of the receiver's answer, or one that the host puts in its place; 0 if there is none.
    pub status_code: u16,
    /// Whether somebody asked for it to be sent again.
    pub redelivery: bool,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered,
    /// The receiver does not want it (3xx, 4xx): sending it again would not help.
    Refused,
    /// It did not arrive, or the receiver was in trouble (5xx): worth sending again.
    Failed,
}

impl Attempt {
    /// What came of it.
    ///
    /// By the code, since GitHub documents no text but `OK`: a delivery that was not answered has a code from 500 on too.
    pub fn outcome(&self) -> Outcome {
        match self.status_code {
            200..=299 => Outcome::Delivered,
            300..=499 => Outcome::Refused,
            _ if self.status == "OK" => Outcome::Delivered,
            _ => Outcome::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status_code: u16, status: &str) -> Outcome {
        let (guid, event, status) = ("g".to_owned(), "package".to_owned(), status.to_owned());
        Attempt { id: AttemptId(1), guid, event, delivered_at: 0, status, status_code, redelivery: false }
            .outcome()
    }

    #[test]
    fn only_what_did_not_arrive_or_met_trouble_is_worth_sending_again() {
        for (code, status) in [(200, "OK"), (202, "OK"), (204, ""), (0, "OK")] {
            assert_eq!(outcome(code, status), Outcome::Delivered, "{code} {status}");
        }
        for code in [301, 400, 401, 404, 422, 499] {
            assert_eq!(outcome(code, "Invalid HTTP Response"), Outcome::Refused, "{code}");
        }
        for (code, status) in [
            (500, "Invalid HTTP Response: 500"),
            (502, "failed to connect to host"),
            (503, "Invalid HTTP Response: 503"),
            (504, "timed out"),
            (0, "timed out"),
            (0, ""),
        ] {
            assert_eq!(outcome(code, status), Outcome::Failed, "{code} {status}");
        }
    }
}

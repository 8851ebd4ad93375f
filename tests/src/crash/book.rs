//! What the senders saw: for each GUID, when it was sent and what was answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Deserialize;

use crate::http::HttpResponse;

/// What is known about one delivery.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The image as people write it.
    pub(super) pushed: String,
    /// When it was sent for the first time.
    pub(super) sent: Instant,
    /// When it was answered 2xx for the first time.
    pub(super) accepted: Option<Instant>,
    /// The decisions of every answer 2xx.
    pub(super) told: Vec<Vec<Told>>,
    /// An answer that says that sending it again is of no use.
    pub(super) refused: Option<String>,
}

/// A decision as it was answered.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Told {
    /// Key of the target.
    pub(super) target: String,
    /// `promote`, `joined` or `skip`.
    pub(super) decision: String,
    /// The promotion that it led to.
    pub(super) promotion: Option<String>,
}

#[derive(Deserialize)]
struct Report {
    decisions: Vec<Told>,
}

/// Everything that the senders saw.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<BTreeMap<String, Entry>>);

impl Book {
    /// Notes that a delivery is about to be sent.
    pub(super) fn sent(&self, guid: &str, pushed: &str) {
        self.entries().entry(guid.to_owned()).or_insert_with(|| Entry {
            pushed: pushed.to_owned(),
            sent: Instant::now(),
            accepted: None,
            told: Vec::new(),
            refused: None,
        });
    }

    /// Notes an answer, and says whether it settles the matter for the sender.
    pub(super) fn answered(&self, guid: &str, answer: &HttpResponse) -> bool {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(guid) else { return false };
        match (answer.status, serde_json::from_slice::<Report>(&answer.body)) {
            (200..300, Ok(report)) => {
                entry.accepted.get_or_insert_with(Instant::now);
                entry.told.push(report.decisions);
            }
            (status @ (200..300 | 400..500), _) => {
                entry.refused = Some(format!("{status} {}", answer.text()));
            }
            _ => return false,
        }
        true
    }

    /// How many were sent, and how many of them were answered 2xx.
    pub(super) fn counts(&self) -> (usize, usize) {
        let entries = self.entries();
        (entries.len(), entries.values().filter(|entry| entry.accepted.is_some()).count())
    }

    /// All entries, by GUID.
    pub(super) fn all(&self) -> BTreeMap<String, Entry> {
        self.entries().clone()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

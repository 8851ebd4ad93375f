//! How many of everything there are.

use std::time::Duration;

use crate::row::Row;
use crate::{State, StoreError, Verdict};

/// Counts over the whole ledger, by the database's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Deliveries that were stored.
    pub deliveries: Vec<DeliveryCount>,
    /// Promotions by state; a state that none is in may be missing.
    pub promotions: Vec<(State, u64)>,
    /// How long the target that has waited longest for its commit has done so; none if none waits.
    pub oldest_waiting: Option<Duration>,
    /// From being wanted to being committed, of all promotions that were.
    pub commits: Durations,
    /// How long ago each kind of work that comes round was begun, by name.
    pub sweeps: Vec<(String, Duration)>,
    /// Deliveries that were asked for again.
    pub redeliveries: Redeliveries,
}

/// How many deliveries of one kind came to one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// The receiver that took them.
    pub source: String,
    /// The sender's name for the event.
    pub event: String,
    /// What became of them.
    pub outcome: Verdict,
    /// How many.
    pub count: u64,
}

/// A distribution of durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// How many took at most as long as the bound of [`Durations::BOUNDS`] at the same place.
    pub within: [u64; Durations::BOUNDS.len()],
    /// All of them together.
    pub sum: Duration,
    /// How many.
    pub count: u64,
}

/// Deliveries that never arrived and were asked for again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redeliveries {
    /// How often their senders were asked.
    pub requested: u64,
    /// How many are still missing.
    pub missing: u64,
}

impl Durations {
    /// From a second, for a branch without a window, to an hour, for a Git host that is down; in seconds.
    pub const BOUNDS: [u32; 10] = [1, 2, 5, 10, 30, 60, 120, 300, 900, 3600];

    /// The select list that [`Durations::read`] reads, over a duration in milliseconds that is an integer.
    pub(crate) fn columns(millis: &str) -> String {
        let within = Self::BOUNDS
            .iter()
            .map(|bound| format!("count(*) FILTER (WHERE {millis} <= {bound} * 1000) AS within_{bound}, "));
        within.collect::<String>()
            + &format!("count(*) AS count, CAST(coalesce(sum({millis}), 0) AS BIGINT) AS sum")
    }

    pub(crate) fn read(row: Row<'_>) -> Result<Self, StoreError> {
        let mut within = [0; Self::BOUNDS.len()];
        for (place, bound) in within.iter_mut().zip(Self::BOUNDS) {
            *place = row.count(&format!("within_{bound}"))?;
        }
        Ok(Self { within, sum: row.duration("sum")?, count: row.count("count")? })
    }
}

impl DeliveryCount {
    pub(crate) fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            source: row.string("source")?,
            event: row.string("event")?,
            outcome: row.parsed("outcome")?,
            count: row.count("count")?,
        })
    }
}

impl Redeliveries {
    pub(crate) fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { requested: row.count("requested")?, missing: row.count("missing")? })
    }
}

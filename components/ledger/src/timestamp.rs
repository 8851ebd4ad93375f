//! A moment, as the ledger keeps and shows it.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

/// A moment in UTC with millisecond precision; shown as RFC 3339, e.g. `2026-03-01T12:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that lies `millis` milliseconds after the Unix epoch.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Out of chrono's range means a quarter of a million years away: no clock of ours says so.
        let moment = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        formatter.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        DateTime::parse_from_rfc3339(&text).map(|moment| Self(moment.timestamp_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_keep_their_milliseconds() {
        assert_eq!(Timestamp::from_unix_millis(1_772_366_400_000).to_string(), "2026-03-01T12:00:00.000Z");
    }

    #[test]
    fn text_form_reads_back_as_the_same_moment() {
        let moment = Timestamp::from_unix_millis(1_772_366_400_123);
        assert_eq!(Timestamp::try_from(moment.to_string()), Ok(moment));
    }
}

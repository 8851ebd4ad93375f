//! How a rehearsal ended, against how it should have.

use super::record::Record;
use crate::rehearse::event::{Outcome, Summary};

/// The verdict on a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ended as it should.
    AsExpected(Outcome),
    /// It ended otherwise than it should.
    Unexpected {
        /// How it ended.
        outcome: Outcome,
        /// How it should have.
        expected: Outcome,
    },
    /// It did not end.
    Interrupted,
}

impl Verdict {
    /// The verdict on `record`.
    pub fn of(record: &Record) -> Self {
        match record.summary {
            Some(Summary { outcome, expected, .. }) if outcome == expected => Self::AsExpected(outcome),
            Some(Summary { outcome, expected, .. }) => Self::Unexpected { outcome, expected },
            None => Self::Interrupted,
        }
    }

    /// Whether it ended as it should.
    pub fn passed(self) -> bool {
        matches!(self, Self::AsExpected(_))
    }

    /// The verdict in a few words.
    pub fn words(self) -> String {
        match self {
            Self::AsExpected(outcome) => format!("{outcome}, as expected"),
            Self::Unexpected { outcome, expected } => format!("{outcome}, expected {expected}"),
            Self::Interrupted => "interrupted before the end".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outcome: Outcome, expected: Outcome) -> Verdict {
        let summary = Summary {
            outcome,
            expected,
            reason: String::new(),
            seconds: 1.0,
            requests: 0,
            errors: 0,
            errors_after_abort: None,
            seconds_to_stable: None,
        };
        Verdict::of(&Record { summary: Some(summary), ..Record::default() })
    }

    #[test]
    fn only_the_expected_end_passes() {
        let caught = verdict(Outcome::Aborted, Outcome::Aborted);
        assert!(caught.passed());
        assert_eq!(caught.words(), "aborted, as expected");
        let missed = verdict(Outcome::Promoted, Outcome::Aborted);
        assert!(!missed.passed());
        assert_eq!(missed.words(), "promoted, expected aborted");
        assert!(!Verdict::of(&Record::default()).passed());
    }
}

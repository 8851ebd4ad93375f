//! What else happened, in order: phases, crashes, notes.

use crate::report::record::Record;

/// A line of the log.
pub(super) struct Entry {
    at: f64,
    pub(super) time: String,
    pub(super) what: String,
    pub(super) why: String,
    /// Its class in the style sheet.
    pub(super) kind: &'static str,
}

/// All lines, the earliest first.
pub(super) fn of(record: &Record) -> Vec<Entry> {
    let entry =
        |at, what, why: &str, kind| Entry { at, time: format!("{at:.1} s"), what, why: why.to_owned(), kind };
    let notes = record.notes.iter().map(|moment| entry(moment.at, "Note".to_owned(), &moment.what.text, ""));
    let phases = record
        .phases
        .iter()
        .map(|moment| entry(moment.at, format!("{:?}", moment.what.phase), &moment.what.message, ""));
    let crashes = record
        .crashes
        .iter()
        .map(|moment| entry(moment.at, format!("{} crashed", moment.what.pod), &moment.what.message, "bad"));
    let mut entries: Vec<_> = notes.chain(phases).chain(crashes).collect();
    entries.sort_by(|one, other| one.at.total_cmp(&other.at));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearse::event::{RolloutPhase, Side};
    use crate::report::record::{Crash, Moment, Note, Phase};

    #[test]
    fn everything_is_told_in_the_order_of_time() {
        let note = |at, text: &str| Moment { at, what: Note { text: text.into() } };
        let crash = Crash { side: Side::Canary, pod: "canary-1".into(), message: "exit status: 70".into() };
        let record = Record {
            notes: vec![note(0.0, "first"), note(3.0, "last")],
            crashes: vec![Moment { at: 2.0, what: crash }],
            phases: vec![Moment {
                at: 1.0,
                what: Phase { phase: RolloutPhase::Paused, message: String::new() },
            }],
            ..Record::default()
        };
        let told: Vec<_> = of(&record).into_iter().map(|entry| entry.what).collect();
        assert_eq!(told, ["Note", "Paused", "canary-1 crashed", "Note"]);
    }
}

//! The reports of two rehearsals, and of names that try to break out of them.
#![cfg(feature = "rehearse")]

#[path = "report/page.rs"]
mod page;
#[path = "report/terminal.rs"]
mod terminal;

#[path = "report/files.rs"]
mod files;
#[path = "report/hostile.rs"]
mod hostile;

use rehearsal::rehearse::event::Event;
use rehearsal::report::record::Record;
use rehearsal::report::{Report, View};

/// A failing canary that is taken back.
const ABORTED: &str = include_str!("data/aborted.jsonl");

/// A good canary that is promoted.
const PROMOTED: &str = include_str!("data/promoted.jsonl");

fn events(lines: &str) -> Vec<Event> {
    lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn record(events: &[Event]) -> Record {
    let mut report = Report::new(View::silent());
    for event in events {
        report.tell(event).expect("silence cannot fail");
    }
    report.record().clone()
}

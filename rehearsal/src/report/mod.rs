//! Tells what happened in a rehearsal: while it runs in the terminal, and afterwards as files.
//!
//! | module | what it makes of the events |
//! |---|---|
//! | [`record`] | everything that happened, in the order a reader asks for; also what the JSON file holds |
//! | [`terminal`] | a view that is redrawn in place, or plain lines where there is no terminal |
//! | [`html`] | one page without scripts, which needs nothing but itself |
//! | [`junit`] | a test case for each step and each analysis, for CI |
//!
//! Names and messages come from manifests, processes and Prometheus: [`text`] takes out what could steer a terminal before
//! anything else sees them.

pub mod files;
pub mod html;
pub mod junit;
pub mod record;
pub mod terminal;
pub mod text;
pub mod verdict;

use std::io;

use crate::rehearse::event::Event;
pub use files::{Files, WriteError};
pub use record::Record;
pub use terminal::View;

/// Follows a rehearsal.
pub struct Report {
    record: Record,
    view: View,
}

impl Report {
    /// Nothing has happened yet; it will be shown by `view`.
    pub fn new(view: View) -> Self {
        Self { record: Record::default(), view }
    }

    /// Takes in what happened next, and shows it.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn tell(&mut self, event: &Event) -> io::Result<()> {
        let event = text::cleaned(event);
        self.record.add(&event);
        self.view.show(&event, &self.record)
    }

    /// All that has happened so far.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

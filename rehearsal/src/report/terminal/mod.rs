//! A rehearsal in the terminal while it runs.
//!
//! [`live`] redraws a view in place; [`lines`] writes a line for each event, where there is no terminal that could be
//! redrawn. Colours are left out when `NO_COLOR` is set.

mod frame;
mod lines;
mod live;
mod paint;
mod words;

use std::io::{self, Write};

use console::Term;

use super::record::Record;
use crate::rehearse::event::Event;
use live::Live;

/// How a rehearsal is shown while it runs.
pub struct View(Kind);

enum Kind {
    Live(Live),
    Lines(Box<dyn Write + Send>),
    Silent,
}

impl View {
    /// Redraws standard error in place if that is a terminal, and else writes lines to it.
    pub fn standard_error() -> Self {
        let term = Term::buffered_stderr();
        if term.features().is_attended() && term.features().family() != console::TermFamily::Dummy {
            Self(Kind::Live(Live::new(term, console::colors_enabled_stderr())))
        } else {
            Self::lines(io::stderr())
        }
    }

    /// A line for each event.
    pub fn lines(to: impl Write + Send + 'static) -> Self {
        Self(Kind::Lines(Box::new(to)))
    }

    /// Nothing.
    pub fn silent() -> Self {
        Self(Kind::Silent)
    }

    /// Shows what happened; `record` knows of it already.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn show(&mut self, event: &Event, record: &Record) -> io::Result<()> {
        match &mut self.0 {
            Kind::Live(live) => live.show(event, record),
            Kind::Lines(to) => {
                for line in lines::of(event, record) {
                    writeln!(to, "{line}")?;
                }
                to.flush()
            }
            Kind::Silent => Ok(()),
        }
    }
}

//! The lines that are written where there is no terminal.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use rehearsal::report::{Report, View};

use rehearsal::rehearse::event::Event;

use crate::{ABORTED, PROMOTED, events};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("one thread").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All lines about these events.
pub fn lines(events: &[Event]) -> String {
    let kept = Kept::default();
    let mut report = Report::new(View::lines(kept.clone()));
    for event in events {
        report.tell(event).expect("memory can be written");
    }
    let bytes = kept.0.lock().expect("one thread").clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn lines_tell_the_whole_story_without_a_terminal() {
    assert_eq!(lines(&events(ABORTED)), include_str!("../data/aborted.txt"));
    assert_eq!(lines(&events(PROMOTED)), include_str!("../data/promoted.txt"));
}

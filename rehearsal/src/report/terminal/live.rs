//! The view that is redrawn in place.

use std::io;

use console::Term;

use super::frame::{self, Size};
use super::paint::Paint;
use super::words;
use crate::rehearse::event::{Event, Happened};
use crate::report::record::Record;
use crate::report::verdict::Verdict;

/// What terminals are taken for that do not say how big they are.
const USUAL: (u16, u16) = (24, 80);

/// A view that is drawn over itself.
pub(super) struct Live {
    term: Term,
    paint: Paint,
    /// Lines that the last frame has.
    drawn: usize,
}

impl Live {
    /// Draws on `term`, which must be a buffered one: each frame is written at once.
    pub(super) fn new(term: Term, colours: bool) -> Self {
        Self { term, paint: Paint { colours }, drawn: 0 }
    }

    pub(super) fn show(&mut self, event: &Event, record: &Record) -> io::Result<()> {
        let (rows, columns) = self.term.size_checked().unwrap_or(USUAL);
        // The line below the frame has the cursor.
        let size = Size { rows: usize::from(rows).saturating_sub(1), columns: usize::from(columns) };
        self.draw(&frame::of(record, size, self.paint))?;
        if let Happened::Finished(summary) = &event.happened {
            let verdict = Verdict::of(record);
            let words = verdict.words();
            let words = if verdict.passed() { self.paint.good(&words) } else { self.paint.bad(&words) };
            self.term.write_line(&format!("\n{words}: {}", summary.reason))?;
            for sentence in words::experience(summary) {
                self.term.write_line(&sentence)?;
            }
        }
        self.term.flush()
    }

    fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        if self.drawn > 0 {
            self.term.move_cursor_up(self.drawn)?;
        }
        for line in lines {
            self.term.clear_line()?;
            self.term.write_line(line)?;
        }
        self.term.clear_to_end_of_screen()?;
        self.drawn = lines.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    /// What a terminal gets of the recorded rehearsal.
    fn drawn() -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terminal");
        let written = File::create(&path).unwrap();
        let term = Term::read_write_pair(File::open("/dev/null").unwrap(), written);
        let mut live = Live::new(term, false);
        let mut record = Record::default();
        for line in include_str!("../../../tests/data/aborted.jsonl").lines() {
            let event = serde_json::from_str(line).unwrap();
            record.add(&event);
            live.show(&event, &record).unwrap();
        }
        fs::read_to_string(path).unwrap()
    }

    /// A terminal that knows what the view uses: lines, upwards, clear the line, clear what follows.
    fn screen(drawn: &str) -> Vec<String> {
        let (mut lines, mut at) = (vec![String::new()], 0);
        let mut parts = drawn.split('\u{1b}');
        let write = |lines: &mut Vec<String>, at: &mut usize, text: &str| {
            for character in text.chars() {
                match character {
                    '\r' => {}
                    '\n' => {
                        *at += 1;
                        lines.resize(lines.len().max(*at + 1), String::new());
                    }
                    other => lines[*at].push(other),
                }
            }
        };
        write(&mut lines, &mut at, parts.next().unwrap());
        for part in parts {
            let end = part.find(|character: char| character.is_ascii_alphabetic()).unwrap();
            match part.split_at(end + 1) {
                (up, text) if up.ends_with('A') => {
                    at -= up.trim_matches(['[', 'A']).parse::<usize>().unwrap();
                    write(&mut lines, &mut at, text);
                }
                ("[2K", text) => {
                    lines[at].clear();
                    write(&mut lines, &mut at, text);
                }
                ("[0J", text) => {
                    lines.truncate(at + 1);
                    lines[at].clear();
                    write(&mut lines, &mut at, text);
                }
                (other, _) => panic!("unknown: {other:?}"),
            }
        }
        lines
    }

    #[test]
    fn each_frame_is_drawn_over_the_one_before() {
        let screen = screen(&drawn());
        let frames = screen.iter().filter(|line| line.starts_with("slipway ")).count();
        assert_eq!(frames, 1, "{screen:#?}");
        let end = screen.join("\n");
        assert!(end.contains("aborted, as expected: the analysis slipway-1-2 failed"), "{end}");
        assert!(end.contains("0 errors from the stable version after the abort"), "{end}");
    }
}

//! Makes the reports of a rehearsal from its events, one JSON object a line on standard input: what the screenshots are
//! taken of, without a rehearsal.
//!
//! ```sh
//! cargo run -p rehearsal --features rehearse --example report -- target/report <rehearsal/tests/data/aborted.jsonl
//! ```
//!
//! It writes `target/report.html`, `.json` and `.xml`.

use std::io;
use std::path::PathBuf;

use rehearsal::rehearse::event::Event;
use rehearsal::report::{Files, Report, View};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: report NAME <EVENTS")?;
    let mut report = Report::new(View::standard_error());
    for line in io::stdin().lines() {
        report.tell(&serde_json::from_str::<Event>(&line?)?)?;
    }
    let file = |extension| Some(name.with_extension(extension));
    Files { html: file("html"), json: file("json"), junit: file("xml") }.write(report.record())?;
    Ok(())
}

//! The files for programs.

use rehearsal::rehearse::event::{Event, Happened, Outcome};
use rehearsal::report::{Files, WriteError, junit};
use roxmltree::Document;

use crate::{ABORTED, PROMOTED, events, record};

/// Names of the test cases, with what they came to.
fn cases(xml: &str) -> Vec<(String, &'static str)> {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let status = |case: roxmltree::Node<'_, '_>| {
        let has = |name| case.children().any(|child| child.has_tag_name(name));
        if has("failure") {
            "failed"
        } else if has("skipped") {
            "skipped"
        } else {
            "passed"
        }
    };
    cases.map(|case| (case.attribute("name").unwrap_or_default().to_owned(), status(case))).collect()
}

fn failures(events: &[Event]) -> Vec<String> {
    let cases = cases(&junit::report(&record(events)).expect("a report"));
    cases.into_iter().filter(|(_, status)| *status == "failed").map(|(name, _)| name).collect()
}

/// The same events, with another expectation.
fn expecting(lines: &str, expected: Outcome) -> Vec<Event> {
    let mut events = events(lines);
    if let Some(Event { happened: Happened::Finished(summary), .. }) = events.last_mut() {
        summary.expected = expected;
    }
    events
}

#[test]
fn json_holds_everything_that_happened() {
    let expected: serde_json::Value =
        serde_json::from_str(include_str!("../data/aborted.json")).expect("JSON");
    assert_eq!(serde_json::to_value(record(&events(ABORTED))).expect("JSON"), expected);
}

#[test]
fn junit_has_a_case_for_each_step_each_analysis_and_the_end() {
    let xml = junit::report(&record(&events(ABORTED))).expect("a report");
    let cases = cases(&xml);
    let cases: Vec<_> = cases.iter().map(|(name, status)| (&**name, *status)).collect();
    assert_eq!(
        cases,
        [
            ("step 1: setWeight 5", "passed"),
            ("step 2: pause 3 s", "passed"),
            ("step 3: analysis success-rate", "skipped"),
            ("step 4: setWeight 25", "skipped"),
            ("step 5: analysis success-rate, latency-p95", "skipped"),
            ("step 6: setWeight 50", "skipped"),
            ("step 7: pause 6 s", "skipped"),
            ("step 8: setWeight 100", "skipped"),
            ("slipway-1-2", "passed"),
            ("the rollout ends as it should", "passed"),
        ]
    );
    let document = Document::parse(&xml).expect("XML");
    let output =
        document.descendants().find(|node| node.has_tag_name("system-out")).and_then(|node| node.text());
    assert!(output.is_some_and(|output| output.contains("11.3s success-rate [0.7321] Failed")), "{output:?}");
}

#[test]
fn junit_fails_exactly_when_the_end_is_not_the_expected_one() {
    assert!(failures(&events(ABORTED)).is_empty());
    assert!(failures(&events(PROMOTED)).is_empty());
    assert_eq!(
        failures(&expecting(ABORTED, Outcome::Promoted)),
        ["step 3: analysis success-rate", "slipway-1-2", "the rollout ends as it should"]
    );
    assert_eq!(failures(&expecting(PROMOTED, Outcome::Aborted)), ["the rollout ends as it should"]);
    let interrupted: Vec<_> = events(PROMOTED).into_iter().take(40).collect();
    assert!(failures(&interrupted).contains(&"the rollout ends as it should".to_owned()));
}

#[test]
fn files_are_written_where_they_are_asked_for_and_a_folder_is_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = record(&events(ABORTED));
    let files = Files {
        html: Some(folder.path().join("new/report.html")),
        json: Some(folder.path().join("report.json")),
        junit: None,
    };
    files.write(&record).expect("three files");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    assert!(read("new/report.html").starts_with("<!DOCTYPE html>"));
    let json: serde_json::Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert_eq!(json["summary"]["outcome"], "aborted");
    let refused = Files { html: Some(folder.path().to_owned()), ..Files::default() }.write(&record);
    assert!(matches!(refused, Err(WriteError::Written { .. })), "{refused:?}");
}

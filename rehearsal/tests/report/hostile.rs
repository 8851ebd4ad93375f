//! Names and messages from anywhere: they are shown, and do nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use rehearsal::rehearse::event::{
    AnalysisPhase, AnalysisRole, Event, Gauge, Happened, Outcome, Programme, RolloutPhase, Second, Side,
    Summary,
};
use rehearsal::report::{html, junit};
use roxmltree::Document;

use crate::page::parse;
use crate::record;
use crate::terminal::lines;

/// Any text, and often one that would do harm in a page, in XML or in a terminal.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just("</title><script>alert(1)</script>".to_owned()),
        Just("]]>\"' onload=x <!-- &amp; &#0; {{ 1 }} {% if %}".to_owned()),
        Just("\u{1b}[31m\u{1b}]0;title\u{7}\u{9b}2J\r\n\u{202e}\u{0}\u{ffff}".to_owned()),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..100.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(1e300)]
}

fn event() -> impl Strategy<Value = Happened> {
    let phase = prop_oneof![
        Just(AnalysisPhase::Failed),
        Just(AnalysisPhase::Successful),
        Just(AnalysisPhase::Error),
        Just(AnalysisPhase::Inconclusive),
    ];
    let rollout =
        prop_oneof![Just(RolloutPhase::Degraded), Just(RolloutPhase::Healthy), Just(RolloutPhase::Paused)];
    let side = prop_oneof![Just(Side::Stable), Just(Side::Canary)];
    prop_oneof![
        hostile().prop_map(|text| Happened::Note { text }),
        (rollout, hostile()).prop_map(|(phase, message)| Happened::Phase { phase, message }),
        (0_usize..4).prop_map(|index| Happened::StepStarted { index }),
        (0_usize..4).prop_map(|index| Happened::StepEnded { index }),
        any::<u8>().prop_map(|canary| Happened::Weight { canary }),
        (side.clone(), any::<u32>(), any::<u32>()).prop_map(|(side, wanted, ready)| Happened::Replicas {
            side,
            wanted,
            ready
        }),
        (side.clone(), hostile(), hostile()).prop_map(|(side, pod, message)| Happened::Crashed {
            side,
            pod,
            message
        }),
        (hostile(), hostile(), hostile()).prop_map(|(metric, success, failure)| Happened::AnalysisStarted {
            run: "run".into(),
            role: AnalysisRole::Step,
            metrics: vec![Gauge { metric, success, failure }],
        }),
        (hostile(), hostile(), phase.clone(), hostile()).prop_map(|(metric, value, phase, message)| {
            Happened::Measured { run: "run".into(), metric, value, phase, message }
        }),
        (phase, hostile()).prop_map(|(phase, message)| Happened::AnalysisEnded {
            run: "run".into(),
            phase,
            message
        }),
        (side, 0_u64..1 << 40, 0_u64..1 << 40, number()).prop_map(|(side, requests, errors, p95)| {
            Happened::Traffic(Second { side, requests, errors, p50: p95, p95 })
        }),
    ]
}

fn programme() -> impl Strategy<Value = Happened> {
    (vec(hostile(), 5), vec(hostile(), 0..4), number()).prop_map(|(texts, steps, time_scale)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        Happened::Began(Programme {
            rollout: next(),
            strategy: next(),
            split: next(),
            stable: next(),
            canary: next(),
            steps,
            rate: 200,
            time_scale,
        })
    })
}

fn rehearsal() -> impl Strategy<Value = Vec<Event>> {
    let finished = (hostile(), number()).prop_map(|(reason, seconds)| {
        Happened::Finished(Summary {
            outcome: Outcome::Aborted,
            expected: Outcome::Promoted,
            reason,
            seconds,
            requests: 10,
            errors: 1,
            errors_after_abort: Some(1),
            seconds_to_stable: Some(seconds),
        })
    });
    (programme(), vec((event(), 0.0..50.0), 0..12), finished).prop_map(|(programme, events, finished)| {
        let middle = events.into_iter().map(|(happened, at)| Event { at, happened });
        let first = Event { at: 0.0, happened: programme };
        std::iter::once(first).chain(middle).chain([Event { at: 50.0, happened: finished }]).collect()
    })
}

/// Names of all elements, in order.
fn elements(document: &Document<'_>) -> Vec<String> {
    document
        .descendants()
        .filter(|node| node.is_element())
        .map(|node| node.tag_name().name().to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_breaks_out_of_the_page_or_of_junit(events in rehearsal()) {
        let record = record(&events);
        let page = html::page(&record).expect("a page");
        let document = parse(&page);
        prop_assert!(!elements(&document).iter().any(|name| name == "script"));
        for attribute in document.descendants().flat_map(|node| node.attributes()) {
            let is_place = ["d", "x", "y", "cx", "cy", "width", "height", "transform"].contains(&attribute.name());
            let value = attribute.value();
            prop_assert!(!is_place || !(value.contains("NaN") || value.contains("inf")), "{}", value);
        }
        let xml = junit::report(&record).expect("a report");
        let junit = Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
        let known = ["testsuites", "testsuite", "testcase", "failure", "skipped", "system-out"];
        for name in elements(&junit) {
            prop_assert!(known.contains(&&*name), "{}", name);
        }
        serde_json::to_string(&record).expect("JSON");
    }

    #[test]
    fn no_text_steers_the_terminal(events in rehearsal()) {
        let lines = lines(&events);
        let steers = |character: char| character.is_control() && character != '\n';
        prop_assert!(!lines.chars().any(steers), "{:?}", lines);
        for line in lines.lines() {
            let time = line.get(..9).unwrap_or_default();
            prop_assert!(time.trim_start().ends_with("s ") || time.contains("s  "), "{:?}", line);
        }
    }
}

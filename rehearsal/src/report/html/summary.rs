//! The top of the page: verdict and key figures.

use super::words;
use crate::rehearse::event;
use crate::report::record::Record;
use crate::report::verdict::Verdict;

/// What a reader sees first.
pub(super) struct Summary {
    pub(super) rollout: String,
    pub(super) kind: &'static str,
    pub(super) verdict: String,
    pub(super) reason: String,
    pub(super) figures: Vec<Figure>,
    pub(super) facts: Vec<Fact>,
}

/// A number with what it counts.
pub(super) struct Figure {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) detail: String,
    /// `good` or `bad` where it is either.
    pub(super) kind: &'static str,
}

/// Something that was given.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// The class of its mark.
    pub(super) kind: &'static str,
}

impl Summary {
    pub(super) fn of(record: &Record) -> Self {
        let verdict = Verdict::of(record);
        let programme = record.programme.as_ref();
        let reason = record.summary.as_ref().map_or("", |summary| &summary.reason);
        Self {
            rollout: programme.map_or("", |programme| &programme.rollout).to_owned(),
            kind: if verdict.passed() { "good" } else { "bad" },
            verdict: words::sentence(&verdict.words()),
            reason: words::sentence(reason),
            figures: record.summary.as_ref().map(figures).unwrap_or_default(),
            facts: programme.map(facts).unwrap_or_default(),
        }
    }
}

fn figures(summary: &event::Summary) -> Vec<Figure> {
    let event::Summary { requests, errors, errors_after_abort, seconds_to_stable, seconds, .. } = *summary;
    let figure = |label, value, detail, kind| Figure { label, value, detail, kind };
    let none_is_good = |count| if count == 0 { "good" } else { "bad" };
    let mut figures = vec![
        figure("Requests", words::thousands(requests), format!("in {seconds:.0} s"), ""),
        figure(
            "Errors that users saw",
            words::thousands(errors),
            format!("{} of all requests", words::share(errors, requests)),
            if errors == 0 { "good" } else { "" },
        ),
    ];
    if let Some(seconds) = seconds_to_stable {
        let detail = "from the verdict to the last request at the canary".to_owned();
        figures.push(figure("Back at the stable version", format!("{seconds:.2} s"), detail, ""));
    }
    if let Some(errors) = errors_after_abort {
        let detail = "answered by the stable version".to_owned();
        figures.push(figure(
            "Errors after the abort",
            words::thousands(errors),
            detail,
            none_is_good(errors),
        ));
    }
    figures
}

fn facts(programme: &event::Programme) -> Vec<Fact> {
    let event::Programme { strategy, split, stable, canary, rate, time_scale, .. } = programme;
    let fact = |label, value, kind| Fact { label, value, kind };
    let scaled =
        if *time_scale == 1.0 { String::new() } else { format!(", all times divided by {time_scale}") };
    vec![
        fact("Stable", stable.clone(), "stable"),
        fact("Canary", canary.clone(), "canary"),
        fact("Strategy", format!("{strategy}, split {split}"), ""),
        fact("Traffic", format!("{rate} requests per second{scaled}"), ""),
    ]
}

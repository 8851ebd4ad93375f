//! Numbers and names as a page shows them.

use crate::rehearse::event::{AnalysisPhase, AnalysisRole};

/// Where an analysis stands in the strategy.
pub(super) fn role(role: AnalysisRole) -> &'static str {
    match role {
        AnalysisRole::Step => "as a step",
        AnalysisRole::Background => "beside the steps",
        AnalysisRole::PrePromotion => "before the promotion",
        AnalysisRole::PostPromotion => "after the promotion",
    }
}

/// The style sheet's class for a phase.
pub(super) fn phase_class(phase: AnalysisPhase) -> &'static str {
    match phase {
        AnalysisPhase::Successful => "good",
        AnalysisPhase::Failed => "bad",
        AnalysisPhase::Error => "error",
        AnalysisPhase::Inconclusive => "unsure",
        AnalysisPhase::Pending | AnalysisPhase::Running => "open",
    }
}

/// What was measured.
pub(super) fn value(value: &str) -> &str {
    if value.is_empty() { "no value" } else { value }
}

/// From when to when.
pub(super) fn period(from: f64, to: f64) -> String {
    format!("{from:.1} s to {to:.1} s")
}

/// A count with its thousands apart.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Errors as a share of requests. Never rounded to nothing.
pub(super) fn share(errors: u64, requests: u64) -> String {
    if requests == 0 {
        return "no requests".to_owned();
    }
    match 100.0 * errors as f64 / requests as f64 {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.01 => "under 0.01 %".to_owned(),
        percent => format!("{percent:.2} %"),
    }
}

/// Seconds as milliseconds.
pub(super) fn milliseconds(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1e3)
}

/// The same with its first letter as at the beginning of a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable_and_errors_never_vanish() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(thousands));
        assert_eq!(
            ["0 %", "under 0.01 %", "12.50 %"],
            [0, 1, 1_250_000].map(|errors| share(errors, 10_000_000))
        );
        assert_eq!(share(0, 0), "no requests");
        assert_eq!(sentence("aborted, as expected"), "Aborted, as expected");
    }
}

//! Numbers and names as people read them in a terminal.

use crate::rehearse::event::{AnalysisRole, Side, Summary};
use crate::report::record::Totals;

/// A version.
pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Stable => "stable",
        Side::Canary => "canary",
    }
}

/// Where an analysis stands in the strategy.
pub(super) fn role(role: AnalysisRole) -> &'static str {
    match role {
        AnalysisRole::Step => "step",
        AnalysisRole::Background => "background",
        AnalysisRole::PrePromotion => "pre-promotion",
        AnalysisRole::PostPromotion => "post-promotion",
    }
}

/// A share of requests that were no errors; rounded down, so that one error in a million is not shown as none.
pub(super) fn success(totals: &Totals) -> String {
    totals
        .success()
        .map_or_else(|| "–".to_owned(), |percent| format!("{:.1} %", (percent * 10.0).floor() / 10.0))
}

/// A count with its noun.
pub(super) fn count(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What users saw: sentences for the end.
pub(super) fn experience(summary: &Summary) -> Vec<String> {
    let all = format!("{} of {} failed", summary.errors, count(summary.requests, "request"));
    let after = summary
        .errors_after_abort
        .map(|errors| format!("{} from the stable version after the abort", count(errors, "error")));
    let back = summary
        .seconds_to_stable
        .map(|seconds| format!("all traffic was back at the stable version after {seconds:.2} s"));
    [Some(all), after, back].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_never_rounded_away() {
        let totals = Totals { requests: 1_000_000, errors: 1, p95: 0.0 };
        assert_eq!(success(&totals), "99.9 %");
        assert_eq!(success(&Totals { errors: 0, ..totals }), "100.0 %");
        assert_eq!(success(&Totals::default()), "–");
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!(count(1, "error"), "1 error");
        assert_eq!(count(0, "error"), "0 errors");
    }
}

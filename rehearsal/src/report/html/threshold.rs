//! The numbers that a condition compares with, for a line in a chart. A condition may say more than that: the whole of it
//! stands beside the chart.

use std::sync::LazyLock;

use regex_lite::Regex;

/// `result[0] >= 0.95`, also within functions such as `default(result[0], 0) < 5`. The length of a result is no measurement.
static COMPARISON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(\blen\(\s*)?\bresult(?:\[0\])?[^<>=&|!]{0,20}?(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)",
    )
    .ok()
});

/// A value that a measurement is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Threshold {
    pub(super) value: f64,
    /// With its operator, as the condition has it: `≥ 0.95`.
    pub(super) label: String,
}

/// The thresholds of a condition.
pub(super) fn of(condition: &str) -> Vec<Threshold> {
    let Some(comparison) = COMPARISON.as_ref() else { return Vec::new() };
    let found = comparison.captures_iter(condition).filter_map(|captures| {
        if captures.get(1).is_some() {
            return None;
        }
        let (operator, number) = (captures.get(2)?.as_str(), captures.get(3)?.as_str());
        let value = number.parse().ok().filter(|value: &f64| value.is_finite())?;
        let operator = operator.replace(">=", "≥").replace("<=", "≤");
        Some(Threshold { value, label: format!("{operator} {number}") })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_the_result_is_compared_with_are_found() {
        for (condition, labels) in [
            ("result[0] >= 0.95", vec!["≥ 0.95"]),
            ("len(result) > 0 && !isNaN(result[0]) && result[0] < 0.05", vec!["< 0.05"]),
            ("len(result) > 0 && (isNaN(result[0]) || result[0] >= 1e-3)", vec!["≥ 1e-3"]),
            ("default(result[0], 0) <= 5", vec!["≤ 5"]),
            ("result > 1 && result < 2", vec!["> 1", "< 2"]),
            ("result[0] == 'ok'", vec![]),
            ("len(result) > 0", vec![]),
            ("", vec![]),
        ] {
            let found: Vec<_> = of(condition).into_iter().map(|threshold| threshold.label).collect();
            assert_eq!(found, labels, "{condition}");
        }
    }
}

//! An analysis: every measurement of every metric, against what its conditions ask for.

use super::axis::{self, Axis, Tick};
use super::threshold::{self, Threshold};
use super::words;
use crate::report::record::{AnalysisRun, Measurement, Metric, Moment};

/// Size of a chart, in the units of its view box.
const SIZE: (f64, f64) = (460.0, 150.0);
/// Where its time begins and ends.
const TIMES: (f64, f64) = (52.0, 446.0);
/// Where its values are, from above.
const VALUES: (f64, f64) = (118.0, 14.0);

/// An analysis with its metrics.
pub(super) struct Analysis {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) period: String,
    pub(super) phase: String,
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) metrics: Vec<Chart>,
}

/// A metric: its chart, and what is in the table beside it.
pub(super) struct Chart {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) bottom: f64,
    pub(super) name: String,
    pub(super) success: String,
    pub(super) failure: String,
    pub(super) description: String,
    pub(super) values: Vec<Tick>,
    pub(super) times: Vec<Tick>,
    pub(super) thresholds: Vec<Line>,
    pub(super) points: Vec<Point>,
    pub(super) rows: Vec<Row>,
}

/// A threshold in a chart.
pub(super) struct Line {
    pub(super) y: f64,
    pub(super) kind: &'static str,
    pub(super) label: String,
}

/// A measurement in a chart.
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) kind: &'static str,
    pub(super) title: String,
}

/// A measurement in a table.
pub(super) struct Row {
    pub(super) at: String,
    pub(super) value: String,
    pub(super) phase: String,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Analysis {
    /// `end` is the time of the rehearsal's last event.
    pub(super) fn of(analysis: &AnalysisRun, end: f64) -> Self {
        let (from, to) = (analysis.started, analysis.ended.unwrap_or(end));
        Self {
            name: analysis.run.clone(),
            role: words::role(analysis.role),
            period: words::period(from, to),
            phase: format!("{:?}", analysis.phase),
            kind: words::phase_class(analysis.phase),
            message: analysis.message.clone(),
            metrics: analysis.metrics.iter().map(|metric| chart(metric, from, to)).collect(),
        }
    }
}

fn chart(metric: &Metric, from: f64, to: f64) -> Chart {
    let times = Axis::new((from, to), TIMES);
    let success = thresholds(&metric.gauge.success, "good");
    let mut thresholds = thresholds(&metric.gauge.failure, "bad");
    // Where both conditions have the same number, one line says it.
    thresholds.retain(|(line, _)| !success.iter().any(|(other, _)| other.value == line.value));
    thresholds.extend(success);
    let numbers = metric.measurements.iter().filter_map(|moment| moment.what.number());
    let values = scale(numbers.chain(thresholds.iter().map(|(threshold, _)| threshold.value)));
    let point = |moment: &Moment<Measurement>| Point {
        x: times.place(moment.at),
        // What is no number stands at the bottom, with its own sign.
        y: moment.what.number().map_or(VALUES.0, |number| values.place(number)),
        kind: words::phase_class(moment.what.phase),
        title: title(moment),
    };
    Chart {
        width: SIZE.0,
        height: SIZE.1,
        bottom: VALUES.0,
        name: metric.gauge.metric.clone(),
        success: metric.gauge.success.clone(),
        failure: metric.gauge.failure.clone(),
        description: metric.measurements.iter().map(title).collect::<Vec<_>>().join("; "),
        values: values.ticks(4, axis::decimal),
        times: times.ticks(5, axis::time),
        thresholds: thresholds
            .into_iter()
            .map(|(threshold, kind)| Line { y: values.place(threshold.value), kind, label: threshold.label })
            .collect(),
        points: metric.measurements.iter().map(point).collect(),
        rows: metric.measurements.iter().map(row).collect(),
    }
}

fn thresholds(condition: &str, kind: &'static str) -> Vec<(Threshold, &'static str)> {
    threshold::of(condition).into_iter().map(|threshold| (threshold, kind)).collect()
}

/// From somewhat below the least to somewhat above the greatest number; from zero where that is near.
fn scale(numbers: impl Iterator<Item = f64>) -> Axis {
    let range = numbers.fold(None, |range: Option<(f64, f64)>, number| {
        Some(range.map_or((number, number), |(low, high)| (low.min(number), high.max(number))))
    });
    let (low, high) = range.unwrap_or((0.0, 1.0));
    let span = if high > low { high - low } else { high.abs().max(1.0) };
    let padded = low - 0.15 * span;
    let bottom = if low >= 0.0 && (padded < 0.0 || low < span) { 0.0 } else { padded };
    Axis::new((bottom, high + 0.15 * span), VALUES)
}

fn title(moment: &Moment<Measurement>) -> String {
    format!("{} at {:.1} s: {:?}", words::value(&moment.what.value), moment.at, moment.what.phase)
}

fn row(moment: &Moment<Measurement>) -> Row {
    Row {
        at: format!("{:.1} s", moment.at),
        value: words::value(&moment.what.value).to_owned(),
        phase: format!("{:?}", moment.what.phase),
        kind: words::phase_class(moment.what.phase),
        message: moment.what.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearse::event::{AnalysisPhase, Gauge};

    fn metric(success: &str, failure: &str, values: &[&str]) -> Metric {
        let gauge = Gauge { metric: "rate".into(), success: success.into(), failure: failure.into() };
        let measurement = |(at, value): (usize, &&str)| Moment {
            at: at as f64,
            what: Measurement {
                value: (*value).to_owned(),
                phase: AnalysisPhase::Failed,
                message: String::new(),
            },
        };
        Metric { gauge, measurements: values.iter().enumerate().map(measurement).collect() }
    }

    #[test]
    fn one_line_says_what_both_conditions_compare_with() {
        let chart = chart(&metric("result[0] >= 0.95", "result[0] < 0.95", &["[0.7]"]), 0.0, 9.0);
        let lines: Vec<_> = chart.thresholds.iter().map(|line| (&*line.label, line.kind)).collect();
        assert_eq!(lines, [("≥ 0.95", "good")]);
    }

    #[test]
    fn a_threshold_is_in_the_picture_even_when_every_value_is_far_from_it() {
        let chart = chart(&metric("result[0] >= 0.95", "", &["[0.01]", "[NaN]"]), 0.0, 9.0);
        let [good, nothing] = chart.points.as_slice() else { panic!("two measurements") };
        let threshold = chart.thresholds[0].y;
        assert!(VALUES.1 < threshold && threshold < good.y && good.y < VALUES.0, "{threshold} {}", good.y);
        assert_eq!(nothing.y, VALUES.0, "no number stands at the bottom");
        assert_eq!(chart.description, "[0.01] at 0.0 s: Failed; [NaN] at 1.0 s: Failed");
    }
}

//! What users got, second by second: requests, errors, latency of both versions.

use super::axis::{self, Axis, Tick};
use super::path;
use super::picture::{Time, WIDTH};
use crate::rehearse::event::Side;
use crate::report::record::Record;

/// Points of a line, at most: more cannot be told apart.
const POINTS: usize = 240;

/// Where the values are, from above.
const VALUES: (f64, f64) = (112.0, 12.0);

/// A chart over time.
pub(super) struct Chart {
    pub(super) time: Time,
    pub(super) width: f64,
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) description: String,
    pub(super) ticks: Vec<Tick>,
    pub(super) bottom: f64,
    pub(super) stable: String,
    pub(super) canary: String,
}

/// What one version answered in some seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Span {
    requests: u64,
    errors: u64,
    p95: f64,
}

/// The spans of one version, each of the same length.
struct Spans {
    seconds: f64,
    spans: Vec<Span>,
}

impl Spans {
    fn of(record: &Record, side: Side) -> Self {
        let seconds = (record.end / POINTS as f64).ceil().max(1.0);
        // Rounded, since a second may be told a little early or late.
        let number = |at: f64| (at / seconds).round() as usize;
        let mut spans = vec![Span::default(); number(record.end) + 1];
        for moment in record.traffic.iter().filter(|moment| moment.what.side == side) {
            if let Some(span) = spans.get_mut(number(moment.at)) {
                span.requests += moment.what.requests;
                span.errors += moment.what.errors;
                span.p95 = span.p95.max(if moment.what.requests > 0 { moment.what.p95 } else { 0.0 });
            }
        }
        Self { seconds, spans }
    }

    /// Each span's value with its time; none where there is nothing to tell.
    fn values(&self, value: impl Fn(&Span, f64) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
        let spans = self.spans.iter().enumerate();
        spans.map(|(number, span)| (number as f64 * self.seconds, value(span, self.seconds))).collect()
    }
}

/// Requests per second, errors in percent, 95th percentile in milliseconds.
pub(super) fn charts(record: &Record, time: &Time) -> [Chart; 3] {
    let sides = [Side::Stable, Side::Canary].map(|side| Spans::of(record, side));
    // Before the first request and after the last, nobody asked: that is not the same as no answers.
    let times = record.traffic.iter().map(|moment| moment.at);
    let (first, last) = (times.clone().fold(f64::INFINITY, f64::min), times.fold(0.0, f64::max));
    let chart = |id, title, unit: &str, value: fn(&Span, f64) -> Option<f64>| {
        let asked = |at: f64, seconds: f64| at + seconds / 2.0 >= first && at - seconds / 2.0 <= last;
        let lines = sides.each_ref().map(|spans| {
            let mut values = spans.values(value);
            values.retain(|(at, _)| asked(*at, spans.seconds));
            values
        });
        self::chart(id, title, unit, time, lines)
    };
    [
        chart("requests", "Requests per second", "", |span, seconds| Some(span.requests as f64 / seconds)),
        chart("errors", "Errors that users saw, in percent of requests", " %", |span, _| {
            (span.requests > 0).then(|| 100.0 * span.errors as f64 / span.requests as f64)
        }),
        chart("latency", "Latency, 95th percentile", " ms", |span, _| {
            (span.requests > 0).then_some(span.p95 * 1e3)
        }),
    ]
}

type Values = Vec<(f64, Option<f64>)>;

fn chart(
    id: &'static str,
    title: &'static str,
    unit: &str,
    time: &Time,
    [stable, canary]: [Values; 2],
) -> Chart {
    let highest = |values: &Values| values.iter().filter_map(|(_, value)| *value).fold(0.0, f64::max);
    let highest = [highest(&stable), highest(&canary)];
    let axis = Axis::from_zero(highest[0].max(highest[1]), VALUES);
    let line = |values: Values| {
        path::line(values.into_iter().map(|(at, value)| Some((time.place(at), axis.place(value?)))))
    };
    let [most_stable, most_canary] = highest.map(|value| format!("{value:.1}{unit}"));
    Chart {
        time: time.clone(),
        width: WIDTH,
        id,
        title,
        description: format!("The highest value is {most_stable} for stable and {most_canary} for canary."),
        ticks: axis.ticks(4, |value, step| axis::decimal(value, step) + unit),
        bottom: VALUES.0,
        stable: line(stable),
        canary: line(canary),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearse::event::Second;
    use crate::report::record::Moment;

    fn record(end: f64, traffic: &[(f64, Side, u64, u64)]) -> Record {
        let moment = |(at, side, requests, errors): &(f64, Side, u64, u64)| Moment {
            at: *at,
            what: Second { side: *side, requests: *requests, errors: *errors, p50: 0.01, p95: 0.02 },
        };
        Record { end, traffic: traffic.iter().map(moment).collect(), ..Record::default() }
    }

    #[test]
    fn a_second_without_requests_has_no_error_rate() {
        let record = record(2.0, &[(0.0, Side::Canary, 10, 5), (2.0, Side::Canary, 10, 0)]);
        let [requests, errors, _] = charts(&record, &Time::of(&record));
        assert_eq!(requests.canary.matches('M').count(), 1, "no requests are zero requests");
        assert_eq!(errors.canary.matches('M').count(), 2, "the line is interrupted");
        assert_eq!(errors.stable, "");
        assert_eq!(errors.description, "The highest value is 0.0 % for stable and 50.0 % for canary.");
    }

    #[test]
    fn a_long_rehearsal_has_few_points_and_all_requests() {
        let traffic: Vec<_> = (0..7_200).map(|at| (f64::from(at), Side::Stable, 10, 1)).collect();
        let record = record(7_199.0, &traffic);
        let spans = Spans::of(&record, Side::Stable);
        assert!(spans.spans.len() <= POINTS + 1, "{}", spans.spans.len());
        assert_eq!(spans.spans.iter().map(|span| span.requests).sum::<u64>(), 72_000);
    }
}

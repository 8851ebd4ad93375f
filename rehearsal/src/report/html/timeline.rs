//! The timeline: steps, weight, analyses.

use askama::Template;

use super::axis::{Axis, Tick};
use super::path;
use super::picture::{PLOT, Time, WIDTH};
use super::words;
use crate::report::record::{AnalysisRun, Record};

/// Height of the row of steps, with the space below it.
const STEPS: f64 = 28.0;
/// Height of an analysis: its name, its bar, the space below.
const ANALYSIS: f64 = 40.0;
/// Height of an analysis' name.
const NAME: f64 = 16.0;
/// Height of an analysis' bar.
const BAR: f64 = 14.0;
/// Height of a heading, with the space above it.
const HEADING: f64 = 24.0;
/// Height of the weight's area.
const WEIGHT: f64 = 72.0;
/// About as wide is a letter.
const LETTER: f64 = 6.6;
/// Letters of a text that has to be cut, at least.
const LEAST: usize = 8;
/// What keeps a text off the edges of its bar.
const PADDING: f64 = 6.0;

/// Classes of measurements, the worst last.
const SEVERITY: [&str; 5] = ["open", "good", "unsure", "error", "bad"];

/// The picture.
#[derive(Template)]
#[template(path = "report/timeline.html")]
pub(super) struct Timeline {
    time: Time,
    width: f64,
    height: f64,
    /// Where the axis of time is.
    axis: f64,
    description: String,
    steps: Vec<Bar>,
    weight: Weight,
    analyses: Vec<Row>,
    analyses_heading: f64,
}

/// Something that took time.
struct Bar {
    x: f64,
    width: f64,
    y: f64,
    /// Its class in the style sheet.
    kind: &'static str,
    /// What stands in it; empty if there is no room.
    text: String,
    /// All there is to say about it.
    title: String,
}

/// An analysis: its name above its bar, and its measurements in it.
struct Row {
    bar: Bar,
    name: Name,
    dots: Vec<Dot>,
}

struct Name {
    x: f64,
    y: f64,
    /// `start` or `end`: where its x is.
    anchor: &'static str,
}

/// A measurement.
struct Dot {
    x: f64,
    y: f64,
    kind: &'static str,
    title: String,
}

/// The share of the traffic that the new version gets.
struct Weight {
    heading: f64,
    area: String,
    ticks: Vec<Tick>,
}

impl Timeline {
    pub(super) fn of(record: &Record, time: &Time) -> Self {
        let steps = steps(record, time, HEADING);
        let weight_heading = if steps.is_empty() { 0.0 } else { HEADING + STEPS };
        let weight = weight(record, time, weight_heading);
        let analyses_heading = weight_heading + HEADING + WEIGHT + 10.0;
        let rows = record.analyses.iter().enumerate();
        let analyses: Vec<_> = rows
            .map(|(row, analysis)| {
                analysis_row(analysis, record, time, analyses_heading + HEADING + row as f64 * ANALYSIS)
            })
            .collect();
        let axis = match analyses.len() {
            0 => analyses_heading,
            rows => analyses_heading + HEADING + rows as f64 * ANALYSIS,
        };
        let description = description(record);
        let time = time.clone();
        Self {
            time,
            width: WIDTH,
            height: axis + 22.0,
            axis,
            description,
            steps,
            weight,
            analyses,
            analyses_heading,
        }
    }
}

fn description(record: &Record) -> String {
    let weights: Vec<_> = record
        .weights
        .iter()
        .map(|moment| format!("{} % at {:.1} s", moment.what.canary, moment.at))
        .collect();
    let weights = if weights.is_empty() { "never any".to_owned() } else { weights.join(", ") };
    format!("The canary's share of the requests: {weights}. The steps and analyses are in the tables below.")
}

fn steps(record: &Record, time: &Time, y: f64) -> Vec<Bar> {
    let bar = |step: &crate::report::record::StepRun| {
        let (from, to) = (step.started, record.over(step));
        let name = record.step_name(step.index);
        let number = (step.index + 1).to_string();
        let (x, width) = extent(time, from, to);
        let kind = if step.ended.is_some() { "done" } else { "open" };
        let title = format!("step {number}: {name}, {}", words::period(from, to));
        let text = shortened(&format!("{number} {name}"), width).or_else(|| shortened(&number, width));
        Bar { x, width, y, kind, text: text.unwrap_or_default(), title }
    };
    record.steps.iter().map(bar).collect()
}

/// At least as wide as can be seen.
fn extent(time: &Time, from: f64, to: f64) -> (f64, f64) {
    let x = time.place(from);
    (x, (time.place(to) - x - 1.0).max(2.0))
}

fn fits(text: &str, width: f64) -> bool {
    text.chars().count() as f64 * LETTER + 2.0 * PADDING <= width
}

/// As much of a text as has room, if that is enough to be understood.
fn shortened(text: &str, width: f64) -> Option<String> {
    if fits(text, width) {
        return Some(text.to_owned());
    }
    let room = ((width - 2.0 * PADDING) / LETTER).max(0.0) as usize;
    let begun: String = text.chars().take(room.saturating_sub(1)).collect();
    (room > LEAST).then(|| begun.trim_end().to_owned() + "…")
}

fn weight(record: &Record, time: &Time, heading: f64) -> Weight {
    let top = heading + HEADING;
    let axis = Axis::new((0.0, 100.0), (top + WEIGHT, top));
    let points = record.weights.iter();
    let points: Vec<_> =
        points.map(|moment| (time.place(moment.at), axis.place(f64::from(moment.what.canary)))).collect();
    Weight {
        heading,
        area: path::steps(&points, top + WEIGHT, time.place(record.end)),
        ticks: axis.ticks(2, |value, _| format!("{value:.0} %")),
    }
}

fn analysis_row(analysis: &AnalysisRun, record: &Record, time: &Time, y: f64) -> Row {
    let (from, to) = (analysis.started, analysis.ended.unwrap_or(record.end));
    let (x, width) = extent(time, from, to);
    let phase = analysis.phase;
    let name = format!("{} · {phase:?}", analysis.run);
    let title =
        format!("{} ({}): {phase:?}, {}", analysis.run, words::role(analysis.role), words::period(from, to));
    let bar = Bar { x, width, y: y + NAME, kind: words::phase_class(phase), text: name, title };
    Row { name: place_name(&bar, y), dots: dots(analysis, time, bar.y + BAR / 2.0), bar }
}

/// From the beginning of its bar, or to its end if there is no room on the right.
fn place_name(bar: &Bar, y: f64) -> Name {
    let y = y + NAME - 4.0;
    if fits(&bar.text, PLOT.1 - bar.x) {
        Name { x: bar.x, y, anchor: "start" }
    } else {
        Name { x: bar.x + bar.width, y, anchor: "end" }
    }
}

fn dots(analysis: &AnalysisRun, time: &Time, y: f64) -> Vec<Dot> {
    let measurements = analysis.metrics.iter().flat_map(|metric| {
        metric.measurements.iter().map(move |moment| Dot {
            x: time.place(moment.at),
            y,
            kind: words::phase_class(moment.what.phase),
            title: format!(
                "{} {} at {:.1} s: {:?}",
                metric.gauge.metric,
                words::value(&moment.what.value),
                moment.at,
                moment.what.phase
            ),
        })
    });
    let mut dots: Vec<_> = measurements.collect();
    // Several metrics are measured at once: what is drawn last is seen.
    dots.sort_by_key(|dot| SEVERITY.iter().position(|kind| *kind == dot.kind));
    dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_its_bar_ends_and_left_out_where_nothing_could_be_read() {
        assert_eq!(shortened("2 pause", 200.0).as_deref(), Some("2 pause"));
        let cut = shortened("3 analysis slipway-success-rate", 130.0).unwrap();
        assert!(cut.ends_with('…') && fits(&cut, 130.0), "{cut}");
        assert_eq!(shortened("3 analysis slipway-success-rate", 40.0), None);
    }
}

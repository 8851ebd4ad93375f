//! One picture of the live view, as lines that fit the terminal.

use console::truncate_str;

use super::paint::{Paint, sign};
use super::words;
use crate::rehearse::event::{AnalysisPhase, Programme, Side};
use crate::report::record::{AnalysisRun, Metric, Record, Totals};

/// Steps that are shown at once.
const STEPS: usize = 8;

/// Analyses that are shown at once.
const ANALYSES: usize = 3;

/// Measurements of a metric that are shown at once.
const MEASUREMENTS: usize = 12;

/// Width of the bar.
const BAR: usize = 30;

/// Seconds that rates are taken over.
const RECENT: f64 = 5.0;

/// What fits on a terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// The view of `record`: no line is too long, and there are no more than fit. What is last in a small terminal is left out.
pub(super) fn of(record: &Record, size: Size, paint: Paint) -> Vec<String> {
    let Some(programme) = &record.programme else { return Vec::new() };
    let blank = || vec![String::new()];
    let lines = [
        head(programme, record, paint),
        blank(),
        sides(record, paint),
        blank(),
        steps(programme, record, paint),
        analyses(record, paint),
        trouble(record, paint),
    ];
    let lines = lines.into_iter().flatten().take(size.rows);
    lines.map(|line| truncate_str(&line, size.columns, "…").into_owned()).collect()
}

fn head(programme: &Programme, record: &Record, paint: Paint) -> Vec<String> {
    let phase = record.phases.last().map_or_else(String::new, |moment| paint.rollout(moment.what.phase));
    let Programme { rollout, strategy, split, time_scale, .. } = programme;
    let how = paint.faint(&format!("{strategy} {split}, times divided by {time_scale}"));
    vec![format!("{}  {phase}  {:.0} s  {how}", paint.strong(rollout), record.end)]
}

fn sides(record: &Record, paint: Paint) -> Vec<String> {
    let heading = format!(
        "{:8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "", "weight", "replicas", "req/s", "success", "p95", "errors"
    );
    let sides = [Side::Stable, Side::Canary].map(|side| self::side(record, side, paint));
    std::iter::once(paint.faint(&heading)).chain(sides).collect()
}

fn side(record: &Record, side: Side, paint: Paint) -> String {
    let canary = record.weights.last().map_or(0, |weight| weight.what.canary.min(100));
    let weight = if side == Side::Canary { canary } else { 100 - canary };
    let replicas = record.replicas.iter().rev().find(|moment| moment.what.side == side);
    let replicas = replicas
        .map_or_else(|| "–".to_owned(), |moment| format!("{}/{}", moment.what.ready, moment.what.wanted));
    let Recent { totals, seconds } = recent(record, side);
    let success = format!("{:>9}", words::success(&totals));
    let success = match totals.success() {
        None => paint.faint(&success),
        Some(percent) if percent >= 99.0 => paint.good(&success),
        Some(_) => paint.bad(&success),
    };
    let p95 = if totals.requests > 0 { format!("{:.0} ms", totals.p95 * 1e3) } else { "–".to_owned() };
    let errors = record.totals(side, 0.0, f64::INFINITY).errors;
    let rate = totals.requests as f64 / seconds;
    format!("{:8} {weight:>4} % {replicas:>9} {rate:>9.0} {success} {p95:>9} {errors:>8}", words::side(side))
}

struct Recent {
    totals: Totals,
    seconds: f64,
}

/// What one version answered in the last seconds that were told.
fn recent(record: &Record, side: Side) -> Recent {
    let last = record.traffic.last().map_or(0.0, |moment| moment.at);
    // Half a second later than the first of them, since a second may be told a little early or late.
    let totals = record.totals(side, last - RECENT + 0.5, f64::INFINITY);
    Recent { totals, seconds: last.clamp(1.0, RECENT) }
}

fn steps(programme: &Programme, record: &Record, paint: Paint) -> Vec<String> {
    let all = programme.steps.len();
    if all == 0 {
        return Vec::new();
    }
    let current = record.steps.last();
    let done = current.map_or(0, |step| step.index + usize::from(step.ended.is_some())).min(all);
    let first = done.saturating_sub(STEPS / 2).min(all.saturating_sub(STEPS));
    let stopped = record.decided().is_some();
    let shown = programme.steps.iter().enumerate().skip(first).take(STEPS);
    let step = |(index, name): (usize, &String)| {
        let text = format!("{:>2}  {name}", index + 1);
        if index < done {
            format!("  {} {text}", paint.good("✔"))
        } else if current.is_some_and(|step| step.index == index && step.ended.is_none()) {
            let sign = if stopped { paint.bad("✘") } else { paint.active("▶") };
            format!("  {sign} {}", paint.strong(&text))
        } else {
            format!("    {}", paint.faint(&text))
        }
    };
    let filled = BAR * done / all;
    let bar = format!("{}{}", paint.active(&"█".repeat(filled)), paint.faint(&"░".repeat(BAR - filled)));
    std::iter::once(format!("{bar}  {done} of {}", words::count(all as u64, "step")))
        .chain(shown.map(step))
        .collect()
}

fn analyses(record: &Record, paint: Paint) -> Vec<String> {
    let first = record.analyses.len().saturating_sub(ANALYSES);
    record.analyses.iter().skip(first).flat_map(|analysis| self::analysis(analysis, paint)).collect()
}

fn analysis(analysis: &AnalysisRun, paint: Paint) -> Vec<String> {
    let phase = paint.phase(analysis.phase, &format!("{} {:?}", sign(analysis.phase), analysis.phase));
    let head =
        format!("{}  {}  {phase}", paint.strong(&analysis.run), paint.faint(words::role(analysis.role)));
    let message = (!analysis.message.is_empty()).then(|| format!("  {}", analysis.message));
    let metrics = analysis.metrics.iter().map(|metric| self::metric(metric, paint));
    [String::new(), head].into_iter().chain(metrics).chain(message).collect()
}

fn metric(metric: &Metric, paint: Paint) -> String {
    let first = metric.measurements.len().saturating_sub(MEASUREMENTS);
    let signs = metric.measurements.iter().skip(first);
    let signs: String = signs
        .map(|moment| paint.phase(moment.what.phase, sign(moment.what.phase)))
        .collect::<Vec<_>>()
        .join(" ");
    let last = metric.measurements.last().map_or("", |moment| &moment.what.value);
    let failed = metric.measurements.iter().any(|moment| moment.what.phase == AnalysisPhase::Failed);
    let condition = match (failed, &*metric.gauge.failure, &*metric.gauge.success) {
        (true, failure, _) if !failure.is_empty() => format!("fails if {failure}"),
        (_, _, success) if !success.is_empty() => format!("wants {success}"),
        _ => String::new(),
    };
    format!("  {}  {signs}  {last}  {}", metric.gauge.metric, paint.faint(&condition))
}

/// The last crash.
fn trouble(record: &Record, paint: Paint) -> Vec<String> {
    let Some(last) = record.crashes.last() else { return Vec::new() };
    let count = words::count(record.crashes.len() as u64, "replica");
    vec![String::new(), paint.bad(&format!("{count} crashed, last {}: {}", last.what.pod, last.what.message))]
}

#[cfg(test)]
mod tests {
    use console::{measure_text_width, strip_ansi_codes};
    use proptest::prelude::*;

    use super::*;
    use crate::rehearse::event::Event;

    const SIZE: Size = Size { rows: 40, columns: 100 };

    /// What the first so many events of the recorded rehearsal came to.
    fn record(events: usize) -> Record {
        let mut record = Record::default();
        for line in include_str!("../../../tests/data/aborted.jsonl").lines().take(events) {
            record.add(&serde_json::from_str::<Event>(line).unwrap());
        }
        record
    }

    #[test]
    fn a_frame_shows_steps_sides_and_measurements() {
        let frame = of(&record(usize::MAX), SIZE, Paint { colours: false });
        assert_eq!(frame.join("\n") + "\n", include_str!("../../../tests/data/frame.txt"));
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let (plain, coloured) = (Paint { colours: false }, Paint { colours: true });
        let frame = |paint| of(&record(30), SIZE, paint).join("\n");
        let coloured = frame(coloured);
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(strip_ansi_codes(&coloured), frame(plain));
    }

    proptest! {
        #[test]
        fn a_frame_fits_every_terminal(
            events in 0_usize..60, rows in 0_usize..50, columns in 1_usize..200, colours: bool,
        ) {
            let frame = of(&record(events), Size { rows, columns }, Paint { colours });
            prop_assert!(frame.len() <= rows);
            for line in frame {
                prop_assert!(measure_text_width(&line) <= columns, "{:?}", line);
            }
        }
    }
}

//! From values to places in a picture.

/// A range of values along one side of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Least and greatest value.
    values: (f64, f64),
    /// Where they are in the picture; the other way around for heights, which are counted from above.
    places: (f64, f64),
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) place: f64,
    pub(super) label: String,
}

impl Axis {
    /// `values` are taken apart if they are one, so that there is something to show.
    pub(super) fn new(values: (f64, f64), places: (f64, f64)) -> Self {
        let (low, high) = values;
        let values = if high > low { (low, high) } else { (low, low + 1.0) };
        Self { values, places }
    }

    /// From zero to the least round number that is not below `highest`.
    pub(super) fn from_zero(highest: f64, places: (f64, f64)) -> Self {
        let highest = if highest.is_finite() && highest > 0.0 { highest } else { 1.0 };
        let step = step(highest, 3);
        Self::new((0.0, (highest / step).ceil() * step), places)
    }

    /// Where `value` is; values outside are at the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (low, high) = self.values;
        let (from, to) = self.places;
        let part = ((value - low) / (high - low)).clamp(0.0, 1.0);
        // NaN, which is nowhere, is at the beginning.
        let part = if part.is_finite() { part } else { 0.0 };
        ((from + part * (to - from)) * 10.0).round() / 10.0
    }

    /// About so many round values, with their names.
    pub(super) fn ticks(&self, about: usize, label: impl Fn(f64, f64) -> String) -> Vec<Tick> {
        let (low, high) = self.values;
        let step = step(high - low, about);
        let first = (low / step).ceil();
        // Counted and not added up, so that nothing is lost to rounding.
        let values = (0..=about * 3).map(|number| (first + number as f64) * step);
        let values = values.take_while(|value| *value <= high + step * 1e-6);
        values.map(|value| Tick { place: self.place(value), label: label(value, step) }).collect()
    }
}

/// The round number (1, 2 or 5 times a power of ten) that divides `span` into about so many parts, and at most that many.
fn step(span: f64, parts: usize) -> f64 {
    let least = span / parts.max(1) as f64;
    let power = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|round| round * power >= least * 0.999_999);
    round.unwrap_or(10.0) * power
}

/// A number with as many decimals as its step needs.
pub(super) fn decimal(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.decimals$}")
}

/// A time: seconds, or minutes and seconds where they are many.
pub(super) fn time(seconds: f64, step: f64) -> String {
    if step < 30.0 { format!("{} s", decimal(seconds, step)) } else { clock(seconds) }
}

/// Minutes and seconds.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round().max(0.0) as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_axis() {
        let labels = |axis: Axis, about| -> Vec<String> {
            axis.ticks(about, decimal).into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(Axis::from_zero(190.0, (100.0, 0.0)), 4), ["0", "50", "100", "150", "200"]);
        assert_eq!(labels(Axis::from_zero(0.07, (100.0, 0.0)), 4), ["0.00", "0.05", "0.10"]);
        assert_eq!(labels(Axis::new((0.0, 47.3), (0.0, 900.0)), 8), ["0", "10", "20", "30", "40"]);
        assert_eq!(labels(Axis::new((0.9, 1.0), (0.0, 100.0)), 4), ["0.90", "0.95", "1.00"]);
    }

    #[test]
    fn an_axis_of_nothing_still_has_room() {
        for highest in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let axis = Axis::from_zero(highest, (100.0, 0.0));
            assert_eq!((axis.place(0.0), axis.place(1.0)), (100.0, 0.0), "{highest}");
        }
        assert_eq!(Axis::new((3.0, 3.0), (0.0, 10.0)).place(3.0), 0.0);
    }

    #[test]
    fn long_times_are_minutes() {
        assert_eq!((time(0.5, 0.5), time(90.0, 60.0)), ("0.5 s".to_owned(), "1:30".to_owned()));
    }

    proptest! {
        #[test]
        fn places_stay_within_the_picture(low in -1e9..1e9, span in 1e-6..1e9, value in any::<f64>()) {
            let place = Axis::new((low, low + span), (10.0, 90.0)).place(value);
            prop_assert!((10.0..=90.0).contains(&place), "{}", place);
        }

        #[test]
        fn ticks_are_few_and_never_none(low in 0.0..1e6, span in 1e-3..1e9, about in 3_usize..12) {
            let count = Axis::new((low, low + span), (0.0, 1.0)).ticks(about, decimal).len();
            prop_assert!(count >= 1 && count <= about + 1, "{}", count);
        }
    }
}

//! Counts requests, second by second and in all.

use std::time::Duration;

use crate::rehearse::event::{Second, Side};

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was sent.
    pub sent: Duration,
    /// How long its answer took.
    pub took: Duration,
    /// Which version answered; none if nobody did.
    pub side: Option<Side>,
    /// Whether its user saw an error.
    pub failed: bool,
}

/// Counts requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests that have ended.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// When the last request was sent that the new version answered.
    pub last_canary: Option<Duration>,
    /// Since when all traffic is back at the stable version, and how many failed that were sent since then.
    after: Option<(Duration, u64)>,
    /// Those of the second under way.
    second: [Vec<Sample>; 2],
}

impl Tally {
    /// Counts one. Who was not answered at all counts with the stable version, unless `only_canary` has traffic.
    pub fn add(&mut self, sample: Sample, only_canary: bool) {
        self.requests += 1;
        self.errors += u64::from(sample.failed);
        if sample.side == Some(Side::Canary) {
            self.last_canary = self.last_canary.max(Some(sample.sent));
        }
        if let Some((since, errors)) = &mut self.after
            && sample.sent > *since
        {
            *errors += u64::from(sample.failed);
        }
        let nobody = if only_canary { Side::Canary } else { Side::Stable };
        self.second[usize::from(sample.side.unwrap_or(nobody) == Side::Canary)].push(sample);
    }

    /// All traffic is back at the stable version, from `now` on.
    pub fn all_back(&mut self, now: Duration) {
        self.after.get_or_insert((now, 0));
    }

    /// Begins anew to look for errors after an abort.
    pub fn again(&mut self) {
        self.after = None;
        self.last_canary = None;
    }

    /// Errors among the requests that were sent after that.
    pub fn errors_after(&self) -> Option<u64> {
        self.after.map(|(_, errors)| errors)
    }

    /// Closes the second under way.
    pub fn second(&mut self) -> Vec<Second> {
        let sides = [Side::Stable, Side::Canary].into_iter().zip(&mut self.second);
        sides
            .filter(|(_, samples)| !samples.is_empty())
            .map(|(side, samples)| second(side, std::mem::take(samples)))
            .collect()
    }
}

fn second(side: Side, mut samples: Vec<Sample>) -> Second {
    samples.sort_by_key(|sample| sample.took);
    // The least time within which so many of a hundred were answered.
    let within = |percent: usize| {
        let rank = (samples.len() * percent).div_ceil(100).saturating_sub(1);
        samples.get(rank).map_or(0.0, |sample| sample.took.as_secs_f64())
    };
    Second {
        side,
        requests: samples.len() as u64,
        errors: samples.iter().filter(|sample| sample.failed).count() as u64,
        p50: within(50),
        p95: within(95),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(sent: u64, took: u64, side: Option<Side>, failed: bool) -> Sample {
        Sample { sent: Duration::from_secs(sent), took: Duration::from_millis(took), side, failed }
    }

    #[test]
    fn a_second_is_told_for_each_version_that_had_requests() {
        let mut tally = Tally::default();
        for took in 1..=100 {
            tally.add(sample(0, took, Some(Side::Canary), took > 98), false);
        }
        let seconds = tally.second();
        assert_eq!(seconds, [Second { side: Side::Canary, requests: 100, errors: 2, p50: 0.05, p95: 0.095 }]);
        assert_eq!(tally.second(), []);
        assert_eq!((tally.requests, tally.errors), (100, 2));
    }

    #[test]
    fn who_is_not_answered_counts_where_the_traffic_is() {
        let mut tally = Tally::default();
        tally.add(sample(0, 1, None, true), false);
        tally.add(sample(0, 1, None, true), true);
        let sides: Vec<Side> = tally.second().iter().map(|second| second.side).collect();
        assert_eq!(sides, [Side::Stable, Side::Canary]);
    }

    #[test]
    fn errors_after_an_abort_are_those_of_requests_that_were_sent_after_it() {
        let mut tally = Tally::default();
        tally.add(sample(1, 1, Some(Side::Canary), true), false);
        assert_eq!(tally.errors_after(), None);
        tally.all_back(Duration::from_secs(2));
        tally.add(sample(1, 5_000, Some(Side::Canary), true), false);
        assert_eq!(tally.errors_after(), Some(0));
        tally.add(sample(3, 1, Some(Side::Stable), true), false);
        assert_eq!(tally.errors_after(), Some(1));
        assert_eq!(tally.last_canary, Some(Duration::from_secs(1)));
    }
}

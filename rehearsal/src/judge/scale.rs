//! Shortens the times of a plan, so that a rehearsal does not take as long as the release.

mod ranges;

use std::time::Duration;

use super::{Plan, PlannedMetric};

/// Scrapes that a range must hold: `rate` needs two, and one at each end may be missed.
pub const MIN_SCRAPES: u32 = 4;

/// A plan cannot be shortened so far.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    /// Times can only be divided by a number from 1 on.
    #[error("a time scale is a number from 1 on")]
    Factor,
    /// A metric cannot be shortened so far.
    #[error("metric {metric}: {problem}")]
    Metric {
        /// Its name.
        metric: String,
        /// A sentence.
        problem: String,
    },
}

/// By how much times are shortened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Times are divided by it; 1 or more.
    pub factor: f64,
    /// How often series are scraped while the shortened plan is measured; not divided again.
    pub scrape_interval: Duration,
}

impl Scale {
    /// `time`, shortened.
    ///
    /// # Errors
    /// If the factor is less than 1, or no number.
    pub fn shorten(&self, time: Duration) -> Result<Duration, ScaleError> {
        if !self.factor.is_finite() || self.factor < 1.0 {
            return Err(ScaleError::Factor);
        }
        Ok(time.div_f64(self.factor))
    }
}

impl Plan {
    /// The same with its times shortened: initial delays, intervals, the wait after an error, and the ranges in queries.
    ///
    /// # Errors
    /// If a range would hold fewer than [`MIN_SCRAPES`] scrapes, or a query cannot be read.
    pub fn scaled(mut self, scale: &Scale) -> Result<Self, ScaleError> {
        self.metrics.iter_mut().try_for_each(|metric| shorten(metric, scale))?;
        Ok(self)
    }
}

fn shorten(metric: &mut PlannedMetric, scale: &Scale) -> Result<(), ScaleError> {
    let schedule = &mut metric.schedule;
    for time in
        [&mut schedule.initial_delay, &mut schedule.error_retry].into_iter().chain(&mut schedule.interval)
    {
        *time = scale.shorten(*time)?;
    }
    let query = ranges::shorten(&metric.source.query, scale);
    metric.source.query =
        query.map_err(|problem| ScaleError::Metric { metric: metric.name.clone(), problem })?;
    Ok(())
}

#[cfg(test)]
mod tests;

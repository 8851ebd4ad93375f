//! How often a metric is measured, and what it bears.

use std::time::Duration;

use crate::manifest::{IntOrString, Metric, parse_duration};

/// Errors in a row that are borne, if a metric does not say.
pub const DEFAULT_CONSECUTIVE_ERROR_LIMIT: u32 = 4;

/// Time after which a measurement is tried again that ended in an error.
pub const ERROR_RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// When a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From the start of the run to the first measurement.
    pub initial_delay: Duration,
    /// From the end of a measurement to the next.
    pub interval: Option<Duration>,
    /// Measurements to take; without, it goes on until the run is ended.
    pub count: Option<u32>,
    /// From the end of a measurement that was an error to the next.
    pub error_retry: Duration,
}

/// What a metric bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Measurements that may fail; without, any number.
    pub failures: Option<u32>,
    /// Measurements that may be inconclusive.
    pub inconclusive: u32,
    /// Errors that may come in a row.
    pub consecutive_errors: u32,
    /// Successes in a row after which it has passed.
    pub consecutive_successes: Option<u32>,
}

impl Schedule {
    /// That of `metric`, whose arguments are put in.
    ///
    /// # Errors
    /// With a sentence, if Argo Rollouts would not take it.
    pub fn of(metric: &Metric) -> Result<Self, String> {
        let time = |name: &str, text: &str| match text {
            "" => Ok(None),
            _ => parse_duration(text).map(Some).map_err(|problem| format!("{name}: {problem}")),
        };
        let interval = time("interval", &metric.interval)?;
        let initial_delay = time("initialDelay", &metric.initial_delay)?.unwrap_or_default();
        let count = match integer("count", metric.count.as_ref())?.unwrap_or(0) {
            0 if interval.is_some() => None,
            0 => Some(1),
            count => Some(
                u32::try_from(count).map_err(|_| format!("count is {count}, and must not be negative"))?,
            ),
        };
        if interval.is_none() && count.is_some_and(|count| count > 1) {
            return Err("interval: must be given with a count above 1".to_owned());
        }
        Ok(Self { initial_delay, interval, count, error_retry: ERROR_RETRY_INTERVAL })
    }
}

impl Limits {
    /// Those of `metric`, whose arguments are put in.
    ///
    /// # Errors
    /// With a sentence, if Argo Rollouts would not take them.
    pub fn of(metric: &Metric) -> Result<Self, String> {
        let failures = match integer("failureLimit", metric.failure_limit.as_ref())?.unwrap_or(0) {
            -1 => None,
            limit => Some(
                u32::try_from(limit)
                    .map_err(|_| format!("failureLimit is {limit}, and must be -1 or more"))?,
            ),
        };
        let successes =
            unsigned("consecutiveSuccessLimit", metric.consecutive_success_limit.as_ref())?.unwrap_or(0);
        let limits = Self {
            failures,
            inconclusive: unsigned("inconclusiveLimit", metric.inconclusive_limit.as_ref())?.unwrap_or(0),
            consecutive_errors: unsigned("consecutiveErrorLimit", metric.consecutive_error_limit.as_ref())?
                .unwrap_or(DEFAULT_CONSECUTIVE_ERROR_LIMIT),
            consecutive_successes: (successes > 0).then_some(successes),
        };
        let count = integer("count", metric.count.as_ref())?.unwrap_or(0);
        limits.fit(u32::try_from(count).unwrap_or(0))?;
        Ok(limits)
    }

    fn fit(&self, count: u32) -> Result<(), String> {
        let successes = self.consecutive_successes.unwrap_or(0);
        if self.failures.is_none() && successes == 0 {
            return Err(
                "failureLimit -1 leaves nothing that could fail without a consecutiveSuccessLimit".to_owned()
            );
        }
        if count == 0 {
            return Ok(());
        }
        let needed = u64::from(self.failures.unwrap_or(0)) + u64::from(successes);
        if u64::from(count) < needed {
            return Err(format!(
                "count {count} is less than failureLimit and consecutiveSuccessLimit together ({needed})"
            ));
        }
        if count < self.inconclusive {
            return Err(format!("count {count} is less than inconclusiveLimit {}", self.inconclusive));
        }
        Ok(())
    }
}

fn integer(name: &str, value: Option<&IntOrString>) -> Result<Option<i32>, String> {
    value.map(|value| value.value().map_err(|problem| format!("{name}: {problem}"))).transpose()
}

fn unsigned(name: &str, value: Option<&IntOrString>) -> Result<Option<u32>, String> {
    let number = integer(name, value)?;
    number
        .map(|number| {
            u32::try_from(number).map_err(|_| format!("{name} is {number}, and must not be negative"))
        })
        .transpose()
}

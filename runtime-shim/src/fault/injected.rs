//! Faults at work.

use std::time::Duration;

use clap::Args;
use http::StatusCode;

use super::share::{Share, Spread};
use super::spec::Fault;

/// Exit status of a process that crashes on purpose: EX_SOFTWARE, see sysexits(3).
const CRASHED: i32 = 70;

/// What is to go wrong.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Faults")]
pub struct FaultArguments {
    /// Fail on purpose, as if the application did: status=500:30% answers three in ten requests with that status,
    /// latency=800ms:50% keeps half of them waiting, hang:10% never answers, crash=10s ends the process so long after it
    /// began to serve, unready fails /readyz. May be repeated; what answers first, in this order, wins.
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Fault>,
}

/// The faults of this process.
pub struct Faults {
    faults: Vec<(Fault, Spread)>,
    /// After so long, the time-out for requests strikes.
    limit: Duration,
}

/// What a fault does to a request.
enum Strike {
    Answer(StatusCode),
    Wait(Duration),
}

impl Faults {
    /// Takes over what was asked for; `limit` is the time that a request may take until its answer begins.
    pub fn new(arguments: &FaultArguments, limit: Duration) -> Self {
        let spread = |fault: &Fault| match fault {
            Fault::Status(_, share) | Fault::Latency(_, share) | Fault::Hang(share) => Spread::new(*share),
            Fault::Crash(_) | Fault::Unready => Spread::new(Share::ALL),
        };
        Self { faults: arguments.faults.iter().map(|fault| (*fault, spread(fault))).collect(), limit }
    }

    /// To be called when the process begins to serve: says what will go wrong, and sets the time of a crash.
    pub fn begin(&self) {
        for (fault, _) in &self.faults {
            tracing::warn!("FAULT INJECTION: {fault}; this process fails on purpose");
            if let Fault::Crash(after) = *fault {
                tokio::spawn(crash(after));
            }
        }
    }

    /// Whether nothing goes wrong on purpose.
    pub fn are_none(&self) -> bool {
        self.faults.is_empty()
    }

    /// Does to a request what is its lot. A status is its answer; with none, the application is asked.
    pub async fn strike(&self) -> Option<StatusCode> {
        let (delay, status) = self.next();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        status
    }

    /// The lot of the next request: how long it waits, and how it is then answered.
    fn next(&self) -> (Duration, Option<StatusCode>) {
        let mut delay = Duration::ZERO;
        for (fault, spread) in &self.faults {
            match self.on_request(fault, spread) {
                Some(Strike::Answer(status)) => return (delay, Some(status)),
                Some(Strike::Wait(period)) => delay = delay.saturating_add(period),
                None => {}
            }
            if delay >= self.limit {
                return (self.limit, Some(StatusCode::GATEWAY_TIMEOUT));
            }
        }
        (delay, None)
    }

    fn on_request(&self, fault: &Fault, spread: &Spread) -> Option<Strike> {
        let strike = match *fault {
            Fault::Status(status, _) => Strike::Answer(status),
            Fault::Latency(period, _) => Strike::Wait(period),
            Fault::Hang(_) => Strike::Wait(self.limit),
            Fault::Crash(_) | Fault::Unready => return None,
        };
        spread.takes_next().then_some(strike)
    }

    /// Whether the application may call itself ready.
    ///
    /// # Errors
    /// With the fault `unready`, a sentence that says so.
    pub fn ready(&self) -> Result<(), String> {
        let unready = self.faults.iter().any(|(fault, _)| *fault == Fault::Unready);
        if unready { Err("unready on purpose, by --fault unready".to_owned()) } else { Ok(()) }
    }
}

/// Ends the process without a drain, as a crash would: connections break off.
async fn crash(after: Duration) {
    tokio::time::sleep(after).await;
    tracing::error!("FAULT INJECTION: crash={after:?}; this process ends on purpose");
    std::process::exit(CRASHED);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    fn faults(specs: &[&str]) -> Faults {
        let faults = specs.iter().map(|spec| spec.parse().unwrap()).collect();
        Faults::new(&FaultArguments { faults }, LIMIT)
    }

    fn next(faults: &Faults) -> (Duration, Option<u16>) {
        let (delay, status) = faults.next();
        (delay, status.map(|status| status.as_u16()))
    }

    #[test]
    fn each_fault_does_its_own() {
        for (spec, expected) in [
            ("status=503", (Duration::ZERO, Some(503))),
            ("latency=1s", (SECOND, None)),
            ("latency=1m", (LIMIT, Some(504))),
            ("hang", (LIMIT, Some(504))),
            ("unready", (Duration::ZERO, None)),
            ("crash=1h", (Duration::ZERO, None)),
        ] {
            assert_eq!(next(&faults(&[spec])), expected, "{spec}");
        }
    }

    #[test]
    fn what_answers_first_wins_and_waits_add_up() {
        let slow_failure = faults(&["latency=1s", "latency=1s", "status=500", "hang"]);
        assert_eq!(next(&slow_failure), (2 * SECOND, Some(500)));
        let too_slow = faults(&["latency=29s", "hang", "status=500"]);
        assert_eq!(next(&too_slow), (LIMIT, Some(504)), "the time-out is one for all");
    }

    #[test]
    fn a_share_counts_only_the_requests_that_come_to_it() {
        let faults = faults(&["status=503:50%", "status=500:50%"]);
        let mut counts = std::collections::BTreeMap::<_, u32>::new();
        for _ in 0..400 {
            *counts.entry(next(&faults).1).or_default() += 1;
        }
        for (status, expected) in [(Some(503), 200), (Some(500), 100), (None, 100)] {
            assert!(counts[&status].abs_diff(expected) <= 4, "{status:?}: {counts:?}");
        }
    }

    #[test]
    fn only_unready_is_a_reason_not_to_be_ready() {
        assert_eq!(faults(&["status=500", "hang", "crash=1s"]).ready(), Ok(()));
        let unready = faults(&["hang", "unready"]).ready();
        assert_eq!(unready, Err("unready on purpose, by --fault unready".to_owned()));
    }
}

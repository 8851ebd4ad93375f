//! What `--fault` takes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;

use super::share::Share;

/// A fault on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `status=500:30%`: requests are answered with this status, and the application is not asked.
    Status(StatusCode, Share),
    /// `latency=800ms:50%`: requests wait for so long before the application is asked.
    Latency(Duration, Share),
    /// `hang:30%`: requests are not answered, until the time-out for requests answers them with a 504.
    Hang(Share),
    /// `crash=10s`: the process ends so long after it began to serve.
    Crash(Duration),
    /// `unready`: `/readyz` answers 503, while requests are served.
    Unready,
}

/// Why a text is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFault {
    /// The kind is not known.
    #[error(
        "{0:?} is no fault: known are status=CODE[:SHARE], latency=TIME[:SHARE], hang[:SHARE], crash=TIME and unready"
    )]
    Unknown(String),
    /// The status is none that is a failure.
    #[error("{0:?} is no status of a failure: 400 to 599")]
    Status(String),
    /// The time is none, or zero.
    #[error("{0:?} is no time: a number with a unit, as 800ms or 10s, and more than zero")]
    Time(String),
    /// The share is none.
    #[error("{0}")]
    Share(String),
    /// Something strikes all requests or none.
    #[error("{0} takes no share of the requests: it is a matter of the whole process")]
    Unshared(&'static str),
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (what, share) = match text.split_once(':') {
            Some((what, share)) => (what, Some(share)),
            None => (text, None),
        };
        let part = || share.map_or(Ok(Share::ALL), |share| share.parse().map_err(InvalidFault::Share));
        let whole = |kind| if share.is_some() { Err(InvalidFault::Unshared(kind)) } else { Ok(()) };
        match what.split_once('=') {
            Some(("status", code)) => Ok(Self::Status(status(code)?, part()?)),
            Some(("latency", period)) => Ok(Self::Latency(time(period)?, part()?)),
            Some(("crash", after)) => whole("crash").and_then(|()| Ok(Self::Crash(time(after)?))),
            None if what == "hang" => Ok(Self::Hang(part()?)),
            None if what == "unready" => whole("unready").map(|()| Self::Unready),
            _ => Err(InvalidFault::Unknown(text.to_owned())),
        }
    }
}

fn status(text: &str) -> Result<StatusCode, InvalidFault> {
    let status = text.parse().ok().filter(|status: &StatusCode| (400..600).contains(&status.as_u16()));
    status.ok_or_else(|| InvalidFault::Status(text.to_owned()))
}

fn time(text: &str) -> Result<Duration, InvalidFault> {
    let time = humantime::parse_duration(text).ok().filter(|time| !time.is_zero());
    time.ok_or_else(|| InvalidFault::Time(text.to_owned()))
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status, share) => write!(formatter, "status={}:{share}", status.as_u16()),
            Self::Latency(period, share) => write!(formatter, "latency={}:{share}", compact(*period)),
            Self::Hang(share) => write!(formatter, "hang:{share}"),
            Self::Crash(after) => write!(formatter, "crash={}", compact(*after)),
            Self::Unready => formatter.write_str("unready"),
        }
    }
}

/// A time as one word.
fn compact(time: Duration) -> String {
    humantime::format_duration(time).to_string().replace(' ', "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_is_understood_with_and_without_a_share() {
        let half: Share = "50%".parse().unwrap();
        for (text, fault) in [
            ("status=500", Fault::Status(StatusCode::INTERNAL_SERVER_ERROR, Share::ALL)),
            ("status=404:50%", Fault::Status(StatusCode::NOT_FOUND, half)),
            ("latency=800ms:50%", Fault::Latency(Duration::from_millis(800), half)),
            ("latency=1m30s", Fault::Latency(Duration::from_secs(90), Share::ALL)),
            ("hang", Fault::Hang(Share::ALL)),
            ("hang:50%", Fault::Hang(half)),
            ("crash=10s", Fault::Crash(Duration::from_secs(10))),
            ("unready", Fault::Unready),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_a_sentence() {
        let known =
            "known are status=CODE[:SHARE], latency=TIME[:SHARE], hang[:SHARE], crash=TIME and unready";
        for (text, sentence) in [
            ("", format!("\"\" is no fault: {known}")),
            ("slow", format!("\"slow\" is no fault: {known}")),
            ("status", format!("\"status\" is no fault: {known}")),
            ("hang=5s", format!("\"hang=5s\" is no fault: {known}")),
            ("Status=500", format!("\"Status=500\" is no fault: {known}")),
            ("status=200", "\"200\" is no status of a failure: 400 to 599".to_owned()),
            ("status=5000", "\"5000\" is no status of a failure: 400 to 599".to_owned()),
            ("latency=800:50%", no_time("800")),
            ("latency=0s", no_time("0s")),
            ("crash=", no_time("")),
            ("crash=10s:50%", unshared("crash")),
            ("unready:50%", unshared("unready")),
            (
                "hang:half",
                "\"half\" is no share of the requests: more than 0% and at most 100%, as 30% or 0.5%"
                    .to_owned(),
            ),
        ] {
            assert_eq!(text.parse::<Fault>().unwrap_err().to_string(), sentence, "{text}");
        }
    }

    fn no_time(text: &str) -> String {
        format!("{text:?} is no time: a number with a unit, as 800ms or 10s, and more than zero")
    }

    fn unshared(kind: &str) -> String {
        format!("{kind} takes no share of the requests: it is a matter of the whole process")
    }

    prop_compose! {
        fn shares()(hundredths in 1_u32..=10_000) -> Share {
            format!("{}.{:02}%", hundredths / 100, hundredths % 100).parse().unwrap()
        }
    }

    prop_compose! {
        fn times()(milliseconds in 1_u64..=u64::from(u32::MAX)) -> Duration {
            Duration::from_millis(milliseconds)
        }
    }

    fn faults() -> impl Strategy<Value = Fault> {
        let statuses = (400_u16..600).prop_map(|code| StatusCode::from_u16(code).unwrap());
        prop_oneof![
            (statuses, shares()).prop_map(|(status, share)| Fault::Status(status, share)),
            (times(), shares()).prop_map(|(period, share)| Fault::Latency(period, share)),
            shares().prop_map(Fault::Hang),
            times().prop_map(Fault::Crash),
            Just(Fault::Unready),
        ]
    }

    proptest! {
        #[test]
        fn a_fault_reads_back_as_it_is_shown(fault in faults()) {
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }

        #[test]
        fn no_text_is_a_panic(text in "(status|latency|hang|crash|unready|.{0,6})[=:]?.{0,8}[:%]?.{0,4}") {
            if let Err(refused) = text.parse::<Fault>() {
                prop_assert!(!refused.to_string().chars().any(char::is_control));
            }
        }
    }
}

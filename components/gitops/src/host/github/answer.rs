//! What GitHub's statuses and headers mean.
//!
//! <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use crate::host::HostError;

/// How long to wait where GitHub does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// Longest wait that is believed: the limits are counted by the hour.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);
/// Most characters of GitHub's words that are repeated.
const MAX_WORDS: usize = 200;

/// Lets a good answer through, and says what any other means.
pub(super) fn check(answer: Response<Bytes>, what: &str) -> Result<Response<Bytes>, HostError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let words = words(answer.body());
    if is_rate_limit(status, answer.headers(), &words) {
        return Err(rate_limited(answer.headers()));
    }
    Err(match status {
        StatusCode::UNAUTHORIZED => HostError::Unauthorized,
        StatusCode::NOT_FOUND => HostError::NotFound(what.to_owned()),
        StatusCode::REQUEST_TIMEOUT => HostError::Transient(format!("{status} for {what}")),
        _ if status.is_server_error() => HostError::Transient(format!("{status} for {what}")),
        _ => HostError::Refused(format!("{status} for {what}: {words}")),
    })
}

/// Both kinds of limit answer 403 or 429. A 403 without a sign of either is a matter of permissions.
fn is_rate_limit(status: StatusCode, headers: &HeaderMap, words: &str) -> bool {
    let is_spent = headers.get("x-ratelimit-remaining").is_some_and(|remaining| remaining == "0");
    let is_named = words.to_ascii_lowercase().contains("rate limit");
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::FORBIDDEN && (is_spent || is_named || headers.contains_key("retry-after"))
}

/// The limit that these headers tell about.
pub(super) fn rate_limited(headers: &HeaderMap) -> HostError {
    HostError::RateLimited { retry_after: wait(headers, SystemTime::now()) }
}

/// How long to wait: by `retry-after`, else until the limit is reset.
fn wait(headers: &HeaderMap, now: SystemTime) -> Duration {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let until_reset = || {
        number("x-ratelimit-remaining").filter(|remaining| *remaining == 0)?;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Duration::from_secs(number("x-ratelimit-reset")?).saturating_sub(now))
    };
    number("retry-after").map(Duration::from_secs).or_else(until_reset).unwrap_or(DEFAULT_WAIT).min(MAX_WAIT)
}

/// GitHub's own words about an error, short and in one line.
fn words(body: &[u8]) -> String {
    let message = serde_json::from_slice::<Value>(body).ok();
    let message = message.as_ref().and_then(|value| value.get("message")).and_then(Value::as_str);
    short(message.unwrap_or("no reason given"))
}

/// A foreign text, short and in one line.
pub(super) fn short(text: &str) -> String {
    text.chars().take(MAX_WORDS).map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_for(headers: &[(&'static str, &'static str)]) -> u64 {
        let headers =
            headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        wait(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)).as_secs()
    }

    #[test]
    fn retry_after_goes_before_the_reset() {
        let spent = [("retry-after", "7"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")];
        assert_eq!(wait_for(&spent), 7);
        assert_eq!(wait_for(&spent[1..]), 30);
    }

    #[test]
    fn reset_counts_only_when_the_limit_is_spent() {
        assert_eq!(wait_for(&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "1030")]), 60);
        assert_eq!(wait_for(&[("x-ratelimit-reset", "1030")]), 60);
        assert_eq!(
            wait_for(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "10")]),
            0,
            "over already"
        );
    }

    #[test]
    fn nonsense_is_not_believed() {
        assert_eq!(wait_for(&[]), 60);
        assert_eq!(wait_for(&[("retry-after", "soon")]), 60);
        assert_eq!(wait_for(&[("retry-after", "99999999999")]), 3_600);
        assert_eq!(
            wait_for(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "18446744073709551615")]),
            3_600
        );
    }
}

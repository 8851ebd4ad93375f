//! The headers that say how much of the hour's requests is left. Nothing is refused by itself: a rate limit is a
//! fault that a test asks for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::Utc;

/// Requests an hour of one App installation.
const LIMIT: u64 = 5_000;
/// Seconds of the window that is counted in.
const WINDOW: i64 = 3_600;

/// Requests seen in this hour, by resource.
#[derive(Debug, Default)]
pub struct RateLimit(Mutex<BTreeMap<&'static str, Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    used: u64,
    reset: i64,
}

impl RateLimit {
    /// Counts a request and sets the headers of its answer. What a fault has set already stays.
    pub fn count(&self, path: &str, headers: &mut HeaderMap) {
        let resource = if path.ends_with("/graphql") { "graphql" } else { "core" };
        let now = Utc::now().timestamp();
        let window = {
            let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let window = windows.entry(resource).or_insert(Window { used: 0, reset: now + WINDOW });
            if window.reset <= now {
                *window = Window { used: 0, reset: now + WINDOW };
            }
            window.used += 1;
            *window
        };
        let remaining = LIMIT.saturating_sub(window.used);
        set(headers, "x-ratelimit-limit", LIMIT);
        set(headers, "x-ratelimit-used", window.used.min(LIMIT));
        set(headers, "x-ratelimit-remaining", remaining);
        set(headers, "x-ratelimit-reset", window.reset.unsigned_abs());
        headers.insert("x-ratelimit-resource", HeaderValue::from_static(resource));
    }
}

/// The headers of an answer to a request that came after the hour's last one.
pub fn used_up(reset_after: u64, headers: &mut HeaderMap) {
    set(headers, "x-ratelimit-used", LIMIT);
    set(headers, "x-ratelimit-remaining", 0);
    set(headers, "x-ratelimit-reset", Utc::now().timestamp().unsigned_abs().saturating_add(reset_after));
}

fn set(headers: &mut HeaderMap, name: &'static str, value: u64) {
    headers.entry(HeaderName::from_static(name)).or_insert_with(|| HeaderValue::from(value));
}

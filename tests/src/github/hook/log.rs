//! The hooks, and the log of what they delivered.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::attempt::Attempt;
use super::owner::HookOwner;

/// The first hook's id.
const FIRST_HOOK: u64 = 292_430_182;
/// The first attempt's id: above 2^53, as GitHub's are, so that a client which takes them for floating-point numbers is
/// found out.
const FIRST_ATTEMPT: u64 = 3_842_091_948_768_772_097;
/// How long GitHub keeps an attempt:
/// <https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries>
const KEPT: TimeDelta = TimeDelta::days(3);

/// A hook.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its number in the API's paths.
    pub id: u64,
    /// Whose events it sends.
    pub owner: HookOwner,
    /// Where to.
    pub url: String,
    /// What its deliveries are signed with.
    pub secret: String,
}

/// Which attempts are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Status codes from 200 to 399.
    Success,
    /// Status codes from 400 to 599.
    Failure,
}

impl Class {
    fn has(self, code: u16) -> bool {
        match self {
            Self::Success => (200..=399).contains(&code),
            Self::Failure => (400..=599).contains(&code),
        }
    }
}

/// Attempts of a list, newest first, and the first one that did not fit.
#[derive(Debug)]
pub struct Page {
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// Where the next page begins.
    pub next: Option<u64>,
}

/// All hooks and attempts, oldest first.
#[derive(Debug, Default)]
pub struct Hooks {
    hooks: Vec<Hook>,
    attempts: Vec<Attempt>,
}

impl Hooks {
    /// Makes a hook and gives its id.
    pub fn create(&mut self, owner: HookOwner, url: &str, secret: &str) -> u64 {
        let id = FIRST_HOOK + self.hooks.len() as u64;
        self.hooks.push(Hook { id, owner, url: url.to_owned(), secret: secret.to_owned() });
        id
    }

    /// A hook.
    pub fn hook(&self, id: u64) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.id == id)
    }

    /// Writes an attempt down, and gives it its id.
    pub fn record(&mut self, mut attempt: Attempt) -> Attempt {
        attempt.id = FIRST_ATTEMPT + self.attempts.len() as u64;
        self.attempts.push(attempt.clone());
        attempt
    }

    /// The attempts of a hook that are not too old.
    pub fn attempts(&self, hook: u64) -> impl DoubleEndedIterator<Item = &Attempt> {
        let now = Utc::now();
        self.attempts.iter().filter(move |attempt| attempt.hook == hook && is_kept(attempt.delivered_at, now))
    }

    /// Moves the time of an attempt back.
    pub fn backdate(&mut self, attempt: u64, by: Duration) {
        if let Some(found) = self.attempts.iter_mut().find(|other| other.id == attempt) {
            found.delivered_at -= by;
        }
    }

    /// A part of the log; none when `start` is no attempt of the hook.
    pub fn page(&self, hook: u64, start: Option<u64>, class: Option<Class>, size: usize) -> Option<Page> {
        let is_known = |id| self.attempts.iter().any(|attempt| attempt.hook == hook && attempt.id == id);
        if !start.is_none_or(is_known) {
            return None;
        }
        let mut rest = self
            .attempts(hook)
            .rev()
            .filter(|attempt| start.is_none_or(|start| attempt.id <= start))
            .filter(|attempt| class.is_none_or(|class| class.has(attempt.reply.code())));
        let attempts = rest.by_ref().take(size).cloned().collect();
        Some(Page { attempts, next: rest.next().map(|attempt| attempt.id) })
    }
}

fn is_kept(delivered_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - delivered_at <= KEPT
}

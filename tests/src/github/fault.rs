//! What can be made to go wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A fault that is waiting for its requests.
///
/// As JSON (the body of `POST /_double/faults`):
/// `{"kind": "status", "status": 503, "times": 2, "method": "PUT", "path": "/contents/"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    pub effect: Effect,
    /// How many requests it happens to.
    #[serde(default = "once")]
    pub times: u32,
    /// Only to requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only to requests whose path has this in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only to requests whose body has this in it, e.g. the name of a mutation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

fn once() -> u32 {
    1
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// It is answered with this status, and nothing is done.
    Status {
        /// HTTP status from 400 to 599.
        status: u16,
    },
    /// The hour's requests are used up.
    PrimaryRateLimit {
        /// Seconds until there are new ones.
        reset_after: u64,
    },
    /// Too much at once.
    SecondaryRateLimit {
        /// 403 or 429; GitHub uses both.
        status: u16,
        /// Seconds, for the header `retry-after`.
        retry_after: u64,
    },
    /// It is done as usual, but later.
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// It is never answered, and nothing is done.
    NoAnswer,
    /// The connection breaks before anything is done.
    DropBefore,
    /// The connection breaks after everything was done.
    DropAfter,
    /// Somebody else's push lands on the branch at the last moment before it moves. Requests that move no branch
    /// pass by; `method`, `path` and `body` are not looked at.
    CompetingPush {
        /// Path and new text; none: a file of its own.
        #[serde(default)]
        files: BTreeMap<String, String>,
    },
}

impl Fault {
    /// This effect on the next request, whichever it is.
    pub fn new(effect: Effect) -> Self {
        Self { effect, times: once(), method: None, path: None, body: None }
    }

    /// On so many requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Only on requests of this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only on requests whose path has this in it.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only on requests whose body has this in it.
    pub fn body(mut self, part: &str) -> Self {
        self.body = Some(part.to_owned());
        self
    }

    fn matches(&self, method: &str, path: &str, body: &[u8]) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|part| path.contains(part))
            && self.body.as_ref().is_none_or(|part| {
                part.is_empty() || body.windows(part.len()).any(|window| window == part.as_bytes())
            })
    }
}

/// The faults that are waiting, oldest first.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one behind the others.
    pub fn push(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.0.push(fault);
        }
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that are still waiting.
    pub fn waiting(&self) -> &[Fault] {
        &self.0
    }

    /// The effect on this request, if there is one; it counts as used.
    pub fn take(&mut self, method: &str, path: &str, body: &[u8]) -> Option<Effect> {
        self.take_where(|fault| {
            !matches!(fault.effect, Effect::CompetingPush { .. }) && fault.matches(method, path, body)
        })
    }

    /// The files of a competing push, if one shall land now; it counts as used.
    pub fn take_competing_push(&mut self) -> Option<BTreeMap<String, String>> {
        match self.take_where(|fault| matches!(fault.effect, Effect::CompetingPush { .. })) {
            Some(Effect::CompetingPush { files }) => Some(files),
            _ => None,
        }
    }

    fn take_where(&mut self, wanted: impl Fn(&Fault) -> bool) -> Option<Effect> {
        let at = self.0.iter().position(wanted)?;
        let fault = self.0.get_mut(at)?;
        fault.times -= 1;
        let effect = fault.effect.clone();
        if fault.times == 0 {
            self.0.remove(at);
        }
        Some(effect)
    }
}

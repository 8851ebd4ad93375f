//! Joins metrics that somebody else exposes to one's own, so that the whole stays valid:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

mod family;
mod grammar;
mod line;
mod openmetrics;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use family::{Family, Unfit};
use line::Line;
pub use openmetrics::translate;

/// Most characters of a line that are told of.
const MAX_SUBJECT: usize = 64;

/// What a histogram or a summary appends to its name.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// The part of a text that can be appended to one's own metrics.
#[derive(Debug, Default, PartialEq)]
pub struct Admitted {
    /// Families, each once and in one group, written anew; none has a name that is taken.
    pub text: String,
    /// What was left out, by the name of the family or the beginning of the line, and why.
    pub left_out: BTreeMap<String, Reason>,
}

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// One's own metrics have the name.
    Taken,
    /// The family appears twice.
    Repeated,
    /// A line is not valid.
    Invalid,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "the name is taken",
            Self::Repeated => "it appears twice",
            Self::Invalid => "a line is not valid",
        })
    }
}

/// Takes from `text` whatever is valid and bears no name of a family in `taken`.
pub fn admit(text: &[u8], taken: &BTreeSet<String>) -> Admitted {
    let mut admission = Admission { taken, names: HashSet::new(), admitted: Admitted::default() };
    read(text, |part| match part {
        Read::Family(family) => admission.end(&family),
        Read::Invalid(subject) => admission.leave_out(&subject, Reason::Invalid),
    });
    admission.admitted
}

/// What is found in a text.
enum Read<'a> {
    /// All lines of a name that follow one another.
    Family(Family<'a>),
    /// A line that is not valid, or does not fit to those before it; by what it is about.
    Invalid(String),
}

/// Reads a text, and hands over what is found.
fn read<'a>(text: &'a [u8], mut found: impl FnMut(Read<'a>)) {
    let mut current: Option<Family<'_>> = None;
    for bytes in text.split(|byte| *byte == b'\n') {
        let Some(line) = std::str::from_utf8(bytes).ok().and_then(line::parse) else {
            found(Read::Invalid(subject(bytes)));
            continue;
        };
        let name = match &line {
            Line::Nothing => continue,
            Line::Help { name, .. } | Line::Type { name, .. } => *name,
            Line::Sample(sample) => sample.name,
        };
        let family = match current.take() {
            Some(family) if family.is_of(&line) => current.insert(family),
            before => {
                before.into_iter().for_each(|family| found(Read::Family(family)));
                current.insert(Family::new(name))
            }
        };
        if let Err(Unfit) = family.add(line) {
            found(Read::Invalid(family.name.to_owned()));
        }
    }
    current.into_iter().for_each(|family| found(Read::Family(family)));
}

struct Admission<'a> {
    taken: &'a BTreeSet<String>,
    /// Names of series admitted so far.
    names: HashSet<String>,
    admitted: Admitted,
}

impl Admission<'_> {
    /// Decides about a family whose lines have all come.
    fn end(&mut self, family: &Family<'_>) {
        if family.is_empty() {
            return;
        }
        let mut names: Vec<String> = family.names().collect();
        names.push(family.name.to_owned());
        if names.iter().any(|name| self.is_taken(name)) {
            self.leave_out(family.name, Reason::Taken);
        } else if names.iter().any(|name| self.names.contains(name)) {
            self.leave_out(family.name, Reason::Repeated);
        } else {
            self.names.extend(names);
            family.write(&mut self.admitted.text);
        }
    }

    fn is_taken(&self, name: &str) -> bool {
        let of = |suffix: &&str| name.strip_suffix(suffix).is_some_and(|family| self.taken.contains(family));
        self.taken.contains(name) || SUFFIXES.iter().any(of)
    }

    /// The first reason for a name stays.
    fn leave_out(&mut self, name: &str, reason: Reason) {
        self.admitted.left_out.entry(name.to_owned()).or_insert(reason);
    }
}

/// What a line that is not valid is about: the name it begins with, or some of it.
fn subject(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let first = line.trim_start().split([' ', '\t', '{']).next().unwrap_or_default();
    let subject = if grammar::is_name(first) { first } else { line.trim() };
    subject.chars().take(MAX_SUBJECT).collect()
}

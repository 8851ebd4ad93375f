//! One line of the text format.

use super::grammar::{is_escaped, is_label_name, is_name, is_number, is_timestamp};

/// What separates the tokens of a line.
const BLANK: [char; 2] = [' ', '\t'];

/// Most labels of one sample. Servers take fewer; it bounds the work that a line can make.
const MAX_LABELS: usize = 64;

/// A line, understood. What the text has in escapes stays escaped.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Empty, or a comment.
    Nothing,
    /// What a family means.
    Help {
        /// Name of the family.
        name: &'a str,
        /// Never empty.
        text: &'a str,
    },
    /// The type of a family.
    Type {
        /// Name of the family.
        name: &'a str,
        /// As it is written.
        kind: Kind,
    },
    /// A value of a series.
    Sample(Sample<'a>),
}

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
    /// Quantiles.
    Summary,
    /// Unknown.
    Untyped,
}

/// A value of a series.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    /// Names, each once, and values.
    pub(super) labels: Vec<(&'a str, &'a str)>,
    pub(super) value: &'a str,
    /// Milliseconds since 1970; may be empty.
    pub(super) timestamp: &'a str,
}

impl Kind {
    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let kinds = [Self::Counter, Self::Gauge, Self::Histogram, Self::Summary, Self::Untyped];
        kinds.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What series of the family may have after its name.
    pub(super) fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Histogram => &["_bucket", "_sum", "_count"],
            Self::Summary => &["", "_sum", "_count"],
            Self::Counter | Self::Gauge | Self::Untyped => &[""],
        }
    }
}

impl<'a> Sample<'a> {
    /// The escaped value of a label.
    pub(super) fn label(&self, name: &str) -> Option<&'a str> {
        self.labels.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }
}

/// Reads a line without its end; nothing if it is not valid.
pub(super) fn parse(line: &str) -> Option<Line<'_>> {
    let line = line.trim_matches(BLANK);
    match line.strip_prefix('#') {
        _ if line.is_empty() => Some(Line::Nothing),
        // Parsers take it for the end of the text.
        _ if line.contains('\0') => None,
        Some(comment) => metadata(comment.trim_start_matches(BLANK)),
        None => sample(line).map(Line::Sample),
    }
}

fn metadata(text: &str) -> Option<Line<'_>> {
    let (keyword, rest) = word(text);
    let (name, rest) = word(rest);
    match keyword {
        "HELP" | "TYPE" if !is_name(name) => None,
        "HELP" if rest.is_empty() => Some(Line::Nothing),
        "HELP" => is_escaped(rest, &['\\', 'n']).then_some(Line::Help { name, text: rest }),
        "TYPE" => Some(Line::Type { name, kind: Kind::parse(rest)? }),
        _ => Some(Line::Nothing),
    }
}

fn sample(text: &str) -> Option<Sample<'_>> {
    let (name, rest) = text.split_at(text.find([' ', '\t', '{'])?);
    let rest = rest.trim_start_matches(BLANK);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    let (value, rest) = word(rest.trim_start_matches(BLANK));
    let (timestamp, rest) = word(rest);
    let valid = is_name(name) && is_number(value) && is_timestamp(timestamp) && rest.is_empty();
    valid.then_some(Sample { name, labels, value, timestamp })
}

/// Labels up to the closing brace, and what follows it.
fn labels(mut text: &str) -> Option<(Vec<(&str, &str)>, &str)> {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    loop {
        text = text.trim_start_matches(BLANK);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once('=')?;
        let name = name.trim_end_matches(BLANK);
        let (value, rest) = quoted(rest.trim_start_matches(BLANK).strip_prefix('"')?)?;
        let known = labels.iter().any(|(other, _)| *other == name);
        if !is_label_name(name) || known || labels.len() == MAX_LABELS {
            return None;
        }
        labels.push((name, value));
        text = rest.trim_start_matches(BLANK);
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None if text.starts_with('}') => {}
            None => return None,
        }
    }
}

/// The text before the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escape = false;
    let end = text.find(|character| {
        let closes = character == '"' && !escape;
        escape = character == '\\' && !escape;
        closes
    })?;
    let (value, rest) = (text.get(..end)?, text.get(end + 1..)?);
    is_escaped(value, &['\\', 'n', '"']).then_some((value, rest))
}

/// The first word, and what follows the blanks after it.
fn word(text: &str) -> (&str, &str) {
    text.split_once(BLANK).map_or((text, ""), |(word, rest)| (word, rest.trim_start_matches(BLANK)))
}

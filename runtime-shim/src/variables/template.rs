//! Texts with variables in them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Text in which `{{ name }}` stands for the value of an application variable. There is no way to write `{{` itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// A `{{` that nothing closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("`{{{{` is not closed by `}}}}`")]
pub struct UnclosedExpression;

impl Template {
    /// The variables that are named, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether no variable is named, so that the template means just what it says.
    pub fn is_literal(&self) -> bool {
        self.variables().next().is_none()
    }

    /// The template as it is written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Puts values in place of names; the error is the first name that has none.
    pub fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, &str> {
        self.parts.iter().try_fold(String::new(), |text, part| match part {
            Part::Text(literal) => Ok(text + literal),
            Part::Variable(name) => Ok(text + value(name).ok_or(name.as_str())?),
        })
    }
}

impl FromStr for Template {
    type Err = UnclosedExpression;

    fn from_str(source: &str) -> Result<Self, UnclosedExpression> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((text, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or(UnclosedExpression)?;
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { source: source.to_owned(), parts })
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.source, f)
    }
}

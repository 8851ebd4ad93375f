//! Conditions: as much of the controller's expression language as can be said of numbers.
//!
//! The language is <https://expr-lang.org/docs/language-definition>; what Argo Rollouts adds is in
//! `utils/evaluate/evaluate.go`. The crate `expr-lang` is not used: there, an item that a list has not is nil, so that
//! `result[0] != 0` holds where nothing was measured; and its parser's time doubles with each bracket.

mod evaluate;
mod functions;
mod lexer;
mod parser;

use super::Measured;
use evaluate::{Fault, Scope, Value, evaluate};
use parser::Expression;

/// Longest condition that is read.
const MAX_BYTES: usize = 1_024;

/// A condition cannot be read, or cannot be told of what was measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// It is longer than anybody writes.
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLong,
    /// It is no expression, or uses something that is not known here.
    #[error("`{text}`: {problem}")]
    Syntax {
        /// The condition.
        text: String,
        /// What is wrong.
        problem: String,
    },
    /// It cannot be told.
    #[error("`{text}` cannot be told of {value}: {why}")]
    Untold {
        /// The condition.
        text: String,
        /// What was measured.
        value: String,
        /// Why.
        why: String,
    },
}

/// A `successCondition` or `failureCondition`.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    expression: Expression,
}

impl Condition {
    /// Reads one.
    ///
    /// # Errors
    /// If it is no expression, or uses something that is not known here.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        if text.len() > MAX_BYTES {
            return Err(ConditionError::TooLong);
        }
        let syntax = |problem| ConditionError::Syntax { text: text.to_owned(), problem };
        let expression = parser::parse(text).map_err(syntax)?;
        Ok(Self { text: text.to_owned(), expression })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds of what was measured.
    ///
    /// # Errors
    /// If that cannot be told: an item of an empty list, a number where a list is, no truth value.
    pub fn holds(&self, measured: &Measured) -> Result<bool, ConditionError> {
        let untold =
            |why| ConditionError::Untold { text: self.text.clone(), value: measured.to_string(), why };
        let result = match measured {
            Measured::Vector(numbers) => Value::List(numbers.clone()),
            Measured::Scalar(number) => Value::Number(*number),
            Measured::Error(message) => return Err(untold(message.clone())),
        };
        match evaluate(&self.expression, Scope { result: &result, item: None }) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(untold(format!("it is {}, neither true nor false", other.kind()))),
            Err(Fault::Kind(why) | Fault::Item(why)) => Err(untold(why)),
        }
    }
}

#[cfg(test)]
mod tests;

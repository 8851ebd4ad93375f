//! Functions: those of the language that are about numbers, and those that Argo Rollouts adds.

use std::ops::RangeInclusive;

use super::evaluate::{Fault, Scope, Value, evaluate};
use super::parser::Expression;

/// First whole number that Go's `int64` does not hold: 2^63.
const INT_END: f64 = 9_223_372_036_854_775_808.0;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Whether a number is none.
    IsNan,
    /// Whether a number is infinite.
    IsInf,
    /// Whether what was measured is nil, which nothing from Prometheus is.
    IsNil,
    /// A number without its fraction.
    AsInt,
    /// A number.
    AsFloat,
    /// What was measured, whatever its arguments are: it would only be the second one if that were nil.
    Default,
    /// Items of a list.
    Len,
    /// First item of a list.
    First,
    /// Last item of a list.
    Last,
    /// Sum of a list.
    Sum,
    /// Mean of a list; 0 of an empty one.
    Mean,
    /// Least of a list, or of the arguments.
    Min,
    /// Greatest of a list, or of the arguments.
    Max,
    /// A number without its sign.
    Abs,
    /// The next whole number above.
    Ceil,
    /// The next whole number below.
    Floor,
    /// The nearest whole number.
    Round,
    /// Whether a predicate holds of all items.
    All,
    /// Whether it holds of any.
    Any,
    /// Whether it holds of exactly one.
    One,
    /// Whether it holds of none.
    None,
    /// Of how many it holds.
    Count,
    /// The items of which it holds.
    Filter,
}

impl Function {
    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "isNaN" => Self::IsNan,
            "isInf" => Self::IsInf,
            "isNil" => Self::IsNil,
            "asInt" | "int" => Self::AsInt,
            "asFloat" | "float" => Self::AsFloat,
            "default" => Self::Default,
            "len" => Self::Len,
            "first" => Self::First,
            "last" => Self::Last,
            "sum" => Self::Sum,
            "mean" => Self::Mean,
            "min" => Self::Min,
            "max" => Self::Max,
            "abs" => Self::Abs,
            "ceil" => Self::Ceil,
            "floor" => Self::Floor,
            "round" => Self::Round,
            "all" => Self::All,
            "any" => Self::Any,
            "one" => Self::One,
            "none" => Self::None,
            "count" => Self::Count,
            "filter" => Self::Filter,
            _ => return None,
        })
    }

    /// How many arguments it takes.
    pub fn arity(self) -> RangeInclusive<usize> {
        match self {
            Self::Default => 2..=2,
            Self::Min | Self::Max => 1..=16,
            _ if self.takes_predicate() => 2..=2,
            _ => 1..=1,
        }
    }

    /// Whether its second argument is about each item of the first.
    pub fn takes_predicate(self) -> bool {
        matches!(self, Self::All | Self::Any | Self::One | Self::None | Self::Count | Self::Filter)
    }

    /// Its value.
    pub fn call(self, arguments: &[Expression], scope: Scope<'_>) -> Result<Value, Fault> {
        if self.takes_predicate() {
            return self.over_items(arguments, scope);
        }
        let values: Vec<Value> =
            arguments.iter().map(|argument| evaluate(argument, scope)).collect::<Result<_, _>>()?;
        let first = values.first().unwrap_or(&Value::Nil);
        Ok(match self {
            Self::Default => scope.result.clone(),
            Self::IsNil => Value::Bool(false),
            Self::IsNan => Value::Bool(first.number()?.is_nan()),
            Self::IsInf => Value::Bool(first.number()?.is_infinite()),
            Self::Len => Value::Number(count(first.list()?)),
            Self::First => item(first.list()?.first())?,
            Self::Last => item(first.list()?.last())?,
            Self::Sum => Value::Number(first.list()?.iter().sum()),
            Self::Mean if first.list()?.is_empty() => Value::Number(0.0),
            Self::Mean => Value::Number(first.list()?.iter().sum::<f64>() / count(first.list()?)),
            Self::Min => item(numbers(&values)?.iter().min_by(|one, other| one.total_cmp(other)))?,
            Self::Max => item(numbers(&values)?.iter().max_by(|one, other| one.total_cmp(other)))?,
            _ => Value::Number(self.of_number(first.number()?)?),
        })
    }

    fn of_number(self, number: f64) -> Result<f64, Fault> {
        Ok(match self {
            Self::Abs => number.abs(),
            Self::Ceil => number.ceil(),
            Self::Floor => number.floor(),
            Self::Round => number.round(),
            Self::AsInt if (-INT_END..INT_END).contains(&number) => number.trunc(),
            Self::AsInt => return Err(Fault::Item(format!("{number} is no whole number"))),
            _ => number,
        })
    }

    fn over_items(self, arguments: &[Expression], scope: Scope<'_>) -> Result<Value, Fault> {
        let [list, predicate] = arguments else {
            return Err(Fault::Kind("it takes a list and a predicate".to_owned()));
        };
        let list = evaluate(list, scope)?;
        let mut held = Vec::new();
        for &item in list.list()? {
            if evaluate(predicate, Scope { item: Some(item), ..scope })?.truth()? {
                held.push(item);
            }
        }
        Ok(match self {
            Self::All => Value::Bool(held.len() == list.list()?.len()),
            Self::Any => Value::Bool(!held.is_empty()),
            Self::One => Value::Bool(held.len() == 1),
            Self::None => Value::Bool(held.is_empty()),
            Self::Filter => Value::List(held),
            _ => Value::Number(count(&held)),
        })
    }
}

fn item(item: Option<&f64>) -> Result<Value, Fault> {
    item.map(|number| Value::Number(*number)).ok_or_else(|| Fault::Item("the list is empty".to_owned()))
}

/// Lists are taken apart.
fn numbers(values: &[Value]) -> Result<Vec<f64>, Fault> {
    let mut numbers = Vec::new();
    for value in values {
        match value {
            Value::List(items) => numbers.extend(items),
            _ => numbers.push(value.number()?),
        }
    }
    Ok(numbers)
}

fn count(items: &[f64]) -> f64 {
    items.len() as f64
}

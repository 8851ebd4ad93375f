//! What an expression comes to.

use super::parser::{Expression, Operator};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number. The language has whole numbers too, but compares them as if it had not.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// Numbers.
    List(Vec<f64>),
    /// Nothing.
    Nil,
}

/// Why an expression comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A value is of the wrong kind. The controller finds that out before it evaluates, so that it counts even where it is
    /// never reached.
    Kind(String),
    /// A list has no such item.
    Item(String),
}

/// What names mean.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What was measured.
    pub result: &'a Value,
    /// In a predicate, the item that it is about.
    pub item: Option<f64>,
}

impl Value {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Bool(_) => "a truth value",
            Self::List(_) => "a list",
            Self::Nil => "nil",
        }
    }

    /// Its number.
    pub fn number(&self) -> Result<f64, Fault> {
        if let Self::Number(number) = self { Ok(*number) } else { Err(self.is_no("number")) }
    }

    /// Its numbers.
    pub fn list(&self) -> Result<&[f64], Fault> {
        if let Self::List(items) = self { Ok(items) } else { Err(self.is_no("list")) }
    }

    /// Whether it is true.
    pub fn truth(&self) -> Result<bool, Fault> {
        if let Self::Bool(truth) = self { Ok(*truth) } else { Err(self.is_no("truth value")) }
    }

    fn is_no(&self, wanted: &str) -> Fault {
        Fault::Kind(format!("{} is used as a {wanted}", self.kind()))
    }
}

/// What `expression` comes to.
pub fn evaluate(expression: &Expression, scope: Scope<'_>) -> Result<Value, Fault> {
    Ok(match expression {
        Expression::Number(number) => Value::Number(*number),
        Expression::Bool(truth) => Value::Bool(*truth),
        Expression::Nil => Value::Nil,
        Expression::Result => scope.result.clone(),
        Expression::Item => scope.item.map_or(Value::Nil, Value::Number),
        Expression::List(items) => {
            let items = items.iter().map(|item| evaluate(item, scope)?.number());
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Expression::Not(inner) => Value::Bool(!evaluate(inner, scope)?.truth()?),
        Expression::Negative(inner) => Value::Number(-evaluate(inner, scope)?.number()?),
        Expression::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
            let decisive = *operator == Operator::Or;
            Value::Bool(connected(decisive, evaluate(left, scope), evaluate(right, scope))?)
        }
        Expression::Binary(operator, left, right) => {
            binary(*operator, &evaluate(left, scope)?, &evaluate(right, scope)?)?
        }
        Expression::Choice(condition, consequence, alternative) => {
            let (yes, no) = (evaluate(consequence, scope), evaluate(alternative, scope));
            let (chosen, other) = if evaluate(condition, scope)?.truth()? { (yes, no) } else { (no, yes) };
            unreached(other)?;
            chosen?
        }
        Expression::Index(list, index) => {
            item(evaluate(list, scope)?.list()?, evaluate(index, scope)?.number()?)?
        }
        Expression::Call(function, arguments) => function.call(arguments, scope)?,
    })
}

/// `and` and `or`: one side decides if it is `decisive`, and then the other is not reached.
fn connected(decisive: bool, left: Result<Value, Fault>, right: Result<Value, Fault>) -> Result<bool, Fault> {
    let right = right.and_then(|value| value.truth());
    if left?.truth()? == decisive {
        unreached(right)?;
        return Ok(decisive);
    }
    right
}

/// What is not reached may look for items that are not there, but must still be of the right kind.
fn unreached<T>(side: Result<T, Fault>) -> Result<(), Fault> {
    match side {
        Err(fault @ Fault::Kind(_)) => Err(fault),
        _ => Ok(()),
    }
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Result<Value, Fault> {
    match operator {
        Operator::Equal => return equal(left, right).map(Value::Bool),
        Operator::NotEqual => return equal(left, right).map(|equal| Value::Bool(!equal)),
        Operator::In | Operator::NotIn => {
            let wanted = left.number()?;
            let found = right.list()?.contains(&wanted);
            return Ok(Value::Bool(found == (operator == Operator::In)));
        }
        _ => {}
    }
    let (left, right) = (left.number()?, right.number()?);
    Ok(match operator {
        Operator::Less => Value::Bool(left < right),
        Operator::LessOrEqual => Value::Bool(left <= right),
        Operator::Greater => Value::Bool(left > right),
        Operator::GreaterOrEqual => Value::Bool(left >= right),
        Operator::Add => Value::Number(left + right),
        Operator::Subtract => Value::Number(left - right),
        Operator::Multiply => Value::Number(left * right),
        Operator::Divide => Value::Number(left / right),
        _ => Value::Number(left.powf(right)),
    })
}

/// Anything may be compared with nil. A number that is none equals nothing, not even itself.
fn equal(left: &Value, right: &Value) -> Result<bool, Fault> {
    match (left, right) {
        (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::List(_), Value::List(_)) => Ok(left == right),
        (Value::Nil, _) | (_, Value::Nil) => Ok(left == right),
        _ => Err(Fault::Kind(format!("{} is compared with {}", left.kind(), right.kind()))),
    }
}

/// Negative places count from the end.
fn item(list: &[f64], index: f64) -> Result<Value, Fault> {
    let place = if index < 0.0 { index + list.len() as f64 } else { index };
    if place.fract() != 0.0 || !place.is_finite() {
        return Err(Fault::Kind(format!("{index} is no place in a list")));
    }
    let found = if place < 0.0 { None } else { list.get(place as usize) };
    let missing = || Fault::Item(format!("the list has {} items, and none at {index}", list.len()));
    found.map(|number| Value::Number(*number)).ok_or_else(missing)
}

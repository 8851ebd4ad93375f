//! Spans of calls to databases: <https://opentelemetry.io/docs/specs/semconv/database/database-spans/>.
//!
//! Of a statement only its first word is told: a component may have written values into the rest.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::semantic::{DB_NAMESPACE, DB_OPERATION_NAME, DB_SYSTEM_NAME, SERVER_ADDRESS, SERVER_PORT};
use super::span::{Position, Span};

/// The statements that are told by name; there are to be few names of spans.
const STATEMENTS: [&str; 18] = [
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "CREATE",
    "DELETE",
    "DROP",
    "EXPLAIN",
    "INSERT",
    "LOCK",
    "PRAGMA",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "UPDATE",
    "WITH",
];

/// A call to a database.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Which kind of database.
    pub system: &'static str,
    /// What is done.
    pub operation: Operation<'a>,
    /// Label or name of the database.
    pub namespace: &'a str,
    /// Host and port, if it is not in this process.
    pub server: Option<(&'a str, u16)>,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Operation<'a> {
    /// It has a name.
    Named(&'static str),
    /// It is what this statement of SQL begins with.
    Statement(&'a str),
}

/// Begins the span of a call.
pub fn call(position: &Position, call: &Call<'_>) -> Span {
    let mut span = position.span(SpanKind::Client, || name(call));
    span.record(|| {
        let mut attributes = vec![KeyValue::new(DB_SYSTEM_NAME, call.system)];
        if !call.namespace.is_empty() {
            attributes.push(KeyValue::new(DB_NAMESPACE, call.namespace.to_owned()));
        }
        attributes.extend(call.operation.name().map(|name| KeyValue::new(DB_OPERATION_NAME, name)));
        if let Some((host, port)) = call.server {
            attributes.push(KeyValue::new(SERVER_ADDRESS, host.to_owned()));
            attributes.push(KeyValue::new(SERVER_PORT, i64::from(port)));
        }
        attributes
    });
    span
}

/// <https://opentelemetry.io/docs/specs/semconv/database/database-spans/#name>
fn name(call: &Call<'_>) -> Cow<'static, str> {
    match (call.operation.name(), call.namespace) {
        (Some(operation), "") => operation.into(),
        (Some(operation), namespace) => format!("{operation} {namespace}").into(),
        (None, "") => call.system.into(),
        (None, namespace) => namespace.to_owned().into(),
    }
}

impl Operation<'_> {
    /// The name, if it is one of few.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Statement(statement) => {
                let word = statement.trim_start().split(|next: char| !next.is_ascii_alphabetic()).next()?;
                STATEMENTS.into_iter().find(|known| known.eq_ignore_ascii_case(word))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(statement: &str, namespace: &str) -> String {
        let operation = Operation::Statement(statement);
        name(&Call { system: "sqlite", operation, namespace, server: None }).into_owned()
    }

    #[test]
    fn a_span_is_named_by_operation_and_database() {
        assert_eq!(named("  select * from users where name = 'secret'", "shop"), "SELECT shop");
        assert_eq!(named("COMMIT", ""), "COMMIT");
        assert_eq!(named("WITH a AS (SELECT 1) SELECT 2", "shop"), "WITH shop");
    }

    #[test]
    fn what_a_component_makes_up_is_no_name() {
        for statement in ["'secret'", "FROBNICATE x", "", "-- SELECT", "ſelect 1"] {
            assert_eq!(named(statement, "shop"), "shop", "{statement}");
            assert_eq!(named(statement, ""), "sqlite", "{statement}");
        }
    }
}

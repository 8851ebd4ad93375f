//! Reading rows without trusting them: whatever is in the database, the worst is an error that names the column.
//!
//! Both dialects give the same columns in the same form: ids and JSON as text, moments as milliseconds since the Unix epoch.

pub(crate) mod delivery;
pub(crate) mod deployment;
pub(crate) mod event;
pub(crate) mod promotion;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::sql::{Rows, Value};
use crate::{StoreError, Timestamp};

/// One row, read by column name.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// A column that is never NULL.
    pub(crate) fn text(&self, column: &str) -> Result<&'a str, StoreError> {
        self.optional_text(column)?.ok_or_else(|| unreadable(column, "is NULL"))
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<&'a str>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(unreadable(column, "is not text")),
        }
    }

    pub(crate) fn string(&self, column: &str) -> Result<String, StoreError> {
        self.text(column).map(str::to_owned)
    }

    pub(crate) fn optional_string(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.optional_text(column)?.map(str::to_owned))
    }

    /// A text column whose text is the form of a `T`.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        parse(column, self.text(column)?)
    }

    pub(crate) fn optional_parsed<T: FromStr<Err: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        self.optional_text(column)?.map(|text| parse(column, text)).transpose()
    }

    pub(crate) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| unreadable(column, "is NULL"))
    }

    pub(crate) fn optional_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Integer(integer) => Ok(Some(*integer)),
            _ => Err(unreadable(column, "is not an integer")),
        }
    }

    /// How many; never negative.
    pub(crate) fn count(&self, column: &str) -> Result<u64, StoreError> {
        self.integer(column)?.try_into().map_err(|error| unreadable(column, error))
    }

    /// Milliseconds. A clock that was set back can make them negative, which counts as none.
    pub(crate) fn duration(&self, column: &str) -> Result<Duration, StoreError> {
        self.integer(column).map(|millis| Duration::from_millis(millis.max(0).unsigned_abs()))
    }

    pub(crate) fn timestamp(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp::from_unix_millis)
    }

    pub(crate) fn optional_timestamp(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_unix_millis))
    }

    fn value(&self, column: &str) -> Result<&'a Value, StoreError> {
        let index = self.columns.iter().position(|name| name == column);
        index.and_then(|index| self.values.get(index)).ok_or_else(|| unreadable(column, "is missing"))
    }
}

/// Reads every row.
pub(crate) fn all<T>(
    rows: &Rows,
    read: impl Fn(Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.rows.iter().map(|values| read(Row { columns: &rows.columns, values })).collect()
}

/// Reads the first row, if there is one.
pub(crate) fn first<T>(
    rows: &Rows,
    read: impl Fn(Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    rows.rows.first().map(|values| read(Row { columns: &rows.columns, values })).transpose()
}

/// Reads the row that a statement must give.
pub(crate) fn only<T>(rows: &Rows, read: impl Fn(Row<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    first(rows, read)?.ok_or_else(|| StoreError::Unreadable { detail: "a statement gave no row".to_owned() })
}

pub(crate) fn unreadable(column: &str, problem: impl Display) -> StoreError {
    StoreError::Unreadable { detail: format!("column {column}: {problem}") }
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| unreadable(column, error))
}

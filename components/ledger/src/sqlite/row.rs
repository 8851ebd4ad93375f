//! Reading rows without trusting them: whatever is in the file, the worst is an error that names the column.

use std::fmt::Display;
use std::str::FromStr;

use crate::sql::{Rows, Value};
use crate::{StoreError, Timestamp};

/// One row, read by column name.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// A column that is never NULL.
    pub(super) fn text(&self, column: &str) -> Result<&'a str, StoreError> {
        self.optional_text(column)?.ok_or_else(|| unreadable(column, "is NULL"))
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<&'a str>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(unreadable(column, "is not text")),
        }
    }

    pub(super) fn string(&self, column: &str) -> Result<String, StoreError> {
        self.text(column).map(str::to_owned)
    }

    pub(super) fn optional_string(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.optional_text(column)?.map(str::to_owned))
    }

    /// A text column whose text is the form of a `T`.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        parse(column, self.text(column)?)
    }

    pub(super) fn optional_parsed<T: FromStr<Err: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        self.optional_text(column)?.map(|text| parse(column, text)).transpose()
    }

    pub(super) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| unreadable(column, "is NULL"))
    }

    pub(super) fn optional_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Integer(integer) => Ok(Some(*integer)),
            _ => Err(unreadable(column, "is not an integer")),
        }
    }

    pub(super) fn timestamp(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp::from_unix_millis)
    }

    pub(super) fn optional_timestamp(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_unix_millis))
    }

    fn value(&self, column: &str) -> Result<&'a Value, StoreError> {
        let index = self.columns.iter().position(|name| name == column);
        index.and_then(|index| self.values.get(index)).ok_or_else(|| unreadable(column, "is missing"))
    }
}

/// Reads every row.
pub(super) fn all<T>(
    rows: &Rows,
    read: impl Fn(Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.rows.iter().map(|values| read(Row { columns: &rows.columns, values })).collect()
}

/// Reads the first row, if there is one.
pub(super) fn first<T>(
    rows: &Rows,
    read: impl Fn(Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    rows.rows.first().map(|values| read(Row { columns: &rows.columns, values })).transpose()
}

/// Reads the row that a statement must give.
pub(super) fn only<T>(rows: &Rows, read: impl Fn(Row<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    first(rows, read)?.ok_or_else(|| StoreError::Unreadable { detail: "a statement gave no row".to_owned() })
}

pub(super) fn unreadable(column: &str, problem: impl Display) -> StoreError {
    StoreError::Unreadable { detail: format!("column {column}: {problem}") }
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| unreadable(column, error))
}

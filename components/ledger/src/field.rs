//! Fields of a JSON object that comes from outside: what is checked before it becomes part of a record.

use serde_json::{Map, Value};

use crate::UnknownName;

/// A text that must be there.
///
/// # Errors
/// When it is missing, not a string, blank, longer than `limit` characters, or holds a control character.
pub fn required(
    fields: &Map<String, Value>,
    field: &'static str,
    limit: usize,
) -> Result<String, FieldError> {
    optional(fields, field, limit)?.ok_or(FieldError::Missing { field })
}

/// A text that may be left out, or be null.
///
/// # Errors
/// When it is not a string, blank, longer than `limit` characters, or holds a control character.
pub fn optional(
    fields: &Map<String, Value>,
    field: &'static str,
    limit: usize,
) -> Result<Option<String>, FieldError> {
    let text = match fields.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(FieldError::NotText { field }),
    };
    if text.trim().is_empty() {
        return Err(FieldError::Blank { field });
    }
    if text.chars().count() > limit {
        return Err(FieldError::TooLong { field, limit });
    }
    if text.chars().any(char::is_control) {
        return Err(FieldError::ControlCharacter { field });
    }
    Ok(Some(text.clone()))
}

/// Why a field is refused; the text is one sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// A required field is absent or null.
    #[error("{field} is required")]
    Missing {
        /// Name of the field.
        field: &'static str,
    },
    /// The field is a number, a list or the like.
    #[error("{field} must be a string")]
    NotText {
        /// Name of the field.
        field: &'static str,
    },
    /// The field is empty or only white space.
    #[error("{field} must not be blank")]
    Blank {
        /// Name of the field.
        field: &'static str,
    },
    /// The field is longer than is kept.
    #[error("{field} must have at most {limit} characters")]
    TooLong {
        /// Name of the field.
        field: &'static str,
        /// Most characters the field may have.
        limit: usize,
    },
    /// The field holds a line break, a tab or the like.
    #[error("{field} must not contain control characters")]
    ControlCharacter {
        /// Name of the field.
        field: &'static str,
    },
    /// The field is a text or the like.
    #[error("{field} must be a JSON object")]
    NotAnObject {
        /// Name of the field.
        field: &'static str,
    },
    /// The field is larger than is kept.
    #[error("{field} must have at most {limit} bytes as JSON")]
    TooLarge {
        /// Name of the field.
        field: &'static str,
        /// Most bytes the field may have.
        limit: usize,
    },
    /// The field has none of the names that exist.
    #[error(transparent)]
    Name(#[from] UnknownName),
}

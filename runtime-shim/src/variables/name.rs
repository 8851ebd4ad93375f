//! The rule for names that a component may ask for.

use thiserror::Error;

/// Why a text is no variable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("a variable name must not be empty")]
    Empty,
    /// Something else than lower-case letters, digits and underscores.
    #[error("a variable name holds only lower-case letters, digits and underscores")]
    InvalidCharacter,
    /// A digit or an underscore at the start.
    #[error("a variable name starts with a lower-case letter")]
    InvalidStart,
    /// An underscore at the end, or two in a row.
    #[error("an underscore in a variable name stands between two letters or digits")]
    InvalidUnderscore,
}

/// Checks a name by the rule that Spin keeps to, so that it can be turned into an environment variable and back.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let first = name.bytes().next().ok_or(NameError::Empty)?;
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(NameError::InvalidCharacter);
    }
    if !first.is_ascii_lowercase() {
        return Err(NameError::InvalidStart);
    }
    if name.ends_with('_') || name.contains("__") { Err(NameError::InvalidUnderscore) } else { Ok(()) }
}

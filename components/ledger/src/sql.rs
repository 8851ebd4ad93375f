//! A database connection, as little of it as the stores need, so that the same store runs over a wasm host and in a
//! native test.
//!
//! For SQLite it is what `spin:sqlite@3.1.0` offers. Over `spin:postgres@4.2.0` the store passes nothing but NULL, 64-bit
//! integers and text in both directions and casts within its SQL, so that it does not depend on how a host converts
//! other types.

use std::time::Duration;

/// A value bound to a statement or read from a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// A signed 64-bit integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a statement gave back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows; each has one value a column.
    pub rows: Vec<Vec<Value>>,
}

/// One connection to one database. Transactions belong to it: what leaves one open must not share it.
pub trait Connection {
    /// Runs a single statement, with parameters for `?1`, `?2`, … on SQLite and `$1`, `$2`, … on Postgres.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError>;
}

/// Why the database did not do what it was asked. The text may be shown to users; details are for the log only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// Another connection held its lock for too long. Trying again may help.
    #[error("the database is busy")]
    Busy,
    /// Another connection made the change first, or both waited for each other. Running the statement again helps.
    #[error("the database was changed at the same time")]
    Conflict {
        /// What the driver said.
        detail: String,
    },
    /// There is no space left.
    #[error("the database is full")]
    Full,
    /// It cannot be opened or reached.
    #[error("the database is not available")]
    Unavailable {
        /// What the driver said.
        detail: String,
    },
    /// It refused the statement.
    #[error("the database could not do what was asked")]
    Failed {
        /// What the driver said.
        detail: String,
    },
}

impl DatabaseError {
    /// Tells the kind of error from SQLite's own message, which is all that a wasm host passes on.
    ///
    /// The texts are those of `sqlite3ErrStr` in SQLite's `main.c`.
    pub fn from_sqlite_message(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mentions = |texts: &[&str]| texts.iter().any(|text| detail.contains(text));
        if mentions(&["database is locked", "database table is locked"]) {
            Self::Busy
        } else if mentions(&["database or disk is full"]) {
            Self::Full
        } else if mentions(&["unable to open database", "disk I/O error", "readonly database"]) {
            Self::Unavailable { detail }
        } else {
            Self::Failed { detail }
        }
    }

    /// Tells the kind of error from a SQLSTATE, see
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    pub fn from_sqlstate(code: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        match code {
            // unique_violation, serialization_failure, deadlock_detected
            "23505" | "40001" | "40P01" => Self::Conflict { detail },
            // lock_not_available, query_canceled
            "55P03" | "57014" => Self::Busy,
            // disk_full
            "53100" => Self::Full,
            // A standby after a failover; shut down, crashed, starting; connections used up.
            "25006" | "57P01" | "57P02" | "57P03" | "53300" => Self::Unavailable { detail },
            // connection exceptions; invalid authorization
            _ if code.starts_with("08") || code.starts_with("28") => Self::Unavailable { detail },
            _ => Self::Failed { detail },
        }
    }
}

/// Longest lease or delay: a year. More is a mistake, and must not overflow the database's sum.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A duration in milliseconds, as a parameter.
pub(crate) fn millis(duration: Duration) -> Value {
    Value::Integer(i64::try_from(duration.min(LONGEST).as_millis()).unwrap_or(i64::MAX))
}

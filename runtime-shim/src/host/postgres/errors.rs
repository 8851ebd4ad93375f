//! Failures in the words of the interface. None of them shows an address, which has the password.

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::error::DbError as Reported;

use super::pools::Settings;
use super::{DbError, Error, QueryError};

/// A statement that failed.
pub(super) fn statement(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(reported) => Error::QueryFailed(QueryError::DbError(db_error(reported))),
        // The client library has its own reasons, as for a closed connection; else the network has.
        None => Error::ConnectionFailed(format!("the database broke off: {}", with_causes(error))),
    }
}

/// A connection that was not to be had.
pub(super) fn connection(error: &PoolError, settings: &Settings) -> Error {
    Error::ConnectionFailed(match error {
        PoolError::Timeout(TimeoutType::Wait) => format!(
            "all {} connections to the database were in use for {:?}",
            settings.size, settings.wait_timeout
        ),
        PoolError::Timeout(_) => {
            format!("the database did not accept a connection within {:?}", settings.connect_timeout)
        }
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            format!("the database does not accept connections: {}", with_causes(error))
        }
        PoolError::PostCreateHook(HookError::Message(cause)) => {
            format!("the database does not accept connections: {cause}")
        }
        other => format!("no connection to the database: {other}"),
    })
}

/// An error and what caused it; the client library tells only the kind by itself.
pub(super) fn with_causes(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn db_error(error: &Reported) -> DbError {
    let extras = [
        ("column", error.column().map(str::to_owned)),
        ("constraint", error.constraint().map(str::to_owned)),
        ("datatype", error.datatype().map(str::to_owned)),
        ("file", error.file().map(str::to_owned)),
        ("hint", error.hint().map(str::to_owned)),
        ("line", error.line().map(|line| line.to_string())),
        ("routine", error.routine().map(str::to_owned)),
        ("schema", error.schema().map(str::to_owned)),
        ("table", error.table().map(str::to_owned)),
        ("where", error.where_().map(str::to_owned)),
    ];
    DbError {
        as_text: error.to_string(),
        severity: error.severity().to_owned(),
        code: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        extras: extras.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
    }
}

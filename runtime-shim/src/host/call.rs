//! Calls of components into their host: each is measured, and is a span of the trace that it belongs to.

use std::borrow::Cow;
use std::time::Instant;

use wasmtime_wasi_http::Error as HttpError;

use super::bindings::spin::postgres::postgres::{Error as PostgresError, QueryError};
use super::bindings::spin::sqlite::sqlite::Error as SqliteError;
use super::key_value::StoreError;
use crate::metrics::Metrics;
use crate::trace::Span;

/// A call under way.
pub(super) struct HostCall {
    /// Label of the interface in metrics.
    interface: &'static str,
    started: Instant,
    span: Span,
}

/// Why a call failed, in a word of which there are few.
pub(super) trait Kind {
    /// The word.
    fn kind(&self) -> Cow<'static, str>;
}

impl HostCall {
    /// Begins a call, whose span has begun.
    pub(super) fn begin(interface: &'static str, span: Span) -> Self {
        Self { interface, started: Instant::now(), span }
    }

    /// Ends a call.
    pub(super) fn end<T, E: Kind>(mut self, metrics: &Metrics, result: &Result<T, E>) {
        metrics.host_call(self.interface, self.started.elapsed());
        if let Err(error) = result {
            self.span.fail(|| error.kind());
        }
    }

    /// The span, to tell it what came back.
    pub(super) fn span(&mut self) -> &mut Span {
        &mut self.span
    }
}

impl Kind for SqliteError {
    fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::NoSuchDatabase => "no_such_database".into(),
            Self::AccessDenied => "access_denied".into(),
            Self::InvalidConnection => "invalid_connection".into(),
            Self::DatabaseFull => "database_full".into(),
            Self::Io(_) => "io".into(),
        }
    }
}

impl Kind for PostgresError {
    /// What the database itself reports has a code of five characters:
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::ConnectionFailed(_) => "connection_failed".into(),
            Self::BadParameter(_) => "bad_parameter".into(),
            Self::QueryFailed(QueryError::DbError(error)) => error.code.clone().into(),
            Self::QueryFailed(QueryError::Text(_)) => "query_failed".into(),
            Self::ValueConversionFailed(_) => "value_conversion_failed".into(),
            Self::Other(_) => "other".into(),
        }
    }
}

impl Kind for StoreError {
    fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::NotGranted => "access_denied".into(),
            Self::KeyTooLong(_) => "key_too_long".into(),
            Self::ValueTooBig(_) => "value_too_big".into(),
            Self::NotANumber => "not_a_number".into(),
            Self::TooManyKeys(_) => "too_many_keys".into(),
            Self::Database(_) => "database".into(),
        }
    }
}

impl Kind for HttpError {
    /// The name of the variant: what comes with it may be long, and secret.
    fn kind(&self) -> Cow<'static, str> {
        let debug = format!("{self:?}");
        let variant = debug.split(|next: char| !next.is_ascii_alphanumeric()).next().unwrap_or_default();
        variant.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_variant_of_an_error_is_told() {
        let error =
            HttpError::HttpRequestHeaderSize { field_name: Some("x-secret".into()), field_size: None };
        assert_eq!(error.kind(), "HttpRequestHeaderSize");
        assert_eq!(HttpError::ConnectionRefused.kind(), "ConnectionRefused");
    }
}
